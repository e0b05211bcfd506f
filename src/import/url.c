/* One URL: a profile to begin with, an open load that warms up and stands, and
 * an objective to judge it by. Every number in it is there to be changed. */
#include "base/must.h"
#include "import/format.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* Read as a profile would be. */
static const char starter[] =
    "{\"load\": {\"warmup\": \"5s\", \"arrival\": \"poisson\", \"stages\": ["
    "{\"name\": \"ramp\", \"for\": \"20s\", \"from\": \"1/s\", \"rate\": "
    "\"20/s\"}, {\"name\": \"steady\", \"for\": \"1m\", \"rate\": "
    "\"20/s\"}]},"
    "\"timeout\": {\"connect\": \"2s\", \"attempt\": \"5s\", \"operation\": "
    "\"15s\"},"
    "\"retry\": {\"max_attempts\": 3, \"retry_on\": [\"connect\", \"reset\", "
    "\"timeout\", \"5xx\", \"429\"], \"backoff\": {\"type\": "
    "\"exponential\", \"initial\": \"100ms\", \"max\": \"5s\", \"jitter\": "
    "\"full\"}},"
    "\"slo\": [\"p99 < 1s\", \"success_rate >= 99%\", \"amplification <= "
    "1.2\"]}";

bool import_url(struct import *import, char *text, size_t length)
{
    struct import_call call = {.url = text};

    (void)length;
    if (!import_origin(import, text, text)) {
        struct error *error =
            errors_add(import->errors, ERROR_USAGE, "\"%s\" is no URL", text);
        error_hint(error, "write http://host:port/path");
        return false;
    }
    cJSON_Delete(import->more);
    import->more = cJSON_Parse(starter);
    must(import->more);
    import_add(import, text, &call);
    return true;
}
