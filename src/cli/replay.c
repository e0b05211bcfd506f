/*
 * squall replay: sends dead letters again, and reconciles over all their runs.
 */
#include "cli/replay.h"

#include "base/must.h"
#include "report/file.h"
#include "report/leftovers.h"

#include <stdlib.h>
#include <string.h>

static const char what_leftovers[] = "the dead letters";

static void on_effect(void *context, const struct effects_told *told)
{
    struct replay *replay = context;
    const struct letter *letter =
        letters_find(replay->letters, told->operation);

    must(letter);
    size_t index = (size_t)(letter - replay->letters->items);
    replay->classes[index] = (uint8_t)(told->class + 1);
    replay->effects[index] = told->effects;
}

void replay_watch(struct replay *replay, struct effects_join *join)
{
    effects_join_watch(join, on_effect, replay);
}

static struct leftover leftover_at(const struct replay *replay,
                                   const struct letter_ending *endings,
                                   size_t index)
{
    const struct letter *letter = &replay->letters->items[index];
    const struct letter_ending *ending = &endings[index];
    enum verdict now =
        ending->started ? (enum verdict)ending->verdict : VERDICT_SHED;

    return (struct leftover){
        .letter = letter,
        .ending = *ending,
        .after = replayed_verdict(letter->verdict, now,
                                  ending->speaks_for_all),
        .class = replay->replayed.has_classes && replay->classes[index] > 0
                     ? (enum effect_class)(replay->classes[index] - 1)
                     : EFFECT_CLASS_COUNT,
        .effects = replay->effects[index],
    };
}

void replay_count(struct replay *replay, const struct letter_ending *endings,
                  bool has_classes)
{
    struct replayed *replayed = &replay->replayed;

    *replayed = (struct replayed){.has_classes = has_classes};
    for (size_t i = 0; i < replay->letters->count; i++) {
        struct leftover one = leftover_at(replay, endings, i);
        replayed_take(replayed, one.letter->verdict, one.after, one.class);
        replayed->sent += one.ending.attempts > 0;
        replayed->unstarted += !one.ending.started;
    }
}

bool replay_write(const struct replay *replay,
                  const struct letter_ending *endings,
                  int64_t started_unix_ms, struct errors *errors)
{
    struct file_writer writer;
    size_t count = 0;

    if (!replay->leftovers) {
        return true;
    }
    file_begin(&writer, replay->leftovers, what_leftovers);
    leftovers_head(&writer.buffer, replay->letters);
    for (size_t i = 0; i < replay->letters->count; i++) {
        struct leftover one = leftover_at(replay, endings, i);
        if (one.after != VERDICT_ACKED) {
            leftovers_letter(&writer.buffer, &one, started_unix_ms);
            count++;
        }
        if (writer.buffer.length >= FILE_BUFFER_MAX / 2) {
            file_flush(&writer);
        }
    }
    leftovers_end(&writer.buffer, replay->letters, count);
    return file_end(&writer, errors);
}

/* What a person should know before letters are sent. */
static void tell_letters(const struct invocation *invocation,
                         const struct letters *letters)
{
    if (invocation->quiet) {
        return;
    }
    if (!letters->complete) {
        fprintf(stderr, "squall: the run that wrote %s could not write all "
                        "of its dead letters\n",
                letters->file);
    }
    if (letters->keyless > 0) {
        fprintf(stderr, "squall: %zu of %zu letters have no key: a service "
                        "cannot tell that they come again\n",
                letters->keyless, letters->count);
    }
    if (letters->count == 0) {
        fprintf(stderr, "squall: %s has no letters: there is nothing to "
                        "send again\n",
                letters->file);
    }
}

static bool check_words(const struct invocation *invocation,
                        struct errors *errors)
{
    const char *leftovers = invocation->dead_letters;

    if (invocation->words.count == 0) {
        struct error *error = errors_add(
            errors, ERROR_USAGE, "say which dead letters to send again");
        error_hint(error, "squall run --dead-letters FILE writes them; then "
                          "squall replay FILE");
        return false;
    }
    if (leftovers && strcmp(leftovers, "-") == 0) {
        struct error *error =
            errors_add(errors, ERROR_USAGE,
                       "--dead-letters: standard output is the report's");
        error_hint(error, "name a file");
        return false;
    }
    return !leftovers || file_can_write(leftovers, what_leftovers, errors);
}

int command_replay(const struct invocation *invocation)
{
    struct errors errors = ERRORS_INIT;
    struct replay replay = {.leftovers = invocation->dead_letters};
    struct arena arena = ARENA_INIT;
    int status = 0;

    if (check_words(invocation, &errors)) {
        replay.letters =
            letters_read(invocation->words.items[0], invocation->headers.items,
                         invocation->headers.count,
                         invocation->input.url != NULL, &errors);
    }
    if (!replay.letters) {
        errors_print(&errors, stderr);
        return errors_exit_status(&errors);
    }
    size_t count = replay.letters->count;
    replay.classes = arena_array(&arena, count, sizeof(*replay.classes));
    replay.effects = arena_array(&arena, count, sizeof(*replay.effects));
    tell_letters(invocation, replay.letters);
    if (count > 0) {
        status = run_invocation(invocation, &replay);
    } else if (!replay_write(&replay, NULL, 0, &errors)) {
        errors_print(&errors, stderr);
        status = errors_exit_status(&errors);
    }
    letters_free(replay.letters);
    arena_release(&arena);
    return status;
}
