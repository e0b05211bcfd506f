#!/usr/bin/python3
# Proves: dead letters are sent again with the keys that they had, and what
# became of each is reported over both runs. Against a service that keeps its
# promise every ambiguous dead letter becomes exactly once, however often the
# replay is interrupted and repeated; against one that does not, the report's
# duplicates are those of the service's own ledger. Requests go out as the file
# says them, secrets from the environment; a file that cannot be trusted is
# refused with file and line before anything is sent.

from harness import *


def post(target, one):
    """What the first run did: an order whose answer it lost."""
    request = urllib.request.Request(
        target.url + one["url"], data=one["body"].encode(),
        headers={h["name"]: h["value"] for h in one["headers"]})
    urllib.request.urlopen(request, timeout=20).close()


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def replayed(t, file, *arguments, status=AS_COUNTED, **options):
    """`squall replay` with a report, which is held to what a run's is."""
    t.runs += 1
    path = t.path(f"report{t.runs}.json")
    process = t.launch("replay", file, "-o", path, *arguments, **options)
    run = t.finish(process, status=status, report=path)
    if run.report is None:
        raise Failed(f"no report: {' '.join(process.argv)}\n{tail(run.err)}")
    t.check_report(run.report)
    problems = schema_problems(run.report)
    t.check(not problems, f"the schema: {problems}")
    return run


@test("what was ambiguous becomes exactly once")
def exactly_once(t):
    target = t.target("-p", "targets/exactly-once")
    letters = [letter(n) for n in range(40)]
    for one in letters[:25]:
        post(target, one)
    file = t.write("dead.ndjson", dead_letters(target.url, letters))
    run = replayed(t, file, "-r", "400/s", "--slo", "unresolved == 0",
                   "--slo", "duplicates == 0", "--slo", "lost == 0")
    t.check(all(slo["pass"] for slo in run["slo"]), "objectives")
    t.equal(run["replay.dead_letters"], 40, "letters")
    t.equal(run["replay.sent"], 40, "sent")
    t.equal(run["replay.earlier.ambiguous"], 40, "were ambiguous")
    t.equal(run["replay.ambiguous_resolved.exactly_once"], 40, "once now")
    t.equal(run["replay.still_unresolved"], 0, "unresolved")
    t.equal(run["run.id"], LETTERS_RUN, "the run is that of the dead letters")
    t.equal(run["effects.foreign"], 0, "foreign effects")
    t.equal(target.ledger(), {one["op"]: 1 for one in letters},
            "the service's own account")
    t.equal(target.ledger("key"), {one["key"]: 1 for one in letters},
            "the original keys")


@test("a service without keys: what was done twice is shown")
def duplicates(t):
    target = t.target("-p", "targets/no-keys")
    letters = [letter(n) for n in range(30)]
    for one in letters[:12]:
        post(target, one)
    file = t.write("dead.ndjson", dead_letters(target.url, letters))
    run = replayed(t, file, "-c", "4", "--slo", "duplicates == 0", status=1)
    twice = [op for op, count in target.ledger().items() if count == 2]
    t.equal(len(twice), 12, "done twice, by the service's own account")
    t.equal(run["effects.duplicate"], 12, "duplicates")
    t.equal(run["effects.exactly_once"], 18, "exactly once")
    t.equal(run["replay.ambiguous_resolved.duplicate"], 12, "of ambiguous")
    examples = run["effects.examples"]
    t.check(len(examples) == 12 and all(e["id"] in twice for e in examples),
            "examples are those orders")
    t.equal({e["key"] for e in examples},
            {one["key"] for one in letters[:12]}, "with their own keys")
    t.check(all(e["attempts"] == 2 for e in examples),
            "attempts of both runs")


@test("verdicts over both runs: lost, phantom, and what stays")
def classes(t):
    # Answers by the number in the key: 0 acks and does nothing; 1 and 2
    # refuse what may have been done, with one key and with two; 3 never
    # answers; 4 was refused and is succeeded.
    done = {"1": 1, "2": 1, "4": 1}

    def answer(request):
        if request.path == "/ledger":
            return reply(body="".join(f"key-of-{n} {count}\n"
                                      for n, count in done.items()))
        number = request.header("Idempotency-Key")[-1]
        if number in "12":
            return reply(422)
        return HANG if number == "3" else reply(201)

    server = t.server(answer)
    letters = [letter(n) for n in range(5)]
    letters[2]["attempts"].insert(0, {**letters[2]["attempts"][0],
                                      "key": "another"})
    letters[4]["verdict"] = "rejected"
    file = t.write("dead.ndjson", dead_letters(
        server.url.rstrip("/"), letters,
        ledger={"url": "/ledger", "key": "{{key}}", "settle": "20ms"}))
    still = t.path("still.ndjson")
    run = replayed(t, file, "--timeout", "100ms", "--max-attempts", "2",
                   "--set", "retry.backoff.initial=1ms",
                   "--dead-letters", still)
    t.equal([run[f"replay.resolved.{c}"] for c in (
        "lost", "phantom", "unresolved_done", "unresolved_not_done",
        "exactly_once", "duplicate", "clean")], [1, 1, 1, 1, 1, 0, 0],
        "classes")
    t.equal(run["replay.verdicts"],
            {"succeeded": 2, "rejected": 1, "unanswered": 0,
             "ambiguous": 2, "shed": 0},
            "verdicts over both")
    t.equal(run["operations.rejected"], 2, "verdicts of this run alone")
    t.equal(run["replay.still_unresolved"], 2, "still unresolved")
    t.equal(run["replay.still_open"], 3, "still open")
    left = lines_of(still)
    t.equal([(l["op"][-1], l["verdict"]) for l in left[1:-1]],
            [("1", "rejected"), ("2", "ambiguous"), ("3", "ambiguous")],
            "left over")
    t.equal(left[-1]["dead_letters"], 3, "counted")
    t.equal([r["attempts"] for r in left[3]["replays"]], [2],
            "attempts of the replay")
    t.equal(left[3]["effect"], "unresolved_not_done", "of the ledger")


@test("a service that goes away, or refuses what has no key, proves nothing")
def goes_away(t):
    done = {f"key-of-{n}": 1 for n in range(3)}
    orders = []

    def answer(request):
        orders.append(request)
        done[request.header("Idempotency-Key")] = 1
        if len(orders) == 4:
            service.refuse()
        return reply(201, close=True)

    service = t.server(answer)
    ledger = t.server(lambda request: reply(body="".join(
        f"{key} {count}\n" for key, count in done.items())))
    letters = [letter(n) for n in range(8)]
    file = t.write("dead.ndjson", dead_letters(
        service.url.rstrip("/"), letters,
        ledger={"url": ledger.url, "key": "{{key}}", "settle": "20ms"}))
    run = replayed(t, file, "-c", "1", "--max-attempts", "2", "--set",
                   "retry.backoff.initial=1ms", "--dead-letters", file)
    t.equal(len(orders), 4, "orders that came")
    t.equal(run["attempts.by_outcome.connect_refused"], 8, "refused")
    t.equal(run["replay.sent"], 4, "sent")
    t.equal(run["replay.verdicts"],
            {"succeeded": 4, "rejected": 0, "unanswered": 0,
             "ambiguous": 4, "shed": 0},
            "a refused connection is no answer")
    t.equal(run["replay.ambiguous_resolved.unresolved_not_done"], 4,
            "unresolved")
    t.equal(run["effects.exactly_once"], 4, "once")
    t.equal({one["verdict"] for one in lines_of(file)[1:-1]}, {"ambiguous"},
            "and stay so")

    # The first request is lost, the second refused; only a key shows that the
    # second answer is the first one's, too.
    def refuse(request):
        first = request.header("X-Op") not in seen
        seen.add(request.header("X-Op"))
        return HANG if first else reply(422)

    seen = set()
    service = t.server(refuse)
    letters = [letter(n, key=key, verdict="shed", attempts=[], headers=[
        {"name": "X-Op", "value": str(n), "form": "plain"}])
        for n, key in enumerate(("one", None))]
    file = t.write("keyless.ndjson", dead_letters(
        service.url.rstrip("/"), letters, ledger=None))
    run = replayed(t, file, "--timeout", "100ms", "--set",
                   "retry.backoff.initial=1ms")
    t.equal(run["replay.verdicts"],
            {"succeeded": 0, "rejected": 1, "unanswered": 0,
             "ambiguous": 1, "shed": 0},
            "verdicts")


@test("interrupted, kept, and repeated until all are done", limit=60)
def repeated(t):
    target = t.target("-p", "targets/exactly-once")
    letters = [letter(n) for n in range(300)]
    for one in letters[::3]:
        post(target, one)
    file = t.write("dead.ndjson", dead_letters(target.url, letters))
    report = t.path("first.json")
    process = t.start([SQUALL, "replay", file, "-r", "100/s", "-o", report,
                       "--dead-letters", file], "first")
    t.wait_until("some are sent",
                 lambda: sum(target.ledger().values()) >= 130)
    process.signal(signal.SIGINT)
    t.equal(process.wait(20 * PATIENCE), 130, "exit status")
    first = json.loads(report.read_text())
    t.equal(first["verdict"], "incomplete", "verdict")
    sent, unstarted = (first["replay"][k] for k in ("sent", "unstarted"))
    t.equal(sent + unstarted, 300, "sent or not")
    t.check(0 < sent < 300, f"{sent} were sent")
    t.equal(first["effects"]["operations_checked"], 300,
            "all are joined, those that were not sent too")
    t.equal(first["effects"]["exactly_once"], sent, "exactly once")
    t.equal(first["replay"]["still_unresolved"], unstarted, "unresolved")
    t.equal(lines_of(file)[-1]["dead_letters"], unstarted, "kept in place")

    run = replayed(t, file, "-r", "1000/s", "--dead-letters", file)
    t.equal(run["replay.dead_letters"], unstarted, "the rest")
    t.equal(run["replay.still_open"], 0, "open")
    t.equal(run["effects.foreign"], sent, "those of before are foreign")
    none = t.squall("replay", file)
    t.match(none.err, "nothing to send again", "and then there is nothing")

    # The whole file once more: the same keys, and so no new effects.
    again = t.write("whole.ndjson", dead_letters(target.url, letters))
    run = replayed(t, again, "-c", "8", "-t", "2")
    t.equal(run["effects.exactly_once"], 300, "exactly once")
    t.equal(target.ledger(), {one["op"]: 1 for one in letters},
            "the service's own account")


@test("requests go out as the file says, to where it says")
def on_the_wire(t):
    server = t.server(lambda request: reply(201))
    elsewhere = t.server(lambda request: reply(201))
    body = bytes(range(256))
    letters = [
        letter(7, url="/a/{{op.id}}?x=${env:HOME}", body='{"n": "{{rand:1:9}}"}'),
        letter(3, url="/b", method="POST", body_form="base64",
               body=__import__("base64").b64encode(body).decode()),
        letter(5, url="/c", request="put", method="PUT", key=None, body=None,
               body_form=None, headers=[
                   {"name": "Authorization", "value": "Bearer ${env:TOKEN}",
                    "form": "env"},
                   {"name": "X-Secret", "value": "***", "form": "masked"}]),
    ]
    file = t.write("dead.ndjson", dead_letters(
        server.url.rstrip("/"), letters, ledger=None,
        requests=[{"name": "order"}, {"name": "put"}]))
    env = {"TOKEN": "t0p"}
    for arguments, where in (((), server), ((elsewhere.url,), elsewhere)):
        run = replayed(t, file, *arguments, "-H", "X-Secret: given", "-H",
                       "X-More: yes", "-c", "1", env=env)
        t.match(run.err, "1 of 3 dead letters have no key", "a note")
        t.equal(run["replay.resolved"], None, "no ledger, nothing measured")
        t.equal(run["replay.still_unresolved"], 0, "all succeeded")
        t.equal([r.path for r in where.requests],
                ["/b", "/c", "/a/{{op.id}}?x=${env:HOME}"], "paths, in order")
        b, c, a = where.requests
        t.equal(b.body, body, "bytes from base64")
        t.equal(a.body, b'{"n": "{{rand:1:9}}"}', "nothing is a template")
        t.equal(a.header_values("Idempotency-Key"), ["key-of-7"], "key")
        t.equal((c.method, c.body), ("PUT", b""), "method, no body")
        t.equal(c.header_values("Authorization"), ["Bearer t0p"], "secret")
        t.equal(c.header_values("X-Secret"), ["given"], "given in its place")
        t.equal(c.header("X-More"), "yes", "added")
        t.equal(c.header("Idempotency-Key"), None, "it had no key")
    t.equal(len(server.requests), 3, "one host is one host")


@test("Retry-After is honoured, and the pace is kept")
def gentle(t):
    seen = []

    def answer(request):
        seen.append(request.at)
        if len(seen) == 1:
            return reply(503, headers=[("Retry-After", "1")])
        return reply(201)

    server = t.server(answer)
    file = t.write("dead.ndjson", dead_letters(
        server.url.rstrip("/"), [letter(n) for n in range(11)], ledger=None))
    run = replayed(t, file)
    t.equal(run["operations.succeeded"], 11, "succeeded")
    first, last = server.requests[0], server.requests[-1]
    t.equal(first.header("Idempotency-Key"), last.header("Idempotency-Key"),
            "the retry carries the key")
    t.check(last.at - first.at > 0.99, "it waited as it was asked")
    # A start that a sanitizer made late is followed sooner by the next.
    t.check(is_sanitized() or server.requests[-2].at - first.at > 0.19,
            "eleven starts at 50/s take 200 ms")


LOSSES = [{"kind": "lost_response", "ratio": 0.3, "as": "reset"},
          {"kind": "lost_request", "ratio": 0.1, "as": "reset"}]


def lose(t, target, *arguments, **sections):
    """A run without retries that loses answers, and its dead letters."""
    profile = t.profile({
        "requests": [{"name": "order", "method": "POST", "path": "/orders",
                      "headers": {"Content-Type": "application/json",
                                  "Authorization": "Bearer ${env:TOKEN}"},
                      "body": '{"order": "{{op.id}}", "n": {{rand:1:99}}}'}],
        "idempotency": {}, "faults": LOSSES,
        "ledger": {"url": "/ledger", "key": "{{op.id}}", "settle": "50ms"},
        **sections}, "lossy.json")
    dead = t.path("dead.ndjson")
    run = t.run(target.url, "-p", profile, "-n", 600, "--dead-letters", dead,
                *arguments, env={"TOKEN": "s3same"})
    return run, dead


@test("lost answers, dead letters, replay: every ambiguous one is once")
def from_a_run(t):
    target = t.target("-p", "targets/exactly-once")
    first, dead = lose(t, target, "-t", "2")
    ambiguous = first["operations.ambiguous"]
    t.check(ambiguous > 100, f"{ambiguous} are ambiguous")
    t.absent(dead.read_text(), "s3same", "no secret is in the file")
    t.squall("replay", dead, status=2)
    run = replayed(t, dead, "-r", "600/s", "-t", "2", "--slo",
                   "unresolved == 0", "--slo", "duplicates == 0", "--slo",
                   "lost == 0", env={"TOKEN": "s3same"})
    t.equal(run["replay.dead_letters"],
            first["operations.started"] - first["operations.succeeded"],
            "letters")
    t.equal(run["replay.earlier.ambiguous"], ambiguous, "were ambiguous")
    t.equal(run["replay.ambiguous_resolved.exactly_once"], ambiguous,
            "are once")
    t.equal(run["run.id"], first["run.id"], "one run")
    t.equal(run["effects.foreign"], first["operations.succeeded"],
            "those that were succeeded before")
    t.match(run.out, "effects in the ledger are not of these dead letters",
            "which are not called strangers")
    counts = target.ledger()
    t.equal((len(counts), set(counts.values())), (600, {1}),
            "the service's own account: each order once")


@test("lost answers, no keys: the replay shows what it did twice")
def from_a_run_without_keys(t):
    target = t.target("-p", "targets/no-keys")
    first, dead = lose(t, target)
    done = first["effects.unresolved_done"]
    run = replayed(t, dead, "-c", "8", env={"TOKEN": "s3same"})
    t.check(done > 100, f"{done} were done")
    t.equal(run["effects.duplicate"], done, "duplicates")
    t.equal(sum(c == 2 for c in target.ledger().values()), done,
            "by the service's own account")


@test("keys of every kind and place come back as they were")
def kinds_of_keys(t):
    for number, keys in enumerate((
            {"key": "uuid7"}, {"key": "hash"}, {"quoted": True},
            {"key": "template", "template": "k/{{op.seq}}/{{rand:1:9}}"},
            {"scope": "attempt"})):
        target = t.target("-p", "targets/exactly-once")
        first, dead = lose(t, target, idempotency=keys)
        before = target.ledger("key")
        run = replayed(t, dead, "-c", "8", env={"TOKEN": "s3same"})
        t.check(first["operations.ambiguous"] > 100, f"{keys}: ambiguous")
        t.equal(run["effects.duplicate"], 0, f"{keys}: duplicates")
        t.equal(run["replay.still_unresolved"], 0, f"{keys}: unresolved")
        after = target.ledger("key")
        t.equal({k: after[k] for k in before}, before, f"{keys}: known keys")
        t.equal(sum(target.ledger().values()), 600, f"{keys}: effects")
        t.check(all(one["key"] for one in lines_of(dead)[1:-1]),
                f"{keys}: dead letters have keys, sent or not")
        t.equal(sum(after.values()), 600, f"{keys}: carried")


@test("a replay has events, and spans that no run had", limit=60)
def events(t):
    server = t.hostile()
    profile = t.profile({
        "requests": [{"name": "order", "method": "POST",
                      "path": "/flaky/.5/503",
                      "headers": {"X-Op": "{{op.id}}", "B3":
                                  "{{trace.id}}-{{span.id}}-1"},
                      "body": "{{op.id}}"}], "idempotency": {}})
    dead, reported, of_run = (t.path(name) for name in
                          ("dead.ndjson", "events", "events-of-run"))
    first = t.run(server.url, "-p", profile, "-n", "200", "-c", "8",
                  "--traceparent", "--events", of_run, "--dead-letters", dead)
    earlier = [l for l in lines_of(of_run) if l.get("type") == "attempt"]
    before = len(server.log())
    seen = []
    for seed in range(2):
        run = replayed(t, dead, "-c", "8", "-t", "2", "--max-attempts", "3",
                       "--set", "retry.backoff.initial=1ms", "--events",
                       reported)
        lines = lines_of(reported)
        attempts = [l for l in lines if l.get("type") == "attempt"]
        t.equal(lines[0]["dead_letters"], str(dead), "whose events")
        t.equal(len(attempts), run["attempts.total"], "a line an attempt")
        t.equal(lines[-1]["operations"], run["replay.dead_letters"], "operations")
        books = [row["headers"] for row in server.log()[before:]]
        before += len(books)
        t.equal(sorted((h["x-op"], h["idempotency-key"], h["traceparent"],
                        h["b3"]) for h in books),
                sorted((a["op"], a["key"],
                        f"00-{a['trace_id']}-{a['span_id']}-01",
                        f"{a['trace_id']}-{a['span_id']}-1")
                       for a in attempts), "the books")
        t.check(any(a["kind"] == "retry" for a in attempts), "retries")
        traces = {a["op"]: a["trace_id"] for a in earlier}
        t.check(all(traces[a["op"]] == a["trace_id"] for a in attempts),
                "an operation has one trace over all runs")
        seen += attempts
    spans = [a["span_id"] for a in earlier + seen]
    t.equal(len(set(spans)), len(spans), "and an attempt a span of its own")

    one = [l for l in lines if l.get("type") == "operation"][0]
    t.equal((one["earlier_verdict"], one["earlier_on_wire"]),
            ("ambiguous", 1), "what it was")
    text = t.squall("report", "--operation", one["op"], reported).out
    t.match(text, rf"(?s)earlier +ambiguous, 1 request sent.*1 first.*over all "
                  rf"+{one['overall_verdict']}", "its trace")
    both = t.squall("report", "--operation", one["key"], of_run, reported).out
    t.match(both, r"(?s)^Operation.*attempts_exhausted.*\n\nOperation.*"
                  r"earlier +ambiguous", "the trace of both, in order")
    succeeded = [a["op"] for a in earlier if a["outcome"] == "ok"][0]
    t.match(t.squall("report", "--operation", succeeded, reported, of_run).out,
            "1 first +ok", "what one of them has is enough")
    t.match(t.squall("report", "--operation", "none", of_run, reported,
                     status=2).err, "no operation of", "but not none")
    report = t.path("report")
    report.write_text(json.dumps(run.report))
    t.squall("report", "--operation", one["op"], reported, report)
    report.write_text(json.dumps(first.report))
    t.match(t.squall("report", "--operation", one["op"], reported, report,
                     status=2).err, "those of a replay, the report is that "
            "of the run", "the report of the other")
    for option in ("--events", "-o"):
        bad = t.squall("replay", dead, option, f"{t.directory}/./dead.ndjson",
                       status=2)
        t.match(bad.err, "two files at once", option)
    t.equal(lines_of(dead)[0]["schema"], "squall.dead_letters/1", "kept")


@test("over HTTP/2 and TLS, as the first run was", limit=60)
def http2(t):
    certificates = t.certificates()
    server = t.h2_books(certificates)
    port = server.url.rsplit(":", 1)[1]
    profile = t.profile({
        "requests": [{"method": "POST", "path": "/effects", "body":
                      '{"op": "{{op.id}}", "bytes": "\u00e4"}'}],
        "idempotency": {}, "target": {"http": "2"},
        "faults": [{"kind": "lost_response", "ratio": .3, "as": "reset"},
                   {"kind": "lost_request", "ratio": .2, "as": "reset"}]})
    dead = t.path("dead.ndjson")
    first = t.run(server.url, "-p", profile, "-n", "100", "-c", "8",
                  "--cacert", certificates.ca, "--resolve",
                  f"localhost:{port}:127.0.0.1", "--dead-letters", dead)
    before = server.counts()
    reported = t.path("events")
    run = replayed(t, dead, "-c", "8", "--events", reported)
    letters = 100 - first["operations.succeeded"]
    t.check(letters > 25, f"{letters} dead letters")
    t.equal(run["operations.succeeded"], letters, "succeeded")
    counts = server.counts()
    t.equal(counts["whole"] - before["whole"], letters, "the books")
    t.equal(counts["connections"] - before["connections"], 1,
            "one connection: HTTP/2")
    attempts = [l for l in lines_of(reported) if l.get("type") == "attempt"]
    t.equal(len(attempts), letters, "events")
    for a in attempts:
        times = [a["intended_us"], a["asked_us"], a["sent_us"],
                 a["first_byte_us"], a["done_us"]]
        t.check(None not in times and times == sorted(times), f"times {a}")


@test("a sample of a replay holds what went wrong over both runs")
def sampled(t):
    target = t.target("-p", "targets/no-keys")
    letters = [letter(n) for n in range(40)]
    for one in letters[:12]:
        post(target, one)
    file = t.write("dead.ndjson", dead_letters(target.url, letters))
    reported = t.path("events")
    run = replayed(t, file, "-c", "4", "--events", reported, "--sample", "0")
    lines = lines_of(reported)
    t.equal(run["effects.duplicate"], 12, "duplicates")
    t.equal({l["op"] for l in lines if l.get("type") == "operation"},
            {one["op"] for one in letters[:12]}, "they are all there")
    t.equal({(l["verdict"], l["effect"], l["effects"]) for l in lines
             if l.get("type") == "operation"}, {("succeeded", "duplicate", 2)},
            "what became of them")
    t.equal(lines[-1]["left_out"], 28, "the others are left out")


@test("a ledger that fails during a replay: unverified, and all is kept",
      limit=90)
def bad_ledgers(t):
    def replies():
        yield "500", lambda: reply(500, "boom"), "answered 500"
        yield "malformed", lambda: reply(body="key-of-1 1\nwhat is this\n"), \
            "line 2 is not"
        yield "negative", lambda: reply(body="key-of-1 -1\n"), "negative"
        yield "truncated", lambda: (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nkey-of-1 1\n",
            CLOSE), "ended early"
        yield "slow", lambda: HANG, "could not be read in"
        yield "restless", lambda: reply(
            body=f"other-{len(ledger.requests)} 1\n"), "did not settle"

    for name, bad, words in replies():
        orders = []

        def answer(request):
            orders.append(request)
            return reply(503 if len(orders) > 5 else 201)

        service = t.server(answer)
        ledger = t.server(lambda request: bad() if orders else reply(body=""))
        letters = [letter(n, effect="clean", effects=0) for n in range(8)]
        file = t.write("dead.ndjson", dead_letters(
            service.url.rstrip("/"), letters, ledger={
                "url": ledger.url, "key": "{{key}}", "settle": "10ms",
                "timeout": "300ms"}))
        run = replayed(t, file, "-c", "1", "--max-attempts", "1",
                       "--dead-letters", file, "--slo", "unresolved == 0",
                       status=3)
        t.match(run.err, words, f"{name}: a named error")
        t.match(run["run.problem"], words, f"{name}: the report says why")
        t.equal(run["effects.oracle"], "unverified", name)
        t.equal(run["replay.resolved"], None, f"{name}: not measured")
        t.equal(run["replay.verdicts"], {"succeeded": 5, "rejected": 0,
                                         "unanswered": 0,
                                         "ambiguous": 3, "shed": 0}, name)
        t.equal(run["slo.0.pass"], False, f"{name}: no pass")
        left = lines_of(file)
        t.equal(left[-1]["dead_letters"], 3, f"{name}: those that stay")
        t.equal({(l["effect"], l["effects"]) for l in left[1:-1]},
                {(None, None)}, f"{name}: what was known is old")

        ledger = t.server(lambda request: bad())
        file = t.write("dead.ndjson", dead_letters(
            service.url.rstrip("/"), letters, ledger={
                "url": ledger.url, "key": "{{key}}", "timeout": "300ms"}))
        orders.clear()
        if name != "restless":
            none = t.squall("replay", file, status=3)
            t.match(none.err, words, f"{name}: before the replay")
            t.equal(orders, [], f"{name}: nothing was sent")


@test("a replay's files on a full disk: named errors, and the report",
      limit=60)
def full(t):
    server = t.server(lambda request: reply(503))
    file = t.write("dead.ndjson", dead_letters(
        server.url.rstrip("/"), [letter(n) for n in range(5)], ledger=None))
    for option, words in (("--events", "the events"),
                          ("--dead-letters", "the dead letters")):
        run = replayed(t, file, "-c", "1", "--max-attempts", "1", option,
                       "/dev/full", status=3)
        t.match(run.err, rf"/dev/full: error: cannot write {words}: No space",
                option)
        t.match(run["run.problem"], "No space left", f"{option}: the report")
        t.equal(run["run.exit"], 3, f"{option}: exit")
        t.equal(run["replay.sent"], 5, f"{option}: all were sent")
    disk = t.path("disk")
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk],
        stderr=subprocess.PIPE, check=False)
    if mounted.returncode:
        raise Skip("a small disk takes the right to mount one")
    try:
        letters = [letter(n, body="x" * 1000) for n in range(10)]
        here = disk / "dead.ndjson"
        text = dead_letters(server.url.rstrip("/"), letters, ledger=None)
        here.write_text(text)
        run = replayed(t, here, "-c", "1", "--max-attempts", "1",
                       "--dead-letters", here, status=3)
        t.match(run.err, "No space left", "no room for the new ones")
        t.equal(here.read_text(), text, "the old ones are whole")
        t.equal([p.name for p in disk.iterdir()], ["dead.ndjson"],
                "and nothing half is beside them")
    finally:
        subprocess.run(["umount", disk], check=False)


@test("a ledger that is given, and a URL with a user, stand in for those "
      "of the file")
def given(t):
    target = t.target("-p", "targets/exactly-once")
    elsewhere = t.write("ledger", "".join(
        f"{letter(n)['op']} 1\n" for n in range(4)))
    command = f"cat {elsewhere}"
    letters = [letter(n) for n in range(4)]
    file = t.write("dead.ndjson", dead_letters(target.url, letters))
    run = replayed(t, file, "--ledger-command", command, "--allow-exec")
    t.equal(run["profile.ledger"], {"command": command, "key": "{{op.id}}",
                                    "settle": "50ms"}, "a command")
    t.equal(run["effects.exactly_once"], 4, "is read")
    file = t.write("dead.ndjson", dead_letters(target.url, letters, ledger={
        "command": "exit 3", "key": "{{op.id}}", "settle": "10ms"}))
    run = replayed(t, file, "--ledger", "/ledger")
    t.equal(run["effects.exactly_once"], 4, "a URL for a command")

    server = t.server(lambda request: reply(201))
    host = server.url.rstrip("/").replace("http://", "")
    letters = [letter(n, url=f"http://***@{host}/orders/{n}",
                      url_form="masked") for n in range(3)]
    text = dead_letters(f"http://***@{host}", letters, ledger=None)
    file = t.write("dead.ndjson", text)
    bad = t.squall("replay", file, status=2)
    t.match(bad.err, r"dead\.ndjson:2:1: error: the URL was masked[^$]*squall "
            "replay FILE URL", "says how")
    t.equal(bad.err.count("masked"), 1, "once")
    run = replayed(t, file, f"http://joe:pw@{host}/", "-c", "1")
    t.equal([r.path for r in server.requests],
            [f"/orders/{n}" for n in range(3)], "paths")
    t.equal({r.header("Authorization") for r in server.requests},
            {"Basic am9lOnB3"}, "user and password")
    t.absent(json.dumps(run.report), "joe:pw", "hidden in the report")
    refused(t, "masked as a whole", dead_letters(
        f"http://{host}", [letter(0, url="***", url_form="masked")],
        ledger=None), "the URL was masked", f"http://{host}/")


CLASSES = {"succeeded": ("lost", "exactly_once", "duplicate"),
           "rejected": ("clean", "phantom", "duplicate"),
           "ambiguous": ("unresolved_not_done", "unresolved_done",
                         "duplicate"),
           "shed": ("clean", "phantom", "duplicate")}


def by_definition(attempts, key):
    """The verdict of one run that had all these attempts."""
    proofs = [(a["outcome"] == "ok", a["outcome"] != "rejected" and a["sent"])
              for a in attempts]
    answers = [unknown for (_, unknown), a in zip(proofs, attempts)
               if a["sent"]]
    if any(yes for yes, _ in proofs):
        return "succeeded"
    if not attempts:
        return "shed"
    one_key = key and all(a["key"] == key for a in attempts if a["sent"])
    return "ambiguous" if any(answers) and (answers[-1] or not one_key) \
        else "rejected"


def random_service(t, random, keyed):
    """Loses, fails and refuses by chance, and reports what it did."""
    done, kept, lock = {}, set(), threading.Lock()

    def answer(request):
        if request.path == "/ledger":
            return reply(body="".join(f"{op} {n}\n"
                                      for op, n in done.items()))
        key, op = request.header("Idempotency-Key"), request.header("X-Op")
        with lock:
            chance = random.random()
            if chance < .2:
                return reply(503 if chance < .1 else 422)
            if not (keyed and key in kept):
                done[op] = done.get(op, 0) + 1
            kept.add(key)
            return CLOSE if random.random() < .4 else reply(201)

    return t.server(answer), done


for world in range(few(8, 3)):
    @test(f"verdicts and effects over three runs, by definition: {world}",
          limit=60)
    def worlds(t, world=world):
        random = __import__("random").Random(world)
        server, done = random_service(t, random, keyed=world % 2)
        profile = t.profile({
            "requests": [{"method": "POST", "path": "/o", "body": "x",
                          "headers": {"X-Op": "{{op.id}}"}}],
            "idempotency": {"scope": ("operation", "attempt",
                                      "none")[world % 3]},
            "retry": {"max_attempts": 2, "retry_on": ["reset", "5xx"],
                      "backoff": {"type": "none"}},
            "breaker": {"any_of": [{"type": "consecutive", "failures": 3}],
                        "open": {"type": "constant", "initial": "5ms"}},
            "faults": [{"kind": kind, "ratio": .2, "as": "reset"} for kind in
                       random.sample(("lost_request", "lost_response",
                                      "torn_request"), 2)],
            "ledger": {"url": "/ledger", "key": "{{op.id}}",
                       "settle": "20ms"}})
        reported, dead = t.path("events"), t.path("dead.ndjson")
        run = t.run(server.url, "-p", profile, "-n", "120", "-c", "6",
                    "--events", reported, "--dead-letters", dead)
        known = {}
        for _ in range(3):
            lines = lines_of(reported)
            tries = {}
            for one in lines:
                if one.get("type") == "attempt":
                    tries.setdefault(one["op"], []).append(one)
            counts = {}
            for one in (l for l in lines if l.get("type") == "operation"):
                op = one["op"]
                before, key = known.get(op, ([], one["key"]))
                known[op] = (before + tries.get(op, []), key)
                verdict = by_definition(*known[op])
                effects = done.get(op, 0)
                name = CLASSES[verdict][min(effects, 2)]
                counts[name] = counts.get(name, 0) + 1
                t.equal((one.get("overall_verdict", one["verdict"]),
                         one["effect"], one["effects"]),
                        (verdict, name, effects), f"{known[op]}")
            t.equal({k: run[f"effects.{k}"] for k in counts}, counts,
                    "the report's classes")
            t.equal(sum(counts.values()), run["effects.operations_checked"],
                    "all of them")
            letters = lines_of(dead)[1:-1]
            t.check(letters or run["operations.succeeded"], "dead letters")
            known = {l["op"]: (known[l["op"]][0], l["key"]) for l in letters}
            if letters:
                run = replayed(t, dead, "-c", "4", "--max-attempts", "2",
                               "--set", "retry.backoff.initial=1ms",
                               "--events", reported, "--dead-letters", dead)
                t.equal(run["replay.dead_letters"], len(letters), "letters")


@test("a body of many megabytes comes back whole", limit=60)
def large(t):
    t.path("body").write_bytes(b"\xff\x01" * (6 << 20) + b"end")
    bodies = []

    def answer(request):
        bodies.append(hash(request.body))
        return CLOSE if len(bodies) == 1 else reply(201)

    server = t.server(answer)
    dead = t.path("dead.ndjson")
    t.run(server.url, "-X", "POST", "-b", f"@{t.path('body')}", "-n", "1",
          "--dead-letters", dead)
    t.check(dead.stat().st_size > 16 << 20, "its line is longer than 16 MiB")
    run = replayed(t, dead)
    t.equal(run["operations.succeeded"], 1, "succeeded")
    t.equal(bodies, [hash(t.path("body").read_bytes())] * 2, "the same bytes")


def refused(t, what, text, pattern, *arguments, env=None):
    file = t.write("bad.ndjson", text)
    done = t.squall("replay", file, *arguments, status=2, env=env)
    t.match(done.err, pattern, what)
    t.equal(done.out, "", f"{what}: nothing on stdout")


@test("a file that cannot be trusted is refused, with its line")
def bad_files(t):
    server = t.server(lambda request: reply(201))
    url = server.url.rstrip("/")
    two = [letter(0), letter(1)]
    good = dead_letters(url, two)
    lines = good.splitlines(keepends=True)
    refused(t, "empty", "", r"bad\.ndjson.*is empty")
    refused(t, "a report", '{\n  "schema": "squall.report/1"\n}\n',
            r"bad\.ndjson:1:2: .*\n  squall run --dead-letters FILE writes")
    refused(t, "another file", '{"schema": "squall.report/1"}\n',
            r'bad\.ndjson:1:1: error: its schema is "squall\.report/1"')
    refused(t, "no schema", "{}\n", r"bad\.ndjson:1:1: .*no \"schema\"")
    refused(t, "a line cut", good[:len(lines[0]) + 60],
            r"bad\.ndjson:2:\d+: error")
    cut = t.write("cut.ndjson", lines[0] + lines[1][:60] + "\n" + lines[2] +
                  lines[3])
    t.equal(t.squall("replay", cut, status=2).err.count("error"), 1,
            "one line, one error")
    refused(t, "the end cut", "".join(lines[:-1]),
            r"bad\.ndjson:3:1: .*ends here")
    refused(t, "a line taken away", lines[0] + lines[1] + lines[3],
            r"bad\.ndjson:3:1: .*another number of dead letters than there are: 1")
    refused(t, "a line twice", dead_letters(url, [two[0], two[1], two[0]]),
            r"bad\.ndjson:4:1: .*operation is that of line 2")
    refused(t, "a key twice", dead_letters(url, [letter(0), letter(
        1, key="key-of-0")]), r"bad\.ndjson:3:1: .*key is that of line 2")
    refused(t, "succeeded", dead_letters(url, [letter(0, verdict="succeeded")]),
            r'bad\.ndjson:2:1: .*"verdict"')
    refused(t, "another run", dead_letters(url, [letter(
        0, op="0000000000-0")]), r"bad\.ndjson:2:1: .*not an operation of")
    refused(t, "another host", dead_letters(url, [letter(
        0, url="http://other.invalid/orders")]),
        r"bad\.ndjson:2:1: .*not of the target")
    refused(t, "a header that ends another", dead_letters(url, [letter(
        0, headers=[{"name": "X", "value": "a\r\nY: b", "form": "plain"}])]),
        r"bad\.ndjson:2:1: .*control character")
    masked = [{"name": "X-Secret", "value": "***", "form": "masked"}]
    refused(t, "masked", dead_letters(url, [letter(0, headers=masked)]),
            r"bad\.ndjson:2:1: .*header X-Secret was masked[^$]*-H")
    env_of = [[{"name": "A", "value": f"${{env:SQUALL_{n}}}", "form": "env"}]
              for n in ("ONE", "TWO", "ONE")]
    refused(t, "missing secrets, all at once", dead_letters(
        url, [letter(n, headers=h) for n, h in enumerate(env_of)],
        ledger={"url": "/ledger", "headers": {"B": "${env:SQUALL_TRE}"}}),
        r"lacks what the dead letters need: SQUALL_TRE, SQUALL_ONE, SQUALL_TWO\n")
    t.equal(len(server.requests), 0, "nothing was sent")


@test("what a replay has from its dead letters is not for profiles to say")
def profiles(t):
    server = t.server(lambda request: reply(201))
    text = dead_letters(server.url.rstrip("/"), [letter(0)], ledger=None)
    for section, value in (("load", {"rate": "5/s"}),
                           ("requests", [{"path": "/x"}]),
                           ("faults", [{"kind": "lost_request",
                                        "ratio": 0.5}]),
                           ("service", {"workers": 1})):
        profile = t.profile({section: value}, f"{section}.json")
        refused(t, section, text,
                rf"{section}\.json:\d+:\d+: error: {section}: ",
                "-p", profile)
    refused(t, "--set", text, "--set requests", "--set",
            "requests[0].path=/x")
    refused(t, "--set", text, "sends the keys", "--set",
            "idempotency.scope=none")
    file = t.write("dead.ndjson", text)
    for policy in ("full-jitter", "clients/stripe-node"):
        run = replayed(t, file, "-p", policy)
        t.equal(run["operations.succeeded"], 1, policy)
    t.equal({r.header("Idempotency-Key") for r in server.requests},
            {"key-of-0"}, "always the dead letter's key")


main()
