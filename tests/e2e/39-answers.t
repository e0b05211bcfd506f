#!/usr/bin/python3
# Proves: what is seen of effects without a ledger. The duplicates that ids in
# answers show are those of the target's own ledger wherever every answer was
# read; divergent, aliased and unlike answers and keys that stay in flight are
# counted as a scripted service made them; an answer without the members that
# are expected is not the expected one; and what no answer can show is never 0.

from harness import *

POST = {"name": "order", "method": "POST", "path": "/orders",
        "headers": {"Content-Type": "application/json"},
        "body": '{"order": "{{op.id}}"}'}
RETRIES = {"max_attempts": 4, "retry_on": ["timeout", "reset", "5xx"],
           "backoff": {"type": "none"}}
ON_BUSY = {"max_attempts": 4, "backoff": {"type": "none"},
           "classify": [{"when": {"status": [409]}, "as": "transient"}]}
# Both answers of an operation come to its caller.
BOTH = {"max_extra": 1, "delay": "1ms", "cancel_losers": False}
JSON = (("Content-Type", "application/json"),)
UNSEEN = ("lost", "phantom", "exactly_once", "unresolved_done",
          "unresolved_not_done", "clean", "foreign", "table")


def made(value, status=201, **more):
    return reply(status, json.dumps({"id": value, **more}), JSON)


def profile(t, request=None, **sections):
    document = {"requests": [dict(POST, **(request or {}))],
                "timeout": {"attempt": "10s"},
                "idempotency": {"effect_id": "/id"}}
    document.update(sections)
    return t.profile(document)


def twin_server(t, answer):
    """Answers an operation's first request late and with answer(key, 0), the
    second one at once with answer(key, 1)."""
    seen = {}
    lock = threading.Lock()

    def serve(request):
        key = request.header("Idempotency-Key")
        with lock:
            turn = seen[key] = seen.get(key, -1) + 1
        if turn == 0:
            server.pause(0.05)
        return answer(key, turn)

    server = t.server(serve)
    return server


@test("duplicates seen in answers are those of the target's ledger", limit=60)
def seen(t):
    n = few(400, 200)
    target = t.target("-p", "targets/no-keys")
    run = t.run(target.url, "-p", profile(
        t, retry=RETRIES,
        idempotency={"scope": "none", "effect_id": "/id"},
        timeout={"attempt": "250ms" if not QUICK else "2s"},
        faults=[{"kind": "lost_response", "ratio": 0.3,
                 "as": "timeout"}]),
        "-n", n, "-c", "100", "--seed", "47", "--slo", "duplicates > 0",
        "--slo", "aliased == 0", "--slo", "divergent == 0")
    counts = list(target.ledger().values())
    t.equal(run["effects.oracle"], "effect_id", "oracle")
    t.equal(run["effects.operations_checked"], n, "operations")
    t.equal(run["effects.duplicate"], sum(c > 1 for c in counts),
            "duplicates by the target's own ledger")
    t.equal(run["effects.total_effects"], sum(counts), "effects")
    t.equal(run["effects.extra_effects"], sum(counts) - n, "surplus")
    t.check(run["effects.duplicate"] > 0, "there were some")
    t.equal(run["effects.aliased"], 0, "aliased")
    t.equal(run["effects.unnamed"], 0, "unnamed")
    t.equal(run["effects.replay_mismatch"], None, "there is no key")
    t.equal(run["effects.stuck"], None, "and none can be in flight")
    for name in UNSEEN:
        t.equal(run[f"effects.{name}"], None, name)
    t.equal(run["effects.ratios.lost"], None, "ratio of lost")
    t.equal(run["effects.upper_bound_95"], None, "no bound")
    example = run["effects.examples"][0]
    t.equal(example["class"], "duplicate", "example")
    t.check(len({a["named"] for a in example["trace"]}) > 1,
            "its attempts named different effects")
    text = run.out
    t.match(text, "effects named in answers; no ledger", "who spoke")
    t.match(text, r"(?s)not measured: lost, phantom, and\s+duplicates "
                  r"whose\s+answers\s+never\s+came", "what is unseen")


for kind in ("duplicate", "late_duplicate", "both, and losses"):
    @test(f"what duplicates were answered is seen: {kind}", limit=60)
    def copied(t, kind=kind):
        n = few(200, 100)
        late = {"kind": "late_duplicate", "ratio": .2, "delay": "20ms"}
        faults = {"duplicate": [{"kind": "duplicate", "ratio": .3}],
                  "late_duplicate": [late],
                  "both, and losses": [
                      {"kind": "duplicate", "ratio": .2}, late,
                      {"kind": "lost_response", "ratio": .2}]}[kind]
        for keys in ("no-keys", "exactly-once"):
            target = t.target("-p", f"targets/{keys}")
            run = t.run(target.url, "-p", profile(
                t, retry=dict(ON_BUSY, max_attempts=8, backoff={
                    "type": "constant", "initial": "5ms"}),
                timeout={"attempt": "250ms" if not QUICK else "2s"},
                faults=faults), "-n", n, "-c", "20", "--seed", "51")
            counts = list(target.ledger().values())
            twice = sum(c > 1 for c in counts)
            t.check(run["attempts.duplicates_injected"] > n / 10,
                    f"{keys}: duplicates were sent")
            t.equal(run["effects.duplicate"], twice,
                    f"{keys}: duplicates by the target's own ledger")
            t.equal(run["effects.total_effects"], sum(counts),
                    f"{keys}: effects")
            t.equal(run["effects.extra_effects"], sum(counts) - n,
                    f"{keys}: surplus")
            t.equal(run["effects.single_attempt"], 0, f"{keys}: explained")
            t.equal(run["effects.divergent"], 0,
                    f"{keys}: no caller sees duplicates")
            t.equal(run["effects.replay_mismatch"], twice, f"{keys}: replays")
            t.check((twice > 0) == (keys == "no-keys"), f"{keys}: {twice}")
            t.equal(len(run["effects.examples"]), min(twice, 20), "examples")


@test("an interrupted run has what its duplicates were answered by then")
def interrupted(t):
    server = t.server(lambda request: made(1))
    path = t.path("report.json")
    process = t.launch("run", "-q", "-o", path, server.url, "-p", profile(
        t, faults=[
            {"kind": "late_duplicate", "ratio": .3, "delay": "20s"},
            {"kind": "late_duplicate", "ratio": .3, "delay": "5ms"}]),
        "-d", "60s", "-c", "4")
    t.wait_until("requests", lambda: len(server.requests) > 200)
    for _ in range(2):
        process.signal(signal.SIGINT)
        time.sleep(.3)
    run = t.finish(process, status=130, report=path, limit=20)
    t.check_report(run.report)
    t.equal(run["effects.operations_checked"], run["operations.succeeded"],
            "each operation is reported once, awaited duplicates or not")
    t.equal(run["effects.duplicate"], 0, "all answers name one thing")


@test("what a ledger reports and ids do not is not measured", limit=30)
def slos(t):
    target = t.target()
    for metric in ("lost", "phantom", "exactly_once", "foreign"):
        run = t.run(target.url, "-p", profile(t), "-n", "20", "--slo",
                    f"{metric} == 0", status=1)
        t.match(run["slo.0.reason"], "only a ledger", metric)
    run = t.run(target.url, "-p", profile(t, idempotency={}), "-n", "20",
                "--slo", "duplicates == 0", "--slo", "divergent == 0",
                "--slo", "replay_mismatch == 0", "--slo", "stuck == 0",
                status=1)
    t.equal([s["measured"] for s in run["slo"]],
            [False, False, True, True], "without effect_id")
    t.equal(run["effects.oracle"], "none", "oracle")
    t.equal(run["effects.divergent"], None, "divergent")


@test("two yes answers that name two things are divergent")
def divergent(t):
    n = 30
    server = twin_server(t, lambda key, turn: made(f"{key}-{turn}"))
    run = t.run(server.url, "-p", profile(t, hedge=BOTH), "-n", n, "-c", "5")
    t.equal(run["effects.duplicate"], n, "duplicates")
    t.equal(run["effects.divergent"], n, "divergent")
    t.equal(run["effects.replay_mismatch"], n, "unlike")
    t.equal(run["operations.succeeded"], n, "succeeded")
    t.match(run.out, r"30 callers were given several effects", "text")


@test("answers to one key are one answer: status, media type and body")
def replays(t):
    n = 12
    one = {"a": 1}
    html = (("Content-Type", "text/html"),)
    same = (("content-type", "Application/JSON "),)
    for what, second, unlike in (
            ("the same", reply(201, json.dumps(one), JSON), 0),
            ("the same, written otherwise",
             reply(201, json.dumps(one), same), 0),
            ("status", reply(200, json.dumps(one), JSON), n),
            ("media type", reply(201, json.dumps(one), html), n),
            ("body", reply(201, json.dumps({"a": 2}), JSON), n),
            ("no answer of that kind", reply(422, "no", JSON), 0)):
        first = reply(201, json.dumps(one), JSON)
        server = twin_server(
            t, lambda key, turn, f=first, s=second: s if turn else f)
        run = t.run(server.url, "-p", profile(
            t, idempotency={}, hedge=BOTH), "-n", n, "-c", "4")
        t.equal(run["effects.replay_mismatch"], unlike, what)
    # A body that is far longer than what is kept, unlike in its last byte.
    long = "x" * 300000
    server = twin_server(t, lambda key, turn: reply(201, long + str(turn)))
    run = t.run(server.url, "-p", profile(t, idempotency={}, hedge=BOTH),
                "-n", n, "-c", "4")
    t.equal(run["effects.replay_mismatch"], n, "the last byte of a long body")


@test("an answer that names the effect of another operation is aliased")
def aliased(t):
    n = 40
    server = t.server(lambda request: reply(
        201, "", (("location", f"/orders/{request.number // 2}"),)))
    run = t.run(server.url, "-p", profile(
        t, idempotency={"effect_id": "header:Location"}), "-n", n, "-c", "1",
        "--slo", "aliased == 0", status=1)
    t.equal(run["effects.aliased"], n, "all, in pairs")
    t.equal(run["effects.duplicate"], 0, "duplicates")
    server = t.server(lambda request: made(min(request.number, n - 3)))
    run = t.run(server.url, "-p", profile(t), "-n", n, "-c", "1")
    t.equal(run["effects.aliased"], 3, "the last three")
    # The warm-up's effects count for nothing, but they are known.
    server = t.server(lambda request: made("the only one"))
    run = t.run(server.url, "-p", profile(t), "-d", "300ms", "-c", "1",
                "--set", "load.warmup=200ms", "--set", "load.think=1ms")
    t.equal(run["effects.aliased"], run["operations.succeeded"], "warm-up")


@test("a key that is in flight to the end is stuck")
def stuck(t):
    n = 15
    server = t.server(lambda request: reply(409, '{"error": "in flight"}'))
    run = t.run(server.url, "-p", profile(
        t, retry=ON_BUSY), "-n", n, "-c", "3",
        "--slo", "stuck == 0", status=1)
    t.equal(run["effects.stuck"], n, "stuck")
    t.equal(run["attempts.by_outcome"].get("busy"), 4 * n, "busy")
    t.equal(run["effects.oracle"], "none", "nothing was named")
    server = twin_server(t, lambda key, turn:
                         made(key) if turn else reply(409, "{}"))
    run = t.run(server.url, "-p", profile(
        t, retry=ON_BUSY), "-n", n, "-c", "3")
    t.equal(run["effects.stuck"], 0, "in flight once, and then done")


@test("ids: texts and numbers, within what is kept, or reported as missing")
def ids(t):
    n = 6

    def with_body(body):
        server = t.server(lambda request: reply(201, body(request), JSON))
        return t.run(server.url, "-p", profile(t), "-n", n, "-c", "1")

    for what, body in (
            ("a number", lambda r: f'{{"id": {r.number}}}'),
            ("escapes", lambda r: '{"\\u0069d": "\\ud83d\\ude00%d"}'
                                  % r.number),
            ("late in the text",
             lambda r: json.dumps({"pad": "y" * 60000, "id": r.number})),
            ("before a long rest",
             lambda r: json.dumps({"id": r.number, "pad": "y" * 200000}))):
        run = with_body(body)
        t.equal(run["effects.operations_checked"], n, what)
        t.equal(run["effects.total_effects"], n, what)
        t.equal(run["effects.aliased"], 0, what)
    for what, body in (
            ("past what is kept",
             lambda r: json.dumps({"pad": "y" * 70000, "id": r.number})),
            ("null", lambda r: '{"id": null}'),
            ("an object", lambda r: '{"id": {}}'),
            ("an empty text", lambda r: '{"id": ""}'),
            ("no JSON", lambda r: "<html>"),
            ("nothing", lambda r: "")):
        run = with_body(body)
        t.equal(run["effects.oracle"], "none", what)
        t.equal(run["effects.duplicate"], None, f"{what}: never 0")
        t.equal(run["effects.unnamed"], n, f"{what}: counted")
        t.match(run["effects.problem"], "no answer named an effect", what)
        t.equal(run["operations.succeeded"], n, f"{what}: still succeeded")


@test("an answer without the expected members is not the expected one")
def expected(t):
    n = 10
    for what, body, good in (
            ("all", {"state": "created", "n": 2, "ok": True, "x": []}, True),
            ("another text", {"state": "pending", "n": 2, "ok": True}, False),
            ("another number", {"state": "created", "n": 3, "ok": True},
             False),
            ("another kind", {"state": "created", "n": "2", "ok": True},
             False),
            ("none", {"state": "created", "n": 2}, False)):
        server = t.server(lambda request, b=body: reply(
            200, json.dumps(b), JSON))
        run = t.run(server.url, "-p", profile(
            t, {"expect": {"json": {"/state": "created", "/n": 2.0,
                                    "/ok": True}}}, idempotency={}),
            "-n", n, "-c", "2")
        outcome = "ok" if good else "unexpected"
        t.equal(run["attempts.by_outcome"].get(outcome), n, what)
        t.equal(run["operations.succeeded" if good else "operations.ambiguous"],
                n, f"{what}: the verdict")
    # A refusal stays one, whatever its body says.
    server = t.server(lambda request: reply(422, '{"state": "created"}'))
    run = t.run(server.url, "-p", profile(
        t, {"expect": {"json": {"/state": "created"}}}), "-n", n)
    t.equal(run["operations.rejected"], n, "422")


@test("with a ledger it is the ledger that judges, and answers add to it")
def both(t):
    target = t.target("-p", "targets/no-keys")
    n = few(300, 100)
    run = t.run(target.url, "-p", profile(
        t, retry=RETRIES, timeout={"attempt": "250ms"},
        faults=[{"kind": "lost_response", "ratio": 0.3, "as": "timeout"}],
        ledger={"url": "/ledger", "key": "{{op.id}}", "settle": "50ms"}),
        "-n", n, "-c", "100")
    t.equal(run["effects.oracle"], "ledger", "oracle")
    t.check(run["effects.duplicate"] > 0, "there were some")
    t.equal(run["effects.named_twice"], run["effects.duplicate"],
            "and answers named all of them")
    t.equal(run["effects.lost"], 0, "lost is measured")


main()
