#include "run/timeline_guard.h"

#include "base/must.h"
#include "base/str.h"
#include "engine/clock.h"
#include "ledger/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* "begun", "undone", "runs" and "ran" are followed by the number of an entry,
 * "runs" by a group, too. What undoes an entry is in the environment:
 * arguments are for all to see. What does not end in time is killed with this
 * shell, whose group it is of. */
static const char script[] =
    "while read -r what entry group; do\n"
    "    case $what in\n"
    "    begun) eval \"open$entry=1\" ;;\n"
    "    undone) eval \"open$entry=\" ;;\n"
    "    runs) eval \"group$entry=$group\" ;;\n"
    "    ran) eval \"group$entry=\" ;;\n"
    "    end) exit 0 ;;\n"
    "    esac\n"
    "done\n"
    "entry=0 undos=\n"
    "while [ \"$entry\" -lt \"$SQUALL_ENTRIES\" ]; do\n"
    "    eval \"group=\\$group$entry open=\\$open$entry\"\n"
    "    [ -z \"$group\" ] || kill -s KILL -- \"-$group\"\n"
    "    if [ \"$open\" ]; then\n"
    "        eval \"sh -c \\\"\\$SQUALL_UNDO_$entry\\\" &\"\n"
    "        undos=\"$undos $!\"\n"
    "    fi\n"
    "    entry=$((entry + 1))\n"
    "done\n"
    "left=$SQUALL_SECONDS\n"
    "while [ \"$undos\" ] && [ \"$left\" -gt 0 ]; do\n"
    "    sleep 1\n"
    "    left=$((left - 1)) running=\n"
    "    for undo in $undos; do\n"
    "        ! kill -0 \"$undo\" || running=\"$running $undo\"\n"
    "    done\n"
    "    undos=$running\n"
    "done\n"
    "[ -z \"$undos\" ] || kill -s KILL 0\n";

static bool needs_one(const struct plan *plan)
{
    for (size_t i = 0; i < plan->timeline_count; i++) {
        if (plan->timeline[i].command) {
            return true;
        }
    }
    return false;
}

/* Our environment, and what the script takes from it; each is to be freed. */
static void fill_environment(const struct plan *plan, struct str *own,
                             char **variables)
{
    int64_t longest = 0;
    size_t count = 0;

    for (size_t i = 0; i < plan->timeline_count; i++) {
        const struct timeline_entry *entry = &plan->timeline[i];
        if (entry->command && entry->undo) {
            str_printf(&own[count], "SQUALL_UNDO_%zu=%s", i, entry->undo);
            count++;
        }
        struct duration limit = timeline_limit(entry, true);
        longest = limit.ns > longest ? limit.ns : longest;
    }
    str_printf(&own[count++], "SQUALL_ENTRIES=%zu", plan->timeline_count);
    str_printf(&own[count++], "SQUALL_SECONDS=%lld",
               (long long)(longest / NS_PER_S + 1));
    size_t at = 0;
    for (; environ[at]; at++) {
        variables[at] = environ[at];
    }
    for (size_t i = 0; i < count; i++) {
        variables[at++] = own[i].text;
    }
    variables[at] = NULL;
}

static int start(struct timeline_guard *guard, const struct plan *plan)
{
    struct str own[TIMELINE_MAX + 2] = {STR_INIT};
    size_t count = array_length(own) + 1;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    for (size_t i = 0; environ[i]; i++) {
        count++;
    }
    char **variables = calloc(count, sizeof(*variables));
    must(variables);
    fill_environment(plan, own, variables);
    /* In a session of its own no terminal interrupts it. */
    struct process_setup setup = {.files = {ends[0], -1, -1},
                                  .environment = variables,
                                  .has_session = true};
    int failed = process_spawn(&guard->process, script, &setup);
    free(variables);
    for (size_t i = 0; i < array_length(own); i++) {
        str_release(&own[i]);
    }
    close(ends[0]);
    if (failed) {
        guard->process = -1;
        close(ends[1]);
        return failed;
    }
    guard->pipe = ends[1];
    return 0;
}

bool timeline_guard_start(struct timeline_guard *guard,
                          const struct plan *plan, struct errors *errors)
{
    *guard = (struct timeline_guard){.process = -1, .pipe = -1};
    int failed = needs_one(plan) ? start(guard, plan) : 0;

    if (failed) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "the process that guards the timeline could not be "
                   "started: %s",
                   strerror(failed));
    }
    return !failed;
}

/* A line is written whole: it is shorter than what a pipe takes at once. */
static void tell(const struct timeline_guard *guard, const char *what,
                 size_t entry, pid_t group)
{
    char line[64];

    if (guard->process > 0) {
        int length = snprintf(line, sizeof(line), "%s %zu %d\n", what, entry,
                              (int)group);
        ssize_t written = write(guard->pipe, line, (size_t)length);
        (void)written; /* it may have been killed: then there is none */
    }
}

void timeline_guard_begun(const struct timeline_guard *guard, size_t entry)
{
    tell(guard, "begun", entry, 0);
}

void timeline_guard_undone(const struct timeline_guard *guard, size_t entry)
{
    tell(guard, "undone", entry, 0);
}

void timeline_guard_runs(const struct timeline_guard *guard, size_t entry,
                         pid_t group)
{
    tell(guard, "runs", entry, group);
}

void timeline_guard_ran(const struct timeline_guard *guard, size_t entry)
{
    tell(guard, "ran", entry, 0);
}

void timeline_guard_end(struct timeline_guard *guard)
{
    const struct timespec pause = {0, 1000 * 1000};
    struct instant end = instant_add(clock_now(), duration_s(1));

    if (guard->process <= 0) {
        return;
    }
    tell(guard, "end", 0, 0);
    close(guard->pipe);
    while (waitpid(guard->process, NULL, WNOHANG) == 0) {
        if (!instant_before(clock_now(), end)) {
            kill(guard->process, SIGKILL); /* somebody stopped it */
        }
        nanosleep(&pause, NULL);
    }
    guard->process = -1;
}
