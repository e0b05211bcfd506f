#include "report/schema.h"

#include "base/must.h"
#include "measure/result.h"

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
    /* Lists of words. */
    SHAPE_SCHEMA,
    SHAPE_RUN_VERDICT,
    SHAPE_ORACLE,
    SHAPE_EFFECT_CLASS,
    SHAPE_VERDICT,
    SHAPE_ATTEMPT_KIND,
    SHAPE_OUTCOME,
    SHAPE_FAULT_KIND,
    SHAPE_UNIT,
    SHAPE_BREAKER_STATE,
};

enum type {
    TYPE_TEXT,
    TYPE_WHOLE,
    TYPE_NUMBER,
    TYPE_FLAG,
    TYPE_CHOICE,
    TYPE_OBJECT,
    TYPE_LIST,
    TYPE_MAP,
    TYPE_MEMBERS,
};

enum nullness { REQUIRED, NULLABLE };

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
} fields[] = {
#define FIELD(shape, name, type, of, null, sentence) \
    {SHAPE_##shape, name, TYPE_##type, SHAPE_##of, null, sentence},
#include "report/field.def"
};

/* The words of a list, by index; NULL at its end. */
static const char *choice(enum shape of, int index)
{
    static const char *const units[] = {"us", "ratio", "count", "per_s",
                                        "factor"};
    switch ((int)of) {
    case SHAPE_SCHEMA:
        return index == 0 ? "squall.report/1" : NULL;
    case SHAPE_RUN_VERDICT:
        return index <= RUN_INCOMPLETE
                   ? run_verdict_name((enum run_verdict)index)
                   : NULL;
    case SHAPE_ORACLE:
        return index <= ORACLE_UNVERIFIED
                   ? effect_oracle_name((enum effect_oracle)index)
                   : NULL;
    case SHAPE_EFFECT_CLASS:
        return index < EFFECT_CLASS_COUNT
                   ? effect_class_name((enum effect_class)index)
                   : NULL;
    case SHAPE_VERDICT:
        return index < VERDICT_COUNT ? verdict_name((enum verdict)index)
                                     : NULL;
    case SHAPE_ATTEMPT_KIND:
        return index < ATTEMPT_KIND_COUNT
                   ? attempt_kind_name((enum attempt_kind)index)
                   : NULL;
    case SHAPE_OUTCOME:
        return index < OUTCOME_COUNT ? outcome_name((enum outcome)index)
                                     : NULL;
    case SHAPE_FAULT_KIND:
        return index < FAULT_COUNT ? fault_name((enum fault_kind)index)
                                   : NULL;
    case SHAPE_BREAKER_STATE:
        return index <= BREAKER_HALF_OPEN
                   ? breaker_state_name((enum breaker_state)index)
                   : NULL;
    case SHAPE_UNIT:
        return index < (int)array_length(units) ? units[index] : NULL;
    default:
        return NULL;
    }
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
        cJSON_AddItemToObject(schema, "items",
                              schema_of_shape(SHAPE_COUNTS));
        break;
    case SHAPE_ANYTHING:
        set_type(schema, "object", REQUIRED);
        break;
    default: {
        char reference[64];
        must((int)of < SHAPE_COUNT);
        snprintf(reference, sizeof(reference), "#/$defs/%s",
                 shapes[of].name);
        cJSON_AddStringToObject(schema, "$ref", reference);
    }
    }
    return schema;
}

static void add_choices(cJSON *schema, const struct field *field)
{
    cJSON *words = cJSON_AddArrayToObject(schema, "enum");
    for (int i = 0; choice(field->of, i); i++) {
        cJSON_AddItemToArray(words,
                             cJSON_CreateString(choice(field->of, i)));
    }
    if (field->null == NULLABLE) {
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
        must_never("members have no schema of their own");
    }
    return schema;
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
            continue;
        }
        cJSON_AddItemToObject(properties, field->name,
                              schema_of_field(field));
        cJSON_AddItemToArray(required, cJSON_CreateString(field->name));
    }
}

/* Null is written where nothing was measured: every member is there. */
static void fill_object(cJSON *schema, enum shape shape)
{
    cJSON_AddStringToObject(schema, "description", shapes[shape].sentence);
    set_type(schema, "object", REQUIRED);
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    cJSON *required = cJSON_AddArrayToObject(schema, "required");
    add_members(shape, properties, required);
}

cJSON *report_schema_make(void)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddStringToObject(schema, "$schema",
                            "https://json-schema.org/draft/2020-12/schema");
    cJSON_AddStringToObject(schema, "$id", "urn:squall:report:1");
    cJSON_AddStringToObject(schema, "title", "squall.report/1");
    fill_object(schema, SHAPE_REPORT);
    cJSON *definitions = cJSON_AddObjectToObject(schema, "$defs");
    for (int s = SHAPE_REPORT + 1; s < SHAPE_COUNT; s++) {
        if (s == SHAPE_FIGURES) {
            continue; /* never an object of its own */
        }
        fill_object(cJSON_AddObjectToObject(definitions, shapes[s].name),
                    (enum shape)s);
    }
    return schema;
}

void report_schema_print(FILE *stream)
{
    cJSON *schema = report_schema_make();
    char *text = cJSON_Print(schema);
    must(text);
    fputs(text, stream);
    fputc('\n', stream);
    cJSON_free(text);
    cJSON_Delete(schema);
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
    case TYPE_FLAG:
        return "true or false";
    case TYPE_OBJECT:
        return "object";
    case TYPE_LIST:
        return "list";
    case TYPE_MAP:
        return "object by name";
    case TYPE_MEMBERS:
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
    fprintf(stream, ".It Cm %s Pq %s%s\n", field->name, type_words(field),
            field->null == NULLABLE ? " or null" : "");
    print_sentences(field->sentence, stream);
    bool is_container = field->type == TYPE_OBJECT ||
                        field->type == TYPE_LIST || field->type == TYPE_MAP;
    if (is_container && (int)field->of < SHAPE_COUNT) {
        fprintf(stream, "See\n.Sx %s .\n", shapes[field->of].title);
    }
    print_manual_choices(field, stream);
}

void report_schema_print_manual(FILE *stream)
{
    for (int s = 0; s < SHAPE_COUNT; s++) {
        fprintf(stream, ".Ss %s\n", shapes[s].title);
        print_sentences(shapes[s].sentence, stream);
        fputs(".Bl -tag -width Ds\n", stream);
        for (size_t i = 0; i < array_length(fields); i++) {
            if ((int)fields[i].shape == s) {
                print_manual_field(&fields[i], stream);
            }
        }
        fputs(".El\n", stream);
    }
}
