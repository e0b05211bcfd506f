/*
 * view: what a run shows on standard error while it goes on: report/live or
 * one line, drawn anew on a terminal (cli/screen), or plain lines elsewhere.
 */
#ifndef SQUALL_CLI_VIEW_H
#define SQUALL_CLI_VIEW_H

#include "cli/invocation.h"
#include "cli/screen.h"
#include "report/live.h"

struct view {
    const struct invocation *invocation;
    enum progress_choice choice; /* as it can be had */
    struct progress_view plain;
    struct screen screen;
    struct instant next; /* drawing */
    struct live live;
};

/* As it was asked for, or as near to it as standard error lets. */
void view_begin(struct view *view, const struct invocation *invocation,
                const struct plan *plan);

/* Whether it shows how far the run is, and the figures so far. */
bool view_has_progress(const struct view *view);
bool view_has_figures(const struct view *view);

/* The load begins. */
void view_start(struct view *view);

void view_take_progress(struct view *view, const struct progress *progress);
void view_take_figures(struct view *view, const struct result *result);

/* A note for people, unless none are wanted. */
void view_note(struct view *view, const char *text);

/* The load is over: nothing is drawn any more, and nothing stays. */
void view_end(struct view *view);

#endif
