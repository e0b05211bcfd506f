#!/usr/bin/python3
# Proves: HTTP/2 works in clear text as it does over TLS: one connection for
# all streams that it has room for, and one more where it has none. And what a
# service refuses unprocessed, by REFUSED_STREAM or by GOAWAY, is not
# what nobody knows about: squall's refusals are those of the server's books, to
# the last, and so are its effects.

from harness import *

ORDER = ("-X", "POST", "-b", '{"op": "{{op.id}}"}')


def both(t, path, *arguments, n=400, c=16, streams=1000, **options):
    """The same load over TLS and in clear text."""
    certificates = t.certificates()
    for tls in (certificates, None):
        server = t.h2_books(tls, streams)
        port = server.url.rsplit(":", 1)[1]
        run = t.run(server.url + path, "--http", "2", "-n", n, "-c", c,
                    "--cacert", certificates.ca, "--resolve",
                    f"localhost:{port}:127.0.0.1", *arguments, **options)
        yield run, server.final_counts(t)


def outcomes(run):
    return {name for name, count in run["attempts.by_outcome"].items()
            if count}


def hold_refusals(t, run, counts, n):
    """Refused and processed make the whole, and nobody else was refused."""
    refused = run["attempts.by_outcome"]["refused_stream"]
    t.equal(refused, n - counts["whole"], "those not processed were refused")
    t.equal(sum(counts["effects"].values()), counts["whole"], "effects")
    t.equal(run["operations.rejected"], refused, "a definite no")
    return refused


@test("many streams share one connection", limit=60)
def one(t):
    for run, counts in both(t, "/delay/2", n=1000, c=50):
        t.equal(run["operations.succeeded"], 1000, "succeeded")
        t.equal(run["latency.connect.count"], 1, "connects reported")
        t.equal(list(counts["by_connection"].values()), [1000],
                "one connection")
        t.check(counts["at_once"] > 20, f"{counts['at_once']} at once")


@test("one stream at a time has one connection, too", limit=60)
def alone(t):
    for run, counts in both(t, "/ok", n=200, c=1):
        t.equal(run["operations.succeeded"], 200, "succeeded")
        t.equal(len(counts["by_connection"]), 1, "one connection")


@test("a server with room for ten streams gets more connections", limit=60)
def room(t):
    for run, counts in both(t, "/delay/5", n=800, c=40, streams=10):
        t.equal(run["operations.succeeded"], 800, "succeeded")
        t.between(len(counts["by_connection"]), 4, 40, "connections")
        t.equal(run["latency.connect.count"], len(counts["by_connection"]),
                "connects reported")


@test("answers larger than libcurl's buffers come whole", limit=120)
def large(t):
    for size in (16346, 16384, 16400, 20000, 33000, 1000000):
        for run, counts in both(t, f"/body/{size}", "--timeout", "20s", n=30,
                                c=1):
            t.equal(run["operations.succeeded"], 30, f"{size} bytes: succeeded")
            t.equal(counts["answered"], 30, f"{size} bytes: answered")


@test("nginx in clear text: one connection, and it is HTTP/2", limit=60)
def nginx(t):
    nginx = t.nginx(http2=True)
    run = t.run(nginx.url, "-n", "3000", "-c", "32", "--http", "2")
    t.equal(run["operations.succeeded"], 3000, "succeeded")
    log = nginx.log()
    t.equal({row["protocol"] for row in log}, {"HTTP/2.0"}, "protocol")
    t.equal(len({row["connection"] for row in log}), 1, "connections")
    t.equal(len(log), 3000, "in the log")


@test("nginx in clear text: a connection a client", limit=60)
def pools(t):
    nginx = t.nginx(http2=True)
    run = t.run(nginx.url, "-n", "600", "--clients", "6", "-c", "24", "-t",
                "2", "--http", "2", "--pool", "per_client", "-H",
                "X-Op: {{client}}")
    t.equal(run["operations.succeeded"], 600, "succeeded")
    users = {}
    for row in nginx.log():
        users.setdefault(row["connection"], set()).add(row["op"])
    t.equal(sorted(tuple(ops) for ops in users.values()),
            [(str(c),) for c in range(6)], "clients of the connections")


@test("nginx sends GOAWAY after 50 requests: nothing is unknown", limit=60)
def goaways(t):
    nginx = t.nginx(http2=True, extra="keepalive_requests 50;")
    run = t.run(nginx.url, "-n", "2000", "-c", "20", "--http", "2")
    log = nginx.log()
    t.equal(run["operations.succeeded"], len(log), "those in the log are succeeded")
    t.equal(run["attempts.by_outcome"]["refused_stream"], 2000 - len(log),
            "the others are refused")
    t.equal(run["operations.ambiguous"], 0, "ambiguous")
    t.between(len({row["connection"] for row in log}), 30, 60, "connections")


@test("REFUSED_STREAM is a definite no", limit=60)
def refused(t):
    for run, counts in both(t, "/refuse/5/effects/delay/5", *ORDER):
        count = hold_refusals(t, run, counts, 400)
        t.check(count >= 40, f"{count} refused")
        t.equal(count, counts["refused"], "in the books")
        t.equal(run["operations.succeeded"], 400 - count, "all others succeed")


@test("what was refused can be sent again, and is done once", limit=60)
def retried(t):
    profile = t.profile({"retry": {
        "max_attempts": 20, "retry_on": ["refused_stream"],
        "backoff": {"type": "constant", "initial": "1ms"}}})
    for run, counts in both(t, "/refuse/5/effects/delay/5", *ORDER, "-p",
                            profile):
        t.equal(run["operations.succeeded"], 400, "succeeded")
        t.equal(set(counts["effects"].values()), {1}, "each effect once")
        t.equal(len(counts["effects"]), 400, "effects")
        t.equal(run["attempts.retries"], counts["refused"], "retries")


@test("GOAWAY refuses what is above it, and lets the rest end", limit=60)
def goaway(t):
    for run, counts in both(t, "/goaway/20/effects/delay/10", *ORDER):
        count = hold_refusals(t, run, counts, 400)
        t.check(count > 0, f"{count} refused")
        t.equal(run["operations.succeeded"], 400 - count, "all others succeed")


@test("GOAWAY and a close: what was begun is unknown", limit=60)
def goaway_and_close(t):
    for run, counts in both(t, "/goaway-close/20/effects/delay/10", *ORDER):
        hold_refusals(t, run, counts, 400)
        t.check(run["operations.ambiguous"] > 0, "some are ambiguous")
        t.check(outcomes(run) <= {"ok", "refused_stream", "reset",
                                  "reset_reused"}, f"{outcomes(run)}")


@test("a GOAWAY that a reset may overtake refuses nobody falsely", limit=60)
def goaway_and_reset(t):
    for run, counts in both(t, "/goaway-reset/20/effects/delay/10", *ORDER):
        refused = run["attempts.by_outcome"]["refused_stream"]
        t.check(refused <= 400 - counts["whole"], f"{refused} refused")
        t.equal(run["operations.rejected"], refused, "a definite no")
        t.equal(refused + run["operations.succeeded"] +
                run["operations.ambiguous"], 400, "the others are ambiguous")


@test("a close without a word refuses nothing", limit=60)
def close(t):
    for run, counts in both(t, "/close/20/effects/delay/10", *ORDER):
        t.equal(run["operations.rejected"], 0, "refused")
        # An answer may have begun.
        t.check(outcomes(run) <= {"ok", "reset", "reset_reused", "truncated"},
                f"{outcomes(run)}")
        t.check(run["operations.ambiguous"] >= 400 - counts["answered"],
                "those without an answer are ambiguous")


@test("a stream reset for another reason is unknown", limit=60)
def reset(t):
    for run, counts in both(t, "/effects/reset", *ORDER, n=100, c=4):
        t.equal(sum(counts["effects"].values()), 100, "effects")
        t.equal(run["operations.ambiguous"], 100, "ambiguous")
        t.check(outcomes(run) <= {"reset", "reset_reused"},
                f"{outcomes(run)}")


@test("nonsense from the server refuses nothing, and ends", limit=60)
def nonsense(t):
    for run, counts in both(t, "/nonsense/20/effects/delay/10", *ORDER,
                            "--timeout", "1s", n=200):
        t.equal(run["operations.rejected"], 0, "refused")
        t.equal(run["operations.succeeded"] + run["operations.ambiguous"], 200,
                "known, or known to be unknown")
        t.between(sum(counts["effects"].values()), run["operations.succeeded"],
                  200, "effects")


@test("a server of HTTP/1.1 is distinguished from one of HTTP/2", limit=60)
def other(t):
    server = t.hostile()
    run = t.run(server.url, "--http", "2", "-n", "20", "-c", "4", "--timeout",
                "2s", status=None)
    t.equal(run["operations.succeeded"], 0, "succeeded")
    t.equal(run["operations.started"], 20, "all came to an end")


main()
