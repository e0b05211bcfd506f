/* traces: the scenarios of test_traces.c; included by it alone. Times are
 * round, and jitter is off or a single point unless it is the subject. */
#ifndef SQUALL_TESTS_SIM_TRACES_H
#define SQUALL_TESTS_SIM_TRACES_H

static void expand(struct policy *policy, const char *token)
{
    const char *problem = NULL;
    assert_true(classify_expand(&policy->retry.classify, token, &problem));
}

static void every_backoff(struct policy *policy,
                          const struct backoff_config *config)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i] = *config;
    }
}

/* Retries everything worth it; 80 ms, 160 ms, 320 ms ... */
static void retrying(struct policy *policy, unsigned attempts)
{
    static const char *const worth_it[] = {"connect", "reset", "timeout",
                                           "429",     "5xx",   "busy"};
    for (size_t i = 0; i < array_length(worth_it); i++) {
        expand(policy, worth_it[i]);
    }
    policy->retry.max_attempts = attempts;
    struct backoff_config config = policy->retry.backoff[0];
    config.type = BACKOFF_EXPONENTIAL;
    config.initial = duration_ms(80);
    every_backoff(policy, &config);
}

static void three_attempts(struct policy *policy)
{
    retrying(policy, 3);
}

static void four_attempts(struct policy *policy)
{
    retrying(policy, 4);
}

static void timing_out(struct policy *policy)
{
    retrying(policy, 3);
    policy->timeout.attempt = duration_ms(1000);
}

static void one_key(struct policy *policy)
{
    timing_out(policy);
    policy->key.scope = KEY_SCOPE_OPERATION;
}

static void a_key_an_attempt(struct policy *policy)
{
    timing_out(policy);
    policy->key.scope = KEY_SCOPE_ATTEMPT;
}

/* -- backoff -- */

static void shaped(struct policy *policy, enum backoff_type type)
{
    retrying(policy, 5);
    struct backoff_config config = policy->retry.backoff[0];
    config.type = type;
    config.initial = duration_ms(100);
    config.increment = duration_ms(50);
    config.max = duration_ms(1000);
    config.list_count = 2;
    config.list[0] = duration_ms(10);
    config.list[1] = duration_ms(200);
    every_backoff(policy, &config);
}

static void at_once(struct policy *policy)
{
    shaped(policy, BACKOFF_NONE);
}

static void constant(struct policy *policy)
{
    shaped(policy, BACKOFF_CONSTANT);
}

static void linear(struct policy *policy)
{
    shaped(policy, BACKOFF_LINEAR);
}

static void listed(struct policy *policy)
{
    shaped(policy, BACKOFF_LIST);
}

static void decorrelated(struct policy *policy)
{
    shaped(policy, BACKOFF_DECORRELATED);
}

static void full_jitter(struct policy *policy)
{
    shaped(policy, BACKOFF_EXPONENTIAL);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i].jitter.mult_low = 0.0;
    }
}

/* 100, 200, 400, 800 with a cap of 300 and a jitter of exactly 0.5 or 1.5. */
static void capped(struct policy *policy, enum backoff_cap cap, double mult)
{
    shaped(policy, BACKOFF_EXPONENTIAL);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i].max = duration_ms(300);
        policy->retry.backoff[i].cap = cap;
        policy->retry.backoff[i].jitter.mult_low = mult;
        policy->retry.backoff[i].jitter.mult_high = mult;
    }
}

static void cap_base(struct policy *policy)
{
    capped(policy, CAP_BASE, 1.5);
}

static void cap_final(struct policy *policy)
{
    capped(policy, CAP_FINAL, 0.5);
}

static void cap_both(struct policy *policy)
{
    capped(policy, CAP_BOTH, 1.5);
}

static void first_retry_at_once(struct policy *policy)
{
    shaped(policy, BACKOFF_EXPONENTIAL);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i].immediate_retries = 1;
    }
}

static void by_class(struct policy *policy)
{
    retrying(policy, 5);
    policy->timeout.attempt = duration_ms(500);
    policy->retry.backoff[CLASS_THROTTLE].initial = duration_ms(1000);
    policy->retry.backoff[CLASS_TIMEOUT].type = BACKOFF_NONE;
}

/* No wait after a bad answer, a growing one after a reset. */
static void network_class(struct policy *policy)
{
    retrying(policy, 5);
    policy->retry.classify.rules[1].as = CLASS_NETWORK; /* "reset" */
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i].type =
            i == CLASS_NETWORK ? BACKOFF_EXPONENTIAL : BACKOFF_NONE;
    }
}

/* -- rules -- */

static void two_resets_only(struct policy *policy)
{
    retrying(policy, 5);
    policy->retry.classify.rules[1].max_retries = 2;
}

static void connecting_again_is_free(struct policy *policy)
{
    retrying(policy, 1);
    policy->retry.classify.rules[0].ignore_limit = true;
    policy->retry.classify.rules[0].max_retries = 2;
}

/* -- server hints -- */

static void hinted(struct policy *policy)
{
    retrying(policy, 3);
    policy->retry.hint.count = 1;
    policy->retry.hint.headers[0] =
        (struct hint_header){"Retry-After", HINT_SECONDS, NUMBER_INTEGER};
}

static void hint_clamp(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.apply = HINT_CLAMP;
    policy->retry.hint.clamp_add = duration_ms(5000);
}

static void hint_max(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.apply = HINT_MAX;
}

static void over_max(struct policy *policy, enum hint_over_max what)
{
    hinted(policy);
    policy->retry.hint.max = duration_s(60);
    policy->retry.hint.over_max = what;
}

static void over_max_clamped(struct policy *policy)
{
    over_max(policy, OVER_CLAMP);
}

static void over_max_ignored(struct policy *policy)
{
    over_max(policy, OVER_IGNORE);
}

static void over_max_forbids(struct policy *policy)
{
    over_max(policy, OVER_NO_RETRY);
}

static void zero_ignored(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.zero = ZERO_IGNORE;
}

static void invalid_forbids(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.invalid = INVALID_NO_RETRY;
}

static void hint_on_503_only(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.has_status = true;
    status_set_add(&policy->retry.hint.status, 503, 503);
}

static void hint_add(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.apply = HINT_ADD;
}

static void hint_required(struct policy *policy)
{
    hinted(policy);
    policy->retry.hint.required = true;
}

static void hint_resets(struct policy *policy)
{
    hinted(policy);
    policy->retry.max_attempts = 6;
    policy->retry.hint.resets_backoff = true;
}

/* -- retry budgets -- */

static void quota(struct policy *policy, double capacity)
{
    retrying(policy, 5);
    policy->budget.type = BUDGET_TOKEN_BUCKET;
    policy->budget.capacity = capacity;
    policy->budget.initial = capacity;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->budget.cost[i] = i == CLASS_THROTTLE ? 5 : 14;
    }
}

static void quota_of_two(struct policy *policy)
{
    quota(policy, 28);
}

static void quota_by_class(struct policy *policy)
{
    quota(policy, 19);
}

/* Seven tokens, a failure costs one, retries above five. */
static void charged_for_failures(struct policy *policy)
{
    retrying(policy, 10);
    policy->budget.type = BUDGET_TOKEN_BUCKET;
    policy->budget.capacity = 7;
    policy->budget.initial = 7;
    policy->budget.charge_on = CHARGE_FAILURE;
    policy->budget.allow_above = 5;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->budget.cost[i] = 1;
    }
}

static void none_at_once(struct policy *policy)
{
    retrying(policy, 3);
    policy->budget.type = BUDGET_RATIO_INFLIGHT;
}

/* -- the operation timeout -- */

static void bounded(struct policy *policy, enum deadline_rule rule)
{
    retrying(policy, 5);
    policy->timeout.attempt = duration_ms(400);
    policy->timeout.operation = duration_ms(1000);
    policy->timeout.deadline_rule = rule;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        policy->retry.backoff[i].initial = duration_ms(300);
        policy->retry.backoff[i].type = BACKOFF_CONSTANT;
    }
}

static void cut_attempt(struct policy *policy)
{
    bounded(policy, DEADLINE_CUT_ATTEMPT);
}

static void check_between(struct policy *policy)
{
    bounded(policy, DEADLINE_CHECK_BETWEEN);
}

static void refuse_if_wait_exceeds(struct policy *policy)
{
    bounded(policy, DEADLINE_REFUSE_IF_WAIT_EXCEEDS);
}

#define FIVE_RESETS \
    { \
        RESETS(20), RESETS(20), RESETS(20), RESETS(20), RESETS(20) \
    }

static const struct scenario scenarios[] = {
    {"first-try",
     "No policy at all: one attempt.",
     NULL,
     {OK_AFTER(12)},
     0,
     0,
     false},
    {"no-retries",
     "No policy at all: a reset is the end.",
     NULL,
     {RESETS(12)},
     0,
     0,
     false},
    {"exhausted",
     "Three attempts, 80 ms doubling; all reset.",
     three_attempts,
     {RESETS(100), RESETS(100), RESETS(100)},
     0,
     0,
     false},
    {"fatal",
     "A 404 is not worth a retry.",
     three_attempts,
     {SAYS(5, REJECTED, 404)},
     0,
     0,
     false},
    {"timeout-then-success",
     "Attempt timeout 1 s; the second try answers.",
     timing_out,
     {NO_ANSWER, OK_AFTER(30)},
     0,
     0,
     false},
    {"five-xx",
     "5xx twice, then success.",
     four_attempts,
     {SAYS(10, SERVER_ERROR, 503), SAYS(10, SERVER_ERROR, 500), OK_AFTER(10)},
     0,
     0,
     false},
    {"busy",
     "The key is in flight; asked again, it is answered.",
     one_key,
     {NO_ANSWER, SAYS(10, BUSY, 409), OK_AFTER(10)},
     0,
     0,
     true},

    {"backoff-none", "No backoff: retries at once, without a timer.", at_once,
     FIVE_RESETS, 0, 0, false},
    {"backoff-constant", "100 ms each.", constant, FIVE_RESETS, 0, 0, false},
    {"backoff-linear", "100 ms and 50 ms more each time.", linear, FIVE_RESETS,
     0, 0, false},
    {"backoff-list", "10 ms, then 200 ms for ever.", listed, FIVE_RESETS, 0, 0,
     false},
    {"backoff-decorrelated",
     "Between 100 ms and three times the last wait, at most 1 s.",
     decorrelated, FIVE_RESETS, 0, 0, false},
    {"backoff-full-jitter", "Up to 100, 200, 400 and 800 ms.", full_jitter,
     FIVE_RESETS, 0, 0, false},
    {"backoff-immediate-first",
     "The first retry at once; growth goes on below: 0, 200, 400, 800 ms.",
     first_retry_at_once, FIVE_RESETS, 0, 0, false},
    {"cap-base", "Cap 300 ms before a jitter of 1.5: 150, 300, 450, 450.",
     cap_base, FIVE_RESETS, 0, 0, false},
    {"cap-final", "Cap 300 ms after a jitter of 0.5: 50, 100, 200, 300.",
     cap_final, FIVE_RESETS, 0, 0, false},
    {"cap-both", "Cap 300 ms before and after 1.5: 150, 300, 300, 300.",
     cap_both, FIVE_RESETS, 0, 0, false},
    {"by-class",
     "Transient 80 ms, throttled 1 s, timed out 0; growth by the number of "
     "the retry.",
     by_class,
     {RESETS(10), HINTS(10, NULL, 0), NO_ANSWER, SAYS(10, SERVER_ERROR, 500),
      OK_AFTER(10)},
     0,
     0,
     false},

    {"by-class-network",
     "After a reset 80 ms and its doublings, else 0.",
     network_class,
     {RESETS(10), SAYS(10, SERVER_ERROR, 502), RESETS(10), OK_AFTER(10)},
     0,
     0,
     false},

    {"rule-limit",
     "At most two retries for a reset, of four in all.",
     two_resets_only,
     {RESETS(10), SAYS(10, SERVER_ERROR, 500), RESETS(10), RESETS(10)},
     0,
     0,
     false},
    {"rule-ignores-limit",
     "One attempt, but two more for a refused connection.",
     connecting_again_is_free,
     {REFUSES(1), REFUSES(1), REFUSES(1)},
     0,
     0,
     false},
    {"rule-ignores-limit-not-for-all",
     "The free retry is spent on a connection; a reset gets none.",
     connecting_again_is_free,
     {REFUSES(1), RESETS(5)},
     0,
     0,
     false},

    {"hint-seconds",
     "Retry-After: 2 replaces the 80 ms.",
     hinted,
     {HINTS(10, "2", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-date",
     "Retry-After as a date, 3 s after the clock's zero.",
     hinted,
     {HINTS(10, "Sun, 06 Nov 1994 08:49:40 GMT", HINT_HTTP_DATE),
      OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-date-past",
     "A date in the past is a wait of zero.",
     hinted,
     {HINTS(10, "Sun, 06 Nov 1994 08:00:00 GMT", HINT_HTTP_DATE),
      OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-clamp",
     "At least the own wait, at most 5 s more: 80 ms, then 5160 ms.",
     hint_clamp,
     {HINTS(10, "50", HINT_MS), HINTS(10, "30", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-max",
     "The longer one: 80 ms, then 1 s.",
     hint_max,
     {HINTS(10, "50", HINT_MS), HINTS(10, "1", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-add",
     "The hint and the own wait: 1 s + 80 ms.",
     hint_add,
     {HINTS(10, "1", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-required",
     "Retried with a hint, given up without.",
     hint_required,
     {HINTS(10, "1", HINT_SECONDS), SAYS(10, SERVER_ERROR, 503)},
     0,
     0,
     false},
    {"hint-required-no-answer",
     "A reset needs no hint.",
     hint_required,
     {RESETS(10), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-resets",
     "80, 160 ms, 1 s as asked, then 80 and 160 ms again.",
     hint_resets,
     {RESETS(10), RESETS(10), HINTS(10, "1", HINT_SECONDS), RESETS(10),
      RESETS(10), OK_AFTER(10)},
     0,
     0,
     false},
    {"budget-exhausted",
     "28 tokens are two retries at 14.",
     quota_of_two,
     {RESETS(10), RESETS(10), RESETS(10)},
     0,
     0,
     false},
    {"budget-by-class",
     "19 tokens: one reset at 14, one 429 at 5.",
     quota_by_class,
     {HINTS(10, NULL, 0), RESETS(10), HINTS(10, NULL, 0)},
     0,
     0,
     false},
    {"budget-charged-on-failure",
     "Seven tokens, one a failure, retried above five: 6, and then 5.",
     charged_for_failures,
     {RESETS(10), RESETS(10)},
     0,
     0,
     false},
    {"budget-in-flight",
     "No share of the attempts in flight: no retry.",
     none_at_once,
     {RESETS(10)},
     0,
     0,
     false},
    {"hint-over-max-clamp",
     "An hour is cut to a minute.",
     over_max_clamped,
     {HINTS(10, "3600", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-over-max-ignore",
     "An hour is not listened to.",
     over_max_ignored,
     {HINTS(10, "3600", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-over-max-no-retry",
     "An hour forbids a retry.",
     over_max_forbids,
     {HINTS(10, "3600", HINT_SECONDS)},
     0,
     0,
     false},
    {"hint-zero",
     "Zero means at once.",
     hinted,
     {HINTS(10, "0", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-zero-ignore",
     "Zero is not listened to.",
     zero_ignored,
     {HINTS(10, "0", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-invalid",
     "Garbage is not listened to.",
     hinted,
     {HINTS(10, "-1", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-invalid-no-retry",
     "Garbage forbids a retry.",
     invalid_forbids,
     {HINTS(10, "-1", HINT_SECONDS)},
     0,
     0,
     false},
    {"hint-other-status",
     "Hints are read on 503 only, not on this 429.",
     hint_on_503_only,
     {HINTS(10, "2", HINT_SECONDS), OK_AFTER(10)},
     0,
     0,
     false},
    {"hint-exhausted",
     "The attempt limit comes before the hint.",
     over_max_forbids,
     {RESETS(10), RESETS(10), HINTS(10, "3600", HINT_SECONDS)},
     0,
     0,
     false},

    {"deadline-cut-attempt",
     "1 s in all; the second try is cut short at it.",
     cut_attempt,
     {NO_ANSWER, NO_ANSWER},
     0,
     0,
     false},
    {"deadline-cut-wait",
     "1 s in all; the third wait would pass it and ends at it.",
     cut_attempt,
     {RESETS(110), RESETS(250), RESETS(10)},
     0,
     0,
     false},
    {"deadline-check-between-attempt",
     "Checked between tries: the second try has its full 400 ms, then it is "
     "too late.",
     check_between,
     {NO_ANSWER, NO_ANSWER},
     0,
     0,
     false},
    {"deadline-check-between-wait",
     "Checked between tries: the third wait has its full 300 ms, then it is "
     "too late.",
     check_between,
     {RESETS(110), RESETS(250), RESETS(10)},
     0,
     0,
     false},
    {"deadline-check-between-success",
     "Checked between tries: a late answer counts.",
     check_between,
     {NO_ANSWER, OK_AFTER(390)},
     0,
     0,
     false},
    {"deadline-refuse-wait",
     "1 s in all; a wait that would pass it is not begun.",
     refuse_if_wait_exceeds,
     {RESETS(110), RESETS(250), RESETS(10)},
     0,
     0,
     false},
    {"deadline-refuse-attempt",
     "1 s in all; a running try is cut as well.",
     refuse_if_wait_exceeds,
     {NO_ANSWER, NO_ANSWER},
     0,
     0,
     false},
    {"deadline-late-start",
     "Waiting for a connection took the whole second: never sent.",
     cut_attempt,
     {OK_AFTER(1)},
     1000,
     0,
     false},
    {"deadline-started-late-cut",
     "Waiting took 900 ms: the attempt has 100 ms left.",
     cut_attempt,
     {NO_ANSWER},
     900,
     0,
     false},

    {"abandoned-waiting",
     "The run ends before the start.",
     three_attempts,
     {NO_ANSWER},
     10,
     -1,
     false},
    {"abandoned-sending",
     "The run ends while an attempt is out.",
     timing_out,
     {NO_ANSWER},
     0,
     400,
     false},
    {"abandoned-connecting",
     "The run ends before a byte of the attempt was sent: nothing was done.",
     timing_out,
     {NOT_EVEN_SENT},
     0,
     400,
     false},
    {"abandoned-backing-off",
     "The run ends between two attempts.",
     three_attempts,
     {RESETS(10)},
     0,
     50,
     false},

    {"refused-never-connected",
     "Three refused connections: certainly nothing was done.",
     three_attempts,
     {REFUSES(1), REFUSES(1), REFUSES(1)},
     0,
     0,
     false},
    {"refused-one-key",
     "Timed out, then rejected under the same key: the service speaks for "
     "both attempts.",
     one_key,
     {NO_ANSWER, SAYS(10, REJECTED, 422)},
     0,
     0,
     true},
    {"ambiguous-no-key",
     "Timed out, then rejected, but without a key.",
     timing_out,
     {NO_ANSWER, SAYS(10, REJECTED, 422)},
     0,
     0,
     false},
    {"ambiguous-request-without-key",
     "Keys are on, but this request carries none.",
     one_key,
     {NO_ANSWER, SAYS(10, REJECTED, 422)},
     0,
     0,
     false},
    {"ambiguous-key-an-attempt",
     "Timed out, then rejected under another key.",
     a_key_an_attempt,
     {NO_ANSWER, SAYS(10, REJECTED, 422)},
     0,
     0,
     true},
    {"ambiguous-then-refused-connections",
     "Timed out, then never connected again: that is no answer.",
     one_key,
     {NO_ANSWER, REFUSES(1), REFUSES(1)},
     0,
     0,
     true},
    {"timeout-before-sending",
     "Timed out three times before a byte was sent: nothing was done.",
     timing_out,
     {NOT_EVEN_SENT, NOT_EVEN_SENT, NOT_EVEN_SENT},
     0,
     0,
     false},
};

#endif
