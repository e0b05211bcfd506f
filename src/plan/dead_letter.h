/* dead_letter: what the files that read dead letters share: dead_letters.c
 * reads the file, dead_letter.c a line, and dead_letters_workload.c makes a
 * workload of them. */
#ifndef SQUALL_PLAN_DEAD_LETTER_H
#define SQUALL_PLAN_DEAD_LETTER_H

#include "base/str.h"
#include "plan/dead_letters.h"

/* Names that an error lists; of more it says that there are some. */
enum { MISSING_MAX = 20 };

/* What is kept while a file is read. */
struct dead_letter_reader {
    struct dead_letters *dead_letters;
    const char *const *headers; /* that stand in */
    size_t header_count;
    bool elsewhere;     /* dead letters go to a URL that is given */
    struct str masked;  /* what was masked and is refused already */
    struct str missing; /* names that the environment lacks */
    size_t missing_count;
    bool more_missing; /* than MISSING_MAX */
    struct errors *errors;
    int line;
    bool failed;
};

/* Adds an error about the line that is being read. */
struct error *dead_letter_refuse(struct dead_letter_reader *reader,
                                 const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the headers of the command line, with what they take from the
 * environment. */
void dead_letter_take_headers(struct dead_letter_reader *reader,
                              const char *const *headers, size_t count);

/* Fills a dead letter from its line; the caller has set line and text. */
void dead_letter_read(struct dead_letter_reader *reader, const cJSON *tree,
                      struct dead_letter *dead_letter);

/* Notes every ${env:NAME} below the item that the environment lacks. */
void dead_letter_note_missing(struct dead_letter_reader *reader,
                              const cJSON *item);

/* Once all dead letters are read: makes a workload of them
 * (dead_letters_workload.c). */
void dead_letters_make_workload(struct dead_letters *dead_letters);

#endif
