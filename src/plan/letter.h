/* letter: one line of a file of dead letters, read. Of letters.c alone. */
#ifndef SQUALL_PLAN_LETTER_H
#define SQUALL_PLAN_LETTER_H

#include "base/str.h"
#include "plan/letters.h"

/* What is kept while a file is read. */
struct letter_reader {
    struct letters *letters;
    const char *const *headers; /* that stand in */
    size_t header_count;
    bool elsewhere;             /* letters go to a URL that is given */
    struct str masked;          /* what was masked and is refused already */
    struct str missing;         /* names that the environment lacks */
    size_t missing_count;
    struct errors *errors;
    int line;
    bool failed;
};

/* Adds an error about the line that is being read. */
struct error *letter_refuse(struct letter_reader *reader, const char *format,
                            ...) __attribute__((format(printf, 2, 3)));

/* Fills a letter from its line; the caller has set line and text. */
void letter_read(struct letter_reader *reader, const cJSON *tree,
                 struct letter *letter);

/* Notes every ${env:NAME} below the item that the environment lacks. */
void letter_note_missing(struct letter_reader *reader, const cJSON *item);

#endif
