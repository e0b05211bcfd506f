#include "report/schema.h"

#include "base/must.h"
#include "measure/result.h"
#include "plan/plan.h"
#include "search/overload.h"
#include "search/search.h"

#include <stdlib.h>
#include <string.h>

enum shape {
#define SHAPE(id, name, title, sentence) SHAPE_##id,
#include "report/field.def"
    SHAPE_COUNT,
    /* Not objects. */
    SHAPE_NONE,
    SHAPE_ANYTHING,
    SHAPE_TEXTS,
    SHAPE_COUNTS,
    SHAPE_COUNT_LISTS,
    SHAPE_VALUES,
    /* Lists of words. */
    SHAPE_SCHEMA,
    SHAPE_COMPARISON_SCHEMA,
    SHAPE_KNOCKOUT_SCHEMA,
    SHAPE_CAPACITY_SCHEMA,
    SHAPE_TIP_SCHEMA,
    SHAPE_DIFF_SCHEMA,
    SHAPE_SEARCH_END,
    SHAPE_OVERLOAD,
    SHAPE_RUN_VERDICT,
    SHAPE_ORACLE,
    SHAPE_EFFECT_CLASS,
    SHAPE_VERDICT,
    SHAPE_ATTEMPT_KIND,
    SHAPE_OUTCOME,
    SHAPE_FAULT_KIND,
    SHAPE_UNIT,
    SHAPE_BREAKER_STATE,
    SHAPE_SLO_WORD,
    SHAPE_RECOVERY_WORD,
    SHAPE_TIMELINE_WORD,
};

enum type {
    TYPE_TEXT,
    TYPE_WHOLE,
    TYPE_NUMBER,
    TYPE_VALUE,
    TYPE_FLAG,
    TYPE_CHOICE,
    TYPE_OBJECT,
    TYPE_LIST,
    TYPE_MAP,
    TYPE_MEMBERS,
    TYPE_FIGURES,
};

enum nullness { REQUIRED, NULLABLE, ADDED };

static const struct {
    const char *name, *title, *sentence;
} shapes[] = {
#define SHAPE(id, name, title, sentence) {name, title, sentence},
#include "report/field.def"
};

static const struct field {
    enum shape shape;
    const char *name;
    enum type type;
    enum shape of;
    enum nullness null;
    const char *sentence;
    enum figure_group group; /* of FIGURES */
    const char *metric;      /* its name in SLOs; NULL: none */
} fields[] = {
#define FIELD(shape, name, type, of, null, sentence) \
    {SHAPE_##shape, name, TYPE_##type, SHAPE_##of, null, sentence, 0, NULL},
#define FIGURES(shape, group) \
    {SHAPE_##shape, "",   TYPE_FIGURES,    SHAPE_NONE, \
     REQUIRED,      NULL, FIGURES_##group, NULL},
#include "report/field.def"
};

/* The words of each list, by index. */
#define WORDS(name, type) \
    static const char *word_of_##type(int index) \
    { \
        return name((enum type)index); \
    }
WORDS(run_verdict_name, run_verdict)
WORDS(effect_oracle_name, effect_oracle)
WORDS(effect_class_name, effect_class)
WORDS(verdict_name, verdict)
WORDS(attempt_kind_name, attempt_kind)
WORDS(outcome_name, outcome)
WORDS(fault_name, fault_kind)
WORDS(unit_word, metric_unit)
WORDS(breaker_state_name, breaker_state)
WORDS(slo_word_name, slo_word)
WORDS(recovery_word, recovery_word)
WORDS(timeline_word_name, timeline_word)
WORDS(search_end_word, search_end)
WORDS(overload_word, overload)
#undef WORDS

static const char *word_of_schema(int index)
{
    (void)index;
    return "squall.report/1";
}

static const char *word_of_comparison_schema(int index)
{
    (void)index;
    return "squall.compare/1";
}

static const char *word_of_knockout_schema(int index)
{
    (void)index;
    return "squall.knockout/1";
}

static const char *word_of_capacity_schema(int index)
{
    (void)index;
    return "squall.capacity/1";
}

static const char *word_of_tip_schema(int index)
{
    (void)index;
    return "squall.tip/1";
}

static const char *word_of_diff_schema(int index)
{
    (void)index;
    return "squall.diff/1";
}

static const struct {
    enum shape shape;
    int count;
    const char *(*word)(int index);
} lists[] = {
    {SHAPE_SCHEMA, 1, word_of_schema},
    {SHAPE_COMPARISON_SCHEMA, 1, word_of_comparison_schema},
    {SHAPE_KNOCKOUT_SCHEMA, 1, word_of_knockout_schema},
    {SHAPE_CAPACITY_SCHEMA, 1, word_of_capacity_schema},
    {SHAPE_TIP_SCHEMA, 1, word_of_tip_schema},
    {SHAPE_DIFF_SCHEMA, 1, word_of_diff_schema},
    {SHAPE_SEARCH_END, SEARCH_END_COUNT, word_of_search_end},
    {SHAPE_OVERLOAD, OVERLOAD_COUNT, word_of_overload},
    {SHAPE_RUN_VERDICT, RUN_VERDICT_COUNT, word_of_run_verdict},
    {SHAPE_ORACLE, EFFECT_ORACLE_COUNT, word_of_effect_oracle},
    {SHAPE_EFFECT_CLASS, EFFECT_CLASS_COUNT, word_of_effect_class},
    {SHAPE_VERDICT, VERDICT_COUNT, word_of_verdict},
    {SHAPE_ATTEMPT_KIND, ATTEMPT_KIND_COUNT, word_of_attempt_kind},
    {SHAPE_OUTCOME, OUTCOME_COUNT, word_of_outcome},
    {SHAPE_FAULT_KIND, FAULT_COUNT, word_of_fault_kind},
    {SHAPE_UNIT, METRIC_UNIT_COUNT, word_of_metric_unit},
    {SHAPE_BREAKER_STATE, BREAKER_HALF_OPEN + 1, word_of_breaker_state},
    {SHAPE_SLO_WORD, SLO_WORD_COUNT, word_of_slo_word},
    {SHAPE_RECOVERY_WORD, RECOVERY_WORD_COUNT, word_of_recovery_word},
    {SHAPE_TIMELINE_WORD, TIMELINE_WORD_COUNT, word_of_timeline_word},
};

/* A word of a list; NULL past its end. */
static const char *choice(enum shape of, int index)
{
    for (size_t i = 0; i < array_length(lists); i++) {
        if (lists[i].shape == of) {
            return index < lists[i].count ? lists[i].word(index) : NULL;
        }
    }
    return NULL;
}

static void set_type(cJSON *schema, const char *type, enum nullness null)
{
    if (null == REQUIRED) {
        cJSON_AddStringToObject(schema, "type", type);
        return;
    }
    cJSON *types = cJSON_AddArrayToObject(schema, "type");
    cJSON_AddItemToArray(types, cJSON_CreateString(type));
    cJSON_AddItemToArray(types, cJSON_CreateString("null"));
}

/* A number, "never", or null. */
static void set_value(cJSON *schema)
{
    static const char *const types[] = {"number", "string", "null"};
    cJSON_AddItemToObject(
        schema, "type",
        cJSON_CreateStringArray(types, (int)array_length(types)));
}

/* What elements and values of this shape look like. */
static cJSON *schema_of_shape(enum shape of)
{
    cJSON *schema = cJSON_CreateObject();

    switch ((int)of) {
    case SHAPE_TEXTS:
        set_type(schema, "string", REQUIRED);
        break;
    case SHAPE_COUNTS:
        set_type(schema, "integer", REQUIRED);
        cJSON_AddNumberToObject(schema, "minimum", 0);
        break;
    case SHAPE_COUNT_LISTS:
        set_type(schema, "array", REQUIRED);
        cJSON_AddItemToObject(schema, "items", schema_of_shape(SHAPE_COUNTS));
        break;
    case SHAPE_ANYTHING:
        set_type(schema, "object", REQUIRED);
        break;
    case SHAPE_VALUES:
        set_value(schema);
        break;
    default: {
        char reference[64];
        must((int)of < SHAPE_COUNT);
        snprintf(reference, sizeof(reference), "#/$defs/%s", shapes[of].name);
        cJSON_AddStringToObject(schema, "$ref", reference);
    }
    }
    return schema;
}

static void add_choices(cJSON *schema, const struct field *field)
{
    cJSON *words = cJSON_AddArrayToObject(schema, "enum");
    for (int i = 0; choice(field->of, i); i++) {
        cJSON_AddItemToArray(words, cJSON_CreateString(choice(field->of, i)));
    }
    if (field->null != REQUIRED) {
        cJSON_AddItemToArray(words, cJSON_CreateNull());
    }
}

/* An object that may be null as well. */
static void add_reference(cJSON *schema, const struct field *field)
{
    if (field->null == REQUIRED) {
        cJSON *reference = schema_of_shape(field->of);
        cJSON *child = reference->child;
        cJSON_AddItemToObject(schema, child->string,
                              cJSON_Duplicate(child, true));
        cJSON_Delete(reference);
        return;
    }
    cJSON *either = cJSON_AddArrayToObject(schema, "anyOf");
    cJSON_AddItemToArray(either, schema_of_shape(field->of));
    cJSON *null = cJSON_CreateObject();
    set_type(null, "null", REQUIRED);
    cJSON_AddItemToArray(either, null);
}

static cJSON *schema_of_field(const struct field *field)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddStringToObject(schema, "description", field->sentence);
    switch (field->type) {
    case TYPE_TEXT:
        set_type(schema, "string", field->null);
        break;
    case TYPE_WHOLE:
        set_type(schema, "integer", field->null);
        break;
    case TYPE_NUMBER:
        set_type(schema, "number", field->null);
        break;
    case TYPE_VALUE:
        set_value(schema);
        break;
    case TYPE_FLAG:
        set_type(schema, "boolean", field->null);
        break;
    case TYPE_CHOICE:
        add_choices(schema, field);
        break;
    case TYPE_OBJECT:
        add_reference(schema, field);
        break;
    case TYPE_LIST:
        set_type(schema, "array", field->null);
        cJSON_AddItemToObject(schema, "items", schema_of_shape(field->of));
        break;
    case TYPE_MAP:
        set_type(schema, "object", field->null);
        cJSON_AddItemToObject(schema, "additionalProperties",
                              schema_of_shape(field->of));
        break;
    case TYPE_MEMBERS:
    case TYPE_FIGURES:
        must_never("members have no schema of their own");
    }
    return schema;
}

/* The field that a figure is. */
static struct field field_of(enum shape shape, const struct figure *figure)
{
    return (struct field){
        .shape = shape,
        .name = figure->member,
        .type =
            figure->form == FIGURE_NUMBER_OR_NULL ? TYPE_NUMBER : TYPE_WHOLE,
        .of = SHAPE_NONE,
        .null = figure->form == FIGURE_WHOLE ? REQUIRED : NULLABLE,
        .sentence = figure->sentence,
        .metric = figure->metric,
    };
}

static void add_member(const struct field *field, cJSON *properties,
                       cJSON *required)
{
    cJSON_AddItemToObject(properties, field->name, schema_of_field(field));
    if (field->null != ADDED) {
        cJSON_AddItemToArray(required, cJSON_CreateString(field->name));
    }
}

static void add_figures(const struct field *field, cJSON *properties,
                        cJSON *required)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->member && figure->group == field->group) {
            struct field member = field_of(field->shape, figure);
            add_member(&member, properties, required);
        }
    }
}

static void add_members(enum shape shape, cJSON *properties, cJSON *required)
{
    for (size_t i = 0; i < array_length(fields); i++) {
        const struct field *field = &fields[i];
        if (field->shape != shape) {
            continue;
        }
        if (field->type == TYPE_MEMBERS) {
            add_members(field->of, properties, required);
        } else if (field->type == TYPE_FIGURES) {
            add_figures(field, properties, required);
        } else {
            add_member(field, properties, required);
        }
    }
}

/* Null is written where nothing was measured: every member is there, but for
 * those that older reports lack. */
static void fill_object(cJSON *schema, enum shape shape)
{
    cJSON_AddStringToObject(schema, "description", shapes[shape].sentence);
    set_type(schema, "object", REQUIRED);
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    cJSON *required = cJSON_AddArrayToObject(schema, "required");
    add_members(shape, properties, required);
}

/* Marks the shapes that a shape's members are of. */
static void reach(enum shape shape, bool *is_reached)
{
    for (size_t i = 0; i < array_length(fields); i++) {
        const struct field *field = &fields[i];
        bool is_object = field->type == TYPE_OBJECT ||
                         field->type == TYPE_LIST || field->type == TYPE_MAP;
        if (field->shape != shape || (int)field->of >= SHAPE_COUNT) {
            continue;
        }
        if (field->type == TYPE_MEMBERS) {
            reach(field->of, is_reached);
        } else if (is_object && !is_reached[field->of]) {
            is_reached[field->of] = true;
            reach(field->of, is_reached);
        }
    }
}

static const struct {
    enum document_kind kind;
    enum shape root;
    const char *id, *title;
} roots[] = {
    {DOCUMENT_RUN, SHAPE_REPORT, "urn:squall:report:1", "squall.report/1"},
    {DOCUMENT_COMPARISON, SHAPE_COMPARISON, "urn:squall:compare:1",
     "squall.compare/1"},
    {DOCUMENT_KNOCKOUT, SHAPE_KNOCKOUT, "urn:squall:knockout:1",
     "squall.knockout/1"},
    {DOCUMENT_CAPACITY, SHAPE_CAPACITY, "urn:squall:capacity:1",
     "squall.capacity/1"},
    {DOCUMENT_TIP, SHAPE_TIP, "urn:squall:tip:1", "squall.tip/1"},
    {DOCUMENT_DIFF, SHAPE_DIFF, "urn:squall:diff:1", "squall.diff/1"},
};

static cJSON *make(enum shape root, const char *id, const char *title)
{
    cJSON *schema = cJSON_CreateObject();
    bool is_reached[SHAPE_COUNT] = {false};

    cJSON_AddStringToObject(schema, "$schema",
                            "https://json-schema.org/draft/2020-12/schema");
    cJSON_AddStringToObject(schema, "$id", id);
    cJSON_AddStringToObject(schema, "title", title);
    fill_object(schema, root);
    cJSON *definitions = cJSON_AddObjectToObject(schema, "$defs");
    reach(root, is_reached);
    for (int s = 0; s < SHAPE_COUNT; s++) {
        if (is_reached[s]) {
            fill_object(cJSON_AddObjectToObject(definitions, shapes[s].name),
                        (enum shape)s);
        }
    }
    return schema;
}

cJSON *report_schema_make(enum document_kind kind)
{
    for (size_t i = 0; i < array_length(roots); i++) {
        if (roots[i].kind == kind) {
            return make(roots[i].root, roots[i].id, roots[i].title);
        }
    }
    return NULL;
}

static const char *type_words(const struct field *field)
{
    switch (field->type) {
    case TYPE_TEXT:
    case TYPE_CHOICE:
        return "text";
    case TYPE_WHOLE:
        return "whole number";
    case TYPE_NUMBER:
        return "number";
    case TYPE_VALUE:
        return "number, Qq never";
    case TYPE_FLAG:
        return "true or false";
    case TYPE_OBJECT:
        return "object";
    case TYPE_LIST:
        return "list";
    case TYPE_MAP:
        return "object by name";
    case TYPE_MEMBERS:
    case TYPE_FIGURES:
        break;
    }
    return "";
}

static void print_manual_choices(const struct field *field, FILE *stream)
{
    if (field->type != TYPE_CHOICE) {
        return;
    }
    fputs("One of\n", stream);
    for (int i = 0; choice(field->of, i); i++) {
        const char *next = choice(field->of, i + 1);
        fprintf(stream, ".Ql %s%s\n", choice(field->of, i),
                next ? " ," : " .");
    }
}

/* In mdoc a sentence begins on a line of its own. */
static void print_sentences(const char *text, FILE *stream)
{
    for (; *text; text++) {
        bool is_end = strncmp(text, ". ", 2) == 0;
        fputs(is_end ? ".\n" : (char[2]){*text, '\0'}, stream);
        text += is_end;
    }
    fputc('\n', stream);
}

static void print_manual_field(const struct field *field, FILE *stream)
{
    if (field->type == TYPE_MEMBERS) {
        fprintf(stream, ".It No the members of Sx %s\n",
                shapes[field->of].title);
        return;
    }
    fprintf(stream, ".It Cm %s Pq %s%s", field->name, type_words(field),
            field->null == REQUIRED ? "" : " or null");
    if (field->metric) {
        fprintf(stream, " , in SLOs Cm %s", field->metric);
    }
    fputc('\n', stream);
    print_sentences(field->sentence, stream);
    bool is_container = field->type == TYPE_OBJECT ||
                        field->type == TYPE_LIST || field->type == TYPE_MAP;
    if (is_container && (int)field->of < SHAPE_COUNT) {
        fprintf(stream, "See\n.Sx %s .\n", shapes[field->of].title);
    }
    print_manual_choices(field, stream);
}

static void print_manual_figures(const struct field *field, FILE *stream)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->member && figure->group == field->group) {
            struct field member = field_of(field->shape, figure);
            print_manual_field(&member, stream);
        }
    }
}

void report_schema_print_manual(FILE *stream)
{
    for (int s = 0; s < SHAPE_COUNT; s++) {
        fprintf(stream, ".Ss %s\n", shapes[s].title);
        print_sentences(shapes[s].sentence, stream);
        fputs(".Bl -tag -width Ds\n", stream);
        for (size_t i = 0; i < array_length(fields); i++) {
            if ((int)fields[i].shape != s) {
                continue;
            }
            if (fields[i].type == TYPE_FIGURES) {
                print_manual_figures(&fields[i], stream);
            } else {
                print_manual_field(&fields[i], stream);
            }
        }
        fputs(".El\n", stream);
    }
}
