#include "transport/ledger.h"

#include "base/str.h"
#include "transport/clock.h"
#include "transport/command.h"
#include "transport/handle.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A ledger larger than this is not one of a run. */
static const size_t LEDGER_BYTES_MAX = (size_t)2 << 30;

enum { SHOWN_MAX = 60 };

/* What is wrong, with a bounded piece of what was there. */
static bool refuse(struct errors *errors, size_t line, const char *what,
                   const char *piece, size_t length)
{
    int shown = (int)(length < SHOWN_MAX ? length : SHOWN_MAX);
    struct error *error =
        line ? errors_add(errors, ERROR_NO_LEDGER,
                          "the ledger's line %zu %s: \"%.*s\"", line, what,
                          shown, piece)
             : errors_add(errors, ERROR_NO_LEDGER, "the ledger %s: \"%.*s\"",
                          what, shown, piece);
    error_hint(error, "a ledger is lines of `id count`, or a JSON object "
                      "{\"id\": count} or {\"effects\": {\"id\": count}}");
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* "id count": the count is the last word, so that an id may hold blanks, but
 * not begin or end with them. */
static bool parse_line(const char *line, size_t length, size_t number,
                       struct effects_join *join, struct errors *errors)
{
    while (length > 0 && is_blank(line[0])) {
        line++;
        length--;
    }
    while (length > 0 && is_blank(line[length - 1])) {
        length--;
    }
    if (length == 0) {
        return true;
    }
    size_t at = length;
    uint64_t count = 0;
    bool too_large = false;
    while (at > 0 && isdigit((unsigned char)line[at - 1])) {
        at--;
    }
    for (size_t i = at; i < length; i++) {
        uint64_t digit = (uint64_t)(line[i] - '0');
        too_large |= count > (UINT64_MAX - digit) / 10;
        count = count * 10 + digit;
    }
    size_t id_length = at;
    while (id_length > 0 && is_blank(line[id_length - 1])) {
        id_length--;
    }
    if (at == length || id_length == at || id_length == 0) {
        return refuse(errors, number, "is not `id count`", line, length);
    }
    if (too_large) {
        return refuse(errors, number, "has a count that is too large", line,
                      length);
    }
    if (join) {
        effects_join_entry(join, line, id_length, count);
    }
    return true;
}

static bool parse_lines(const char *text, size_t length,
                        struct effects_join *join, struct errors *errors)
{
    size_t number = 1;
    for (size_t at = 0; at < length; number++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line = end ? (size_t)(end - text) - at : length - at;
        if (!parse_line(text + at, line, number, join, errors)) {
            return false;
        }
        at += line + 1;
    }
    return true;
}

static bool parse_object(const cJSON *object, struct effects_join *join,
                         struct errors *errors)
{
    for (const cJSON *entry = object->child; entry; entry = entry->next) {
        double count = entry->valuedouble;
        if (!cJSON_IsNumber(entry) || count < 0 || count != floor(count) ||
            count > 9e15) {
            return refuse(errors, 0, "gives no whole count for", entry->string,
                          strlen(entry->string));
        }
        if (join) {
            effects_join_entry(join, entry->string, strlen(entry->string),
                               (uint64_t)count);
        }
    }
    return true;
}

static bool parse_json(const char *text, size_t length,
                       struct effects_join *join, struct errors *errors)
{
    /* cJSON would stop at a NUL. The buffer ends with one: so what follows the
     * value is checked too. */
    cJSON *root =
        memchr(text, '\0', length)
            ? NULL
            : cJSON_ParseWithLengthOpts(text, length + 1, NULL, true);
    if (!root) {
        return refuse(errors, 0, "is not valid JSON", text, length);
    }
    const cJSON *object = root;
    const cJSON *effects =
        cJSON_GetObjectItemCaseSensitive(root, "effects");
    if (cJSON_IsObject(effects)) {
        object = effects;
    }
    bool ok = cJSON_IsObject(object)
                  ? parse_object(object, join, errors)
                  : refuse(errors, 0, "is JSON but no object", text, length);
    cJSON_Delete(root);
    return ok;
}

bool ledger_parse(const char *text, size_t length, struct effects_join *join,
                  struct errors *errors)
{
    size_t start = 0;
    while (start < length && isspace((unsigned char)text[start])) {
        start++;
    }
    if (start < length && (text[start] == '{' || text[start] == '[')) {
        return parse_json(text + start, length - start, join, errors);
    }
    return parse_lines(text, length, join, errors);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
    struct str *text = user;
    size_t length = size * count;
    if (text->length + length > LEDGER_BYTES_MAX) {
        return 0;
    }
    str_append_bytes(text, bytes, length);
    return length;
}

static int on_progress(void *user, curl_off_t download_total,
                       curl_off_t downloaded, curl_off_t upload_total,
                       curl_off_t uploaded)
{
    const atomic_bool *stop = user;
    (void)download_total;
    (void)downloaded;
    (void)upload_total;
    (void)uploaded;
    return stop && atomic_load(stop);
}

/* The ledger's own URL, or its path on the target. */
static char *ledger_url(const struct plan *plan, struct errors *errors)
{
    CURLU *parts = curl_url();
    char *url = NULL;
    bool ok = parts != NULL;
    if (ok && plan->ledger.url[0] == '/') {
        ok = curl_url_set(parts, CURLUPART_URL, plan->target.url, 0) ==
             CURLUE_OK;
    }
    ok = ok && curl_url_set(parts, CURLUPART_URL, plan->ledger.url, 0) ==
                   CURLUE_OK &&
         curl_url_get(parts, CURLUPART_URL, &url, 0) == CURLUE_OK;
    curl_url_cleanup(parts);
    if (!ok) {
        errors_add(errors, ERROR_NO_LEDGER, "ledger.url: \"%s\" is not a URL",
                   plan->ledger.url);
    }
    return ok ? url : NULL;
}

static struct curl_slist *header_lines(const struct plan *plan)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < plan->ledger.headers.count; i++) {
        const struct header_config *header = &plan->ledger.headers.items[i];
        struct str line = STR_INIT;
        str_printf(&line, "%s: %s", header->name, header->value);
        list = curl_slist_append(list, line.text);
        str_release(&line);
    }
    return list;
}

static bool fetch_with(CURL *easy, const char *url, struct str *text,
                       struct errors *errors)
{
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger %s could not be read: %s", url,
                   code == CURLE_WRITE_ERROR           ? "it is larger than "
                                                         "2 GiB"
                   : code == CURLE_ABORTED_BY_CALLBACK ? "interrupted"
                   : reason[0]                         ? reason
                                         : curl_easy_strerror(code));
        return false;
    }
    if (status != 200) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER, "the ledger %s answered %ld: \"%.*s\"",
            url, status, SHOWN_MAX, text->text);
        error_hint(error, "does it want a header (ledger.headers)?");
        return false;
    }
    return true;
}

static bool fetch_url(const struct plan *plan, struct str *text,
                      const atomic_bool *stop, struct errors *errors)
{
    char *url = ledger_url(plan, errors);
    if (!url) {
        return false;
    }
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = header_lines(plan);
    struct curl_slist *pinned = NULL;
    for (size_t i = 0; i < plan->target.resolve.count; i++) {
        pinned = curl_slist_append(pinned, plan->target.resolve.items[i]);
    }
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, text);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, stop);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(plan->ledger.timeout.ns / NS_PER_MS));
    handle_set_target(easy, &plan->target, pinned);
    bool ok = fetch_with(easy, url, text, errors);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(pinned);
    curl_free(url);
    return ok;
}

static bool read_once(const struct plan *plan, struct effects_join *join,
                      const atomic_bool *stop, struct errors *errors)
{
    struct str text = STR_INIT;
    bool ok = plan->ledger.command
                  ? command_output(plan->ledger.command,
                                   &(struct command_limits){
                                       .timeout = plan->ledger.timeout,
                                       .bytes_max = LEDGER_BYTES_MAX,
                                       .stop = stop,
                                   },
                                   &text, errors)
                  : fetch_url(plan, &text, stop, errors);
    ok = ok && ledger_parse(text.text, text.length, join, errors);
    str_release(&text);
    return ok;
}

/* Sleeps in short pieces, so that a stop is heard. */
static void sleep_for(struct duration length, const atomic_bool *stop)
{
    struct instant end = instant_add(clock_now(), length);
    while (instant_before(clock_now(), end) && !(stop && atomic_load(stop))) {
        struct duration left = instant_since(end, clock_now());
        left = duration_min(left, duration_ms(50));
        if (left.ns > 0) {
            struct timespec pause = {0, (long)left.ns};
            nanosleep(&pause, NULL);
        }
    }
}

bool ledger_read(const struct plan *plan, struct effects_join *join,
                 const atomic_bool *stop, struct errors *errors)
{
    struct instant end = instant_add(clock_now(), plan->ledger.timeout);
    uint64_t before = 0;

    for (unsigned reading = 0;; reading++) {
        effects_join_clear(join);
        if (!read_once(plan, join, stop, errors)) {
            return false;
        }
        uint64_t now = effects_join_fingerprint(join);
        if (reading > 0 && now == before) {
            return true;
        }
        before = now;
        if (stop && atomic_load(stop)) {
            errors_add(errors, ERROR_NO_LEDGER,
                       "interrupted before the ledger settled");
            return false;
        }
        if (reading > 0 && !instant_before(clock_now(), end)) {
            struct error *error =
                errors_add(errors, ERROR_NO_LEDGER,
                           "the ledger did not settle: it still changed "
                           "after %u readings",
                           reading + 1);
            error_hint(error, "raise ledger.timeout or ledger.settle, or "
                              "stop what else writes to it");
            return false;
        }
        sleep_for(plan->ledger.settle, stop);
    }
}

bool ledger_probe(const struct plan *plan, const atomic_bool *stop,
                  struct errors *errors)
{
    return read_once(plan, NULL, stop, errors);
}
