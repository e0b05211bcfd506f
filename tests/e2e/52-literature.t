#!/usr/bin/python3
# Proves: published numbers about retries, throttling and hedging, on real
# sockets against the embedded target. tests/sim holds the same, and more, in
# virtual time.
#
# What is held are counts: chance alone moves them, by 4 standard deviations
# at most here, and a slow machine does not. Where times decide (hedging), a
# stall of the machine makes hedges of its own: the bounds leave room for it,
# and a run in which it took more than that is measured again.

from harness import *

SEED = ("--seed", 2013)
RETRY_ON = ["connect", "reset", "timeout", "5xx", "429"]


def serving(time="1ms", faults=(), **more):
    return {"service_time": {"type": "constant", "mean": time},
            "faults": list(faults), **more}


def failing(ratio):
    return serving(faults=[{"kind": "error", "ratio": ratio, "status": 503}])


def plays(t, **sections):
    document = {"timeout": {"connect": "5s"}}
    document.update(sections)
    return t.profile(document, f"profile{t.runs + 1}.json")


def retries(attempts, **more):
    return {"max_attempts": attempts, "retry_on": RETRY_ON, **more}


def load_of(run):
    return run["attempts.total"] / run["operations.started"]


@test("three retries amplify a dead target exactly four times")
def dead(t):
    n = few(3000, 600)
    run = t.run("-p", plays(t, retry=retries(4), service=failing(1.0)),
                "-n", n, "-c", 20, *SEED)
    t.equal(run["operations.started"], n, "operations")
    t.equal(run["attempts.total"], 4 * n, "attempts")
    t.equal(run["attempts.retries"], 3 * n, "retries")
    t.equal(run["operations.succeeded"], 0, "succeeded")


# Brooker, 28 Feb 2022: load (1 - p^4) / (1 - p), success 1 - p^4.

@test("three retries at p = 0.1 and 0.5: load and success", limit=60)
def naive(t):
    n = few(6000, 1000)
    for p in (0.1, 0.5):
        run = t.run("-p", plays(t, retry=retries(4), service=failing(p)),
                    "-n", n, "-c", 20, *SEED)
        law = [(k, p ** (k - 1) * (1 - p)) for k in (1, 2, 3)]
        law.append((4, p ** 3))
        load = sum(k * share for k, share in law)
        spread = math.sqrt(sum(k * k * share for k, share in law) - load ** 2)
        success = 1 - p ** 4
        t.near(load, (1 - p ** 4) / (1 - p), 1e-9, "the law itself")
        t.near(load_of(run), load, 4 * spread / math.sqrt(n), f"load at {p}")
        t.near(run["operations.succeeded"] / n, success,
               4 * math.sqrt(success * (1 - success) / n) + 1 / n,
               f"success at {p}")


@test("a budget of 10 % a request: a dead target sees 1.100")
def budget(t):
    n = few(4000, 800)
    run = t.run("-p", plays(t, retry=retries(4), service=failing(1.0),
                            load={"clients": 1},
                            retry_budget={"type": "ratio_window",
                                          "ratio": "10%", "window": "60s",
                                          "deposit_when": "request",
                                          "min_per_sec": 0}),
                "-n", n, "-c", 10, *SEED)
    t.equal(run["attempts.retries"], n // 10, "retries")
    t.equal(run["attempts.total"], n + n // 10, "attempts")


# Brooker's adaptive client: five tokens, a tenth with every call, a retry
# needs more than one and costs one: 1 + min(p + p^2 + ..., 0.1) in the long
# run, and the four first ones.

@test("a token bucket fed by calls: a tenth more, dead or not")
def token_bucket(t):
    n = few(4000, 800)
    for p in (0.5, 1.0):
        run = t.run("-p", plays(
            t, retry={**retries(0), "backoff": {"type": "none"}},
            timeout={"operation": "60s"}, service=failing(p),
            load={"clients": 1},
            retry_budget={"type": "token_bucket", "capacity": 5,
                          "deposit_request": 0.1, "allow_above": 1,
                          "cost": {"transient": 1}}),
            "-n", n, "-c", 10, *SEED)
        # What is in the bucket in the end was not spent; and while it is
        # full, which the beginning alone is, what comes is lost.
        t.between(run["attempts.retries"], n / 10 - 5, n / 10 + 4,
                  f"retries at {p}")


# The SRE book, chapter 21: sends K times what is accepted. Chance goes through
# the window and back: in virtual time the ratio of such a run deviates by
# 3.7 %, so it is held within 16 %; that K = 1.1, 1.5 and 2 differ is shown
# there. Without the throttle it would be 10.

@test("adaptive throttling: twice the accepted is sent", limit=60)
def throttling(t):
    rate = few(5000, 1000)
    margin = 0.16 * math.sqrt(5000 / rate)
    limited = serving(shed="token_bucket", shed_rate=f"{rate // 10}/s",
                      shed_burst=rate // 100)
    run = t.run("-p", plays(
        t, retry=retries(1), service=limited,
        load={"clients": 1, "model": "open", "warmup": "1s"},
        throttle={"type": "sre", "k": 2, "window": "1s", "slots": 10}),
        "-r", f"{rate}/s", "-d", "4s", "-c", 50, *SEED)
    sent, accepted = run["attempts.total"], run["operations.succeeded"]
    t.between(sent / max(accepted, 1), (1 - margin) * 2, (1 + margin) * 2,
              "sent for one accepted")
    t.equal(run["operations.reasons.throttled"],
            run["operations.started"] - sent, "all else is refused here")
    t.between(accepted, 0.4 * rate * 0.9, 0.4 * rate * 1.1,
              "what the target takes")


# Hedging, Dean and Barroso: independent copies, a hedge after d.

def hedged(t, service, hedge, n, strategy="strategies/none", **sections):
    if hedge:
        sections["hedge"] = hedge
    return t.run("-p", strategy, "-p",
                 plays(t, service=service,
                       load={"clients": 1, "model": "open",
                             "connections": 100}, **sections),
                 "-r", "500/s", "-n", n, *SEED)


def extra(run):
    return run["attempts.hedges"] / run["operations.started"]


def p99_ms(run):
    return run["latency.operation.p99_us"] / 1000


@test("hedging two points: 5 ms, and 500 ms once in a hundred", limit=90)
def two_points(t):
    n = few(2500, 2000)
    slow = serving("5ms", [{"kind": "latency", "ratio": 0.01,
                            "delay": "495ms"}])
    spread = math.sqrt(0.01 * 0.99 / n)

    def measure():
        run = hedged(t, slow, {"trigger": "delay", "delay": "60ms"}, n)
        t.between(extra(run), 0.01 - 4 * spread, 0.01 + 4 * spread + 0.01,
                  "extra attempts")
        t.between(run["latency.operation.p99_9_us"] / 1000, 5, 300, "p99.9")
        t.equal(run["operations.succeeded"], n, "succeeded")

    plain = hedged(t, slow, None, n)
    t.equal(plain["attempts.total"], n, "attempts without hedges")
    t.between(plain["latency.operation.p99_9_us"] / 1000, 499, 2000,
              "p99.9 without hedges")
    t.patiently(measure)


# Unless the loser is cancelled before it runs, a call is done 1 + S(d) times.

@test("a hedge that is sent is work that is done twice", limit=60)
def executions(t):
    n = few(2000, 600)
    slow = serving("5ms", [{"kind": "latency", "ratio": 0.05,
                            "delay": "295ms"}], idempotency="none")
    run = hedged(t, slow, {"trigger": "delay", "delay": "60ms"}, n,
                 requests=[{"name": "order", "method": "POST",
                            "path": "/orders",
                            "headers": {"Content-Type": "application/json"},
                            "body": '{"order": "{{op.id}}"}'}],
                 ledger={"url": "/ledger", "key": "{{op.id}}",
                         "settle": "500ms"})
    t.equal(run["operations.succeeded"], n, "succeeded")
    hedges = run["attempts.hedges"]
    spread = math.sqrt(0.05 * 0.95 * n)
    t.between(hedges, 0.05 * n - 4 * spread, 0.05 * n + 4 * spread + 0.01 * n,
              "hedges")
    # A hedge whose first attempt answers as it leaves may never arrive.
    t.between(run["effects.extra_effects"], 0.8 * hedges, hedges,
              "extra effects are the hedges")
    t.equal(run["effects.lost"], 0, "lost")


# The shipped strategy sends a key, the same with both attempts. A service that
# answers 409 while the first of a key is under way never lets a hedge win; this
# one does not look at keys.

@test("2 % slow: hedging halves p99 at no more than 6 % extra", limit=120)
def two_percent_slow(t):
    n = few(2500, 2000)
    slow = serving("5ms", [{"kind": "latency", "ratio": 0.02,
                            "delay": "295ms"}], idempotency="none")
    before = p99_ms(hedged(t, slow, None, n))
    t.between(before, 299, 2000, "p99 without hedges")
    cases = ({"hedge": {"trigger": "delay", "delay": "30ms"}},
             {"hedge": {"trigger": "quantile", "quantile": "95%"}},
             {"hedge": None, "strategy": "strategies/hedged"})
    for case in cases:
        def measure(case=case):
            run = hedged(t, slow, n=n, **case)
            t.between(p99_ms(run), 5, before / 2, f"p99, {case}")
            t.between(extra(run), 0.005, 0.06, f"extra attempts, {case}")
        t.patiently(measure)


main()
