#!/usr/bin/python3
# Proves: what the host of the calls must withstand and must not mix up:
# attempts that end without a wire, endless ones among them; waits that were
# none.

from harness import *


@test("attempts without end that never leave do not stop the clock")
def endless_attempts(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-p", t.profile({
        "faults": [{"kind": "lost_request", "ratio": 1, "as": "reset"}],
        "timeout": {"operation": "300ms"},
        "retry": {"max_attempts": 0, "retry_on": ["reset"],
                  "backoff": {"type": "none"}}}),
        "-n", "4", "-c", "2", limit=20)
    t.equal(run["operations.refused"], 4, "refused")
    t.equal(run["attempts.on_wire"], 0, "on the wire")
    t.check(run["attempts.total"] > 1000, "many attempts")
    t.equal(run["faults.lost_request.injected"], run["attempts.total"],
            "injected")
    t.check(run["latency.operation.min_us"] >= 300000, "until the timeout")
    t.equal(server.requests, [], "requests that arrived")


@test("a request that is lost before sending waits for no connection")
def no_queue(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-p", t.profile({
        "faults": [{"kind": "lost_request", "ratio": .5}],
        "timeout": {"attempt": "200ms"}}), "-n", "20", "-c", "10",
        "--seed", "3")
    t.between(run["faults.lost_request.injected"], 1, 19, "injected")
    t.equal(run["latency.queue.count"], len(server.requests), "queued")
    t.check(run["latency.queue.max_us"] < 100000, "nothing waited 200 ms")


@test("a rule may ask for the connection of an attempt that was given up")
def reused_connection(t):
    for seen_as in ("reset", "timeout"):
        server = t.server(lambda request: reply())
        run = t.run(server.url, "-p", t.profile({
            "requests": [{"name": "r", "headers": {"N": "{{attempt}}"}}],
            "faults": [{"kind": "lost_response", "ratio": .5,
                        "as": seen_as}],
            "timeout": {"attempt": "50ms"},
            "retry": {"max_attempts": 2, "classify": [
                {"when": {"outcome": [seen_as], "reused": True},
                 "as": "transient"}], "backoff": {"type": "none"}}}),
            "-n", "40", "-c", "1", "--seed", "5")
        firsts = [r for r in server.requests if r.header("N") == "1"]
        retried = [server.requests[r.number - 1] for r in server.requests
                   if r.header("N") == "2"]
        t.equal(len(firsts), 40, "first attempts")
        t.check(retried and all(r.on_connection for r in retried),
                f"{seen_as}: retried after reused connections only")
        t.equal(run["attempts.retries"], len(retried), "retries")


@test("a thread that cannot be made is a named error", limit=60)
def too_many_threads(t):
    if QUICK:
        raise Skip("a sanitizer takes all address space there is")
    server = t.server(lambda request: reply())
    named = 0
    # The stacks of 40 threads do not fit; where that shows first depends on
    # the machine's libraries.
    for mib in range(300, 1000, 50):
        room = (mib << 20, mib << 20)
        run = t.squall(
            "run", server.url, "-t", "40", "-c", "40", "-n", "40",
            status=None,
            preexec=lambda: resource.setrlimit(resource.RLIMIT_AS, room))
        t.check(run.status in (0, 3), f"{mib} MiB: status {run.status}")
        named += "a thread could not be started" in run.err
    t.check(named > 0, "named")


main()
