#include "service/pages.h"

#include "model/ledger_page.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_SIZE = 32 * 1024 };

struct ledger_stream {
    struct ledger_page page;
    struct str ready; /* made and not yet sent */
    size_t sent;      /* of what is ready */
};

static ssize_t read_piece(void *context, uint64_t position, char *buffer,
                          size_t room)
{
    struct ledger_stream *stream = context;
    (void)position;

    if (stream->sent == stream->ready.length) {
        str_reset(&stream->ready);
        stream->sent = 0;
        if (stream->page.is_over) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        if (!ledger_page_write(&stream->page, &stream->ready, PIECE_SIZE)) {
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

struct MHD_Response *page_ledger(const struct service_effects *effects,
                                 bool json, bool by_key)
{
    struct ledger_stream *stream = calloc(1, sizeof(*stream));
    if (!stream) {
        return NULL;
    }
    stream->ready = (struct str)STR_INIT;
    ledger_page_begin(&stream->page, effects, json, by_key);

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
