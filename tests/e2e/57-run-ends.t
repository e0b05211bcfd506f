#!/usr/bin/python3
# Proves: no command runs longer than what it said, the drain, and a second,
# whatever a service does: fifty random profiles of both models, with waits,
# faults and policies of every kind, against a server that answers, stays
# silent, drips, resets or says "come again in a minute"; a ledger that never
# ends; an audit and a replay of a service that is silent.
#
# SQUALL_TEST_SEED repeats a run; tests/prop/test_run_ends.c does the same in
# virtual time.

import random

from harness import *

SEED = int(os.environ.get("SQUALL_TEST_SEED") or random.SystemRandom()
           .randrange(1 << 31))
PROFILES = few(50, 12)
AT_ONCE = 3
SLACK = 1.0  # beside what was said

BACKOFFS = [
    {"type": "constant", "initial": "1h"},
    {"type": "exponential", "initial": "10ms", "multiplier": 2, "max": "1s",
     "jitter": "full"},
    {"type": "constant", "initial": "3ms"},
]
BREAKER = {"any_of": [{"type": "consecutive", "failures": 3}],
           "open": {"type": "constant", "initial": "200ms"}}

# A list a choice; what is chosen is merged into the profile, None adds nothing.
CHOICES = [
    [{"load": {"drain": d}} for d in ("0s", "200ms", "700ms")],
    [None, {"load": {"warmup": "200ms"}}],
    [{"timeout": {"attempt": a, "operation": o}} for a, o in
     (("80ms", "500ms"), ("1h", "1h"), ("400ms", "1h"), ("1h", "90ms"))],
    [None, {"timeout": {"deadline_rule": "check_between"}},
     {"timeout": {"deadline_rule": "refuse_if_wait_exceeds"}}],
    [None] + [{"retry": {"max_attempts": n, "backoff": b, "retry_on": [
        "5xx", "429", "timeout", "reset", "connect"]}}
        for n in (3, 0) for b in BACKOFFS],
    [None, {"retry": {"max_attempts": 4, "retry_on": ["5xx", "429"],
                      "backoff": BACKOFFS[2], "server_hint": {
                          "headers": [{"name": "Retry-After",
                                       "format": "seconds"}],
                          "apply": "max"}}}],
    [None, None, {"hedge": {"delay": "20ms", "max_extra": 2}}],
    [None, None, {"breaker": BREAKER}],
    [None, None, {"concurrency": {"limit": 2, "queue": 1000,
                                  "max_wait": "1h"}}],
    [None, None, {"rate_limit": {"type": "token_bucket", "rate": "20/s",
                                 "burst": 2}}],
    [None, None] + [{"faults": [f]} for f in (
        {"kind": "delay", "delay": "1h", "ratio": 0.3},
        {"kind": "lost_request", "ratio": 0.3},
        {"kind": "lost_response", "ratio": 0.3},
        {"kind": "slow_read", "rate": "3B", "ratio": 0.5},
        {"kind": "duplicate", "ratio": 0.5})],
    [{"load": {"connections": c}} for c in (1, 3, 20)],
    [None, {"load": {"pool": "per_client", "clients": 4, "connections": 20}}],
    [None, {"load": {"operations": 40}}],
]
OPEN = [{"load": {"rate": "20/s"}}, {"load": {"rate": "100/s"}}]
CLOSED = [None, {"load": {"think": "30ms"}}, {"load": {"think": "1h"}}]


def merge(profile, part):
    for key, value in (part or {}).items():
        if isinstance(value, dict):
            merge(profile.setdefault(key, {}), value)
        else:
            profile[key] = value


def draw_profile(rng):
    profile = {"load": {"duration": "600ms"}}
    is_open = rng.random() < 0.5
    for row in CHOICES + [OPEN if is_open else CLOSED]:
        merge(profile, json.loads(json.dumps(rng.choice(row))))
    return profile


def mixed_answers(rng, server):
    """What the service does with each request, drawn anew for each run."""
    kinds = rng.sample(["ok", "slow", "hang", "drip", "later", "error",
                        "reset", "cut", "interim"], rng.randrange(1, 4))
    draws = random.Random(rng.random())
    lock = threading.Lock()

    def answer(_request):
        with lock:
            kind = draws.choice(kinds)
        if kind == "slow":
            server.pause(0.15)
        if kind == "hang":
            return HANG
        if kind == "drip":
            return drip(server)
        if kind == "later":
            return reply(429, headers=[("Retry-After", "60")])
        if kind == "error":
            return reply(503)
        if kind == "reset":
            return RESET
        if kind == "cut":
            return reply(body="x" * 50)[:-10], CLOSE
        if kind == "interim":
            return interim(server)
        return reply()
    return kinds, answer


def drip(server):
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    while not server.stopping.is_set():
        yield b"x"
        server.pause(0.03)


def interim(server):
    while not server.stopping.is_set():
        yield b"HTTP/1.1 102 Processing\r\n\r\n"
        server.pause(0.03)


def seconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s|h)", text).groups()
    return float(number) * {"ms": 0.001, "s": 1, "h": 3600}[unit]


def said(profile):
    load = profile["load"]
    return sum(seconds(load.get(key, "0s"))
               for key in ("warmup", "duration", "drain"))


class Timed:
    """A squall of its own, and how long it took, to the instant of its end,
    whenever that is looked at."""

    def __init__(self, t, limit, arguments):
        self.limit = limit
        self.took = None
        self.status = None
        self.began = time.monotonic()
        self.process = t.launch(*arguments)
        self.watch = threading.Thread(target=self._wait, daemon=True)
        self.watch.start()

    def _wait(self):
        self.status = self.process.popen.wait()
        self.took = time.monotonic() - self.began

    def finish(self, t, what):
        self.watch.join((self.limit + 20) * PATIENCE)
        if self.took is None:
            self.process.kill()
            self.watch.join()
        t.check(self.took <= self.limit * PATIENCE,
                f"{what}: took {self.took:.2f} s of {self.limit:.2f} s")
        return self.status


def finish_run(t, run, profile, kinds, path):
    what = f"{json.dumps(profile)} against {kinds}"
    status = run.finish(t, what)
    t.check(status in (0, 1, 3), f"{what}: exit status {status}\n"
            f"{tail(run.process.err)}")
    if not t.check(path.exists(), f"{what}: no report"):
        return
    report = json.loads(path.read_text())
    for sentence in broken_equations(report):
        t.check(False, f"{what}: equation broken: {sentence}")


@test("fifty random profiles end in time", limit=240)
def random_profiles(t):
    rng = random.Random(SEED)
    t.note(f"SQUALL_TEST_SEED={SEED}")
    running = []
    for number in range(PROFILES):
        profile = draw_profile(rng)
        server = t.server(None)
        kinds, server.answer = mixed_answers(rng, server)
        path = t.path(f"ends{number}.json")
        run = Timed(t, said(profile) + SLACK,
                    ["run", server.url, "-q", "-o", path, "-p",
                     t.profile(profile, f"profile{number}.json")])
        running.append((run, profile, kinds, path, server))
        if len(running) == AT_ONCE:
            first = running.pop(0)
            finish_run(t, *first[:4])
            first[4].close()
    for run, profile, kinds, path, _ in running:
        finish_run(t, run, profile, kinds, path)


@test("a ledger that never ends is left at ledger.timeout", limit=60)
def endless_ledger(t):
    def answer(request):
        if request.path == "/ledger":
            return ledger_lines(server)
        return reply()

    def ledger_lines(server):
        yield b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        number = 0
        while not server.stopping.is_set():
            number += 1
            yield f"id-{number} 1\n".encode()
            server.pause(0.01)

    server = t.server(answer)
    # Once before the load and once after it.
    run = Timed(t, 0.5 + 2 * 0.7 + SLACK,
                ["run", server.url, "-X", "POST", "-d", "500ms", "-q",
                 "--set", "idempotency={}", "--ledger", "/ledger", "--set", "ledger.timeout=700ms",
                 "--set", "ledger.settle=100ms"])
    t.equal(run.finish(t, "ledger"), 3, "exit status")
    t.match(run.process.err, r"ledger", "says what it was")


@test("an audit of a silent service ends at --limit", limit=60)
def silent_audit(t):
    server = t.server(lambda request: HANG)
    run = Timed(t, 2 + SLACK, ["audit", server.url, "--limit", "2s", "-X",
                               "POST", "-b", '{"op": "{{op.id}}"}'])
    t.check(run.finish(t, "audit") in (1, 3), "exit status")


@test("a replay to a silent service ends with its operations", limit=60)
def silent_replay(t):
    failing = t.server(lambda request: reply(503))
    letters = t.path("letters.jsonl")
    t.squall("run", failing.url, "-X", "POST", "-b", '{"op": "{{op.id}}"}',
             "-n", "20", "-c", "10", "-q", "--dead-letters", letters,
             status=None)
    t.check(letters.exists(), "there are dead letters")
    server = t.server(lambda request: HANG)
    # Twenty letters over ten connections: two rounds at most.
    run = Timed(t, 2 * 0.5 + SLACK, ["replay", letters, server.url, "-c",
                                     "10", "-q", "--operation-timeout",
                                     "500ms"])
    t.check(run.finish(t, "replay") in (1, 3), "exit status")


main()
