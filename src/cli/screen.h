/*
 * screen: lines at the bottom of a terminal that are drawn anew, again and
 * again, by one writer that never waits for the terminal.
 *
 * The terminal is opened a second time, so as not to wait: what it does not
 * take at once stays behind, and while something does, what is drawn is
 * dropped. Nothing of the terminal is changed: no other screen, no hidden
 * cursor, no mode. The cursor stands below the lines, at the left. So whatever
 * ends the process, the terminal is as it was, with the lines on it.
 *
 * The size is asked for before each drawing. In the background, nothing is
 * drawn.
 */
#ifndef SQUALL_CLI_SCREEN_H
#define SQUALL_CLI_SCREEN_H

#include "base/instant.h"
#include "base/str.h"

#include <stdbool.h>

struct screen {
    int fd; /* < 0: closed */
    int columns, rows;
    struct str drawn;  /* the lines that are there */
    struct str behind; /* what the terminal has still to take */
    size_t taken;      /* of it */
};

/* False: what is behind the descriptor is no terminal that can be drawn on. */
bool screen_open(struct screen *screen, int fd);

/* Asks for the size, and whether it is worth drawing: in the foreground, with
 * nothing left behind. */
bool screen_is_ready(struct screen *screen);

/* The columns that lines may have: nothing may wrap. */
int screen_columns(const struct screen *screen);
int screen_rows(const struct screen *screen);

/* Draws lines, each with an end of line, no more than there are rows, in the
 * place of those that were drawn before. After screen_is_ready. */
void screen_draw(struct screen *screen, const char *lines);

/* Writes a line for good, where the others were; they are below it when they
 * are drawn again. It must hold nothing that steers a terminal. */
void screen_say(struct screen *screen, const char *line);

/* Takes the lines away, waiting for the terminal at most so long. */
void screen_close(struct screen *screen, struct duration most);

#endif
