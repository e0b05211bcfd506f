#include "engine/transcript.h"

#include <string.h>

void transcript_begin(struct transcript *transcript)
{
    for (size_t i = 0; i < TRANSCRIPT_PARTS; i++) {
        transcript->parts[i].length = 0;
        transcript->parts[i].is_cut = false;
    }
}

void transcript_add(struct transcript *transcript, enum transcript_part part,
                    const char *bytes, size_t length)
{
    struct transcript_bytes *to = &transcript->parts[part];
    size_t room = TRANSCRIPT_MAX - to->length;

    to->is_cut |= length > room;
    length = length < room ? length : room;
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}
