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


main()
