/*
 * documents: whole runs in virtual time, each a few seconds of one thing that
 * a report is read for. Their documents are tests/sim/documents/NAME.json.
 *
 * Each is squall's own course: the plan is read from profiles and settings,
 * the real host drives the modelled service, and the ledger is the model's.
 */
#ifndef SQUALL_TESTS_SIM_DOCUMENTS_H
#define SQUALL_TESTS_SIM_DOCUMENTS_H

#include <stddef.h>

struct document_scenario {
    const char *name;
    const char *profiles[3];
    const char *sets[16];
};

#define POISSON(rate, length) \
    "load.model=open", "load.arrival=poisson", "load.rate=" rate, \
        "load.duration=" length
#define LEDGER "ledger.url=/ledger", "ledger.key={{op.id}}"
/* 10 workers at 5 ms serve 2000/s; a twentieth of that is 100/s. */
#define SERVICE \
    "service.workers=10", "service.service_time.type=exponential", \
        "service.service_time.mean=5ms"

static const struct document_scenario document_scenarios[] = {
    /* Nothing is wrong, and nothing is to be reported as wrong. */
    {"steady", {NULL}, {POISSON("300/s", "3s"), LEDGER, SERVICE}},
    /* Eight callers, each with a think time. */
    {"closed",
     {NULL},
     {"load.model=closed", "load.connections=8", "load.think=10ms",
      "load.duration=2s", LEDGER, SERVICE}},
    /* One key an operation, and a service that honours it. */
    {"lost-responses",
     {"profiles/scenarios/lost-responses.json",
      "profiles/strategies/full-jitter.json",
      "profiles/targets/exactly-once.json"},
     {POISSON("200/s", "3s"), LEDGER}},
    /* The same callers without keys: each retry is one more effect. */
    {"lost-responses-no-keys",
     {"profiles/scenarios/lost-responses.json",
      "profiles/strategies/full-jitter.json"},
     {POISSON("200/s", "3s"), LEDGER, "idempotency.scope=none"}},
    /* Overload, and retries that add to it ... */
    {"brownout-immediate",
     {"profiles/scenarios/brownout.json",
      "profiles/strategies/immediate.json"},
     {POISSON("200/s", "6s"), LEDGER, "timeout.attempt=200ms",
      "service.faults[0].factor=0.05", "service.faults[0].from=1s",
      "service.faults[0].for=2s"}},
    /* ... and the same with jitter and a budget. */
    {"brownout-budgeted",
     {"profiles/scenarios/brownout.json", "profiles/strategies/budgeted.json"},
     {POISSON("200/s", "6s"), LEDGER, "timeout.attempt=200ms",
      "service.faults[0].factor=0.05", "service.faults[0].from=1s",
      "service.faults[0].for=2s"}},
    /* A second attempt where the first is slow. */
    {"hedged",
     {"profiles/strategies/hedged.json"},
     {POISSON("300/s", "3s"), LEDGER, SERVICE}},
    /* An outage, and clients that stop asking. */
    {"breaker",
     {"profiles/strategies/breaker.json"},
     {POISSON("200/s", "5s"), LEDGER, "load.clients=4",
      "breaker.open.initial=500ms", "service.faults[0].kind=error",
      "service.faults[0].from=1s", "service.faults[0].for=2s"}},
    /* The network delivers some requests twice; nobody looks at keys. */
    {"duplicates",
     {"profiles/scenarios/duplicates.json", "profiles/targets/no-keys.json"},
     {POISSON("200/s", "3s"), LEDGER}},
    /* Five clients that may send 10/s each, and are asked for twice that. */
    {"rate-limit",
     {NULL},
     {POISSON("100/s", "3s"), LEDGER, "load.clients=5",
      "rate_limit.type=token_bucket", "rate_limit.rate=10/s",
      "rate_limit.burst=5"}},
    /* Somebody else does something for a second, while orders fail. */
    {"marked",
     {NULL},
     {POISSON("300/s", "7s"), LEDGER, "service.faults[0].kind=error",
      "service.faults[0].from=2s", "service.faults[0].for=1s",
      "timeline[0].at=2s", "timeline[0].name=drill", "timeline[0].mark=true",
      "timeline[0].until=3200ms"}},
};

#endif
