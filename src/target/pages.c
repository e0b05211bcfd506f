#include "target/pages.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_SIZE = 32 * 1024 };

struct ledger_stream {
    struct effects_cursor cursor;
    bool json;
    bool first;
    bool ended;
    struct str ready; /* made and not yet sent */
    size_t sent;      /* of what is ready */
};

void page_append_json_string(struct str *out, const char *text)
{
    str_append_char(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            str_printf(out, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\') {
            str_append_char(out, '\\');
        }
        str_append_char(out, *text);
    }
    str_append_char(out, '"');
}

/* Makes pieces until there is enough to send. False when the ledger was reset
 * while it was being read. */
static bool make_ready(struct ledger_stream *stream)
{
    const char *id;
    uint64_t count;
    bool torn = false;

    str_reset(&stream->ready);
    stream->sent = 0;
    if (stream->first && stream->json) {
        str_append(&stream->ready, "{\"effects\": {");
    }
    while (stream->ready.length < PIECE_SIZE) {
        if (!target_effects_next(&stream->cursor, &id, &count, &torn)) {
            stream->ended = true;
            break;
        }
        if (stream->json) {
            str_append(&stream->ready, stream->first ? "\n" : ",\n");
            page_append_json_string(&stream->ready, id);
            str_printf(&stream->ready, ": %llu", (unsigned long long)count);
        } else {
            str_printf(&stream->ready, "%s %llu\n", id,
                       (unsigned long long)count);
        }
        stream->first = false;
    }
    if (stream->ended && stream->json && !torn) {
        str_append(&stream->ready, "}}\n");
    }
    return !torn;
}

static ssize_t read_piece(void *context, uint64_t position, char *buffer,
                          size_t room)
{
    struct ledger_stream *stream = context;
    (void)position;

    if (stream->sent == stream->ready.length) {
        if (stream->ended) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        if (!make_ready(stream)) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
        if (stream->ready.length == 0) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
    }
    size_t take = stream->ready.length - stream->sent;
    if (take > room) {
        take = room;
    }
    memcpy(buffer, stream->ready.text + stream->sent, take);
    stream->sent += take;
    return (ssize_t)take;
}

static void free_stream(void *context)
{
    struct ledger_stream *stream = context;
    str_release(&stream->ready);
    free(stream);
}

struct MHD_Response *page_ledger(const struct target_effects *effects,
                                 bool json, bool by_key)
{
    struct ledger_stream *stream = calloc(1, sizeof(*stream));
    if (!stream) {
        return NULL;
    }
    *stream = (struct ledger_stream){
        .json = json, .first = true, .ready = STR_INIT};
    target_effects_walk(&stream->cursor, effects, by_key);

    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, PIECE_SIZE, read_piece, stream, free_stream);
    if (!response) {
        free_stream(stream);
        return NULL;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            json ? "application/json" : "text/plain");
    return response;
}
