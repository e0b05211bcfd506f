#include "run/show_failed.h"

#include "base/mask.h"
#include "base/str.h"
#include "report/term.h"

#include <stdlib.h>
#include <string.h>

/* A line as it is shown: "> Host: localhost". Of a head, what follows a name
 * that authenticates is masked. */
static void add_line(struct str *out, const char *mark, const char *bytes,
                     size_t length, bool is_head)
{
    struct term term = {.out = out, .unicode = true, .width = 80};
    struct str line = STR_INIT;

    for (size_t i = 0; i < length; i++) {
        str_append_char(&line, bytes[i] ? bytes[i] : '?');
    }
    char *masked = is_head ? mask_argument(line.length ? line.text : "")
                           : mask_text(line.length ? line.text : "");
    str_append(out, mark);
    term_untrusted(&term, STYLE_PLAIN, masked, -1);
    str_append(out, "\n");
    free(masked);
    str_release(&line);
}

static void add_part(struct str *out, const char *mark,
                     const struct transcript_bytes *part, bool is_head)
{
    struct transcript_bytes shown = *part;
    size_t at = 0;

    if (!is_head) {
        mask_named_values(shown.bytes, shown.length);
        shown.length =
            mask_values_in_place(shown.bytes, shown.length, shown.is_cut);
    }
    while (at < shown.length) {
        const char *end = memchr(shown.bytes + at, '\n', shown.length - at);
        size_t line =
            end ? (size_t)(end - shown.bytes) - at : shown.length - at;
        size_t kept = line;
        while (kept > 0 && shown.bytes[at + kept - 1] == '\r') {
            kept--;
        }
        add_line(out, mark, shown.bytes + at, kept, is_head);
        at += line + 1;
    }
    if (shown.is_cut) {
        str_printf(out, "%s... (more than %d bytes)\n", mark, TRANSCRIPT_MAX);
    }
}

static void write_exchange(struct str *out,
                           const struct failed_exchange *exchange)
{
    const struct transcript_bytes *said = exchange->said.parts;

    str_printf(out, "* +%.3f s, operation %llu, attempt %u (%s): %s%s\n",
               (double)exchange->at.ns / NS_PER_S,
               (unsigned long long)exchange->operation, exchange->attempt,
               attempt_kind_name(exchange->kind),
               outcome_name(exchange->outcome),
               exchange->injected ? ", by an injected fault" : "");
    add_part(out, "> ", &said[TRANSCRIPT_REQUEST_HEAD], true);
    add_part(out, "> ", &said[TRANSCRIPT_REQUEST_BODY], false);
    if (said[TRANSCRIPT_ANSWER_HEAD].length == 0) {
        str_append(out, "* no answer came\n");
    }
    add_part(out, "< ", &said[TRANSCRIPT_ANSWER_HEAD], true);
    add_part(out, "< ", &said[TRANSCRIPT_ANSWER_BODY], false);
}

/* The earliest that was not told yet; NULL: none is left. `told` counts those
 * of each worker. */
static const struct failed_exchange *earliest(const struct fleet *fleet,
                                              size_t *told)
{
    const struct failed_exchange *first = NULL;
    size_t of = 0;

    for (size_t w = 0; w < fleet_worker_count(fleet); w++) {
        const struct failed_exchanges *own = fleet_failed(fleet, w);
        const struct failed_exchange *next = &own->items[told[w]];
        if (told[w] < own->count &&
            (!first || instant_before(next->at, first->at))) {
            first = next;
            of = w;
        }
    }
    told[of] += first != NULL;
    return first;
}

void show_failed(const struct fleet *fleet, size_t most,
                 const struct run_observer *observer)
{
    const struct failed_exchange *exchange;
    size_t *told = calloc(fleet_worker_count(fleet), sizeof(*told));
    struct str out = STR_INIT;

    for (size_t i = 0; told && observer->exchange && i < most &&
                       (exchange = earliest(fleet, told));
         i++) {
        str_reset(&out);
        write_exchange(&out, exchange);
        observer->exchange(observer->context, out.text);
    }
    str_release(&out);
    free(told);
}
