#!/usr/bin/python3
# Proves: latency.time_to_success, and an SLO on p99 alone, are what --events
# says: over all operations, of which a failed one never succeeded. Quick errors
# do not lower it, and above the share of successes it is never, and no bound
# is met.

from harness import *

OPERATIONS = 1000
QUANTILES = {"p50": .5, "p90": .9, "p95": .95, "p99": .99, "p99_9": .999}


def independent(times, failed, q):
    """The nearest rank, of times in us and as many that never came."""
    rank = max(1, math.ceil(round(q * (len(times) + failed), 9)))
    return sorted(times)[rank - 1] if rank <= len(times) else None


def compare(t, failing):
    """`failing` of each thousand answers are errors."""
    server = t.server(lambda request: reply(
        500 if request.number * failing % OPERATIONS < failing else 200))
    path = t.path("events")
    run = t.run(server.url, "-n", OPERATIONS, "-c", 4, "--events", path,
                "--slo", "p99 < 1h", "--slo", "operation.p99 < 1h",
                "--slo", "succeeded >= 0",
                status=0 if failing <= 10 else 1)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    ends = [line for line in lines if line.get("type") == "operation"]
    times = [end["verdict_us"] - end["intended_us"] for end in ends
             if end["verdict"] == "succeeded"]
    failed = len(ends) - len(times)
    t.equal(failed, failing, "failed")
    latency = run["latency.time_to_success"]
    t.equal(latency["count"], OPERATIONS, "count")
    for name, q in QUANTILES.items():
        wanted = independent(times, failed, q)
        got = latency[name + "_us"]
        if wanted is None or got is None:
            t.equal(got, wanted, name)
        else:
            t.near(got, wanted, wanted * .002 + 2, name)
    t.equal(latency["max_us"] is None, failed > 0, "the largest")
    never = independent(times, failed, .99) is None
    t.equal([slo["pass"] for slo in run["slo"]], [not never, True, True],
            "SLOs")
    t.equal(run["slo"][0]["reason"],
            f"never: {failed} of {OPERATIONS} operations did not succeed"
            if never else None, "reason")


for share, failing in (("0", 0), ("0.5", 5), ("1", 10), ("5", 50),
                       ("100", 1000)):
    @test(f"with {share} % failures", limit=60)
    def failures(t, failing=failing):
        compare(t, failing)


main()
