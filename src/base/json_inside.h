/* json_inside: what reading a JSON text (json.c), stepping over one
 * (json_scan.c) and finding places in it (json_locate.c) share. Nobody else
 * includes it. */
#ifndef SQUALL_BASE_JSON_INSIDE_H
#define SQUALL_BASE_JSON_INSIDE_H

#include "base/json.h"
#include "base/str.h"

/* A member's name, remembered until its object ends, to find it twice. */
struct json_name {
    char *text;
    size_t at;
};

/* Steps over a text, strictly. Every step is at the first character of what it
 * is named after, and returns false after noting a problem. */
struct json_scanner {
    const char *text;
    size_t length;
    size_t at;
    char *blanked; /* a copy in which comments become blanks, or NULL */
    int depth;
    const char *problem; /* static; NULL: none */
    size_t problem_at;
    struct json_name *names;
    size_t name_count, name_capacity;
};

void json_scanner_release(struct json_scanner *scanner);

static inline char json_peek(const struct json_scanner *scanner)
{
    return scanner->at < scanner->length ? scanner->text[scanner->at] : '\0';
}

/* A byte order mark is no part of the text. */
void json_skip_mark(struct json_scanner *scanner);

/* White space and comments. */
bool json_skip_space(struct json_scanner *scanner);

bool json_scan_value(struct json_scanner *scanner);

/* Reads the name, and steps over it to the value. */
bool json_scan_member_name(struct json_scanner *scanner, struct str *name);

/* A whole text. */
bool json_scan_document(struct json_scanner *scanner);

/* Line and column of an offset, and the text of its line with tabs as blanks,
 * so that a caret under it meets its mark. Columns count characters. */
void json_place(const struct json_source *source, size_t at, int *line,
                int *column, char *excerpt, size_t excerpt_size);

#endif
