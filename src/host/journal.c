#include "host/journal.h"

#include "base/must.h"
#include "base/str.h"
#include "policy/key.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW_SIZE = 256 * 1024 };

/* What stands before every record. The key follows the record. */
struct head {
    uint64_t previous; /* where the one before it in its chain begins, plus 1;
                        * 0: it is the first */
    uint32_t size;     /* of all, a multiple of 8 */
    uint16_t key_length;
    uint16_t is_operation;
};

struct block {
    size_t length;
    char *bytes;
};

/* Blocks are a ring: the worker fills the one after those that are handed
 * over, the thread writes those that are not written yet. */
struct journal_part {
    struct journal *journal;
    int file;
    struct block blocks[JOURNAL_BLOCKS];
    uint64_t filled;          /* worker: blocks handed over */
    uint64_t offset;          /* worker: where the next record begins */
    bool is_over;             /* worker: it records no more */
    uint64_t lost;            /* worker: records that were not kept */
    _Atomic uint64_t ready;   /* the worker's `filled`, for the thread */
    _Atomic uint64_t written; /* blocks that can be filled again */
    _Atomic int error;        /* errno of a write that failed */
    uint64_t bytes;           /* thread: in the file; a record may be cut */
};

struct journal {
    size_t count;
    struct journal_part *parts;
    char *memory; /* of the blocks */
    pthread_t thread;
    bool is_running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_work; /* under the lock, as the next */
    bool is_ending;
};

static bool write_block(struct journal_part *part, const struct block *block)
{
    size_t done = 0;
    while (done < block->length) {
        ssize_t count =
            write(part->file, block->bytes + done, block->length - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            atomic_store(&part->error, errno);
            return false;
        }
        done += (size_t)count;
        part->bytes += (size_t)count;
    }
    return true;
}

static void write_ready(struct journal_part *part)
{
    uint64_t written = atomic_load(&part->written);
    uint64_t ready = atomic_load_explicit(&part->ready, memory_order_acquire);
    while (written < ready && atomic_load(&part->error) == 0) {
        if (write_block(part, &part->blocks[written % JOURNAL_BLOCKS])) {
            atomic_store_explicit(&part->written, ++written,
                                  memory_order_release);
        }
    }
}

static void *writer_main(void *argument)
{
    struct journal *journal = argument;
    bool ending = false;

    while (!ending) {
        pthread_mutex_lock(&journal->lock);
        while (!journal->has_work && !journal->is_ending) {
            pthread_cond_wait(&journal->changed, &journal->lock);
        }
        journal->has_work = false;
        ending = journal->is_ending;
        pthread_mutex_unlock(&journal->lock);
        for (size_t i = 0; i < journal->count; i++) {
            write_ready(&journal->parts[i]);
        }
    }
    return NULL;
}

/* A file without a name: nothing is left of it however the process ends. */
static int open_nameless(const char *folder)
{
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR &&
                      errno != ENOENT && errno != EINVAL)) {
        return file;
    }
    struct str name = STR_INIT;
    str_printf(&name, "%s/.squall-XXXXXX", folder);
    file = mkostemp(name.text, O_CLOEXEC);
    if (file >= 0) {
        unlink(name.text);
    }
    str_release(&name);
    return file;
}

static bool cannot_keep(struct errors *errors, const char *folder, int number)
{
    struct error *error =
        errors_add(errors, ERROR_NO_RESOURCE,
                   "cannot keep a journal of attempts in %s: %s", folder,
                   strerror(number));
    error_hint(error, "events and dead letters are made of it: give their "
                      "files a folder with room, that can be written to");
    return false;
}

static bool open_parts(struct journal *journal, const char *folder,
                       struct errors *errors)
{
    size_t size = (size_t)JOURNAL_BLOCK_SIZE * JOURNAL_BLOCKS;
    journal->memory = calloc(journal->count, size);
    must(journal->memory);
    for (size_t i = 0; i < journal->count; i++) {
        struct journal_part *part = &journal->parts[i];
        part->journal = journal;
        for (size_t b = 0; b < JOURNAL_BLOCKS; b++) {
            part->blocks[b].bytes =
                journal->memory + i * size + b * JOURNAL_BLOCK_SIZE;
        }
        part->file = open_nameless(folder);
        if (part->file < 0) {
            return cannot_keep(errors, folder, errno);
        }
    }
    return true;
}

struct journal *journal_new(const char *folder, size_t parts,
                            struct errors *errors)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    must(journal);
    journal->count = parts;
    journal->parts = calloc(parts, sizeof(*journal->parts));
    must(journal->parts);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->changed, NULL);
    for (size_t i = 0; i < parts; i++) {
        journal->parts[i].file = -1;
    }
    bool ok = open_parts(journal, folder, errors);
    if (ok) {
        int failed =
            pthread_create(&journal->thread, NULL, writer_main, journal);
        journal->is_running = failed == 0;
        ok = !failed || cannot_keep(errors, folder, failed);
    }
    if (!ok) {
        journal_free(journal);
        return NULL;
    }
    return journal;
}

static void end_thread(struct journal *journal)
{
    if (!journal->is_running) {
        return;
    }
    pthread_mutex_lock(&journal->lock);
    journal->is_ending = true;
    pthread_cond_signal(&journal->changed);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->thread, NULL);
    journal->is_running = false;
}

void journal_free(struct journal *journal)
{
    end_thread(journal);
    for (size_t i = 0; i < journal->count; i++) {
        if (journal->parts[i].file >= 0) {
            close(journal->parts[i].file);
        }
    }
    pthread_cond_destroy(&journal->changed);
    pthread_mutex_destroy(&journal->lock);
    free(journal->memory);
    free(journal->parts);
    free(journal);
}

struct journal_part *journal_part(struct journal *journal, size_t index)
{
    must(index < journal->count);
    return &journal->parts[index];
}

static void hand_over(struct journal_part *part)
{
    struct journal *journal = part->journal;

    part->filled++;
    atomic_store_explicit(&part->ready, part->filled, memory_order_release);
    pthread_mutex_lock(&journal->lock);
    journal->has_work = true;
    pthread_cond_signal(&journal->changed);
    pthread_mutex_unlock(&journal->lock);
}

/* Hands the full block over and begins the next; when that one is not written
 * yet, the journal of this part is over. */
static void turn_over(struct journal_part *part)
{
    hand_over(part);
    uint64_t written =
        atomic_load_explicit(&part->written, memory_order_acquire);
    part->is_over = part->filled - written >= JOURNAL_BLOCKS ||
                    atomic_load(&part->error) != 0;
    if (!part->is_over) {
        part->blocks[part->filled % JOURNAL_BLOCKS].length = 0;
    }
}

/* Room for a record, or NULL when the journal of this part is over. */
static char *make_room(struct journal_part *part, size_t size)
{
    must(size <= JOURNAL_BLOCK_SIZE);
    if (!part->is_over &&
        part->blocks[part->filled % JOURNAL_BLOCKS].length + size >
            JOURNAL_BLOCK_SIZE) {
        turn_over(part);
    }
    if (part->is_over) {
        part->lost++;
        return NULL;
    }
    struct block *block = &part->blocks[part->filled % JOURNAL_BLOCKS];
    char *room = block->bytes + block->length;
    block->length += size;
    return room;
}

static void keep(struct journal_part *part, bool is_operation,
                 const void *record, size_t record_size,
                 const struct event_key *key, uint64_t *chain)
{
    must(key->length <= KEY_MAX);
    size_t size = sizeof(struct head) + record_size + key->length;
    size = (size + 7) & ~(size_t)7;
    char *room = make_room(part, size);
    if (!room) {
        return;
    }
    struct head head = {
        .previous = *chain,
        .size = (uint32_t)size,
        .key_length = (uint16_t)key->length,
        .is_operation = is_operation,
    };
    memcpy(room, &head, sizeof(head));
    memcpy(room + sizeof(head), record, record_size);
    if (key->length > 0) {
        memcpy(room + sizeof(head) + record_size, key->text, key->length);
    }
    *chain = part->offset + 1;
    part->offset += size;
}

void journal_attempt(struct journal_part *part,
                     const struct event_attempt *attempt,
                     const struct event_key *key, uint64_t *chain)
{
    keep(part, false, attempt, sizeof(*attempt), key, chain);
}

void journal_operation(struct journal_part *part,
                       const struct event_operation *operation,
                       const struct event_key *key, uint64_t *chain)
{
    keep(part, true, operation, sizeof(*operation), key, chain);
}

/* Says why the first part that lost something did. */
static void report_loss(const struct journal *journal, struct errors *errors)
{
    uint64_t lost = 0;
    int number = 0;

    for (size_t i = 0; i < journal->count; i++) {
        struct journal_part *part = &journal->parts[i];
        lost += part->lost;
        number = number ? number : atomic_load(&part->error);
    }
    struct error *error =
        number ? errors_add(errors, ERROR_NO_REPORT,
                            "the journal of attempts ends early: %s",
                            strerror(number))
               : errors_add(errors, ERROR_NO_REPORT,
                            "the journal of attempts ends early: the disk was "
                            "too slow, %llu records were not kept",
                            (unsigned long long)lost);
    error_hint(error, "events and dead letters lack what came after; the "
                      "report does not");
}

bool journal_end(struct journal *journal, struct errors *errors)
{
    bool whole = true;

    for (size_t i = 0; i < journal->count; i++) {
        struct journal_part *part = &journal->parts[i];
        if (!part->is_over) {
            hand_over(part);
            part->is_over = true;
        }
    }
    end_thread(journal);
    for (size_t i = 0; i < journal->count; i++) {
        struct journal_part *part = &journal->parts[i];
        whole &= part->lost == 0 && atomic_load(&part->error) == 0;
    }
    if (!whole) {
        report_loss(journal, errors);
    }
    return whole;
}

/* A piece of a file in memory. */
struct window {
    int file; /* -1: none */
    uint64_t start;
    size_t length;
    char *bytes;
};

struct journal_reader {
    const struct journal *journal;
    size_t part;
    uint64_t at; /* in the part's file */
    bool failed;
    struct window forth; /* in the order of the file */
    struct window back;  /* along the chains */
    size_t capacity;
    struct event_attempt *attempts;
    struct event_key *keys;
    char (*texts)[KEY_MAX];
    char key[KEY_MAX];
    struct event_trace trace;
};

struct journal_reader *journal_read(const struct journal *journal)
{
    must(!journal->is_running);
    struct journal_reader *reader = calloc(1, sizeof(*reader));
    must(reader);
    reader->journal = journal;
    reader->forth = (struct window){-1, 0, 0, malloc(WINDOW_SIZE)};
    reader->back = (struct window){-1, 0, 0, malloc(WINDOW_SIZE)};
    must(reader->forth.bytes && reader->back.bytes);
    return reader;
}

void journal_reader_free(struct journal_reader *reader)
{
    free(reader->forth.bytes);
    free(reader->back.bytes);
    free(reader->attempts);
    free(reader->keys);
    free(reader->texts);
    free(reader);
}

bool journal_reader_failed(const struct journal_reader *reader)
{
    return reader->failed;
}

/* Bytes of a file, through a window; NULL when they are not there. `before` is
 * how much of what comes before them is read at the same time. */
static const char *look(struct window *window, int file, uint64_t at,
                        size_t size, size_t before)
{
    if (window->file != file || at < window->start ||
        at + size > window->start + window->length) {
        window->file = file;
        window->start = at > before ? at - before : 0;
        window->length = 0;
        while (window->length < WINDOW_SIZE) {
            ssize_t count = pread(file, window->bytes + window->length,
                                  WINDOW_SIZE - window->length,
                                  (off_t)(window->start + window->length));
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                break;
            }
            window->length += (size_t)count;
        }
        if (at + size > window->start + window->length) {
            return NULL;
        }
    }
    return window->bytes + (at - window->start);
}

/* The record at an offset: its head, and where it lies. */
static const char *record_at(struct window *window, int file, uint64_t at,
                             size_t before, struct head *head)
{
    const char *bytes = look(window, file, at, sizeof(*head), before);
    if (bytes) {
        memcpy(head, bytes, sizeof(*head));
        bytes = look(window, file, at, head->size, before);
    }
    return bytes;
}

static void grow(struct journal_reader *reader)
{
    size_t capacity = reader->capacity ? reader->capacity * 2 : 16;
    reader->attempts =
        realloc(reader->attempts, capacity * sizeof(*reader->attempts));
    reader->keys = realloc(reader->keys, capacity * sizeof(*reader->keys));
    reader->texts = realloc(reader->texts, capacity * sizeof(*reader->texts));
    must(reader->attempts && reader->keys && reader->texts);
    reader->capacity = capacity;
}

/* Attempts come from the last to the first; hedges may end out of order. */
static void put_in_order(struct journal_reader *reader, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        reader->keys[i].text = reader->texts[i];
    }
    for (size_t i = 1; i < count; i++) {
        struct event_attempt attempt = reader->attempts[i];
        struct event_key key = reader->keys[i];
        size_t at = i;
        while (at > 0 && (reader->attempts[at - 1].number > attempt.number ||
                          (reader->attempts[at - 1].number == attempt.number &&
                           reader->attempts[at - 1].kind > attempt.kind))) {
            reader->attempts[at] = reader->attempts[at - 1];
            reader->keys[at] = reader->keys[at - 1];
            at--;
        }
        reader->attempts[at] = attempt;
        reader->keys[at] = key;
    }
}

static bool read_chain(struct journal_reader *reader, int file,
                       uint64_t previous)
{
    size_t count = 0;
    struct head head;

    for (; previous != 0; previous = head.previous) {
        const char *bytes = record_at(&reader->back, file, previous - 1,
                                      WINDOW_SIZE / 2, &head);
        if (!bytes) {
            return false;
        }
        must(!head.is_operation);
        if (count == reader->capacity) {
            grow(reader);
        }
        bytes += sizeof(head);
        memcpy(&reader->attempts[count], bytes, sizeof(*reader->attempts));
        memcpy(reader->texts[count], bytes + sizeof(*reader->attempts),
               head.key_length);
        reader->keys[count].length = head.key_length;
        count++;
    }
    put_in_order(reader, count);
    reader->trace.attempt_count = count;
    reader->trace.attempts = reader->attempts;
    reader->trace.keys = reader->keys;
    return true;
}

/* The next operation's record of this part, or NULL. */
static const char *next_operation(struct journal_reader *reader,
                                  const struct journal_part *part,
                                  struct head *head)
{
    while (reader->at + sizeof(*head) <= part->bytes) {
        const char *bytes =
            record_at(&reader->forth, part->file, reader->at, 0, head);
        if (!bytes) {
            /* The last record may be cut: the disk was full. */
            reader->failed |= part->error == 0;
            return NULL;
        }
        reader->at += head->size;
        if (head->is_operation) {
            return bytes + sizeof(*head);
        }
    }
    return NULL;
}

const struct event_trace *journal_next(struct journal_reader *reader)
{
    const struct journal *journal = reader->journal;

    for (; reader->part < journal->count; reader->part++, reader->at = 0) {
        const struct journal_part *part = &journal->parts[reader->part];
        struct event_trace *trace = &reader->trace;
        struct head head;
        const char *bytes = next_operation(reader, part, &head);
        if (!bytes) {
            continue;
        }
        memcpy(&trace->operation, bytes, sizeof(trace->operation));
        memcpy(reader->key, bytes + sizeof(trace->operation), head.key_length);
        trace->key = (struct event_key){reader->key, head.key_length};
        if (!read_chain(reader, part->file, head.previous)) {
            reader->failed = true;
            return NULL;
        }
        return trace;
    }
    return NULL;
}
