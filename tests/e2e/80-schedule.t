#!/usr/bin/python3
# Proves: the load that a service sees is the one that was declared. Rates,
# stages, Poisson arrivals (spread by the service's own log), the warm-up kept
# out of the figures, limits that drop and say so, late starts counted, threads
# that share exactly, and decisions that repeat with the seed.

from harness import *


def binned(log, width_s):
    times = sorted(float(row["at"]) for row in log)
    bins = [0] * (int((times[-1] - times[0]) / width_s) + 1)
    for at in times:
        bins[int((at - times[0]) / width_s)] += 1
    return bins[1:-1]


def dispersion(bins):
    mean = sum(bins) / len(bins)
    return sum((b - mean) ** 2 for b in bins) / (len(bins) - 1) / mean


@test("constant arrivals: the rate is exact and even")
def constant(t):
    nginx = t.nginx()
    run = t.run(nginx.url, "-r", "1000/s", "-d", "3s", "-c", "32")
    t.equal(run["operations.offered"], 3000, "offered")
    t.equal(run["operations.started"], 3000, "started")
    t.near(run["rates.offered_per_s"], 1000, 1, "rate")
    t.equal(run["generator.schedule_lag.count"], 3000, "every lag is counted")
    # Evenly spaced: the counts of 50 ms hardly vary. A Poisson stream has 1.
    t.check(dispersion(binned(nginx.log(), .05)) < .5 * PATIENCE, "even")


@test("Poisson arrivals: as many as declared, and as spread as Poisson's")
def poisson(t):
    nginx = t.nginx()
    n = 3000
    run = t.run(nginx.url, "-r", "1000/s", "-d", "3s", "-c", "64",
                "--arrival", "poisson", "--seed", "31")
    # Count: sd sqrt(n). Variance over mean of k bins: 1 with sd
    # sqrt(2 / (k - 1)). Four of each: 6.3e-5 twice; the seed is fixed.
    t.near(run["operations.offered"], n, 4 * n ** .5, "offered")
    bins = binned(nginx.log(), .02)
    t.near(dispersion(bins), 1, 4 * math.sqrt(2 / (len(bins) - 1)) + .05,
           "variance over mean in 20 ms")
    t.near(run["herd.dispersion_10ms"], 1, 4 * math.sqrt(2 / 299) + .05,
           "variance over mean in 10 ms, in the report")


@test("stages follow each other, each at its rate")
def stages(t):
    server = t.server(lambda request: reply())
    profile = t.profile({
        "requests": [{"name": "r", "headers": {"X-Seq": "{{op.seq}}"}}],
        "load": {"model": "open", "connections": 16, "stages": [
            {"name": "base", "for": "1s", "rate": "50/s"},
            {"name": "spike", "for": "500ms", "rate": "400/s"},
            {"name": "after", "for": "1s", "rate": "20/s"}]}})
    run = t.run(server.url, "-p", profile)
    t.equal([(p["name"], p["operations"]["offered"]) for p in run["phases"]],
            [("base", 50), ("spike", 200), ("after", 20)], "phases")
    by = {int(r.header("X-Seq")): r.at for r in server.requests}
    t.equal(len(by), 270, "received")
    t.near(by[249] - by[50], .5, .05 * PATIENCE, "length of the spike, s")
    t.near(by[269] - by[250], .95, .05 * PATIENCE, "length of the rest, s")


@test("the warm-up is sent and kept out of every figure")
def warmup(t):
    for model in (("-r", "200/s"), ("-c", "2", "--think", "5ms")):
        server = t.server(lambda request: reply())
        run = t.run(server.url, "-d", "500ms", "--warmup", "500ms", *model)
        received = len(server.requests)
        t.check(received > run["attempts.on_wire"], "the warm-up was sent")
        t.check(sum(p["attempts"] for p in run["series"]) ==
                run["attempts.on_wire"], "the series has no warm-up")
        if "-r" in model:
            t.equal(received, 200, "received")
            t.equal(run["operations.offered"], 100, "offered")
            t.near(run["rates.offered_per_s"], 200, 2, "rate")


@test("warm-up and operations: -n counts the measured ones")
def warmup_count(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-n", "150", "-r", "300/s", "--warmup", "300ms")
    t.equal(run["operations.offered"], 150, "offered")
    t.equal(len(server.requests), 240, "received")


@test("a limit on what is in flight drops, and says so")
def dropped(t):
    server = t.server(lambda request: HANG)
    run = t.run(server.url, "-r", "200/s", "-d", "500ms", "--max-in-flight",
                "7", "--timeout", "2s", status=None)
    t.equal(run["operations.offered"], 100, "offered")
    t.equal(run["operations.started"], 7, "started")
    t.equal(run["operations.dropped"], 93, "dropped")
    t.equal(run["generator.dropped"], 93, "the generator says so")
    t.equal(run["verdict"], "fail", "none of those that started succeeded")
    t.equal(run.status, 1, "exit status")
    t.match(" ".join(run["generator.warnings"]), "93", "the warning counts")
    t.equal(len(server.requests), 7, "received")


@test("a slow service never slows the schedule: waiting is counted")
def waiting(t):
    def answer(request):
        server.pause(.05)
        return reply()
    server = t.server(answer)
    # One connection, 20 answers a second, 100 asked for: after 1 s the last
    # has waited for about 4 s.
    run = t.run(server.url, "-r", "100/s", "-n", "100", "-c", "1")
    t.equal(run["operations.succeeded"], 100, "succeeded")
    t.between(run["latency.operation.max_us"], 3.5e6, 6e6 * PATIENCE,
              "the last one's latency")
    t.between(run["latency.attempt.p50_us"], 45e3, 100e3 * PATIENCE,
              "attempts take 50 ms")
    t.check(run["generator.schedule_lag.p99_us"] < 1e6,
            "the schedule itself was kept")


@test("threads share exactly: no number twice, none left out", limit=40)
def threads(t):
    server = t.server(lambda request: reply())
    profile = t.profile({"requests": [{"name": "r", "headers": {
        "X-Seq": "{{op.seq}}"}}]})
    for arguments in (("-n", "301"), ("-r", "301/s", "-d", "1s")):
        server.requests.clear()
        run = t.run(server.url, "-p", profile, "-t", "2", "-c", "7",
                    *arguments)
        t.equal(run["operations.succeeded"], 301, "succeeded")
        t.equal(sorted(int(r.header("X-Seq")) for r in server.requests),
                list(range(301)), "numbers")


@test("clients beyond connections, and weights of requests")
def mix(t):
    server = t.server(lambda request: reply())
    profile = t.profile({"requests": [
        {"name": "a", "weight": 3, "path": "/a"},
        {"name": "b", "weight": 1, "path": "/b", "method": "POST",
         "body": "x"}]})
    run = t.run(server.url, "-p", profile, "-n", "2000", "-c", "4", "--seed",
                "33")
    share = sum(r.path == "/a" for r in server.requests) / 2000
    # Binomial, four standard errors; the seed is fixed.
    t.near(share, .75, 4 * math.sqrt(.75 * .25 / 2000), "share of a")
    figures = {r["name"]: r for r in run["requests"]}
    t.equal(figures["a"]["attempts"]["on_wire"],
            sum(r.path == "/a" for r in server.requests), "a")
    t.equal(figures["b"]["attempts"]["on_wire"],
            sum(r.method == "POST" for r in server.requests), "b")


@test("the same seed gives the same decisions, another one others")
def seeds(t):
    # Every attempt of an operation fails until the fifth; waits are drawn
    # with full jitter, requests by weight, faults by ratio.
    server = t.server(lambda request: reply(
        503 if int(request.header("X-Attempt")) < 4 else 200))
    headers = {"X-Seq": "{{op.seq}}", "X-Attempt": "{{attempt}}",
               "X-Rand": "{{rand:1:1000000}}"}
    profile = t.profile({
        "requests": [{"name": "a", "path": "/a", "headers": headers},
                     {"name": "b", "path": "/b", "headers": headers}],
        "faults": [{"kind": "lost_request", "ratio": .2, "as": "reset"}],
        "retry": {"max_attempts": 6, "retry_on": ["5xx", "reset"],
                  "backoff": {"type": "constant", "initial": "150ms",
                              "jitter": "full"}}})

    def decisions(seed):
        server.requests.clear()
        run = t.run(server.url, "-p", profile, "-n", "8", "-c", "1",
                    "--seed", str(seed))
        return ([(r.header("X-Seq"), r.header("X-Attempt"), r.path,
                  r.header("X-Rand")) for r in server.requests],
                [b.at - a.at for a, b in zip(server.requests,
                                             server.requests[1:])],
                run["faults.lost_request.injected"])
    first, second, other = decisions(1), decisions(1), decisions(2)
    t.equal(first[0], second[0], "the sequence of attempts")
    t.equal(first[2], second[2], "faults")
    for a, b in zip(first[1], second[1]):
        t.near(a, b, .1 * PATIENCE, "waits, s")
    t.check(first[0] != other[0], "another seed decides otherwise")


main()
