/* squall replay: sends dead letters again, and reconciles over all their runs.
 * It is a run whose operations come from a file. */
#include "cli/invocation.h"
#include "cli/start.h"
#include "cli/traffic.h"
#include "plan/dead_letters.h"

/* What a person should know before dead letters are sent. */
static void note_dead_letters(const struct invocation *invocation,
                              const struct dead_letters *dead_letters)
{
    if (!dead_letters->complete) {
        start_note(invocation,
                   "the run that wrote %s could not write all of its dead "
                   "dead letters",
                   dead_letters->file);
    }
    if (dead_letters->keyless > 0) {
        start_note(invocation,
                   "%zu of %zu dead letters have no key: a service cannot "
                   "know that they come again",
                   dead_letters->keyless, dead_letters->count);
    }
    if (dead_letters->count == 0) {
        start_note(invocation,
                   "%s has no dead letters: there is nothing to send again",
                   dead_letters->file);
    }
}

static int fail(const struct errors *errors)
{
    errors_print(errors, stderr);
    return errors_exit_status(errors);
}

/* Dead letters keep who they are: the number of their run, and its seed. */
static int send_again(const struct invocation *invocation,
                      struct dead_letters *dead_letters,
                      const struct outputs *outputs)
{
    struct plan_input input = invocation->input;

    input.workload = &dead_letters->workload;
    input.run = start_number();
    return traffic_run(invocation, &input, outputs);
}

/* Nothing was sent, and there is no report: no dead letters are left of none.
 */
static int leave_none(const struct invocation *invocation,
                      struct dead_letters *dead_letters)
{
    struct errors errors = ERRORS_INIT;
    struct plan plan = {.workload = &dead_letters->workload};
    struct writer_run nothing = {.events = {.plan = &plan}};
    struct outputs outputs = {0};

    if (invocation->outputs[WRITER_dead_letters]) {
        outputs_add(&outputs, WRITER_dead_letters,
                    invocation->outputs[WRITER_dead_letters]);
    }
    (void)outputs_write(&outputs, NULL, &nothing, &errors);
    return fail(&errors);
}

int command_replay(const struct invocation *invocation)
{
    struct errors errors = ERRORS_INIT;
    struct outputs outputs;

    if (invocation->words.count == 0) {
        struct error *error = errors_add(
            &errors, ERROR_USAGE, "say which dead letters to send again");
        error_hint(error, "squall run --dead-letters FILE writes them; then "
                          "squall replay FILE");
        return fail(&errors);
    }
    const char *file = invocation->words.items[0];
    if (!start_outputs(invocation, file, &outputs, &errors)) {
        return fail(&errors);
    }
    struct dead_letters *dead_letters = dead_letters_read(
        file, invocation->headers.items, invocation->headers.count,
        invocation->input.url != NULL, &errors);
    if (!dead_letters) {
        return fail(&errors);
    }
    note_dead_letters(invocation, dead_letters);
    int status = dead_letters->count > 0
                     ? send_again(invocation, dead_letters, &outputs)
                     : leave_none(invocation, dead_letters);
    dead_letters_free(dead_letters);
    return status;
}
