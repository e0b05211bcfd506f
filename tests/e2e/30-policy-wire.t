#!/usr/bin/python3
# Proves: the client policy as a service sees it. Waits between attempts
# (measured where the requests arrive), server hints, limits on attempts and
# on time, what is retried and what is not, templates in headers and bodies,
# and idempotency keys of every scope and kind.
#
# A wait may never be shorter than declared (1 ms is allowed for reading two
# clocks); longer by at most SLACK, which a loaded machine may need.

from harness import *

SLACK = 0.25 * PATIENCE
EARLY = 0.001


def operations(server):
    """The requests by operation, each in order of arrival."""
    by = {}
    for request in server.requests:
        by.setdefault(request.header("X-Op"), []).append(request)
    return by


def gaps(requests):
    return [b.at - a.at for a, b in zip(requests, requests[1:])]


def profile_of(t, retry=None, timeout=None, **sections):
    document = {"requests": [{"name": "r", "method": "POST", "body": "x",
                              "headers": {"X-Op": "{{op.id}}",
                                          "X-Seq": "{{op.seq}}",
                                          "X-Attempt": "{{attempt}}"}}]}
    if retry is not None:
        document["retry"] = retry
    if timeout is not None:
        document["timeout"] = timeout
    document.update(sections)
    return t.profile(document)


def attempts_fail_until(last, failure, **options):
    """Answers `failure` to the attempts before number `last`."""
    def answer(request):
        if int(request.header("X-Attempt")) < last:
            return failure() if callable(failure) else failure
        return reply(**options)
    return answer


def waits(t, backoff, count=4, operations_count=4, hint=None, failure=None,
          retry_on=("5xx", "429"), extra=(), **more):
    """Runs operations that fail until the last attempt; their gaps."""
    server = t.server(attempts_fail_until(count, failure or reply(503)))
    retry = {"max_attempts": count, "retry_on": list(retry_on),
             "backoff": backoff, **more}
    if hint:
        retry["server_hint"] = hint
    run = t.run(server.url, "-p", profile_of(t, retry), "-n",
                operations_count, "-c", operations_count, *extra)
    t.equal(run["operations.succeeded"], operations_count, "succeeded")
    t.equal(len(server.requests), operations_count * count, "requests")
    if backoff["type"] != "none":
        t.equal(run["latency.backoff.count"], operations_count,
                "operations that waited")
    return [gaps(r) for r in operations(server).values()]


def hold(t, got, wanted, what):
    """Each row of gaps against the declared waits."""
    for row in got:
        t.equal(len(row), len(wanted), f"{what}: waits")
        for number, (gap, wait) in enumerate(zip(row, wanted)):
            t.between(gap, wait - EARLY, wait + SLACK,
                      f"{what}: wait {number + 1}")


@test("backoff: none, constant, linear, exponential and list, and the cap")
def backoff_types(t):
    for backoff, wanted in (
            ({"type": "none"}, (0, 0, 0)),
            ({"type": "constant", "initial": "80ms"}, (.08, .08, .08)),
            ({"type": "linear", "initial": "40ms", "increment": "60ms"},
             (.04, .1, .16)),
            ({"type": "exponential", "initial": "50ms", "multiplier": 2},
             (.05, .1, .2)),
            ({"type": "exponential", "initial": "100ms", "multiplier": 3,
              "max": "150ms"}, (.1, .15, .15)),
            ({"type": "list", "list": ["10ms", "120ms"]},
             (.01, .12, .12))):
        hold(t, waits(t, backoff), wanted, json.dumps(backoff))


@test("jitter: full, equal and ranges stay inside, and spread")
def jitter(t):
    base = {"type": "constant", "initial": "200ms"}
    for jitter, low, high in (("full", 0, .2), ("equal", .1, .2),
                              ({"mult": [1, 1], "add": ["0ms", "100ms"]},
                               .2, .3)):
        rows = waits(t, dict(base, jitter=jitter), count=3,
                     operations_count=12)
        flat = [gap for row in rows for gap in row]
        for gap in flat:
            t.between(gap, low - EARLY, high + SLACK, f"jitter {jitter}")
        # 24 uniform draws all in the upper 60 % or all in the lower 60 %:
        # 2 * 0.6^24 = 1e-5, and the seed is fixed by nothing here.
        width = high - low
        t.check(min(flat) < low + .4 * width + .02,
                f"jitter {jitter}: some are short {min(flat)}")
        t.check(max(flat) > low + .4 * width,
                f"jitter {jitter}: some are long {max(flat)}")


@test("decorrelated jitter grows within three times the last wait")
def decorrelated(t):
    rows = waits(t, {"type": "decorrelated", "initial": "20ms",
                     "max": "400ms"}, count=5, operations_count=8)
    for row in rows:
        previous = .02
        for gap in row:
            t.between(gap, .02 - EARLY, min(.4, 3 * previous) + SLACK,
                      "decorrelated")
            previous = gap


@test("a retry budget is kept for all operations of a client")
def retry_budget(t):
    server = t.server(lambda request: reply(503))
    run = t.run(server.url, "-p", profile_of(
        t, {"max_attempts": 3, "backoff": {"type": "none"}},
        retry_budget={"type": "token_bucket", "capacity": 500,
                      "cost": {"transient": 14}},
        load={"connections": 4, "clients": 1}), "-n", 100,
        "--slo", "retries_denied > 0", "--slo", "budget_level_min < 14",
        "--slo", "succeeded == 0")
    # 500 tokens are 35 retries at 14; the service feels no more.
    t.equal(len(server.requests), 135, "requests")
    t.equal(run["attempts.retries"], 35, "retries")
    t.equal(run["policy.retry_budget.granted"], 35, "granted")
    t.equal(run["policy.retry_budget.denied"],
            run["operations.reasons.budget_exhausted"], "denied")
    t.equal(run["policy.retry_budget.level_min"], 10, "level")
    t.equal(run["verdict"], "pass", "verdict")


@test("Retry-After in seconds is waited for", limit=40)
def retry_after_seconds(t):
    hint = {"headers": [{"name": "Retry-After", "format": "seconds"}],
            "apply": "replace"}
    for status in (503, 429):
        rows = waits(t, {"type": "constant", "initial": "5ms"}, count=2,
                     hint=hint, failure=reply(status, headers=[
                         ("Retry-After", "1")]))
        hold(t, rows, (1,), f"{status}")


@test("Retry-After as a date is waited for")
def retry_after_date(t):
    hint = {"headers": [{"name": "Retry-After", "format": "http_date"}],
            "apply": "replace"}

    def failure():
        # A date has whole seconds: two ahead is between one and two away.
        return reply(503, headers=[("Retry-After", email.utils.formatdate(
            math.floor(time.time()) + 2, usegmt=True))])
    rows = waits(t, {"type": "constant", "initial": "5ms"}, count=2,
                 hint=hint, failure=failure)
    for row in rows:
        t.between(row[0], 1 - .01, 2 + SLACK, "date")


@test("hints: max clamps, apply max takes the longer, nonsense is ignored")
def hint_rules(t):
    headers = [{"name": "Retry-After", "format": "seconds"}]
    backoff = {"type": "constant", "initial": "60ms"}
    rows = waits(t, backoff, count=2, hint={
        "headers": headers, "apply": "replace", "max": "200ms"},
        failure=reply(503, headers=[("Retry-After", "3600")]))
    hold(t, rows, (.2,), "clamped to max")
    rows = waits(t, dict(backoff, initial="300ms"), count=2, hint={
        "headers": headers, "apply": "max"},
        failure=reply(503, headers=[("Retry-After", "0")]))
    hold(t, rows, (.3,), "the longer of both")
    rows = waits(t, backoff, count=2, hint={
        "headers": headers, "apply": "replace"},
        failure=reply(503, headers=[("Retry-After", "soon")]))
    hold(t, rows, (.06,), "not a number")
    rows = waits(t, backoff, count=2,
                 failure=reply(503, headers=[("Retry-After", "1")]))
    hold(t, rows, (.06,), "hints are off unless asked for")
    rows = waits(t, backoff, count=2, hint={
        "headers": [{"name": "X-Wait", "format": "ms"}],
        "apply": "replace"}, failure=reply(503, headers=[("X-Wait", "150")]))
    hold(t, rows, (.15,), "milliseconds")


@test("max_attempts counts the first try; the histogram agrees")
def max_attempts(t):
    server = t.server(lambda request: reply(503))
    for most in (1, 2, 5):
        server.requests.clear()
        run = t.run(server.url, "-p", profile_of(
            t, {"max_attempts": most, "retry_on": ["5xx"]}), "-n", "20",
            "-c", "4")
        t.equal({len(r) for r in operations(server).values()}, {most},
                "requests an operation")
        t.equal(run["operations.ambiguous"], 20, "503 proves nothing")
        t.equal(run["attempts.retries"], 20 * (most - 1), "retries")
        histogram = run["amplification.histogram"]
        t.equal([n for n in enumerate(histogram, 1) if n[1]], [(most, 20)],
                "histogram")
        t.near(run["amplification.attempts_per_operation"], most, 1e-9,
               "attempts per operation")
        numbers = [[int(r.header("X-Attempt")) for r in rs]
                   for rs in operations(server).values()]
        t.check(all(n == list(range(1, most + 1)) for n in numbers),
                "attempts are numbered from 1")


@test("what is not in retry_on is not retried; classify rules are ordered")
def classes(t):
    for status, retry_on, sent in ((404, ["5xx", "429"], 1),
                                   (429, ["5xx"], 1), (429, ["429"], 3),
                                   (500, ["5xx"], 3), (503, ["503"], 3),
                                   (500, ["503"], 1)):
        server = t.server(lambda request, s=status: reply(s))
        t.run(server.url, "-p", profile_of(
            t, {"max_attempts": 3, "retry_on": retry_on}), "-n", "4")
        t.equal(len(server.requests), 4 * sent, f"{status} {retry_on}")
    server = t.server(lambda request: reply(
        501 if int(request.header("X-Seq")) % 2 else 503))
    run = t.run(server.url, "-p", profile_of(t, {
        "max_attempts": 3,
        "classify": [{"when": {"status": [501]}, "as": "fatal"},
                     {"when": {"status": ["5xx"]}, "as": "transient"}]}),
        "-n", "10", "-c", "2")
    t.equal(sorted(len(r) for r in operations(server).values()),
            [1] * 5 + [3] * 5, "501 is fatal, other 5xx are not")
    t.equal(run["attempts.by_status"], {"501": 5, "503": 15}, "statuses")


@test("reset and connect are retried when asked for")
def connection_classes(t):
    server = t.server(lambda request: RESET)
    run = t.run(server.url, "-p", profile_of(
        t, {"max_attempts": 3, "retry_on": ["reset"]}), "-n", "5")
    t.equal(len(server.requests), 15, "received")

    # The service is there when the run begins, and gone after one answer.
    def answer(request):
        server.refuse()
        return reply(close=True)
    server = t.server(answer)
    run = t.run(server.url, "-p", profile_of(
        t, {"max_attempts": 3, "retry_on": ["connect"]}), "-n", "6", "-c",
        "1")
    t.equal(run["operations.succeeded"], 1, "succeeded")
    t.equal(run["attempts.by_outcome"].get("connect_refused"), 15, "refused")
    t.equal(run["attempts.on_wire"], 1, "nothing else on the wire")
    t.equal(run["operations.rejected"], 5, "verdict")


@test("the attempt timeout ends an attempt, and the next one follows")
def attempt_timeout(t):
    server = t.server(lambda request: HANG)
    run = t.run(server.url, "-p", profile_of(
        t, {"max_attempts": 3, "retry_on": ["timeout"],
            "backoff": {"type": "none"}}, {"attempt": "150ms"}), "-n", "4",
        "-c", "4")
    t.equal(run["attempts.by_outcome"].get("timeout"), 12, "timeouts")
    # The server may read the first of two late, which makes their gap short.
    for row in (gaps(r) for r in operations(server).values()):
        t.equal(len(row), 2, "waits")
        for gap in row:
            t.between(gap, .15 - .05 * PATIENCE, .15 + SLACK,
                      "an attempt follows a timeout")
    t.between(run["latency.operation.max_us"], 450e3, 450e3 + SLACK * 1e6,
              "latency of the operation")
    t.between(run["latency.operation.min_us"], 449e3, 450e3 + SLACK * 1e6,
              "latency of the operation")


@test("the connect timeout ends an attempt before anything is sent")
def connect_timeout(t):
    # A listener whose backlog is full drops what asks for a connection. It
    # is filled after the first answer, for the target must be there at first.
    listener = t.keep(listening_socket(backlog=0))
    filled = threading.Event()

    def serve():
        request = None
        while request is None:
            sock, _ = listener.accept()
            request = read_request(sock.makefile("rb"))
        for _ in range(64):
            filler = t.keep(socket.socket())
            filler.settimeout(.3)
            try:
                filler.connect(("127.0.0.1", port_of(listener)))
            except TimeoutError:
                filled.set()
                break
        sock.sendall(reply(close=True))
    threading.Thread(target=serve, daemon=True).start()
    profile = profile_of(t, {"max_attempts": 2, "retry_on": ["connect"],
                             "backoff": {"type": "none"}},
                         {"connect": "150ms", "attempt": "5s"})
    run = t.run(f"http://127.0.0.1:{port_of(listener)}/", "-p", profile,
                "-n", "4", "-c", "1")
    if not filled.is_set():
        raise Skip("the kernel does not let a backlog fill")
    t.equal(run["attempts.by_outcome"].get("connect_timeout"), 6, "outcome")
    t.equal(run["attempts.on_wire"], 1, "nothing else was sent")
    t.equal(run["operations.rejected"], 3, "a definite no")
    # The first operation took as long as the filling; the others two
    # timeouts each.
    t.between(run["latency.operation.min_us"], 299e3, 300e3 + SLACK * 1e6,
              "two timeouts")


@test("the operation timeout cuts the attempt, or is checked between")
def operation_timeout(t):
    for rule, sent, low, high in (("cut_attempt", 2, .299, .3),
                                  ("check_between", 2, .399, .4)):
        server = t.server(lambda request: HANG)
        run = t.run(server.url, "-p", profile_of(
            t, {"max_attempts": 10, "retry_on": ["timeout"],
                "backoff": {"type": "none"}},
            {"attempt": "200ms", "operation": "300ms",
             "deadline_rule": rule}), "-n", "3", "-c", "3")
        t.equal({len(r) for r in operations(server).values()}, {sent},
                f"{rule}: attempts")
        t.equal(run["operations.ambiguous"], 3, f"{rule}: ambiguous")
        t.between(run["latency.operation.p50_us"], low * 1e6,
                  (high + SLACK) * 1e6, f"{rule}: latency")


@test("a wait that would pass the deadline is refused when so declared")
def refuse_wait(t):
    server = t.server(lambda request: reply(503))
    run = t.run(server.url, "-p", profile_of(
        t, {"max_attempts": 3, "retry_on": ["5xx"],
            "backoff": {"type": "constant", "initial": "5s"}},
        {"operation": "1s", "deadline_rule": "refuse_if_wait_exceeds"}),
        "-n", "3", "-c", "3")
    t.equal(len(server.requests), 3, "received")
    t.between(run["latency.operation.max_us"], 0, SLACK * 1e6,
              "the verdict comes at once")


@test("templates in headers, body and path are filled for every attempt")
def templates(t):
    server = t.server(lambda request: reply(
        503 if int(request.header("X-Attempt")) < 2 else 200))
    profile = t.profile({
        "idempotency": {"scope": "operation", "key": "uuid4"},
        "retry": {"max_attempts": 2, "retry_on": ["5xx"]},
        "requests": [{
            "name": "r", "method": "POST", "path": "/things/{{op.seq}}",
            "headers": {"X-Op": "{{op.id}}", "X-Attempt": "{{attempt}}",
                        "X-Rand": "{{rand:5:9}}", "X-Uuid": "{{uuid}}"},
            "body": '{"id": "{{op.id}}", "n": {{op.seq}}, "a": {{attempt}}, '
                    '"k": "{{key}}", "u": "{{uuid}}", "r": {{rand:1:6}}, '
                    '"plain": "{{{{"}'}]})
    t.run(server.url, "-p", profile, "-n", "40", "-c", "4")
    by = operations(server)
    t.equal(len(by), 40, "operations")
    seqs, dice = set(), set()
    for operation, requests in by.items():
        t.equal(len(requests), 2, "attempts")
        bodies = [json.loads(r.body) for r in requests]
        for request, body in zip(requests, bodies):
            t.equal(body["id"], operation, "op.id")
            t.equal(request.path, f"/things/{body['n']}", "path")
            t.equal(str(body["a"]), request.header("X-Attempt"), "attempt")
            t.equal(body["k"], request.header("Idempotency-Key"), "key")
            t.equal(body["plain"], "{{", "escaped braces")
            t.match(body["u"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-"
                    r"[0-9a-f]{12}$", "uuid")
            t.between(body["r"], 1, 6, "rand")
            t.between(int(request.header("X-Rand")), 5, 9, "rand header")
        for placeholder in ("u", "r", "k", "n"):
            t.equal(bodies[0][placeholder], bodies[1][placeholder],
                    f"{placeholder} is the same over the attempts")
        seqs.add(bodies[0]["n"])
        dice.add(bodies[0]["r"])
    t.equal(seqs, set(range(40)), "op.seq counts from 0")
    t.check(len(dice) >= 3, f"rand varies: {dice}")
    t.equal(len({json.loads(r[0].body)["u"] for r in by.values()}), 40,
            "uuids differ")


UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-%s[0-9a-f]{3}-[89ab][0-9a-f]{3}-" \
       r"[0-9a-f]{12}$"


@test("idempotency keys: scopes, kinds, header name and quotes")
def keys(t):
    def collect(idempotency, count=10):
        server = t.server(lambda request: reply(
            503 if int(request.header("X-Attempt")) < 3 else 200))
        document = {
            "retry": {"max_attempts": 3, "retry_on": ["5xx"]},
            "requests": [{"name": "r", "method": "POST",
                          "body": "n={{op.seq}}",
                          "headers": {"X-Op": "{{op.id}}",
                                      "X-Attempt": "{{attempt}}"}}]}
        if idempotency is not None:
            document["idempotency"] = idempotency
        t.run(server.url, "-p", t.profile(document), "-n", count, "-c", "2")
        header = (idempotency or {}).get("header", "Idempotency-Key")
        return {op: [r.header(header) for r in requests]
                for op, requests in operations(server).items()}

    for idempotency in (None, {"scope": "none"}):
        flat = {k for row in collect(idempotency).values() for k in row}
        t.equal(flat, {None}, f"no key with {idempotency}")

    for kind, pattern in (("uuid4", UUID % "4"), ("uuid7", UUID % "7"),
                          ("sequence", r"^\S+$"), ("hash",
                                                   r"^[0-9a-f]{32}$")):
        rows = collect({"scope": "operation", "key": kind})
        for row in rows.values():
            t.equal(len(set(row)), 1, f"{kind}: one key an operation")
            t.match(row[0] or "", pattern, f"{kind}: form")
        t.equal(len({row[0] for row in rows.values()}), 10,
                f"{kind}: keys differ between operations")

    for kind in ("uuid4", "uuid7", "sequence"):
        rows = collect({"scope": "attempt", "key": kind})
        t.equal(len({k for row in rows.values() for k in row}), 30,
                f"{kind}: scope attempt makes a new key every time")

    rows = collect({"scope": "operation", "key": "template",
                    "template": "order-{{op.id}}"})
    for operation, row in rows.items():
        t.equal(set(row), {f"order-{operation}"}, "template")
    rows = collect({"scope": "operation", "key": "uuid4", "quoted": True,
                    "header": "X-Request-Key"})
    for row in rows.values():
        t.match(row[0] or "", r'^"[0-9a-f-]{36}"$', "quoted, own header")


@test("two runs with one seed never share keys")
def keys_of_two_runs(t):
    server = t.server(lambda request: reply())
    profile = t.profile({"idempotency": {"scope": "operation",
                                         "key": "uuid4"}})
    for _ in range(2):
        t.run(server.url, "-p", profile, "-n", "20", "--seed", "5", "-X",
              "POST", "-b", "x")
    keys_seen = [r.header("Idempotency-Key") for r in server.requests]
    t.equal(len(set(keys_seen)), 40, "keys")


main()
