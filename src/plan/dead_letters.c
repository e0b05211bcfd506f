#include "plan/dead_letters.h"

#include "base/gunzip.h"
#include "base/json.h"
#include "base/must.h"
#include "plan/dead_letter.h"
#include "plan/draft.h"
#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char how_to_get[] =
    "squall run --dead-letters FILE writes such a file";

#define DEAD_LETTERS_SCHEMA "squall.dead_letters/1"

/* Of a whole file, which is read into memory. */
enum { DEAD_LETTERS_SIZE_MAX = 1 << 30 };

/* A gentle policy: what profiles and flags change. */
static const char gentle[] =
    "{\"timeout\": {\"connect\": \"5s\", \"attempt\": \"10s\"},"
    " \"retry\": {\"max_attempts\": 5,"
    "  \"retry_on\": [\"connect\", \"reset\", \"timeout\", \"5xx\", \"429\","
    "   \"busy\"],"
    "  \"backoff\": {\"type\": \"exponential\", \"initial\": \"200ms\","
    "   \"multiplier\": 2, \"max\": \"10s\", \"jitter\": \"full\"},"
    "  \"server_hint\": {\"apply\": \"max\", \"max\": \"60s\"}},"
    " \"load\": {\"rate\": \"50/s\", \"drain\": \"5m\"}}";

static bool refuse_file(struct dead_letter_reader *reader, const char *text)
{
    struct error *error =
        errors_add(reader->errors, ERROR_NO_FILE, "%s", text);
    snprintf(error->file, sizeof(error->file), "%s",
             reader->dead_letters->file);
    reader->failed = true;
    return false;
}

static void read_stream(struct dead_letter_reader *reader, FILE *file,
                        size_t size)
{
    struct dead_letters *dead_letters = reader->dead_letters;
    struct str bytes = STR_INIT;
    char piece[16384];
    size_t count;

    str_reserve(&bytes, size + 1);
    while (bytes.length <= DEAD_LETTERS_SIZE_MAX &&
           (count = fread(piece, 1, sizeof(piece), file)) > 0) {
        str_append_bytes(&bytes, piece, count);
    }
    if (bytes.length > DEAD_LETTERS_SIZE_MAX) {
        refuse_file(reader, "is larger than 1 GiB");
    } else if (ferror(file)) {
        refuse_file(reader, gunzip_problem(errno));
    }
    dead_letters->size = bytes.length;
    dead_letters->bytes = str_detach(&bytes);
}

static bool read_bytes(struct dead_letter_reader *reader)
{
    const char *path = reader->dead_letters->file;
    struct stat status;

    if (stat(path, &status) != 0) {
        return refuse_file(reader, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse_file(reader, "is not a file");
    }
    if (status.st_size > DEAD_LETTERS_SIZE_MAX) {
        return refuse_file(reader, "is larger than 1 GiB");
    }
    FILE *file = gunzip_open(path);
    if (!file) {
        return refuse_file(reader, gunzip_problem(errno));
    }
    read_stream(reader, file, (size_t)status.st_size);
    fclose(file);
    return !reader->failed;
}

/* The tree of one line; NULL after an error at its place in the file. */
static cJSON *parse_line(struct dead_letter_reader *reader, const char *text,
                         size_t length)
{
    struct json_source source = {0};
    struct errors errors = ERRORS_INIT;
    cJSON *tree = NULL;

    /* A body alone may be of 64 MiB, and is escaped or base64 here. */
    json_source_set(&source, reader->dead_letters->file, text, length);
    source.may_be_large = true;
    tree = json_parse(&source, &errors);
    if (!tree) {
        struct error *error = errors_add(reader->errors, ERROR_SYNTAX, "%s",
                                         errors.list[0].text);
        snprintf(error->file, sizeof(error->file), "%s",
                 reader->dead_letters->file);
        error->line = reader->line;
        error->column = errors.list[0].column;
        reader->failed = true;
        if (reader->line == 1) {
            error_hint(error, "%s", how_to_get);
        }
    } else if (!cJSON_IsObject(tree)) {
        dead_letter_refuse(reader, "the line is not an object: { ... }");
        cJSON_Delete(tree);
        tree = NULL;
    }
    json_source_release(&source);
    return tree;
}

static bool check_schema(struct dead_letter_reader *reader, const cJSON *head)
{
    const char *schema = cJSON_GetStringValue(json_get(head, "schema"));
    struct error *error;

    if (schema && strcmp(schema, DEAD_LETTERS_SCHEMA) == 0) {
        return true;
    }
    if (schema) {
        error =
            dead_letter_refuse(reader, "its schema is \"%.60s\", not \"%s\"",
                               schema, DEAD_LETTERS_SCHEMA);
    } else {
        error = dead_letter_refuse(reader,
                                   "its first line has no \"schema\": "
                                   "\"%s\"",
                                   DEAD_LETTERS_SCHEMA);
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
static cJSON *keep_section(struct dead_letters *dead_letters,
                           const cJSON *head, const char *name)
{
    const cJSON *section = json_get(head, name);
    cJSON *copy = NULL;

    if (section && !cJSON_IsNull(section)) {
        copy = cJSON_Duplicate(section, true);
        must(copy);
        cJSON_DeleteItemFromObjectCaseSensitive(dead_letters->profile, name);
        cJSON_AddItemToObject(dead_letters->profile, name, copy);
    }
    return copy;
}

static void put_text(cJSON *section, const char *name, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(section, name);
    must(cJSON_AddStringToObject(section, name, text));
}

/* The target is now a service of its own, and each dead letter has one key. */
static void fit_sections(struct dead_letters *dead_letters, cJSON *target,
                         cJSON *idempotency, cJSON *ledger)
{
    const cJSON *requests = json_get(dead_letters->profile, "requests");
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
        put_text(target, "url", dead_letters->url);
    }
}

static bool check_sections(struct dead_letter_reader *reader,
                           const cJSON *head)
{
    static const char *const names[] = {"target", "idempotency", "ledger"};

    for (size_t i = 0; i < array_length(names); i++) {
        const cJSON *section = json_get(head, names[i]);
        if (section && !cJSON_IsNull(section) && !cJSON_IsObject(section)) {
            dead_letter_refuse(reader, "\"%s\" is not a section", names[i]);
            return false;
        }
    }
    return true;
}

static bool read_head(struct dead_letter_reader *reader, const cJSON *head)
{
    struct dead_letters *dead_letters = reader->dead_letters;
    const char *url = cJSON_GetStringValue(json_get(head, "url"));
    const char *name = cJSON_GetStringValue(json_get(head, "profile"));

    if (!check_schema(reader, head) || !check_sections(reader, head)) {
        return false;
    }
    if (!parse_whole(json_get(head, "run"), 16, &dead_letters->run) ||
        !parse_whole(json_get(head, "seed"), 10, &dead_letters->seed) ||
        !url || !cJSON_IsArray(json_get(head, "requests"))) {
        dead_letter_refuse(reader, "the first line lacks \"run\", \"seed\", "
                                   "\"url\" or \"requests\"");
        return false;
    }
    if (cJSON_GetArraySize(json_get(head, "requests")) > REQUESTS_MAX) {
        dead_letter_refuse(reader, "more than %d \"requests\"", REQUESTS_MAX);
        return false;
    }
    dead_letters->url = arena_strdup(&dead_letters->arena, url);
    dead_letters->profile = cJSON_Parse(gentle);
    must(dead_letters->profile);
    if (name && *name) {
        put_text(dead_letters->profile, "name", name);
    }
    keep_section(dead_letters, head, "requests");
    cJSON *target = keep_section(dead_letters, head, "target");
    if (!target) {
        target = cJSON_AddObjectToObject(dead_letters->profile, "target");
    }
    cJSON *idempotency = keep_section(dead_letters, head, "idempotency");
    fit_sections(dead_letters, target, idempotency,
                 keep_section(dead_letters, head, "ledger"));
    dead_letter_note_missing(reader, dead_letters->profile);
    return true;
}

/* The last line: whether all are there; of those that were no dead letters
 * there is an error already. */
static void read_end(struct dead_letter_reader *reader, const cJSON *end)
{
    struct dead_letters *dead_letters = reader->dead_letters;
    const cJSON *count = json_get(end, "dead_letters");
    int lines = reader->line - 2;

    dead_letters->complete = cJSON_IsTrue(json_get(end, "complete"));
    if (!cJSON_IsNumber(count) || count->valuedouble != (double)lines) {
        struct error *error =
            dead_letter_refuse(reader,
                               "the last line says another number of dead "
                               "letters than there are: %d",
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
static bool read_line(struct dead_letter_reader *reader, const char *text,
                      size_t length)
{
    struct dead_letters *dead_letters = reader->dead_letters;
    cJSON *tree = parse_line(reader, text, length);
    const char *type = cJSON_GetStringValue(json_get(tree, "type"));
    bool more = true;

    if (type && strcmp(type, "dead_letter") == 0) {
        struct dead_letter *dead_letter =
            &dead_letters->items[dead_letters->count++];
        dead_letter->line = reader->line;
        dead_letter->text = text;
        dead_letter->length = length;
        dead_letter_read(reader, tree, dead_letter);
    } else if (type && strcmp(type, "end") == 0) {
        read_end(reader, tree);
        more = false;
    } else if (tree) {
        dead_letter_refuse(reader, "its \"type\" is not letter or end");
    }
    cJSON_Delete(tree);
    return more;
}

static void read_lines(struct dead_letter_reader *reader)
{
    struct dead_letters *dead_letters = reader->dead_letters;
    const char *at = dead_letters->bytes;
    const char *end = at + dead_letters->size;
    const char *next;
    bool more = true;

    reader->line = 1;
    const char *stop = end_of_line(at, end, &next);
    dead_letters->head = at;
    dead_letters->head_length = (size_t)(stop - at);
    cJSON *head = parse_line(reader, at, dead_letters->head_length);
    bool good = head && read_head(reader, head);
    cJSON_Delete(head);
    dead_letters->items =
        arena_array(&dead_letters->arena, count_lines(at, end),
                    sizeof(*dead_letters->items));
    for (at = next; good && more && at < end; at = next) {
        reader->line++;
        stop = end_of_line(at, end, &next);
        more = read_line(reader, at, (size_t)(stop - at));
    }
    if (good && more) {
        struct error *error = dead_letter_refuse(
            reader, "the file ends here, without the line that counts its "
                    "dead letters");
        error_hint(error, "it was cut, or is still being written");
    } else if (good && at < end) {
        reader->line++;
        dead_letter_refuse(reader, "something follows the last line");
    }
}

static int by_number(const void *a, const void *b)
{
    const struct dead_letter *one = a, *other = b;
    if (one->number != other->number) {
        return one->number < other->number ? -1 : 1;
    }
    return one->line - other->line;
}

static int by_key(const void *a, const void *b)
{
    const struct dead_letter *one = *(const struct dead_letter *const *)a;
    const struct dead_letter *other = *(const struct dead_letter *const *)b;
    int order = strcmp(one->key, other->key);
    return order ? order : one->line - other->line;
}

/* Whether two operations of a run may have had one and the same key. */
static bool keys_may_repeat(const struct dead_letters *dead_letters)
{
    const char *kind = cJSON_GetStringValue(
        json_get(json_get(dead_letters->profile, "idempotency"), "key"));
    return kind &&
           (strcmp(kind, "hash") == 0 || strcmp(kind, "template") == 0);
}

static void check_keys(struct dead_letter_reader *reader)
{
    struct dead_letters *dead_letters = reader->dead_letters;
    const struct dead_letter **keyed =
        arena_array(&dead_letters->arena, dead_letters->count, sizeof(*keyed));
    size_t count = 0;

    for (size_t i = 0; i < dead_letters->count; i++) {
        if (dead_letters->items[i].key) {
            keyed[count++] = &dead_letters->items[i];
        }
    }
    qsort(keyed, count, sizeof(struct dead_letter *), by_key);
    for (size_t i = 1; i < count && !keys_may_repeat(dead_letters); i++) {
        if (strcmp(keyed[i - 1]->key, keyed[i]->key) == 0) {
            reader->line = keyed[i]->line;
            dead_letter_refuse(reader, "its key is that of line %d",
                               keyed[i - 1]->line);
        }
    }
}

static void check_dead_letters(struct dead_letter_reader *reader)
{
    struct dead_letters *dead_letters = reader->dead_letters;

    qsort(dead_letters->items, dead_letters->count,
          sizeof(*dead_letters->items), by_number);
    for (size_t i = 1; i < dead_letters->count; i++) {
        const struct dead_letter *before = &dead_letters->items[i - 1];
        if (before->number == dead_letters->items[i].number) {
            reader->line = dead_letters->items[i].line;
            dead_letter_refuse(reader, "its operation is that of line %d",
                               before->line);
        }
    }
    check_keys(reader);
}

void dead_letters_free(struct dead_letters *dead_letters)
{
    if (dead_letters) {
        cJSON_Delete(dead_letters->profile);
        free(dead_letters->bytes);
        arena_release(&dead_letters->arena);
        free(dead_letters);
    }
}

/* All that the environment lacks, at once. */
static void refuse_missing(struct dead_letter_reader *reader)
{
    if (reader->missing_count > 0) {
        struct error *error = errors_add(
            reader->errors, ERROR_BAD_VALUE,
            "the environment lacks what the dead letters need: %s%s",
            reader->missing.text, reader->more_missing ? " and more" : "");
        snprintf(error->file, sizeof(error->file), "%s",
                 reader->dead_letters->file);
        error_hint(error, "set %s: export NAME=...",
                   reader->missing_count > 1 ? "them" : "it");
    }
}

struct dead_letters *dead_letters_read(const char *path,
                                       const char *const *headers,
                                       size_t header_count, bool elsewhere,
                                       struct errors *errors)
{
    struct dead_letters *dead_letters = calloc(1, sizeof(*dead_letters));
    must(dead_letters);
    struct dead_letter_reader reader = {
        .dead_letters = dead_letters,
        .elsewhere = elsewhere,
        .missing = STR_INIT,
        .masked = STR_INIT,
        .errors = errors,
    };

    dead_letters->file = arena_strdup(&dead_letters->arena, path);
    dead_letter_take_headers(&reader, headers, header_count);
    if (read_bytes(&reader)) {
        if (dead_letters->size == 0) {
            refuse_file(&reader, "is empty");
        } else {
            read_lines(&reader);
        }
    }
    if (!reader.failed) {
        check_dead_letters(&reader);
        dead_letters_make_workload(dead_letters);
    }
    refuse_missing(&reader);
    str_release(&reader.missing);
    str_release(&reader.masked);
    if (reader.failed) {
        dead_letters_free(dead_letters);
        return NULL;
    }
    return dead_letters;
}
