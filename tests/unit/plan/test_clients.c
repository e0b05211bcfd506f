/* Shipped policies of real clients: each file says what it stands for, sets
 * nothing but a policy, and stays what it is behind any scenario. */
#include "base/json.h"
#include "base/must.h"
#include "plan/delays.h"
#include "plan/library.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENTS_AT_LEAST = 46, RETRIES_COMPARED = 6 };

static const char *const scenarios[] = {"scenarios/steady",
                                        "scenarios/lost-responses"};

struct clients {
    size_t count;
    char names[256][64]; /* clients/NAME */
    char paths[256][128];
};

static struct clients clients;

static void take_client(void *context, const char *name, const char *path)
{
    struct clients *all = context;
    if (strncmp(name, "clients/", strlen("clients/")) != 0) {
        return;
    }
    assert_true(all->count < array_length(all->names));
    assert_true(strlen(path) < sizeof(all->paths[0]));
    snprintf(all->names[all->count], sizeof(all->names[0]), "%s", name);
    snprintf(all->paths[all->count], sizeof(all->paths[0]), "%s", path);
    all->count++;
}

static int find_clients(void **state)
{
    (void)state;
    if (setenv("SQUALL_PROFILES", "profiles", 1) != 0) {
        return -1;
    }
    library_walk(take_client, &clients);
    return clients.count >= CLIENTS_AT_LEAST ? 0 : -1;
}

static cJSON *parse(size_t client)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;

    assert_true(json_source_read(&source, clients.paths[client], &errors));
    cJSON *tree = json_parse(&source, &errors);
    errors_print(&errors, stderr);
    assert_non_null(tree);
    json_source_release(&source);
    return tree;
}

static const char *text_of(const cJSON *tree, size_t client, const char *key)
{
    const char *text = cJSON_GetStringValue(json_get(tree, key));
    if (!text || !text[0]) {
        fail_msg("%s: no \"%s\"", clients.paths[client], key);
    }
    return text;
}

/* "2026-11" */
static bool is_month(const char *text)
{
    unsigned year, month;
    int end = 0;
    return sscanf(text, "%4u-%2u%n", &year, &month, &end) == 2 && end == 7 &&
           text[7] == '\0' && year >= 2026 && month >= 1 && month <= 12;
}

static void each_says_what_it_stands_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < clients.count; i++) {
        cJSON *tree = parse(i);
        const char *about = text_of(tree, i, "about");
        const char *verified = text_of(tree, i, "verified");

        if (about[strlen(about) - 1] != '.') {
            fail_msg("%s: \"about\" is no sentence", clients.paths[i]);
        }
        if (!is_month(verified)) {
            fail_msg("%s: \"verified\" is no month: %s", clients.paths[i],
                     verified);
        }
        text_of(tree, i, "source");
        text_of(tree, i, "version");
        assert_string_equal(text_of(tree, i, "$schema"), "../profile.schema");
        assert_string_equal(text_of(tree, i, "schema"), "squall.profile/1");
        assert_string_equal(text_of(tree, i, "kind"), "client");
        assert_string_equal(text_of(tree, i, "name"),
                            clients.names[i] + strlen("clients/"));
        cJSON_Delete(tree);
    }
}

/* What is sent, how much of it, where to, and what goes wrong there, is for
 * other profiles to say. */
static void each_is_a_policy_and_no_more(void **state)
{
    static const char *const others[] = {
        "load", "target", "requests", "faults", "service", "ledger", "slo"};
    (void)state;
    for (size_t i = 0; i < clients.count; i++) {
        cJSON *tree = parse(i);
        for (size_t k = 0; k < array_length(others); k++) {
            if (json_get(tree, others[k])) {
                fail_msg("%s sets \"%s\"", clients.paths[i], others[k]);
            }
        }
        cJSON_Delete(tree);
    }
}

/* The scenario may be NULL. */
static struct plan *read_behind(const char *scenario, size_t client)
{
    struct errors errors = ERRORS_INIT;
    const char *const both[] = {scenario, clients.names[client]};
    struct plan_input input = {.profile_count = scenario ? 2 : 1,
                               .profiles = scenario ? both : both + 1};
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    if (!plan) {
        fail_msg("%s behind %s", clients.names[client],
                 scenario ? scenario : "nothing");
    }
    return plan;
}

static void each_goes_with_every_scenario(void **state)
{
    (void)state;
    for (size_t i = 0; i < clients.count; i++) {
        for (size_t k = 0; k < array_length(scenarios); k++) {
            struct plan *plan = read_behind(scenarios[k], i);
            assert_string_equal(plan->name,
                                clients.names[i] + strlen("clients/"));
            plan_free(plan);
        }
    }
}

static void assert_same_waits(const struct plan *alone,
                              const struct plan *merged, size_t client)
{
    struct errors errors = ERRORS_INIT;
    struct delays_draws draws;
    enum outcome_class class;

    assert_true(delays_read_draws("0,0.5,1", &draws, &errors));
    for (size_t c = 0; delays_class_name(c); c++) {
        struct delays a, b;
        assert_true(delays_find_class(delays_class_name(c), &class, &errors));
        assert_int_equal(delays_retries_class(alone, class),
                         delays_retries_class(merged, class));
        delays_make(&a, alone, class, &draws, RETRIES_COMPARED);
        delays_make(&b, merged, class, &draws, RETRIES_COMPARED);
        assert_int_equal(a.retries, b.retries);
        for (size_t n = 0; n < a.retries * 3; n++) {
            if (delays_wait(&a, n % 3, n / 3).ns !=
                delays_wait(&b, n % 3, n / 3).ns) {
                fail_msg("%s: wait %zu after %s is not its own behind a "
                         "scenario",
                         clients.names[client], n / 3 + 1,
                         delays_class_name(c));
            }
        }
        delays_release(&a);
        delays_release(&b);
    }
}

/* lost-responses has a retry policy and keys of its own; a client is whole,
 * and nothing of them stays. */
static void a_scenario_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < clients.count; i++) {
        struct plan *alone = read_behind(NULL, i);
        for (size_t k = 0; k < array_length(scenarios); k++) {
            struct plan *merged = read_behind(scenarios[k], i);
            const struct retry_config *a = &alone->policy.retry;
            const struct retry_config *b = &merged->policy.retry;
            if (a->max_attempts != b->max_attempts ||
                a->classify.count != b->classify.count ||
                alone->policy.key.scope != merged->policy.key.scope ||
                a->hint.count != b->hint.count) {
                fail_msg("%s retries otherwise behind %s", clients.names[i],
                         scenarios[k]);
            }
            assert_same_waits(alone, merged, i);
            plan_free(merged);
        }
        plan_free(alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_says_what_it_stands_for),
        cmocka_unit_test(each_is_a_policy_and_no_more),
        cmocka_unit_test(each_goes_with_every_scenario),
        cmocka_unit_test(a_scenario_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("plan/clients", tests, find_clients,
                                       NULL);
}
