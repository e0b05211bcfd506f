#include "plan/letters.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/letter.h"
#include "plan/plan.h"
#include "plan/resolve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char how_to_get[] =
    "squall run --dead-letters FILE writes such a file";

#define LETTERS_SCHEMA "squall.dead_letters/1"

/* Of a whole file, which is read into memory. */
enum { LETTERS_SIZE_MAX = 1 << 30 };

/* A gentle policy: what profiles and flags change. */
static const char gentle[] =
    "{\"timeout\": {\"connect\": \"5s\", \"attempt\": \"10s\"},"
    " \"retry\": {\"max_attempts\": 5,"
    "  \"retry_on\": [\"connect\", \"reset\", \"timeout\", \"5xx\", \"429\","
    "   \"busy\"],"
    "  \"backoff\": {\"type\": \"exponential\", \"initial\": \"200ms\","
    "   \"multiplier\": 2, \"max\": \"10s\", \"jitter\": \"full\"},"
    "  \"server_hint\": {\"apply\": \"max\", \"max\": \"60s\"}},"
    " \"load\": {\"drain\": \"5m\"}}";

static bool refuse_file(struct letter_reader *reader, const char *text)
{
    struct error *error =
        errors_add(reader->errors, ERROR_NO_FILE, "%s", text);
    snprintf(error->file, sizeof(error->file), "%s", reader->letters->file);
    reader->failed = true;
    return false;
}

static bool read_bytes(struct letter_reader *reader)
{
    struct letters *letters = reader->letters;
    struct stat status;
    FILE *file = fopen(letters->file, "rb");

    if (!file || fstat(fileno(file), &status) != 0) {
        refuse_file(reader, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        refuse_file(reader, "is not a file");
    } else if (status.st_size > LETTERS_SIZE_MAX) {
        refuse_file(reader, "is larger than 1 GiB");
    } else {
        letters->size = (size_t)status.st_size;
        letters->bytes = malloc(letters->size + 1);
        must(letters->bytes);
        if (fread(letters->bytes, 1, letters->size, file) != letters->size) {
            refuse_file(reader, "could not be read to its end");
        }
        letters->bytes[letters->size] = '\0';
    }
    if (file) {
        fclose(file);
    }
    return !reader->failed;
}

/* The tree of one line; NULL after an error at its place in the file. */
static cJSON *parse_line(struct letter_reader *reader, const char *text,
                         size_t length)
{
    struct json_source source = {0};
    struct errors errors = ERRORS_INIT;
    cJSON *tree = NULL;

    /* A body alone may be of 64 MiB, and is escaped or base64 here. */
    json_source_set(&source, reader->letters->file, text, length);
    source.may_be_large = true;
    tree = json_parse(&source, &errors);
    if (!tree) {
        struct error *error = errors_add(reader->errors, ERROR_SYNTAX, "%s",
                                         errors.list[0].text);
        snprintf(error->file, sizeof(error->file), "%s",
                 reader->letters->file);
        error->line = reader->line;
        error->column = errors.list[0].column;
        reader->failed = true;
        if (reader->line == 1) {
            error_hint(error, "%s", how_to_get);
        }
    } else if (!cJSON_IsObject(tree)) {
        letter_refuse(reader, "the line is not an object: { ... }");
        cJSON_Delete(tree);
        tree = NULL;
    }
    json_source_release(&source);
    return tree;
}

static bool check_schema(struct letter_reader *reader, const cJSON *head)
{
    const char *schema = cJSON_GetStringValue(json_get(head, "schema"));
    struct error *error;

    if (schema && strcmp(schema, LETTERS_SCHEMA) == 0) {
        return true;
    }
    if (schema) {
        error = letter_refuse(reader, "its schema is \"%.60s\", not \"%s\"",
                              schema, LETTERS_SCHEMA);
    } else {
        error = letter_refuse(reader, "its first line has no \"schema\": "
                                      "\"%s\"",
                              LETTERS_SCHEMA);
    }
    error_hint(error, "%s", how_to_get);
    return false;
}

static bool parse_whole(const cJSON *item, int base, uint64_t *number)
{
    const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
    const char *text = cJSON_GetStringValue(item);

    if (!text || !*text || text[strspn(text, digits)]) {
        return false;
    }
    errno = 0;
    *number = strtoull(text, NULL, base);
    return errno == 0;
}

/* A copy of a section of the first line, put into the profile. */
static cJSON *keep_section(struct letters *letters, const cJSON *head,
                           const char *name)
{
    const cJSON *section = json_get(head, name);
    cJSON *copy = NULL;

    if (section && !cJSON_IsNull(section)) {
        copy = cJSON_Duplicate(section, true);
        must(copy);
        cJSON_DeleteItemFromObjectCaseSensitive(letters->profile, name);
        cJSON_AddItemToObject(letters->profile, name, copy);
    }
    return copy;
}

static void put_text(cJSON *section, const char *name, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(section, name);
    must(cJSON_AddStringToObject(section, name, text));
}

/* The target is now a service of its own, and each letter has one key. */
static void fit_sections(struct letters *letters, cJSON *target,
                         cJSON *idempotency, cJSON *ledger)
{
    const cJSON *requests = json_get(letters->profile, "requests");
    const char *scope = cJSON_GetStringValue(json_get(idempotency, "scope"));
    const char *first = cJSON_GetStringValue(
        json_get(cJSON_GetArrayItem(requests, 0), "name"));
    bool embedded = !json_get(target, "url");

    if (scope && strcmp(scope, "attempt") == 0) {
        put_text(idempotency, "scope", "operation");
    }
    /* The default of a ledger's key depends on whose the service was. */
    if (ledger && !json_get(ledger, "key") && embedded && first &&
        cJSON_GetArraySize(requests) == 1 && strcmp(first, "orders") == 0) {
        put_text(ledger, "key", "{{op.id}}");
    }
    if (embedded) {
        put_text(target, "url", letters->url);
    }
}

static bool check_sections(struct letter_reader *reader, const cJSON *head)
{
    static const char *const names[] = {"target", "idempotency", "ledger"};

    for (size_t i = 0; i < array_length(names); i++) {
        const cJSON *section = json_get(head, names[i]);
        if (section && !cJSON_IsNull(section) && !cJSON_IsObject(section)) {
            letter_refuse(reader, "\"%s\" is not a section", names[i]);
            return false;
        }
    }
    return true;
}

static bool read_head(struct letter_reader *reader, const cJSON *head)
{
    struct letters *letters = reader->letters;
    const char *url = cJSON_GetStringValue(json_get(head, "url"));
    const char *name = cJSON_GetStringValue(json_get(head, "profile"));

    if (!check_schema(reader, head) || !check_sections(reader, head)) {
        return false;
    }
    if (!parse_whole(json_get(head, "run"), 16, &letters->run) ||
        !parse_whole(json_get(head, "seed"), 10, &letters->seed) || !url ||
        !cJSON_IsArray(json_get(head, "requests"))) {
        letter_refuse(reader, "the first line lacks \"run\", \"seed\", "
                              "\"url\" or \"requests\"");
        return false;
    }
    letters->url = arena_strdup(&letters->arena, url);
    letters->profile = cJSON_Parse(gentle);
    must(letters->profile);
    if (name && *name) {
        put_text(letters->profile, "name", name);
    }
    keep_section(letters, head, "requests");
    cJSON *target = keep_section(letters, head, "target");
    if (!target) {
        target = cJSON_AddObjectToObject(letters->profile, "target");
    }
    cJSON *idempotency = keep_section(letters, head, "idempotency");
    fit_sections(letters, target, idempotency,
                 keep_section(letters, head, "ledger"));
    letter_note_missing(reader, letters->profile);
    return true;
}

/* The last line: whether all are there; of those that were no letters there is
 * an error already. */
static void read_end(struct letter_reader *reader, const cJSON *end)
{
    struct letters *letters = reader->letters;
    const cJSON *count = json_get(end, "letters");
    int lines = reader->line - 2;

    letters->complete = cJSON_IsTrue(json_get(end, "complete"));
    if (!cJSON_IsNumber(count) || count->valuedouble != (double)lines) {
        struct error *error = letter_refuse(
            reader, "the last line counts other letters than there are: %d",
            lines);
        error_hint(error, "lines were taken away or added; give the file as "
                          "it was written");
    }
}

/* The end of the line at `at`, and where the next begins. */
static const char *end_of_line(const char *at, const char *end,
                               const char **next)
{
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    *next = stop ? stop + 1 : end;
    stop = stop ? stop : end;
    return stop > at && stop[-1] == '\r' ? stop - 1 : stop;
}

static size_t count_lines(const char *at, const char *end)
{
    size_t count = 1;
    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        count++;
    }
    return count;
}

/* One line after the first; false when it is the last. */
static bool read_line(struct letter_reader *reader, const char *text,
                      size_t length)
{
    struct letters *letters = reader->letters;
    cJSON *tree = parse_line(reader, text, length);
    const char *type = cJSON_GetStringValue(json_get(tree, "type"));
    bool more = true;

    if (type && strcmp(type, "letter") == 0) {
        struct letter *letter = &letters->items[letters->count++];
        letter->line = reader->line;
        letter->text = text;
        letter->length = length;
        letter_read(reader, tree, letter);
    } else if (type && strcmp(type, "end") == 0) {
        read_end(reader, tree);
        more = false;
    } else if (tree) {
        letter_refuse(reader, "its \"type\" is not letter or end");
    }
    cJSON_Delete(tree);
    return more;
}

static void read_lines(struct letter_reader *reader)
{
    struct letters *letters = reader->letters;
    const char *at = letters->bytes;
    const char *end = at + letters->size;
    const char *next;
    bool more = true;

    reader->line = 1;
    const char *stop = end_of_line(at, end, &next);
    letters->head = at;
    letters->head_length = (size_t)(stop - at);
    cJSON *head = parse_line(reader, at, letters->head_length);
    bool good = head && read_head(reader, head);
    cJSON_Delete(head);
    letters->items = arena_array(&letters->arena, count_lines(at, end),
                                 sizeof(*letters->items));
    for (at = next; good && more && at < end; at = next) {
        reader->line++;
        stop = end_of_line(at, end, &next);
        more = read_line(reader, at, (size_t)(stop - at));
    }
    if (good && more) {
        struct error *error = letter_refuse(
            reader, "the file ends here, without the line that counts its "
                    "letters");
        error_hint(error, "it was cut, or is still being written");
    } else if (good && at < end) {
        reader->line++;
        letter_refuse(reader, "something follows the last line");
    }
}

static int by_number(const void *a, const void *b)
{
    const struct letter *one = a, *other = b;
    if (one->number != other->number) {
        return one->number < other->number ? -1 : 1;
    }
    return one->line - other->line;
}

static int by_key(const void *a, const void *b)
{
    const struct letter *one = *(const struct letter *const *)a;
    const struct letter *other = *(const struct letter *const *)b;
    int order = strcmp(one->key, other->key);
    return order ? order : one->line - other->line;
}

/* Whether two operations of a run may have had one and the same key. */
static bool keys_may_repeat(const struct letters *letters)
{
    const char *kind = cJSON_GetStringValue(
        json_get(json_get(letters->profile, "idempotency"), "key"));
    return kind && (strcmp(kind, "hash") == 0 ||
                    strcmp(kind, "template") == 0);
}

static void check_keys(struct letter_reader *reader)
{
    struct letters *letters = reader->letters;
    const struct letter **keyed =
        arena_array(&letters->arena, letters->count, sizeof(*keyed));
    size_t count = 0;

    for (size_t i = 0; i < letters->count; i++) {
        if (letters->items[i].key) {
            keyed[count++] = &letters->items[i];
        }
    }
    qsort(keyed, count, sizeof(struct letter *), by_key);
    for (size_t i = 1; i < count && !keys_may_repeat(letters); i++) {
        if (strcmp(keyed[i - 1]->key, keyed[i]->key) == 0) {
            reader->line = keyed[i]->line;
            letter_refuse(reader, "its key is that of line %d",
                          keyed[i - 1]->line);
        }
    }
}

static void check_letters(struct letter_reader *reader)
{
    struct letters *letters = reader->letters;

    qsort(letters->items, letters->count, sizeof(*letters->items),
          by_number);
    for (size_t i = 1; i < letters->count; i++) {
        const struct letter *before = &letters->items[i - 1];
        if (before->number == letters->items[i].number) {
            reader->line = letters->items[i].line;
            letter_refuse(reader, "its operation is that of line %d",
                          before->line);
        }
    }
    check_keys(reader);
}

/* All that the environment lacks, at once. */
static void tell_missing(struct letter_reader *reader)
{
    if (reader->missing_count > 0) {
        struct error *error = errors_add(
            reader->errors, ERROR_BAD_VALUE,
            "the environment lacks what the letters need: %s",
            reader->missing.text);
        snprintf(error->file, sizeof(error->file), "%s",
                 reader->letters->file);
        error_hint(error, "set %s: export NAME=...",
                   reader->missing_count > 1 ? "them" : "it");
    }
}

struct letters *letters_read(const char *path,
                             const char *const *headers, size_t header_count,
                             bool elsewhere, struct errors *errors)
{
    struct letters *letters = calloc(1, sizeof(*letters));
    must(letters);
    struct letter_reader reader = {
        .letters = letters,
        .headers = headers,
        .header_count = header_count,
        .elsewhere = elsewhere,
        .missing = STR_INIT,
        .masked = STR_INIT,
        .errors = errors,
    };

    letters->file = arena_strdup(&letters->arena, path);
    if (read_bytes(&reader)) {
        if (letters->size == 0) {
            refuse_file(&reader, "is empty");
        } else {
            read_lines(&reader);
        }
    }
    if (!reader.failed) {
        check_letters(&reader);
    }
    tell_missing(&reader);
    str_release(&reader.missing);
    str_release(&reader.masked);
    if (reader.failed) {
        letters_free(letters);
        return NULL;
    }
    return letters;
}

void letters_free(struct letters *letters)
{
    if (letters) {
        cJSON_Delete(letters->profile);
        free(letters->bytes);
        arena_release(&letters->arena);
        free(letters);
    }
}

const struct letter *letters_find(const struct letters *letters,
                                  uint64_t number)
{
    struct letter wanted = {.number = number};
    size_t low = 0, high = letters->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (letters->items[middle].number < wanted.number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < letters->count && letters->items[low].number == number
               ? &letters->items[low]
               : NULL;
}

const char *letters_why_not(const char *path)
{
    static const struct {
        const char *path;
        bool whole; /* only itself, not what is below */
        const char *why;
    } rows[] = {
        {"load", true, "its letters are the load of a replay"},
        {"load.operations", false, "a replay sends every letter once"},
        {"load.stages", false, "a replay has one rate: --rate"},
        {"load.warmup", false, "every letter of a replay counts"},
        {"requests", false, "its letters are the requests of a replay"},
        {"faults", false, "a replay is no place for faults"},
        {"service", false, "a replay starts no service"},
        {"idempotency", false, "a replay sends the keys of its letters"},
        {"headers", false, "a replay sends the headers of its letters"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        size_t length = strlen(rows[i].path);
        if (strncmp(path, rows[i].path, length) == 0 &&
            (path[length] == '\0' ||
             (!rows[i].whole && strchr(".[", path[length])))) {
            return rows[i].why;
        }
    }
    return NULL;
}

/* What the file hides and the replay itself would need. */
static void check_masked(const struct resolver *resolver)
{
    const cJSON *ledger = json_get(resolver->tree, "ledger");
    const cJSON *header;

    cJSON_ArrayForEach(header, json_get(ledger, "headers"))
    {
        if (cJSON_IsString(header) &&
            strcmp(header->valuestring, "***") == 0) {
            struct error *error = resolve_refuse(
                resolver, "ledger.headers",
                "%s was masked when the file was written", header->string);
            error_hint(error, "--set 'ledger.headers.%s=${env:NAME}'",
                       header->string);
        }
    }
}

void letters_resolve(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    struct letters *letters = plan->letters;

    check_masked(resolver);
    for (size_t i = 0; i < letters->count; i++) {
        const struct letter *letter = &letters->items[i];
        struct planned_request *request = &plan->requests[letter->request];
        request->traits.has_key |= letter->key != NULL;
        request->has_body |= letter->has_body;
        request->is_traced |= letter->span[0] != '\0';
        if (letter->body_length > request->traits.body_bytes) {
            request->traits.body_bytes = letter->body_length;
        }
    }
}

/* The length of "scheme://host:port". */
static size_t origin_of(const char *url)
{
    const char *host = strstr(url, "://");
    must(host);
    host += 3;
    return (size_t)(host - url) + strcspn(host, "/?#");
}

bool letters_aim(struct plan *plan, bool elsewhere, struct errors *errors)
{
    struct letters *letters = plan->letters;
    const char *url = plan->target.url;
    size_t origin = origin_of(url);
    bool good = true;

    for (size_t i = 0; i < letters->count; i++) {
        struct letter *letter = &letters->items[i];
        size_t its = origin_of(letter->url);
        bool same = its == origin && strncmp(letter->url, url, its) == 0;
        if (!same && !elsewhere) {
            struct error *error = errors_add(
                errors, ERROR_BAD_VALUE,
                "its URL is not of the target in the first line");
            snprintf(error->file, sizeof(error->file), "%s", letters->file);
            error->line = letter->line;
            error->column = 1;
            error_hint(error, "to send all of them to one host: squall "
                              "replay FILE URL");
            good = false;
        }
        struct str whole = STR_INIT;
        str_append_bytes(&whole, url, origin);
        str_append(&whole, letter->url + its);
        letter->url = arena_strdup(&letters->arena, whole.text);
        str_release(&whole);
    }
    return good;
}

struct template_subject letters_subject(const struct plan *plan,
                                        const struct letter *letter,
                                        unsigned attempt)
{
    return (struct template_subject){
        .run = plan->letters->run,
        .operation = letter->number,
        .attempt = attempt,
        .max_attempts = plan->policy.retry.max_attempts,
        .client = letter->client,
        .seed = mix64(plan->letters->seed ^ mix64(letter->number)),
        .key = letter->key,
        .key_length = letter->key_length,
    };
}

struct hash128 letters_join(const struct plan *plan,
                            const struct template_subject *subject)
{
    char id[1024];
    const struct template *template = &plan->ledger_key;

    must(template->length_max < sizeof(id));
    return hash_bytes(id, template_fill(template, subject, id, sizeof(id)));
}
