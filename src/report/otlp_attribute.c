#include "report/otlp_attribute.h"

#include "report/ndjson.h"

#include <string.h>

static void begin(struct str *out, const char *key)
{
    ndjson_begin_object(out);
    ndjson_text(out, "key", key);
    ndjson_begin_member(out, "value");
}

static void end(struct str *out)
{
    str_append(out, "}}");
}

void otlp_attribute_bytes(struct str *out, const char *key, const char *bytes,
                          size_t length)
{
    if (length > 0) {
        begin(out, key);
        ndjson_bytes(out, "stringValue", bytes, length);
        end(out);
    }
}

void otlp_attribute_text(struct str *out, const char *key, const char *text)
{
    otlp_attribute_bytes(out, key, text, text ? strlen(text) : 0);
}

void otlp_attribute_count(struct str *out, const char *key, uint64_t count)
{
    begin(out, key);
    ndjson_digits(out, "intValue", count);
    end(out);
}

void otlp_attribute_bool(struct str *out, const char *key, bool value)
{
    begin(out, key);
    ndjson_bool(out, "boolValue", value);
    end(out);
}
