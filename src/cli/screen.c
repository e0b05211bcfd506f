#include "cli/screen.h"

#include "engine/clock.h"
#include "report/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What a terminal that does not say has. */
enum { COLUMNS = 80, ROWS = 24, NAME_MAX_LENGTH = 256 };

/* The shell has written where the lines were. */
static volatile sig_atomic_t was_continued;

static void note_continued(int number)
{
    (void)number;
    was_continued = 1;
}

static int open_again(const char *path)
{
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool is_same_terminal(int a, int b)
{
    unsigned one = 0, other = 0;
    return ioctl(a, TIOCGDEV, &one) == 0 && ioctl(b, TIOCGDEV, &other) == 0 &&
           one == other;
}

/* By its name; or as that which controls the process, where the name is not
 * there or belongs to somebody else. */
static int open_terminal(int fd)
{
    char name[NAME_MAX_LENGTH];
    int again = ttyname_r(fd, name, sizeof(name)) == 0 ? open_again(name) : -1;

    if (again < 0) {
        again = open_again("/dev/tty");
    }
    if (again >= 0 && !is_same_terminal(fd, again)) {
        close(again);
        again = -1;
    }
    return again;
}

bool screen_open(struct screen *screen, int fd)
{
    const char *kind = getenv("TERM");
    bool can_draw = isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;

    *screen = (struct screen){.fd = can_draw ? open_terminal(fd) : -1,
                              .drawn = STR_INIT,
                              .behind = STR_INIT};
    if (screen->fd < 0) {
        return false;
    }
    struct sigaction action = {.sa_handler = note_continued,
                               .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGCONT, &action, NULL);
    return true;
}

/* What the terminal takes of it, now. */
static void pass_on(struct screen *screen)
{
    struct str *behind = &screen->behind;

    while (screen->taken < behind->length) {
        ssize_t taken = write(screen->fd, behind->text + screen->taken,
                              behind->length - screen->taken);
        if (taken < 0 && errno == EINTR) {
            continue;
        }
        if (taken < 0 && errno != EAGAIN) {
            screen->taken = behind->length; /* it is gone */
        }
        if (taken <= 0) {
            break;
        }
        screen->taken += (size_t)taken;
    }
    if (screen->taken == behind->length) {
        str_reset(behind);
        screen->taken = 0;
    }
}

/* Columns that a line takes, whose colours take none. */
static int columns_of(const char *line, size_t length)
{
    struct str plain = STR_INIT;

    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\033') {
            while (i < length && line[i] != 'm') {
                i++;
            }
        } else {
            str_append_char(&plain, line[i]);
        }
    }
    int columns = term_columns(plain.text);
    str_release(&plain);
    return columns;
}

/* The rows that the lines take where the terminal has so many columns: one
 * that has become narrower has broken them. */
static int rows_of(const char *lines, int columns)
{
    int rows = 0;
    const char *end;

    for (; (end = strchr(lines, '\n')); lines = end + 1) {
        int wide = columns_of(lines, (size_t)(end - lines));
        rows += wide > columns ? (wide + columns - 1) / columns : 1;
    }
    return rows;
}

/* The cursor goes to where the lines begin. */
static void go_up(struct screen *screen)
{
    int rows = rows_of(screen->drawn.text, screen->columns);

    str_append_char(&screen->behind, '\r');
    if (rows > 0) {
        str_printf(&screen->behind, "\033[%dA", rows);
    }
}

static bool is_in_foreground(const struct screen *screen)
{
    pid_t group = tcgetpgrp(screen->fd);
    return group < 0 || group == getpgrp(); /* < 0: no shell controls jobs */
}

bool screen_is_ready(struct screen *screen)
{
    struct winsize size;

    pass_on(screen);
    if (was_continued) {
        was_continued = 0;
        str_reset(&screen->drawn);
    }
    int columns = screen->columns;
    bool is_known = ioctl(screen->fd, TIOCGWINSZ, &size) == 0;
    screen->columns = is_known && size.ws_col > 0 ? size.ws_col : COLUMNS;
    screen->rows = is_known && size.ws_row > 0 ? size.ws_row : ROWS;
    if (columns > 0 && columns != screen->columns && screen->drawn.length) {
        /* Nothing is known to be where it was: all is drawn anew. */
        go_up(screen);
        str_append(&screen->behind, "\033[J");
        str_reset(&screen->drawn);
        pass_on(screen);
    }
    return screen->behind.length == 0 && is_in_foreground(screen);
}

int screen_columns(const struct screen *screen)
{
    return screen->columns - 1;
}

int screen_rows(const struct screen *screen)
{
    return screen->rows - 1;
}

/* Only lines that differ are written: a slow link carries little. */
static void draw_over(struct screen *screen, const char *lines)
{
    struct str *out = &screen->behind;
    const char *old = screen->drawn.text;
    const char *end;

    for (; (end = strchr(lines, '\n')); lines = end + 1) {
        const char *old_end = strchr(old, '\n');
        size_t length = (size_t)(end - lines);
        bool is_same = old_end && (size_t)(old_end - old) == length &&
                       memcmp(old, lines, length) == 0;
        if (!is_same) {
            str_append_bytes(out, lines, length);
            str_append(out, "\033[K");
        }
        str_append(out, "\r\n");
        old = old_end ? old_end + 1 : old;
    }
    /* What was typed meanwhile goes, too. */
    str_append(out, "\033[J");
}

void screen_draw(struct screen *screen, const char *lines)
{
    if (strcmp(lines, screen->drawn.text) == 0) {
        return;
    }
    go_up(screen);
    draw_over(screen, lines);
    str_reset(&screen->drawn);
    str_append(&screen->drawn, lines);
    pass_on(screen);
}

void screen_say(struct screen *screen, const char *line)
{
    go_up(screen);
    str_append(&screen->behind, "\033[J");
    str_append(&screen->behind, line);
    str_append(&screen->behind, "\r\n");
    str_reset(&screen->drawn);
    pass_on(screen);
}

void screen_close(struct screen *screen, struct duration most)
{
    struct instant end = instant_add(clock_now(), most);
    struct pollfd wait = {.fd = screen->fd, .events = POLLOUT};

    if (screen->fd < 0) {
        return;
    }
    if (screen->drawn.length > 0) {
        go_up(screen);
        str_append(&screen->behind, "\033[J");
    }
    pass_on(screen);
    while (screen->behind.length > 0) {
        int64_t left = instant_since(end, clock_now()).ns / NS_PER_MS;
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0) {
            break;
        }
        pass_on(screen);
    }
    close(screen->fd);
    screen->fd = -1;
    str_release(&screen->drawn);
    str_release(&screen->behind);
}
