#include "service/fault_list.h"

#include "base/json.h"
#include "base/must.h"
#include "base/suggest.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

enum member_type { MEMBER_KIND, MEMBER_RATIO, MEMBER_DURATION, MEMBER_STATUS };

struct member {
    const char *name;
    enum member_type type;
    size_t offset;
};

static const struct member members[] = {
    {"kind", MEMBER_KIND, offsetof(struct service_fault_config, kind)},
    {"ratio", MEMBER_RATIO, offsetof(struct service_fault_config, ratio)},
    {"from", MEMBER_DURATION,
     offsetof(struct service_fault_config, window.from)},
    {"for", MEMBER_DURATION,
     offsetof(struct service_fault_config, window.length)},
    {"every", MEMBER_DURATION,
     offsetof(struct service_fault_config, window.every)},
    {"status", MEMBER_STATUS, offsetof(struct service_fault_config, status)},
    {"factor", MEMBER_RATIO, offsetof(struct service_fault_config, factor)},
    {"delay", MEMBER_DURATION, offsetof(struct service_fault_config, delay)},
};

static const char *const kinds[] = {
#define SERVICE_FAULT(id, name, sentence) name,
#include "faults/service_fault.def"
#undef SERVICE_FAULT
};

static const struct service_fault_config absent = {
    .ratio = 1,
    .window = {.length = {INT64_MAX}},
    .status = 503,
    .factor = 1,
};

static struct error *complain(struct errors *errors, enum error_code code,
                              size_t index, const char *name,
                              const char *problem)
{
    struct error *error = errors_add(errors, code, "%s", problem);
    snprintf(error->path, sizeof(error->path), "[%zu]%s%s", index,
             *name ? "." : "", name);
    return error;
}

/* Returns the problem, or NULL. */
static const char *read_kind(const cJSON *value, enum service_fault_kind *kind)
{
    for (size_t i = 0; i < array_length(kinds); i++) {
        if (cJSON_IsString(value) &&
            strcmp(value->valuestring, kinds[i]) == 0) {
            *kind = (enum service_fault_kind)i;
            return NULL;
        }
    }
    return "is none of:"
#define SERVICE_FAULT(id, name, sentence) " " name
#include "faults/service_fault.def"
#undef SERVICE_FAULT
        ;
}

static const char *read_ratio(const cJSON *value, double *ratio)
{
    const char *problem = "is not a ratio; write \"10%\" or 0.1";
    if (cJSON_IsNumber(value)) {
        *ratio = value->valuedouble;
        return NULL;
    }
    return cJSON_IsString(value) &&
                   units_parse_ratio(value->valuestring, ratio, &problem)
               ? NULL
               : problem;
}

static const char *read_member(const struct member *member, const cJSON *value,
                               struct service_fault_config *fault)
{
    void *field = (char *)fault + member->offset;
    const char *problem = "is not a duration; write \"250ms\"";
    double status;

    switch (member->type) {
    case MEMBER_KIND:
        return read_kind(value, field);
    case MEMBER_RATIO:
        return read_ratio(value, field);
    case MEMBER_DURATION:
        return cJSON_IsString(value) &&
                       units_parse_duration(value->valuestring, field,
                                            &problem)
                   ? NULL
                   : problem;
    case MEMBER_STATUS:
        status = cJSON_IsNumber(value) ? value->valuedouble : -1;
        if (!(status >= 100 && status <= 599) || status != floor(status)) {
            return "is not an HTTP status";
        }
        *(uint16_t *)field = (uint16_t)status;
        return NULL;
    }
    must(false);
    return NULL;
}

static void refuse_member(size_t index, const char *name,
                          struct errors *errors)
{
    struct suggestion suggestion;
    struct error *error = complain(errors, ERROR_UNKNOWN_KEY, index, name,
                                   "is not a member of a fault");
    suggest_init(&suggestion, name);
    for (size_t i = 0; i < array_length(members); i++) {
        suggest_offer(&suggestion, members[i].name);
    }
    if (suggestion.best) {
        error_hint(error, "did you mean \"%s\"?", suggestion.best);
    }
}

static void read_fault(const cJSON *object, size_t index,
                       struct service_fault_config *fault,
                       struct errors *errors)
{
    const cJSON *value;

    *fault = absent;
    if (!cJSON_IsObject(object)) {
        complain(errors, ERROR_BAD_VALUE, index, "", "is not an object");
        return;
    }
    cJSON_ArrayForEach(value, object)
    {
        const struct member *member = NULL;
        for (size_t i = 0; i < array_length(members); i++) {
            if (strcmp(members[i].name, value->string) == 0) {
                member = &members[i];
            }
        }
        if (!member) {
            refuse_member(index, value->string, errors);
            continue;
        }
        const char *problem = read_member(member, value, fault);
        if (problem) {
            complain(errors, ERROR_BAD_VALUE, index, member->name, problem);
        }
    }
    if (!json_get(object, "kind")) {
        complain(errors, ERROR_BAD_VALUE, index, "kind", "is missing");
    }
}

bool fault_list_read(const char *text, size_t length,
                     struct service_fault_config *faults, size_t *count,
                     struct errors *errors)
{
    size_t before = errors->count + errors->more;
    struct json_source source;
    const cJSON *object;

    *count = 0;
    json_source_set(&source, "faults", text, length);
    cJSON *tree = json_parse(&source, errors);
    json_source_release(&source);
    if (tree && !cJSON_IsArray(tree)) {
        errors_add(errors, ERROR_BAD_VALUE, "the faults are not a list");
    } else if (cJSON_GetArraySize(tree) > SERVICE_FAULTS_MAX) {
        errors_add(errors, ERROR_BAD_VALUE, "there are more than %d faults",
                   SERVICE_FAULTS_MAX);
    } else {
        cJSON_ArrayForEach(object, tree)
        {
            read_fault(object, *count, &faults[*count], errors);
            (*count)++;
        }
    }
    cJSON_Delete(tree);
    return errors->count + errors->more == before;
}

static void append_member(struct str *out, const struct member *member,
                          const struct service_fault_config *fault)
{
    const void *field = (const char *)fault + member->offset;

    str_printf(out, "\"%s\": ", member->name);
    switch (member->type) {
    case MEMBER_KIND:
        str_printf(out, "\"%s\"",
                   kinds[*(const enum service_fault_kind *)field]);
        break;
    case MEMBER_RATIO:
        str_printf(out, "%.17g", *(const double *)field);
        break;
    case MEMBER_DURATION:
        str_append_char(out, '"');
        units_format_duration_exact(out, *(const struct duration *)field);
        str_append_char(out, '"');
        break;
    case MEMBER_STATUS:
        str_printf(out, "%u", (unsigned)*(const uint16_t *)field);
        break;
    }
}

/* What is at its default is left out; "for" could not be written otherwise,
 * and the list stays short. */
static bool is_default(const struct member *member,
                       const struct service_fault_config *fault)
{
    static const size_t sizes[] = {
        [MEMBER_KIND] = 0,
        [MEMBER_RATIO] = sizeof(double),
        [MEMBER_DURATION] = sizeof(struct duration),
        [MEMBER_STATUS] = sizeof(uint16_t),
    };
    return sizes[member->type] > 0 &&
           memcmp((const char *)fault + member->offset,
                  (const char *)&absent + member->offset,
                  sizes[member->type]) == 0;
}

void fault_list_append(struct str *out,
                       const struct service_fault_config *faults, size_t count)
{
    str_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        bool first = true;
        str_append(out, i > 0 ? ",\n {" : "{");
        for (size_t m = 0; m < array_length(members); m++) {
            if (!is_default(&members[m], &faults[i])) {
                str_append(out, first ? "" : ", ");
                append_member(out, &members[m], &faults[i]);
                first = false;
            }
        }
        str_append_char(out, '}');
    }
    str_append(out, "]\n");
}
