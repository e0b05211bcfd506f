/* The bodies that a command line of curl makes: data, forms, uploads. */
#include "import/curl.h"

#include "base/mask.h"
#include "base/must.h"
#include "import/text.h"

#include <stdio.h>
#include <string.h>

static void add_file(struct curl *curl, const char *name, const char *file)
{
    if (strcmp(file, "-") == 0 || curl->has_data || curl->data_file) {
        import_remark(curl->import, name,
                      "\"@%s\" is left out: a body is one text or one file, "
                      "requests[].body_file",
                      file);
        return;
    }
    curl->data_file = file;
    curl->has_data = true;
    import_remark(curl->import, name,
                  strcmp(name, "--data-binary") == 0 ||
                          strcmp(name, "--json") == 0
                      ? "what %s holds is sent as it stands: secrets in it "
                        "stay there"
                      : "what %s holds is sent as it stands, with its line "
                        "breaks, which curl leaves out, and with its secrets",
                  file);
}

/* "content", "=content", "name=content"; files cannot be encoded. */
static void add_urlencoded(struct curl *curl, const char *name,
                           const char *value)
{
    size_t first = strcspn(value, "=@");

    if (value[first] == '@') {
        import_remark(curl->import, name,
                      "\"%s\" is left out: no file is read to be encoded",
                      value);
        return;
    }
    str_append(&curl->data, curl->has_data ? "&" : "");
    if (value[first] == '=') {
        str_append_bytes(&curl->data, value, first > 0 ? first + 1 : 0);
        value += first + 1;
    }
    text_append_encoded(&curl->data, value, true);
    curl->has_data = true;
}

void curl_add_data(struct curl *curl, const char *name, const char *value)
{
    bool may_be_file = strcmp(name, "--data-raw") != 0;

    if (strcmp(name, "--data-urlencode") == 0) {
        add_urlencoded(curl, name, value);
    } else if (value[0] == '@' && may_be_file) {
        add_file(curl, name, value + 1);
    } else if (curl->data_file) {
        import_remark(curl->import, name,
                      "left out: a body is one text or one file");
    } else {
        bool joins = curl->has_data && strcmp(name, "--json") != 0;
        str_append(&curl->data, joins ? "&" : "");
        str_append(&curl->data, value);
        curl->has_data = true;
    }
    curl->is_json |= strcmp(name, "--json") == 0;
}

void curl_add_form(struct curl *curl, const char *name, const char *value)
{
    const char *equals = strchr(value, '=');
    bool literal = strcmp(name, "--form-string") == 0;
    struct str field = STR_INIT;

    if (!equals || equals == value || (!literal && equals[1] == '<') ||
        (literal && equals[1] == '@')) {
        import_remark(curl->import, name,
                      "a field is left out: it is neither name=value nor "
                      "name=@FILE");
        return;
    }
    size_t length = strlen(value);
    const char *more = literal ? NULL : strstr(equals, ";type=");
    const char *named = literal ? NULL : strstr(equals, ";filename=");
    if (more || named) {
        import_remark(curl->import, name,
                      "the type and file name of field %.*s are not kept",
                      (int)(equals - value), value);
        more = more && (!named || more < named) ? more : named;
        length = (size_t)(more - value);
    }
    str_append_bytes(&field, value, length);
    curl->form_has_file |= !literal && equals[1] == '@';
    if (!curl->form) {
        curl->form = cJSON_CreateArray();
    }
    cJSON_AddItemToArray(curl->form, cJSON_CreateString(field.text));
    str_release(&field);
}

/* A form without a file is multipart all the same, unlike a profile's. */
static void write_multipart(struct curl *curl, struct str *room)
{
    const cJSON *item;
    struct str boundary = STR_INIT, type = STR_INIT;
    bool is_in = true;

    for (int number = 1; is_in; number++) {
        str_reset(&boundary);
        str_printf(&boundary, "squall-form-%d", number);
        is_in = false;
        cJSON_ArrayForEach(item, curl->form)
        {
            is_in |= strstr(item->valuestring, boundary.text) != NULL;
        }
    }
    cJSON_ArrayForEach(item, curl->form)
    {
        const char *equals = strchr(item->valuestring, '=');
        size_t name = (size_t)(equals - item->valuestring);
        if (mask_is_secret_name(item->valuestring, name)) {
            import_remark(curl->import, "-F",
                          "field %.*s is written as it is: put ${env:...} in "
                          "its place",
                          (int)name, item->valuestring);
        }
        str_printf(room,
                   "--%s\r\nContent-Disposition: form-data; name=\"%.*s\""
                   "\r\n\r\n%s\r\n",
                   boundary.text, (int)(equals - item->valuestring),
                   item->valuestring, equals + 1);
    }
    str_printf(room, "--%s--\r\n", boundary.text);
    str_printf(&type, "multipart/form-data; boundary=%s", boundary.text);
    cJSON_DeleteItemFromObject(curl->headers, "Content-Type");
    import_header(curl->import, "--form", &curl->headers, "Content-Type",
                  type.text);
    str_release(&boundary);
    str_release(&type);
}

static void add_header(struct curl *curl, const char *name, const char *value)
{
    if (!cJSON_GetObjectItem(curl->headers, name)) {
        import_header(curl->import, "--data", &curl->headers, name, value);
    }
}

static void fill_form(struct curl *curl, struct import_call *call,
                      struct str *room)
{
    if (curl->form_has_file) {
        call->form = curl->form;
    } else {
        write_multipart(curl, room);
        call->body = room->text;
        call->body_length = room->length;
    }
}

void curl_fill_body(struct curl *curl, struct import_call *call,
                    struct str *room)
{
    if (curl->form) {
        fill_form(curl, call, room);
    } else if (curl->upload) {
        call->body_file = curl->upload;
        call->method = call->method ? call->method : "PUT";
    } else if (curl->has_data && !curl->gets) {
        if (curl->is_json) {
            add_header(curl, "Content-Type", "application/json");
            add_header(curl, "Accept", "application/json");
        } else {
            add_header(curl, "Content-Type",
                       "application/x-www-form-urlencoded");
        }
        call->body_file = curl->data_file;
        call->body = curl->data_file ? NULL : curl->data.text;
        call->body_length = curl->data_file ? 0 : curl->data.length;
    }
    if (!call->method && (call->body || call->body_file || call->form)) {
        call->method = "POST";
    }
    if (curl->heads) {
        call->method = call->method ? call->method : "HEAD";
    }
}
