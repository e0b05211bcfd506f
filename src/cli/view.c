#include "cli/view.h"

#include "base/mask.h"
#include "cli/start.h"
#include "engine/clock.h"

#include <stdlib.h>
#include <unistd.h>

/* Figures that change more often cannot be read. */
#define LIVE_EVERY duration_ms(250)
#define LINE_EVERY duration_ms(100)

/* For a terminal that takes nothing. */
#define CLOSING_MAX duration_s(1)

static bool is_drawn(const struct view *view)
{
    return view->choice == PROGRESS_LIVE || view->choice == PROGRESS_LINE;
}

void view_begin(struct view *view, const struct invocation *invocation,
                const struct plan *plan)
{
    *view = (struct view){
        .invocation = invocation,
        .choice = invocation->quiet ? PROGRESS_NONE : invocation->progress,
        .plain = {.stream = stderr,
                  .color = invocation_color(invocation, stderr)},
        .screen = {.fd = -1},
    };
    live_init(&view->live, plan, !plan->target.url);
}

bool view_has_progress(const struct view *view)
{
    return view->choice != PROGRESS_NONE;
}

bool view_has_figures(const struct view *view)
{
    return view->choice == PROGRESS_LIVE && isatty(STDERR_FILENO);
}

void view_start(struct view *view)
{
    view->plain.last = clock_now();
    if (is_drawn(view) && !screen_open(&view->screen, STDERR_FILENO)) {
        view->choice = PROGRESS_PLAIN;
    }
}

static void draw(struct view *view, struct instant now)
{
    struct str lines = STR_INIT;
    struct term term = {
        .out = &lines,
        .color = view->plain.color,
        .unicode = term_locale_is_utf8(),
    };

    if (instant_before(now, view->next) || !screen_is_ready(&view->screen)) {
        return;
    }
    term.width = screen_columns(&view->screen);
    if (view->choice == PROGRESS_LIVE) {
        view->next = instant_add(now, LIVE_EVERY);
        live_compose(&view->live, &term, screen_rows(&view->screen));
    } else {
        view->next = instant_add(now, LINE_EVERY);
        progress_line(&term, &view->live.progress, true);
        str_append_char(&lines, '\n');
    }
    screen_draw(&view->screen, lines.text);
    str_release(&lines);
}

void view_take_progress(struct view *view, const struct progress *progress)
{
    struct instant now = clock_now();

    live_take_progress(&view->live, progress);
    if (view->screen.fd >= 0) {
        draw(view, now);
    } else if (view->choice == PROGRESS_PLAIN) {
        progress_show(&view->plain, now, progress);
    }
}

void view_take_figures(struct view *view, const struct result *result)
{
    live_take_figures(&view->live, result);
}

void view_note(struct view *view, const char *text)
{
    struct str line = STR_INIT;
    struct term term = {.out = &line, .unicode = term_locale_is_utf8()};

    if (view->screen.fd < 0) {
        start_note(view->invocation, "%s", text);
        return;
    }
    char *masked = mask_text(text);
    str_append(&line, "squall: ");
    term_untrusted(&term, STYLE_PLAIN, masked, -1);
    screen_say(&view->screen, line.text);
    free(masked);
    str_release(&line);
}

void view_end(struct view *view)
{
    screen_close(&view->screen, CLOSING_MAX);
}
