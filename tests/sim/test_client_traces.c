/*
 * client_traces: what several calls of one client do to one another, through
 * its breaker, limits, queue and budget, held against texts that a person can
 * read (tests/sim/traces/NAME.txt).
 */
#include "base/must.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "numbers.h"
#include "world.h"

enum { CUES_MAX = 16, PLAY_ANSWERS_MAX = 5 };

#define SAYS(ms, number) \
    { \
        .after = {(ms)*NS_PER_MS}, .status = (number) \
    }
#define OK_AFTER(ms) SAYS(ms, 200)
#define FAILS(ms) SAYS(ms, 503)
#define SILENT \
    { \
        .never = true \
    }

/* A call: when it comes, and how its attempts are answered, one after another.
 */
struct cue {
    int64_t at_ms;
    unsigned tier; /* 0: 1 */
    struct reply answers[PLAY_ANSWERS_MAX];
};

struct play {
    const char *name;
    const char *about;
    void (*configure)(struct policy *policy);
    struct cue cues[CUES_MAX];
};

#include "client_traces.h"

static struct reply answer_by_script(struct world *world, unsigned call,
                                     unsigned attempt)
{
    const struct play *play = world->script;
    assert_in_range(attempt, 1, PLAY_ANSWERS_MAX);
    struct reply reply = play->cues[call - 1].answers[attempt - 1];
    assert_true(reply.never || reply.after.ns > 0); /* it is in the script */
    return reply;
}

static void test_play(void **state)
{
    const struct play *play = *state;
    struct policy policy;
    struct world world;
    struct str text = STR_INIT;

    play->configure(&policy);
    world_init(&world, &policy, SEED, 1);
    world.serve = answer_by_script;
    world.script = play;
    str_printf(&text, "# %s\n", play->about);
    world.trace = &text;
    for (size_t i = 0; i < CUES_MAX; i++) {
        const struct cue *cue = &play->cues[i];
        const struct reply *first = &cue->answers[0];
        if (!first->never && first->after.ns == 0) {
            break;
        }
        struct instant at = {cue->at_ms * NS_PER_MS};
        world_call(&world, 0, cue->tier ? cue->tier : 1, at);
    }
    world_run(&world, INSTANT_NEVER);
    expect_breaker_table(&world);
    world_release(&world);
    golden_hold(play->name, text.text, SEED);
    str_release(&text);
}

int main(void)
{
    struct CMUnitTest tests[array_length(plays)];
    for (size_t i = 0; i < array_length(plays); i++) {
        tests[i] = (struct CMUnitTest){
            .name = plays[i].name,
            .test_func = test_play,
            .initial_state = (void *)(uintptr_t)&plays[i],
        };
    }
    return cmocka_run_group_tests_name("client traces", tests, NULL, NULL);
}
