#include "plan/environment.h"

#include "base/mask.h"
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 255 };

static const char open_mark[] = "${env:";

const char *environment_find(const char *name, size_t length)
{
    char variable[NAME_MAX_LENGTH + 1];
    char origin[NAME_MAX_LENGTH + sizeof(open_mark) + 2];

    if (length == 0 || length > NAME_MAX_LENGTH) {
        return NULL;
    }
    snprintf(variable, sizeof(variable), "%.*s", (int)length, name);
    const char *value = getenv(variable);
    if (value) {
        snprintf(origin, sizeof(origin), "%s%s}", open_mark, variable);
        mask_add(value, strlen(value), origin);
    }
    return value;
}

const struct template_values environment_in_text = {environment_find,
                                                    TEMPLATE_PLAIN};
const struct template_values environment_in_json = {environment_find,
                                                    TEMPLATE_JSON};
const struct template_values environment_in_url = {environment_find,
                                                   TEMPLATE_URL};

const struct template_values environment_in_form = {environment_find,
                                                    TEMPLATE_FORM};

void environment_expand(struct str *out, const char *text)
{
    const char *reference;

    while ((reference = strstr(text, open_mark))) {
        const char *name = reference + sizeof(open_mark) - 1;
        size_t length = strcspn(name, "}");
        const char *value =
            name[length] ? environment_find(name, length) : NULL;
        size_t whole = sizeof(open_mark) - 1 + length + (name[length] == '}');
        str_append_bytes(out, text, (size_t)(reference - text));
        if (value) {
            str_append(out, value);
        } else {
            str_append_bytes(out, reference, whole);
        }
        text = reference + whole;
    }
    str_append(out, text);
}

bool environment_is_for_template(const char *pattern)
{
    static const char *const templates[] = {
        "headers",         "requests[].body", "requests[].headers",
        "requests[].path", "requests[].form", "idempotency.template",
        "ledger.key",
    };
    for (size_t i = 0; i < array_length(templates); i++) {
        size_t length = strlen(templates[i]);
        if (strncmp(pattern, templates[i], length) == 0 &&
            (!pattern[length] || strchr(".[", pattern[length]))) {
            return true;
        }
    }
    return false;
}
