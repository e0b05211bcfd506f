#include "plan/body.h"

#include "base/str.h"
#include "base/unicode.h"
#include "plan/environment.h"
#include "plan/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_SIZE_MAX = 64 * 1024 * 1024 };

bool body_is_given(const struct request_config *config)
{
    return config->body || config->body_file || config->form.count > 0;
}

const char *body_key(const struct request_config *config)
{
    return config->body_file        ? "body_file"
           : config->form.count > 0 ? "form"
                                    : "body";
}

/* Standard input ends but once: what one request has read of it, the others
 * have, too. */
static bool have_input_already(const struct resolver *resolver, size_t index,
                               struct request_config *config)
{
    for (size_t i = 0; i < index; i++) {
        const struct request_config *other =
            &resolver->plan->requests[i].config;
        if (other->body_file && strcmp(other->body_file, "-") == 0) {
            config->body = other->body;
            config->body_length = other->body_length;
            return config->body != NULL;
        }
    }
    return false;
}

/* Appends a file, "-" for standard input; an errno when it cannot be read. */
static int append_file(struct str *body, const char *name)
{
    char bytes[16384];
    size_t count;
    bool is_input = strcmp(name, "-") == 0;
    FILE *file = is_input ? stdin : fopen(name, "rb");

    if (!file) {
        return errno;
    }
    errno = 0;
    while (body->length <= BODY_SIZE_MAX &&
           (count = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        str_append_bytes(body, bytes, count);
    }
    int failure = ferror(file) ? errno : 0;
    if (!is_input) {
        fclose(file);
    }
    return body->length > BODY_SIZE_MAX ? EFBIG : failure;
}

static void refuse_file(const struct resolver *resolver, const char *path,
                        const char *name, int failure)
{
    struct error *error = resolve_refuse(
        resolver, path, "cannot read %s: %s",
        strcmp(name, "-") == 0 ? "standard input" : name,
        failure == EFBIG ? "larger than 64 MiB" : strerror(failure));
    error->code = ERROR_NO_FILE;
}

static bool read_file(const struct resolver *resolver, size_t index,
                      struct request_config *config)
{
    char path[64];
    struct str body = STR_INIT;

    if (strcmp(config->body_file, "-") == 0 &&
        have_input_already(resolver, index, config)) {
        return true;
    }
    int failure = append_file(&body, config->body_file);
    if (failure) {
        snprintf(path, sizeof(path), "requests[%zu].body_file", index);
        refuse_file(resolver, path, config->body_file, failure);
    } else {
        config->body =
            arena_strndup(&resolver->plan->arena, body.text, body.length);
        config->body_length = body.length;
    }
    str_release(&body);
    return failure == 0;
}

/* Takes the fields apart and reads their files. */
static bool read_fields(const struct resolver *resolver, size_t index,
                        const struct string_list *list,
                        struct form_field *fields)
{
    struct arena *arena = &resolver->plan->arena;
    char path[64];

    for (size_t i = 0; i < list->count; i++) {
        struct form_field *field = &fields[i];
        snprintf(path, sizeof(path), "requests[%zu].form[%zu]", index, i);
        if (!form_field_read(field, list->items[i], arena)) {
            struct error *error = resolve_refuse(
                resolver, path, "\"%s\" has no name", list->items[i]);
            error_hint(error, "write name=value, or name=@FILE");
            return false;
        }
        if (field->file) {
            struct str name = STR_INIT;
            environment_expand(&name, field->file);
            field->file = arena_strdup(arena, name.text);
            str_release(&name);
        }
        int failure =
            field->file ? append_file(&field->content, field->file) : 0;
        if (failure) {
            refuse_file(resolver, path, field->file, failure);
            return false;
        }
    }
    return true;
}

static bool read_form(const struct resolver *resolver, size_t index,
                      struct request_config *config)
{
    struct arena *arena = &resolver->plan->arena;
    const struct string_list *list = &config->form;
    struct form_field *fields =
        arena_array(arena, list->count, sizeof(*fields));
    struct str body = STR_INIT, type = STR_INIT;

    for (size_t i = 0; i < list->count; i++) {
        fields[i].content = (struct str)STR_INIT;
    }
    bool good = read_fields(resolver, index, list, fields);
    if (good) {
        form_write(fields, list->count, &body, &type);
        config->body = arena_strndup(arena, body.text, body.length);
        config->body_length = body.length;
        config->form_type = arena_strdup(arena, type.text);
    }
    for (size_t i = 0; i < list->count; i++) {
        str_release(&fields[i].content);
    }
    str_release(&body);
    str_release(&type);
    return good;
}

/* A request has one body. */
static bool is_one(const struct resolver *resolver, size_t index,
                   const struct request_config *config)
{
    static const char *const keys[] = {"body", "body_file", "form"};
    const bool has[] = {config->body != NULL, config->body_file != NULL,
                        config->form.count > 0};
    char path[64], other[64];

    for (size_t i = 1; i < 3; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!has[i] || !has[j]) {
                continue;
            }
            snprintf(path, sizeof(path), "requests[%zu].%s", index, keys[i]);
            snprintf(other, sizeof(other), "requests[%zu].%s", index, keys[j]);
            struct error *error = resolve_conflict(resolver, path, other,
                                                   "a request has one body");
            error_hint(error, "remove one of them");
            return false;
        }
    }
    return true;
}

bool body_read(const struct resolver *resolver, size_t index,
               struct request_config *config)
{
    if (!is_one(resolver, index, config)) {
        return false;
    }
    if (config->form.count > 0) {
        return read_form(resolver, index, config);
    }
    if (config->body_file) {
        return read_file(resolver, index, config);
    }
    config->body_length = config->body ? strlen(config->body) : 0;
    return true;
}

static bool is_json(const char *text, size_t length)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(text, length + 1, &end, false);
    bool good = tree != NULL;

    cJSON_Delete(tree);
    return good && end + strspn(end, " \t\r\n") == text + length;
}

/* name=value, as of a form: curl's users write such bodies. */
static bool is_form(const char *text, size_t length)
{
    static const char of_names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz"
                                   "0123456789-._~%+[]*";
    size_t name = strspn(text, of_names);

    return name > 0 && text[name] == '=' && !memchr(text, '\n', length);
}

static const char *type_of(const char *text, size_t length)
{
    if (length == 0) {
        return NULL;
    }
    if (is_json(text, length)) {
        return "Content-Type: application/json";
    }
    if (memchr(text, '\0', length) || !utf8_is_valid(text, length)) {
        return "Content-Type: application/octet-stream";
    }
    return is_form(text, length)
               ? "Content-Type: application/x-www-form-urlencoded"
               : "Content-Type: text/plain; charset=utf-8";
}

bool body_seems_json(const struct planned_request *request, const char *line)
{
    const char *text = request->config.body;

    if (!text || !strstr(line, "text/plain")) {
        return false;
    }
    text += strspn(text, " \t\r\n");
    return text[0] == '[' || (text[0] == '{' && text[1] != '{');
}

const char *body_type_line(const struct resolver *resolver,
                           const struct planned_request *request)
{
    /* Any operation: what fills placeholders is JSON for all or for none. */
    static const struct template_subject somebody = {
        .attempt = 1, .max_attempts = 1, .key = "1", .key_length = 1};
    struct arena *arena = &resolver->plan->arena;
    const struct template *body = &request->body;

    if (request->config.form_type) {
        size_t size =
            sizeof("Content-Type: ") + strlen(request->config.form_type);
        char *line = arena_alloc(arena, size);
        snprintf(line, size, "Content-Type: %s", request->config.form_type);
        return line;
    }
    struct str text = STR_INIT;
    str_reserve(&text, body->length_max + 1);
    text.length =
        template_fill(body, &somebody, text.text, body->length_max + 1);
    const char *line = type_of(text.text, text.length);
    str_release(&text);
    return line;
}
