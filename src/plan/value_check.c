/* What all readers of values use: errors at the place of a value, and the
 * words that a key may take. */
#include "plan/value_inside.h"

#include "base/suggest.h"
#include "plan/header.h"

#include <string.h>

struct error *value_refuse(struct reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    struct error *error =
        sources_verror(reader->sources, reader->errors, ERROR_BAD_VALUE,
                       reader->path.text, JSON_VALUE, format, arguments);
    va_end(arguments);
    return error;
}

const char *value_json_name(const cJSON *value)
{
    return cJSON_IsString(value)   ? "a text"
           : cJSON_IsNumber(value) ? "a number"
           : cJSON_IsBool(value)   ? "true or false"
           : cJSON_IsArray(value)  ? "a list"
           : cJSON_IsObject(value) ? "a section"
                                   : "null";
}

bool value_wrong_type(struct reader *reader, const struct key *key,
                      const cJSON *value)
{
    struct error *error =
        value_refuse(reader, "%s where a %s belongs", value_json_name(value),
                     value_type_name(key->type));
    error_hint(error, "write %s", value_type_example(key->type));
    return false;
}

bool value_find_choice(struct reader *reader, const struct choice *choices,
                       const char *name, int *found)
{
    const struct choice *row = choice_find(choices, name);
    if (row) {
        *found = row->value;
        return true;
    }
    struct suggestion suggestion;
    struct str list = STR_INIT;

    suggest_init(&suggestion, name);
    for (const struct choice *each = choices; each->name; each++) {
        suggest_offer(&suggestion, each->name);
        str_printf(&list, "%s\"%s\"", list.length ? ", " : "", each->name);
    }
    struct error *error = value_refuse(reader, "\"%s\" is not a choice", name);
    if (suggestion.best) {
        error_hint(error, "did you mean \"%s\"?", suggestion.best);
    } else {
        error_hint(error, "write one of %s", list.text);
    }
    str_release(&list);
    return false;
}

bool value_is_token(const char *text)
{
    return header_name_is_token(text, strlen(text));
}
