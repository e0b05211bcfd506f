#!/usr/bin/python3
# Proves: over HTTP/2 a fault ends a stream and nothing beside it. Requests
# are torn, answers lost, thrown away early or read slowly on a connection that
# many streams share, over TLS and in clear text: those streams are reset
# as the server's books show, all others succeed, and the one connection lives
# to the end.

from harness import *

BODY = '{"op": "{{op.id}}", "fill": "' + "x" * 200 + '"}'


def runs_with_fault(t, path, fault, n=200, timeout="30s", more=(),
                    **sections):
    """The same over TLS and in clear text."""
    certificates = t.certificates()
    for tls in (certificates, None):
        yield run_with_fault(t, t.h2_books(tls), certificates, path, fault, n,
                     timeout, more, sections)


def run_with_fault(t, server, certificates, path, fault, n, timeout, more,
                   sections):
    profile = {"requests": [{"name": "order", "method": "POST", "path": path,
                             "body": BODY}],
               "timeout": {"attempt": timeout}, "faults": [fault],
               "target": {"http": "2"},
               "idempotency": {"key": "uuid4", "scope": "operation"}}
    profile.update(sections)
    run = t.run(server.url, "-p", t.profile(profile), "-n", n, "-c", "8",
                "--seed", "42", "--cacert", certificates.ca, "--resolve",
                f"localhost:{server.url.rsplit(':', 1)[1]}:127.0.0.1", *more)
    counts = server.final_counts(t)
    t.equal(len(counts["by_connection"]), 1, "one connection, to the end")
    t.equal(run["latency.connect.count"], 1, "connects reported")
    t.check(counts["at_once"] > 1 or "delay" not in path,
            "streams were on it at once")
    return run, counts


def were_reset(t, counts, injected):
    """libcurl may keep the last resets back until its connection has more to
    send: of those, the answer comes first."""
    t.between(counts["cancelled"], injected - 8, injected,
              "streams were reset")


def others_succeed(t, run, injected, n):
    t.check(injected > n / 10, f"{injected} got the fault")
    t.equal(run["operations.succeeded"], n - injected, "all others succeed")
    t.equal(run["attempts.by_outcome"]["ok"], n - injected, "outcomes")


@test("a torn request resets its stream alone", limit=60)
def torn(t):
    fault = {"kind": "torn_request", "ratio": .3, "as": "reset"}
    for run, counts in runs_with_fault(t, "/effects/delay/5", fault):
        injected = run["faults.torn_request.injected"]
        others_succeed(t, run, injected, 200)
        t.equal(counts["partial"], injected, "streams that broke off")
        t.equal(counts["whole"], 200 - injected, "whole")
        t.equal(sum(counts["effects"].values()), 200 - injected, "effects")
        t.equal(run["attempts.by_outcome"]["reset"], injected, "resets")


for seen_as in ("reset", "timeout"):
    @test(f"a lost response as {seen_as} does not disturb its neighbours",
          limit=90)
    def lost(t, seen_as=seen_as):
        # The answer comes long after the loss, on a busy machine too.
        fault = {"kind": "lost_response", "ratio": .3, "as": seen_as}
        size = {"n": 40, "timeout": "3s"} if seen_as == "timeout" else \
            {"n": 80}
        for run, counts in runs_with_fault(t, "/effects/delay/500", fault,
                                           **size):
            n = run["operations.started"]
            injected = run["faults.lost_response.injected"]
            others_succeed(t, run, injected, n)
            t.equal(run["faults.lost_response.delivered"], injected,
                    "delivered")
            t.equal(counts["whole"], n, "all were there whole")
            t.equal(sum(counts["effects"].values()), n, "and were done")
            t.equal(run["attempts.by_outcome"][seen_as], injected, "outcomes")
            if seen_as == "reset":
                were_reset(t, counts, injected)


@test("answers that come at once are lost without harm to others", limit=60)
def lost_in_the_middle(t):
    fault = {"kind": "lost_response", "ratio": .5, "as": "reset"}
    for run, counts in runs_with_fault(t, "/effects/body/5000", fault, n=400):
        injected = run["faults.lost_response.injected"]
        others_succeed(t, run, injected, 400)
        t.equal(sum(counts["effects"].values()), 400, "effects")


@test("the instant of a loss is swept", limit=60)
def swept(t):
    fault = {"kind": "lost_response", "ratio": .5, "as": "reset",
             "after": "20ms"}
    for run, counts in runs_with_fault(t, "/effects/delay/500", fault, n=64):
        injected = run["faults.lost_response.injected"]
        others_succeed(t, run, injected, 64)
        were_reset(t, counts, injected)
        t.equal(counts["answered"], 64 - counts["cancelled"],
                "or else answered")


for kind in ("duplicate", "late_duplicate"):
    @test(f"a {kind} is one more stream", limit=60)
    def duplicate(t, kind=kind):
        fault = {"kind": kind, "ratio": .3}
        if kind == "late_duplicate":
            fault["delay"] = "50ms"
        for run, counts in runs_with_fault(t, "/effects/delay/5", fault):
            duplicates = run["attempts.duplicates_injected"]
            t.check(duplicates > 30, f"{duplicates} duplicates")
            t.equal(run[f"faults.{kind}.injected"], duplicates, "injected")
            t.equal(counts["whole"], 200 + duplicates, "requests")
            t.equal(sum(c == 2 for c in counts["effects"].values()),
                    duplicates, "operations done twice")
            t.equal(sorted(counts["by_key"].values()),
                    sorted(counts["by_id"].values()), "with the same key")
            t.equal(run["operations.succeeded"], 200, "no caller notices")


def times(path):
    """(sent, done, slowed) of every attempt, on the clock of the run."""
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if event["type"] == "attempt":
            yield (event["sent_us"], event["done_us"],
                   event["fault"] is not None)


@test("a slow reader does not hold up its neighbours", limit=60)
def slow_read(t):
    fault = {"kind": "slow_read", "ratio": .1, "rate": "40KiB"}
    events = t.path("events")
    for run, counts in runs_with_fault(t, "/body/20000", fault, n=150,
                                       more=("--events", events)):
        injected = run["faults.slow_read.injected"]
        t.check(injected > 5, f"{injected} were slowed")
        t.equal(run["operations.succeeded"], 150, "all are answered")
        attempts = list(times(events))
        slow = [one for one in attempts if one[2]]
        t.equal(len(slow), injected, "events and report")
        t.check(all(done - sent >= 480e3 for sent, done, _ in slow),
                "the slow took 0.49 s")
        # Whoever begins after a slow one, and ends before it, was not held up.
        passed = sum(any(s[0] < sent and done < s[1] for s in slow)
                     for sent, done, slowed in attempts if not slowed)
        t.check(passed > (150 - injected) / 2,
                f"{passed} of {150 - injected} passed a slow one by")
        t.equal(counts["cancelled"], 0, "nothing was given up")


@test("nginx keeps the connection over lost responses", limit=60)
def real_server(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates, http2=True)
    port = nginx.url.rstrip("/").rsplit(":", 1)[1]
    run = t.run(nginx.url, "-n", "500", "-c", "8", "--http", "2", "--cacert",
                certificates.ca, "--resolve", f"localhost:{port}:127.0.0.1",
                "--seed", "2", "-p", t.profile({
                    "faults": [{"kind": "lost_response", "ratio": .3,
                                "as": "reset"}]}))
    injected = run["faults.lost_response.injected"]
    others_succeed(t, run, injected, 500)
    log = nginx.log()
    t.equal(len({row["connection"] for row in log}), 1, "one connection")
    t.equal(len(log), 500, "all requests came")


main()
