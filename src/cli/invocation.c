#include "cli/invocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MIN = 60, WIDTH_MAX = 120, WIDTH_UNKNOWN = 80 };

void words_add(struct words *words, const char *word)
{
    words->items[words->count++] = word;
}

void invocation_release(struct invocation *invocation)
{
    arena_release(&invocation->arena);
}

bool invocation_color(const struct invocation *invocation, FILE *stream)
{
    switch (invocation->color) {
    case COLOR_ALWAYS:
        return true;
    case COLOR_NEVER:
        return false;
    case COLOR_AUTO:
        break;
    }
    const char *no_color = getenv("NO_COLOR");
    if (no_color && *no_color) {
        return false;
    }
    const char *terminal = getenv("TERM");
    if (terminal && strcmp(terminal, "dumb") == 0) {
        return false;
    }
    return isatty(fileno(stream)) == 1;
}

int invocation_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return WIDTH_UNKNOWN;
    }
    if (size.ws_col < WIDTH_MIN) {
        return WIDTH_MIN;
    }
    return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}
