#!/usr/bin/python3
# Proves: every fault of the client's does what it says, by the books of the
# server, over HTTP/1.1 and over TLS. A torn request is never there whole, and
# the server saw as many break off as were injected; a duplicate comes twice,
# with the same key, on another connection, at once or when its operation is
# over; a delay and a slow reader take the time that they are set to; a swept
# loss comes at its instant, and never before delivery. What squall reports and
# what the server saw agree to the last request.
#
# Chance: which attempts get a fault. Counts are held against the books, which
# have no chance in them; where a share is held, seeds are fixed.

from harness import *

BODY = {"name": "order", "method": "POST",
        "body": '{"op": "{{op.id}}", "fill": "0123456789012345678901234567"}'}
RETRIES = {"max_attempts": 4, "retry_on": ["timeout", "reset"],
           "backoff": {"type": "none"}}


def document(t, path, faults, **sections):
    whole = {"requests": [dict(BODY, path=path)], "retry": RETRIES,
             "timeout": {"attempt": "10s"}, "faults": faults,
             "idempotency": {"key": "uuid4", "scope": "operation"}}
    whole.update(sections)
    return t.profile(whole)


def run_with_fault(t, path, fault, *arguments, tls=False, n=200, **sections):
    """A run against the hostile server, over TLS or not: run and server."""
    certificates = t.certificates() if tls else None
    server = t.hostile(tls=certificates)
    server.counts()  # it listens before it is there to serve
    url = server.url
    if tls:
        url = f"https://localhost:{server.ports[-1]}"
        arguments += ("--cacert", certificates.ca, "--resolve",
                      f"localhost:{server.ports[-1]}:127.0.0.1")
    run = t.run(url, "-p", document(t, path, [fault], **sections), "-n", n,
                "-c", "8", "--seed", "41", *arguments)
    return run, server


def same_books(t, run, counts, n):
    """What the server saw is what squall says it sent."""
    attempts = run["attempts"]
    t.equal(counts["whole"] + counts["partial"], attempts["on_wire"],
            "requests at the server")
    t.equal(attempts["first"], n, "first attempts")
    t.equal(attempts["total"], attempts["first"] + attempts["retries"] +
            attempts["duplicates_injected"], "kinds")


def settled(t, server, wanted):
    """The books once the server has read what was sent: what broke off is
    only known at the end of its connection."""
    t.wait_until("the server has read all", lambda: (
        lambda c: c["whole"] + c["partial"] >= wanted)(server.counts()))
    return server.counts()


for tls in (False, True):
    over = "TLS" if tls else "HTTP/1.1"

    @test(f"a torn request never comes whole, over {over}", limit=60)
    def torn(t, tls=tls):
        for seen_as in ("reset", "timeout"):
            n = 200 if seen_as == "reset" else 60
            run, server = run_with_fault(
                t, "/effects", {"kind": "torn_request", "ratio": .3,
                                "as": seen_as}, tls=tls, n=n,
                timeout={"attempt": "500ms" if not QUICK else "3s"})
            counts = settled(t, server, run["attempts.on_wire"])
            injected = run["faults.torn_request.injected"]
            same_books(t, run, counts, n)
            t.check(injected > n / 8, f"{injected} were torn")
            t.equal(counts["partial"], injected, "requests that broke off")
            t.equal(run["attempts.by_outcome"][seen_as], injected,
                    "the callers saw it so")
            t.equal(run["attempts.by_outcome"]["ok"], counts["whole"],
                    "all others came whole")
            t.equal(sum(counts["effects"].values()), counts["whole"],
                    "a torn request has no effect")
            t.equal(run["operations.succeeded"] + run["operations.ambiguous"], n,
                    "verdicts")
            t.equal(run["faults.torn_request.delivered"], None,
                    "delivery has no meaning")

    @test(f"a duplicate comes twice, at once, over {over}", limit=60)
    def duplicate(t, tls=tls):
        n = 200
        run, server = run_with_fault(t, "/effects/delay/60", {
            "kind": "duplicate", "ratio": .3}, tls=tls)
        counts = settled(t, server, run["attempts.on_wire"])
        duplicates = run["attempts.duplicates_injected"]
        same_books(t, run, counts, n)
        t.check(duplicates > 30, f"{duplicates} duplicates")
        t.equal(run["faults.duplicate.injected"], duplicates, "injected")
        t.equal(counts["whole"], n + duplicates, "requests")
        t.equal(sum(c == 2 for c in counts["by_id"].values()), duplicates,
                "operations that came twice")
        t.equal(sorted(counts["by_id"].values()),
                sorted(counts["by_key"].values()),
                "a duplicate has the key of what it duplicates")
        t.equal(run["operations.succeeded"], n, "no caller notices")
        t.equal(run["attempts.by_outcome"]["ok"], n + duplicates, "outcomes")
        t.equal(run["attempts.wasted"], duplicates, "nobody wants its answer")
        t.near(run["amplification.attempts_per_operation"], 1 + duplicates / n,
               1e-9, "duplicates reach the wire")
        t.equal(run["amplification.histogram"][0], n,
                "but are nobody's attempts")
        pairs = {}
        for row in server.log():
            pairs.setdefault(row["id"], []).append(row)
        twice = [rows for rows in pairs.values() if len(rows) == 2]
        t.check(all(a["connection"] != b["connection"] for a, b in twice),
                "on another connection")
        late = sorted(b["at"] - a["at"] for a, b in twice)
        t.check(late[len(late) // 2] < .03 * PATIENCE,
                f"at once: {late[len(late) // 2]:.3f} s")

    @test(f"a late duplicate comes when its operation is over, over {over}",
          limit=60)
    def late_duplicate(t, tls=tls):
        n = 100
        run, server = run_with_fault(t, "/effects/delay/20", {
            "kind": "late_duplicate", "ratio": .3, "delay": "50ms..150ms"},
            tls=tls, n=n)
        counts = settled(t, server, run["attempts.on_wire"])
        duplicates = run["attempts.duplicates_injected"]
        same_books(t, run, counts, n)
        t.check(duplicates > 15, f"{duplicates} duplicates")
        t.equal(run["faults.late_duplicate.injected"], duplicates, "injected")
        t.equal(sum(c == 2 for c in counts["effects"].values()), duplicates,
                "effects done twice")
        pairs = {}
        for row in server.log():
            pairs.setdefault(row["id"], []).append(row)
        # 20 ms of service, then the delay of at least 50 ms.
        t.check(all(rows[1]["at"] - rows[0]["at"] >= .069
                    for rows in pairs.values() if len(rows) == 2),
                "after its operation and the delay")


@test("late duplicates are sent before the ledger is read, with retries too")
def before_the_ledger(t):
    n = 60
    server = t.hostile()
    run = t.run(server.url, "-p", document(
        t, "/effects/flaky/0.3/reset-after",
        [{"kind": "late_duplicate", "ratio": .5, "delay": "300ms"}],
        ledger={"url": "/ledger/lines", "key": "{{op.id}}",
                "settle": "50ms"}), "-n", n, "-c", "8", "--seed", "3")
    counts = server.counts()
    duplicates = run["attempts.duplicates_injected"]
    effects = counts["effects"]
    t.check(duplicates > 15, f"{duplicates} duplicates")
    t.equal(sum(effects.values()), n + run["attempts.retries"] + duplicates,
            "every request was an effect")
    t.equal(run["effects.total_effects"], sum(effects.values()),
            "the ledger was read after the last of them")
    t.equal(run["effects.duplicate"], sum(c > 1 for c in effects.values()),
            "duplicates")
    t.equal(run["effects.foreign"], 0, "foreign")
    t.equal(run["effects.single_attempt"], 0,
            "a copy explains what no retry has done")


@test("a delay holds the attempt up before it is sent")
def delay(t):
    run, server = run_with_fault(t, "/ok", {"kind": "delay", "ratio": .4,
                                    "delay": "80ms..90ms"})
    injected = run["faults.delay.injected"]
    t.check(injected > 50, f"{injected} delayed")
    t.equal(server.counts()["whole"], 200, "all came")
    t.equal(run["operations.succeeded"], 200, "and were answered")
    slow = sum(row["count"] for row in run["operation_histogram"]
               if row["low_us"] >= 40000)
    t.equal(slow, injected, "operations that took the time")
    t.check(run["latency.attempt.p90_us"] < 40000 * PATIENCE,
            "the attempt itself did not")
    t.check(run["latency.queue.p90_us"] < 40000 * PATIENCE,
            "it does not count as waiting for a connection")


@test("a delay runs against the timeout of its attempt")
def delay_beyond(t):
    run, server = run_with_fault(t, "/ok", {"kind": "delay", "delay": "5s"}, 
                                 n=20, timeout={"attempt": "50ms"},
                         retry={"max_attempts": 2, "retry_on": ["timeout"],
                                "backoff": {"type": "none"}})
    t.equal(server.counts()["whole"], 0, "nothing was sent")
    t.equal(run["attempts.by_outcome"]["timeout"], 40, "all timed out")
    t.equal(run["attempts.on_wire"], 0, "on the wire")
    t.equal(run["faults.delay.injected"], 40, "injected")
    t.equal(run["operations.shed"] + run["operations.rejected"], 20,
            "of what was never sent nothing can be done")


@test("an answer is read slowly, and holds up nobody else")
def slow_read(t):
    server = t.hostile()
    server.counts()
    run = t.run(server.url, "-p", document(
        t, "/huge-body/100000",
        [{"kind": "slow_read", "ratio": .2, "rate": "200KiB"}]), "-n", "60",
        "-c", "8", "--seed", "4")
    injected = run["faults.slow_read.injected"]
    t.check(5 < injected < 30, f"{injected} were slowed")
    t.equal(run["operations.succeeded"], 60, "answers are whole all the same")
    # 100,000 bytes at 204,800 a second.
    slow = sum(row["count"] for row in run["operation_histogram"]
               if row["low_us"] >= 400000)
    t.equal(slow, injected, "the slow took 0.49 s")
    t.check(run["latency.operation.max_us"] >= 480000, "all of it")
    t.check(run["latency.operation.p50_us"] < 200000 * PATIENCE,
            "the others did not")


@test("a lost response as a reset is lost when the request is delivered",
      limit=60)
def lost_at_once(t):
    run, server = run_with_fault(t, "/effects/delay/300", {
        "kind": "lost_response", "as": "reset"}, n=16,
        retry={"max_attempts": 1})
    t.check(run["latency.operation.max_us"] < 200000 * PATIENCE,
            "the answer was not waited for: "
            f"{run['latency.operation.max_us']} us")
    t.equal(run["faults.lost_response.delivered"], 16, "delivered")
    t.equal(sum(server.counts()["effects"].values()), 16, "and done")
    t.equal(run["attempts.by_outcome"]["reset"], 16, "resets")


@test("the instant of a loss is swept", limit=60)
def swept(t):
    for after, low, high in (("100ms", 100, 150), ("40ms..80ms", 40, 120)):
        run, server = run_with_fault(t, "/effects/delay/60", {
            "kind": "lost_response", "as": "reset", "after": after}, n=80,
            retry={"max_attempts": 1})
        t.equal(run["faults.lost_response.delivered"], 80, "delivered")
        t.equal(sum(server.counts()["effects"].values()), 80, "done")
        t.check(run["latency.attempt.min_us"] >= low * 1000, f"{after}: from")
        t.check(run["latency.attempt.p50_us"] < high * 1000 * PATIENCE,
                f"{after}: to {run['latency.attempt.p50_us']}")
    # A share of the median, which here is 60 ms; a retry may then come
    # while the first attempt is still being served.
    run, server = run_with_fault(t, "/effects/delay/60", {
        "kind": "lost_response", "ratio": .6, "as": "reset",
        "after": "0..150%"}, n=200, retry={"max_attempts": 1})
    lost = run["faults.lost_response.injected"]
    t.equal(run["faults.lost_response.delivered"], lost, "delivered")
    t.equal(run["attempts.by_outcome"]["reset"], lost, "resets")
    t.equal(sum(server.counts()["effects"].values()), 200, "all done")
    # Even over 0 to 90 ms: six in ten of all are lost, and of those one in
    # five above 72 ms, one in five below 18 ms.
    t.check(run["latency.operation.min_us"] < 18000, "some at the beginning")
    t.check(run["latency.operation.p95_us"] > 72000, "some after the answer")
    t.check(run["latency.operation.p90_us"] < 150000 * PATIENCE,
            "and none far beyond")


@test("a swept loss that is seen as a timeout waits for the timeout")
def swept_timeout(t):
    run, server = run_with_fault(t, "/effects/delay/60", {
        "kind": "lost_response", "after": "20ms"}, n=40,
        timeout={"attempt": "200ms"}, retry={"max_attempts": 1})
    t.equal(run["attempts.by_outcome"]["timeout"], 40, "timeouts")
    t.equal(run["faults.lost_response.delivered"], 40, "delivered")
    t.check(run["latency.operation.min_us"] >= 199000, "after the timeout")
    t.equal(sum(server.counts()["effects"].values()), 40, "done")
    t.equal(server.counts()["by_end"].get("200", 0), 0,
            "but the connection was gone before the answer")


@test("faults mix, with retries, and the books agree", limit=60)
def mixed(t):
    n = 400
    server = t.hostile()
    run = t.run(server.url, "-p", document(
        t, "/effects/delay/2",
        [{"kind": "duplicate", "ratio": .2},
         {"kind": "torn_request", "ratio": .2, "as": "reset"},
         {"kind": "lost_response", "ratio": .2, "as": "reset"},
         {"kind": "lost_request", "ratio": .2, "as": "reset"},
         {"kind": "late_duplicate", "ratio": .2, "delay": "5ms"},
         {"kind": "delay", "ratio": .2, "delay": "5ms"}]),
        "-r", "400/s", "-n", n, "-c", "32", "--seed", "8")
    counts = settled(t, server, run["attempts.on_wire"])
    faults = run["faults"]
    same_books(t, run, counts, n)
    t.equal(counts["partial"], faults["torn_request"]["injected"], "torn")
    t.equal(run["attempts.duplicates_injected"],
            faults["duplicate"]["injected"] +
            faults["late_duplicate"]["injected"], "duplicates")
    t.equal(run["attempts.by_outcome"]["reset"],
            sum(faults[k]["injected"] for k in (
                "torn_request", "lost_response", "lost_request")), "resets")
    t.equal(counts["whole"], run["attempts.on_wire"] - counts["partial"],
            "whole")
    for kind in ("duplicate", "torn_request", "lost_response",
                 "lost_request", "late_duplicate", "delay"):
        t.check(faults[kind]["injected"] > 10, kind)


@test("faults hold where every answer closes its connection", limit=60)
def closing(t):
    for fault in ({"kind": "lost_request", "as": "reset"},
                  {"kind": "torn_request", "as": "reset"},
                  {"kind": "lost_response", "as": "reset"},
                  {"kind": "lost_response", "as": "timeout"},
                  {"kind": "duplicate"},
                  {"kind": "late_duplicate", "delay": "5ms"}):
        kind = fault["kind"]
        server = t.server(lambda request: reply(201, close=True))
        run = t.run(server.url, "-p", document(
            t, "/", [dict(fault, ratio=.4)],
            timeout={"attempt": "400ms" if not QUICK else "2s"}), "-n", "40",
            "-c", "4", "--seed", "9")
        reported = run["faults"][kind]
        torn = reported["injected"] if kind == "torn_request" else 0
        t.check(reported["injected"] > 5, f"{fault}: {reported}")
        t.equal(len(server.requests), run["attempts.on_wire"] - torn,
                f"{fault}: whole requests")
        t.equal({name for name, count in
                 run["attempts.by_outcome"].items() if count} - {"ok"},
                {fault["as"]} if "as" in fault else set(),
                f"{fault}: nothing else happened")
        if kind == "lost_response":
            t.equal(reported["delivered"], reported["injected"],
                    f"{fault}: delivered")


@test("what is never delivered is not a lost response that resets")
def undelivered(t):
    sock = listening_socket()  # the kernel accepts; nobody ever reads
    for seen_as, injected in (("reset", 0), ("timeout", 6)):
        run = t.run(f"http://127.0.0.1:{port_of(sock)}/", "-p", t.profile({
            "requests": [{"name": "order", "method": "POST",
                          "body": "x" * (12 << 20)}],
            "timeout": {"attempt": "300ms" if not QUICK else "2s"},
            "faults": [{"kind": "lost_response", "as": seen_as}]}),
            "-n", "6", "-c", "3")
        t.equal(run["attempts.by_outcome.timeout"], 6, f"{seen_as}: timeouts")
        t.equal(run["faults.lost_response"],
                {"injected": injected, "delivered": 0}, seen_as)
    sock.close()


@test("an interrupted run drops the duplicates that were not sent")
def interrupted(t):
    server = t.hostile()
    path = t.path("report.json")
    process = t.launch("run", "-q", "-o", path, server.url, "-p", document(
        t, "/ok", [{"kind": "late_duplicate", "delay": "20s"}]), "-d", "60s",
        "-c", "2")
    t.wait_until("requests", lambda: server.counts()["whole"] > 20)
    process.signal(signal.SIGINT)
    time.sleep(.3)
    process.signal(signal.SIGINT)
    run = t.finish(process, status=130, report=path, limit=20)
    t.check_report(run.report)
    t.equal(run["attempts.duplicates_injected"], 0, "duplicates")
    t.equal(run["faults.late_duplicate.injected"], 0, "injected")
    t.equal(server.counts()["whole"], run["attempts.on_wire"], "requests")


main()
