#!/usr/bin/python3
# Proves: what the host of the calls must withstand and must not mix up:
# attempts that end without a wire, endless ones among them; waits that were
# none.

from harness import *

import fcntl


@test("attempts without end that never leave do not stop the clock")
def endless_attempts(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-p", t.profile({
        "faults": [{"kind": "lost_request", "ratio": 1, "as": "reset"}],
        "timeout": {"operation": "300ms"},
        "retry": {"max_attempts": 0, "retry_on": ["reset"],
                  "backoff": {"type": "none"}}}),
        "-n", "4", "-c", "2", limit=20)
    t.equal(run["operations.unanswered"], 4, "no answer came")
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
            "requests": [{"name": "r", "headers": {"N": "{{attempt}}",
                                                   "Op": "{{op.id}}"}}],
            "faults": [{"kind": "lost_response", "ratio": .5,
                        "as": seen_as}],
            "timeout": {"attempt": "50ms"},
            "retry": {"max_attempts": 2, "classify": [
                {"when": {"outcome": [seen_as], "reused": True},
                 "as": "transient"}], "backoff": {"type": "none"}}}),
            "-n", "40", "-c", "1", "--seed", "5")
        firsts = {r.header("Op"): r for r in server.requests
                  if r.header("N") == "1"}
        retried = [firsts[r.header("Op")] for r in server.requests
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
            "--timeout", "1s", status=None,
            preexec=lambda: resource.setrlimit(resource.RLIMIT_AS, room))
        t.check(run.status in (0, 3), f"{mib} MiB: status {run.status}")
        named += "a thread could not be started" in run.err
    t.check(named > 0, "named")


def wait_until(holds):
    end = time.monotonic() + 20 * PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(.01)


def interrupted_ledger(t, probe):
    """A run whose ledger hangs, before the load or after it."""
    server = t.server(lambda request: reply())
    begun, count = t.path("begun"), t.path("count")
    command = f"echo >>{count}; test $(wc -l <{count}) = {1 if probe else 2}" \
              f" && touch {begun} && sleep 1000; true"
    process = t.launch(
        "run", server.url, "-X", "POST", "-n", "10", "-c", "2", "-o",
        t.path("r.json"), "--allow-exec", "-p", t.profile({
            "idempotency": {}, "ledger": {"command": command,
                                          "timeout": "1000s"}}))
    wait_until(begun.exists)
    return server, process


@test("before the load, one signal ends a ledger that hangs")
def interrupted_probe(t):
    server, process = interrupted_ledger(t, probe=True)
    process.signal(signal.SIGINT)
    run = t.finish(process, status=130, limit=20)
    t.match(run.err, r"was interrupted", "said")
    t.equal(server.requests, [], "requests")


def handles_signals(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    blocked = int(re.search(r"SigBlk:\s*(\w+)", status).group(1), 16)
    return blocked >> (signal.SIGINT - 1) & 1


@test("before the load, the second signal ends a connect that hangs")
def interrupted_connect(t):
    # A full queue of a listener: who comes now is not answered at all.
    listener = t.keep(listening_socket(backlog=0))
    address = listener.getsockname()
    hangs = False
    while not hangs:
        sock = t.keep(socket.socket())
        sock.settimeout(.2)
        try:
            sock.connect(address)
        except TimeoutError:
            hangs = True
    process = t.launch("run", f"http://127.0.0.1:{address[1]}/", "-n", "1")
    wait_until(lambda: handles_signals(process))
    process.signal(signal.SIGINT)
    process.signal(signal.SIGTERM)
    run = t.finish(process, status=130, limit=20)
    t.match(run.err, r"squall: interrupted", "said")


@test("after the load, one signal ends a ledger that hangs; figures are kept")
def interrupted_reading(t):
    server, process = interrupted_ledger(t, probe=False)
    process.signal(signal.SIGINT)
    run = t.finish(process, status=130, limit=20, report=t.path("r.json"))
    t.match(run.err, r"was interrupted", "said")
    t.equal(run["operations.succeeded"], 10, "succeeded")
    t.equal(run["effects.oracle"], "unverified", "oracle")


@test("the rate of a counted load does not depend on the threads")
def counted_rate(t):
    server = t.server(lambda request: reply())
    for threads in (1, 2, 3, 4):
        for count in (9, 50):
            run = t.run(server.url, "-r", "500/s", "-n", count, "-t", threads)
            t.near(run["rates.offered_per_s"], 500, .001,
                   f"{count} by {threads}")


@test("what is answered after a stop is no goodput")
def answered_late(t):
    stopped = threading.Event()

    def late(_):
        stopped.wait(60)
        return reply()
    server = t.server(late)
    path = t.path("stopped.json")
    process = t.launch("run", server.url, "-r", "100/s", "-d", "60s", "-o",
                       path)
    wait_until(lambda: len(server.requests) >= 20)
    process.signal(signal.SIGINT)
    process.wait_for_text(r"awaiting what is in flight")
    stopped.set()
    run = t.finish(process, status=130, limit=20, report=path)
    t.check_report(run.report)
    t.check(run["operations.succeeded"] >= 20, "succeeded")
    t.equal(run["rates.goodput_per_s"], 0, "goodput")


@test("a report that nobody reads does not hold the process for ever")
def unread_report(t):
    server = t.server(lambda request: reply())
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    popen = subprocess.Popen(
        [SQUALL, "run", server.url, "-n", "10", "--json"], stdout=writing,
        stderr=subprocess.DEVNULL, start_new_session=True,
        env=t.environment())
    os.close(writing)
    wait_until(lambda: server.requests)
    end = time.monotonic() + 60 * PATIENCE
    while popen.poll() is None and time.monotonic() < end:
        popen.send_signal(signal.SIGINT)
        time.sleep(.2)
    t.equal(popen.poll(), 130, "exit status")
    popen.kill()
    os.close(reading)


main()
