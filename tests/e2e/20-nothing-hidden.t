#!/usr/bin/python3
# Proves: every request that reaches the wire is an attempt of the report. A
# server that closes or resets reused connections makes libcurl want to send
# again by itself, POST included; squall refuses that, calls the attempt
# `reset_reused`, and leaves the retry to its own policy. What the server
# counted (requests, and effects per operation) is what the report says, to
# the last one, for GET and POST, with retries and without.

from harness import *

OPERATIONS = few(600, 200)


class ClosingServer:
    """Performs an effect for every request that it reads; hangs up instead
    of answering on each `every`-th request of a connection."""

    def __init__(self, t, ending, every=4):
        self.ending, self.every = ending, every
        self.effects = {}
        self.lock = threading.Lock()
        self.server = t.server(self.answer)
        self.url = self.server.url

    def answer(self, request):
        if request.path == "/ledger":
            with self.lock:
                return reply(200, "".join(
                    f"{k} {v}\n" for k, v in self.effects.items()))
        with self.lock:
            operation = request.header("X-Op")
            self.effects[operation] = self.effects.get(operation, 0) + 1
        if request.on_connection % self.every == self.every - 1:
            return self.ending
        return reply()

    def received(self):
        return [r for r in self.server.requests if r.path != "/ledger"]


def compare(t, method, ending, attempts):
    closing = ClosingServer(t, ending)
    profile = t.profile({
        "requests": [{"name": "r", "method": method, "effect": True,
                      "headers": {"X-Op": "{{op.id}}",
                                  "X-Attempt": "{{attempt}}"},
                      **({"body": "{{op.seq}}"} if method == "POST" else {})}],
        "retry": {"max_attempts": attempts, "retry_on": ["reset", "timeout"]},
        "timeout": {"attempt": "10s"},
        "ledger": {"url": "/ledger", "key": "{{op.id}}", "settle": "10ms"}})
    run = t.run(closing.url, "-p", profile, "-n", OPERATIONS, "-c", "4",
                limit=60)
    received = closing.received()
    t.equal(run["attempts.on_wire"], len(received), "on wire and received")
    t.equal(run["operations.started"], OPERATIONS, "started")
    t.equal(run["attempts.total"], len(received), "all attempts were sent")
    t.equal(run["attempts.retries"],
            sum(r.header("X-Attempt") != "1" for r in received), "retries")
    broken = sum(r.on_connection % closing.every == closing.every - 1
                 for r in received)
    t.equal(run["attempts.by_outcome"].get("reset_reused"), broken,
            "reset_reused is every hang-up on a reused connection")
    t.check(broken > OPERATIONS / 10, f"the server did hang up: {broken}")

    counts = list(closing.effects.values())
    t.equal(run["effects.oracle"], "ledger", "oracle")
    t.equal(run["effects.operations_checked"], OPERATIONS, "checked")
    t.equal(run["effects.duplicate"], sum(c > 1 for c in counts),
            "duplicates by the server's count")
    t.equal(run["effects.extra_effects"], sum(c - 1 for c in counts),
            "extra effects by the server's count")
    t.equal(len(closing.effects), OPERATIONS, "every operation arrived")
    if attempts == 1:
        t.equal(run["effects.duplicate"], 0, "no retries, no duplicates")
        t.equal(run["effects.unresolved_done"], broken,
                "a hang-up after the effect is unresolved, done")
    else:
        t.check(run["effects.duplicate"] > 0, "retries made duplicates")
    return run


def add(method, ending, ending_name, attempts):
    @test(f"{method}, server {ending_name}, {attempts} attempt(s)", limit=60)
    def case(t):
        compare(t, method, ending, attempts)


for method in ("GET", "POST"):
    for ending, ending_name in ((CLOSE, "closes"), (RESET, "resets")):
        for attempts in (1, 4):
            add(method, ending, ending_name, attempts)


@test("the hostile server's books agree with the report to the last request",
      limit=60)
def books(t):
    for method in ("GET", "POST"):
        for path in ("/effects/close-reused", "/effects/close-reused/reset",
                     "/effects/flaky/0.2/500", "/effects/close-after",
                     "/effects/flaky/0.3/reset-after"):
            for attempts in (1, 3):
                hostile = t.hostile()
                profile = t.profile({
                    "requests": [{"name": "r", "method": method, "effect": True,
                                  "headers": {"X-Op": "{{op.id}}"},
                                  **({"body": "x"} if method == "POST"
                                     else {})}],
                    "retry": {"max_attempts": attempts,
                              "retry_on": ["reset", "5xx"]},
                    "ledger": {"url": "/ledger/lines", "key": "{{op.id}}",
                               "settle": "10ms"}})
                run = t.run(hostile.url + path, "-p", profile, "-n",
                            few(300, 60), "-c", "4", "--seed", "8")
                counts = hostile.counts()
                where = f"{method} {path} {attempts}"
                readings = counts["by_path"].get("/ledger/lines", 0)
                t.equal(run["attempts.on_wire"], counts["whole"] - readings,
                        f"{where}: on wire")
                effects = counts["effects"].values()
                t.equal(run["effects.duplicate"],
                        sum(v > 1 for v in effects), f"{where}: duplicates")
                t.equal(run["effects.total_effects"], sum(effects),
                        f"{where}: effects")


@test("a connection that breaks on its first request is `reset`")
def fresh_reset(t):
    for ending in (CLOSE, RESET):
        server = t.server(lambda request, ending=ending: ending)
        run = t.run(server.url, "-n", "20", "-c", "2", "-X", "POST", "-b",
                    "x")
        t.equal(run["attempts.by_outcome"].get("reset"), 20, "reset")
        t.equal(len(server.requests), 20, "received")
        t.equal(run["operations.ambiguous"], 20, "ambiguous")


@test("an answer, then a close: nothing is sent twice", limit=60)
def idle_close(t):
    # The close may cross the next request: that one is then on the wire and
    # never read. It must be a reset_reused, and only such may differ.
    def answer(request):
        return reply() if request.on_connection % 3 else reply(close=True)
    server = t.server(answer)
    run = t.run(server.url, "-n", OPERATIONS, "-c", "4", "-X", "POST", "-b",
                "{{op.seq}}", limit=60)
    bodies = [r.body for r in server.requests]
    t.equal(len(bodies), len(set(bodies)), "no body came twice")
    t.equal(run["attempts.on_wire"] - len(bodies),
            run["attempts.by_outcome"].get("reset_reused", 0),
            "what was not received is reported")


@test("redirects and authentication challenges are not followed")
def no_hidden_requests(t):
    for status, header in ((302, ("Location", "/elsewhere")),
                           (401, ("WWW-Authenticate", "Basic realm=x")),
                           (307, ("Location", "/again"))):
        server = t.server(lambda request, s=status, h=header:
                          reply(s, headers=[h]))
        run = t.run(server.url, "-n", "10", "-X", "POST", "-b", "x")
        t.equal(len(server.requests), 10, f"{status}: received")
        t.equal(run["attempts.on_wire"], 10, f"{status}: on wire")
        t.equal(run["attempts.by_outcome"].get("ok", 0), 0, "not ok")


main()
