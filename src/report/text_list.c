#include "report/text_list.h"

#include "report/text_part.h"

#include <string.h>

enum { NAME_COLUMNS_MIN = 24, DETAIL_COLUMNS = 14 };

/* The folder is faint: it is the same all the way down. Returns the columns.
 */
static int add_name(struct text *text, const char *name)
{
    const char *slash = strrchr(name, '/');
    struct str folder = STR_INIT;
    int used = 0;

    if (slash) {
        str_append_bytes(&folder, name, (size_t)(slash - name) + 1);
        used += term_untrusted(&text->term, STYLE_FAINT, folder.text, -1);
    }
    used += term_untrusted(&text->term, STYLE_STRONG, slash ? slash + 1 : name,
                           -1);
    str_release(&folder);
    return used;
}

static const char *about(const struct catalogue_entry *entry)
{
    const char *words = catalogue_text(entry, "about");
    if (words) {
        return words;
    }
    return entry->tree ? "" : "(cannot be read: squall profile check)";
}

void text_list_render(const struct catalogue *catalogue, bool cut,
                      const struct text_options *options, FILE *stream)
{
    struct str out = STR_INIT;
    struct text text = {.document = NULL};
    int widest = NAME_COLUMNS_MIN;

    text_begin(&text, &out, options);
    for (size_t i = 0; i < catalogue->count; i++) {
        int columns =
            term_untrusted_columns(&text.term, catalogue->entries[i].name);
        widest = columns > widest ? columns : widest;
    }
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct catalogue_entry *entry = &catalogue->entries[i];
        if (cut && i > 0 && catalogue_begins_folder(catalogue, i)) {
            text_newline(&text);
        }
        int used = add_name(&text, entry->name);
        term_spaces(&text.term, widest + 2 - used);
        int room = text.term.width - widest - 2;
        term_untrusted(&text.term, STYLE_PLAIN, about(entry),
                       !cut       ? -1
                       : room > 0 ? room
                                  : 0);
        /* No trailing blanks, but also no line that is broken. */
        while (out.length > 0 && out.text[out.length - 1] == ' ') {
            out.text[--out.length] = '\0';
        }
        str_append_char(&out, '\n');
    }
    fwrite(out.text, 1, out.length, stream);
    str_release(&out);
}

static void add_detail(struct text *text, const char *title, const char *words)
{
    if (words && *words) {
        term_write(&text->term, STYLE_FAINT, "    %-*s", DETAIL_COLUMNS - 4,
                   title);
        text_wrapped(text, STYLE_PLAIN, words, DETAIL_COLUMNS);
    }
}

void text_list_render_long(const struct catalogue *catalogue,
                           const struct text_options *options, FILE *stream)
{
    struct str out = STR_INIT;
    struct text text = {.document = NULL};

    text_begin(&text, &out, options);
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct catalogue_entry *entry = &catalogue->entries[i];
        if (i > 0) {
            text_newline(&text);
        }
        add_name(&text, entry->name);
        text_newline(&text);
        term_spaces(&text.term, 4);
        text_wrapped(&text, STYLE_PLAIN, about(entry), 4);
        add_detail(&text, "version", catalogue_text(entry, "version"));
        add_detail(&text, "verified", catalogue_text(entry, "verified"));
        add_detail(&text, "source", catalogue_text(entry, "source"));
        add_detail(&text, "file", entry->path);
    }
    fwrite(out.text, 1, out.length, stream);
    str_release(&out);
}
