#include "effects/ledger_text.h"

#include "effects/ledger_lines.h"

enum { MARK_LENGTH = 3 };

/* Of UTF-8; some programs begin all that they write with it. */
static const char byte_order_mark[MARK_LENGTH] = {'\xef', '\xbb', '\xbf'};

void ledger_text_begin(struct ledger_text *text, enum ledger_form form,
                       enum ledger_columns columns,
                       void (*take)(void *user,
                                    const struct ledger_entry *entry),
                       void *user)
{
    text->form = form;
    text->mark = 0;
    /* Not the buffer: nothing of it is read before it is written. */
    text->reader.columns = columns;
    text->reader.take = take;
    text->reader.user = user;
    text->reader.entries = 0;
    text->reader.line = 1;
    text->reader.failed = false;
    text->reader.length = 0;
    ledger_json_begin(&text->json, &text->reader);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool feed(struct ledger_text *text, const char *bytes, size_t length,
                 struct errors *errors)
{
    if (text->form == LEDGER_SNIFFED) {
        while (length > 0 && is_space(*bytes)) {
            text->reader.line += *bytes == '\n';
            bytes++;
            length--;
        }
        if (length == 0) {
            return true;
        }
        text->form =
            *bytes == '{' || *bytes == '[' ? LEDGER_JSON : LEDGER_LINES;
    }
    return text->form == LEDGER_JSON
               ? ledger_json_feed(&text->json, bytes, length, errors)
               : ledger_lines_feed(&text->reader, bytes, length, errors);
}

/* There is no mark, or no more of one: what only began like it is text. */
static bool end_mark(struct ledger_text *text, struct errors *errors)
{
    size_t begun = text->mark;
    text->mark = MARK_LENGTH;
    return begun == MARK_LENGTH || feed(text, byte_order_mark, begun, errors);
}

bool ledger_text_feed(struct ledger_text *text, const char *bytes,
                      size_t length, struct errors *errors)
{
    while (length > 0 && text->mark < MARK_LENGTH &&
           *bytes == byte_order_mark[text->mark]) {
        text->mark++;
        bytes++;
        length--;
    }
    return length == 0 ||
           (end_mark(text, errors) && feed(text, bytes, length, errors));
}

bool ledger_text_end(struct ledger_text *text, struct errors *errors)
{
    if (!end_mark(text, errors)) {
        return false;
    }
    if (text->form == LEDGER_JSON) {
        return ledger_json_end(&text->json, errors);
    }
    return ledger_lines_end(&text->reader, errors);
}
