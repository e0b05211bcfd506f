#!/usr/bin/python3
# Proves: HTTP/2 works in clear text as it does over TLS: one connection for all
# streams, however large the answers are, and one a client where each has its
# own.

from harness import *

def both(t, path, *arguments, n=400, c=16, **options):
    """The same load over TLS and in clear text."""
    certificates = t.certificates()
    for tls in (certificates, None):
        server = t.h2_books(tls)
        port = server.url.rsplit(":", 1)[1]
        run = t.run(server.url + path, "--http", "2", "-n", n, "-c", c,
                    "--cacert", certificates.ca, "--resolve",
                    f"localhost:{port}:127.0.0.1", *arguments, **options)
        yield run, server.final_counts(t)


@test("many streams share one connection", limit=60)
def one(t):
    for run, counts in both(t, "/delay/2", n=1000, c=50):
        t.equal(run["operations.acked"], 1000, "acked")
        t.equal(run["latency.connect.count"], 1, "connects told")
        t.equal(list(counts["by_connection"].values()), [1000],
                "one connection")
        t.check(counts["at_once"] > 20, f"{counts['at_once']} at once")


@test("one stream at a time has one connection, too", limit=60)
def alone(t):
    for run, counts in both(t, "/ok", n=200, c=1):
        t.equal(run["operations.acked"], 200, "acked")
        t.equal(len(counts["by_connection"]), 1, "one connection")


@test("answers larger than libcurl's buffers come whole", limit=120)
def large(t):
    for size in (16346, 16384, 16400, 20000, 33000, 1000000):
        for run, counts in both(t, f"/body/{size}", "--timeout", "20s", n=30,
                                c=1):
            t.equal(run["operations.acked"], 30, f"{size} bytes: acked")
            t.equal(counts["answered"], 30, f"{size} bytes: answered")


@test("nginx in clear text: one connection, and it is HTTP/2", limit=60)
def nginx(t):
    nginx = t.nginx(http2=True)
    run = t.run(nginx.url, "-n", "3000", "-c", "32", "--http", "2")
    t.equal(run["operations.acked"], 3000, "acked")
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
    t.equal(run["operations.acked"], 600, "acked")
    users = {}
    for row in nginx.log():
        users.setdefault(row["connection"], set()).add(row["op"])
    t.equal(sorted(tuple(ops) for ops in users.values()),
            [(str(c),) for c in range(6)], "clients of the connections")


@test("a server of HTTP/1.1 is told from one of HTTP/2", limit=60)
def other(t):
    server = t.hostile()
    run = t.run(server.url, "--http", "2", "-n", "20", "-c", "4", "--timeout",
                "2s", status=None)
    t.equal(run["operations.acked"], 0, "acked")
    t.equal(run["operations.started"], 20, "all came to an end")


main()
