#!/usr/bin/python3
# Proves: squall audit finds which key stores are good. Each mode and each
# fault of the embedded target gets exactly the verdicts that it deserves,
# every time: races and lost responses are hit by construction, because the
# service time is the width of the window and the last bytes of a race go out
# together. Every one of the twenty checks has a service that passes it and one
# that does not; services that are not squall's own, right and wrong ones, are
# judged as they deserve, and one that is ill is not judged at all.
#
# AUDIT_REPEATS=50 repeats the modes so often, each in a test of its own.

from harness import *

import base64
import xml.etree.ElementTree as ElementTree

REPEATS = int(os.environ.get("AUDIT_REPEATS", 2))
AT_ONCE = 2 if is_sanitized() else 8
ALL = [f"IK{i:02}" for i in range(1, 21)]
WINDOW = ("--set", "service.service_time.mean=10ms", "--settle", "10ms")


def finish(process, args, status, limit):
    code = process.wait(limit * PATIENCE)
    if status is not None and code != status:
        raise Failed(f"exit {code}, not {status}: {args}\n{process.err}\n"
                     f"{process.out[:2000]}")
    return json.loads(process.out)


def audits(t, calls, limit=60):
    """Several, each with its arguments and exit status, some at a time: they
    wait more than they work."""
    processes = []
    documents = []
    for i, (args, status) in enumerate(calls):
        while len(processes) < min(len(calls), i + AT_ONCE):
            more = calls[len(processes)][0]
            processes.append(t.launch("audit", *more, "--json", "-q"))
        documents.append(finish(processes[i], args, status, limit))
    return documents


def audit(t, *args, status=None, limit=60):
    return audits(t, [(args, status)], limit)[0]


def verdicts(document):
    return {c["id"]: c["verdict"] for c in document["checks"]}


def check_of(document, name):
    return next(c for c in document["checks"] if c["id"] == name)


def holds(t, document, others, name):
    """All checks pass but those that are listed with another verdict."""
    expected = dict.fromkeys(ALL, "pass")
    expected.update({"IK03": "info", "IK20": "skipped"})
    expected.update(others)
    seen = verdicts(document)
    wrong = {c: (seen[c], expected[c], check_of(document, c)["observed"])
             for c in ALL if seen[c] != expected[c]}
    t.equal(wrong, {}, name)
    counts = {v: list(seen.values()).count(v) for v in
              ("pass", "warn", "fail", "info", "skipped")}
    t.equal(document["summary"], counts, f"{name}: the summary")


def fail(*names):
    return dict.fromkeys(names, "fail")


def keys(mode, *more):
    return ("--keys", mode, *more)


def faults(*names):
    return ("--set", "service.key_faults=" + json.dumps(list(names)))


def forgets(ttl, window):
    return keys("forgetful", "--set", f"service.ttl={ttl}", "--window",
                window)


# Options of the embedded target, and the verdicts that are not "pass".
MODES = [
    (keys("atomic"), {}),
    (keys("none"), {**fail("IK01", "IK08", "IK09", "IK10", "IK11", "IK13",
                           "IK14", "IK17"),
                    "IK02": "info", "IK06": "info", "IK12": "skipped"}),
    (keys("racy"), {**fail("IK09", "IK11", "IK14"), "IK12": "skipped"}),
    (forgets("500ms", "1s"), fail("IK20")),
    (keys("replay_errors"), fail("IK17")),
]
FAULTS = [
    (faults("required"), {"IK03": "pass"}),
    (faults("unmarked"), {"IK02": "info"}),
    (faults("changed_replay"), {"IK01": "warn"}),
    (faults("crash_missing"), fail("IK03")),
    (faults("shared_empty"), fail("IK04")),
    (faults("crash_malformed"), fail("IK04", "IK05", "IK07")),
    (faults("first_line"), {"IK05": "warn"}),
    (faults("crash_quoted") + ("--convention", "stripe"),
     fail("IK04", "IK05", "IK06")),
    (faults("opaque") + ("--convention", "stripe"),
     {"IK04": "warn", "IK06": "info"}),
    (faults("truncated"), fail("IK07")),
    (faults("alias_payload"), fail("IK08")),
    (faults("attach", "alias_payload"),
     {**fail("IK08", "IK09"), "IK12": "skipped"}),
    (faults("byte_fingerprint"), {"IK10": "warn"}),
    (faults("attach"), {"IK12": "skipped"}),
    (faults("attach") + ("--convention", "attach"), {"IK12": "skipped"}),
    (faults("plain_conflict"), {"IK12": "warn"}),
    (faults("stored_conflict"),
     {**fail("IK12"), "IK13": "pass", "IK14": "fail"}),
    (faults("claim_early"), fail("IK15")),
    (faults("effect_first"), fail("IK16")),
    (faults("commit_apart"), fail("IK17")),
    (faults("stuck_after_error"), fail("IK17")),
    (faults("any_endpoint"), fail("IK18")),
    (faults("any_caller"), fail("IK19")),
    (faults("reject_replays") + ("--convention", "reject-duplicate"),
     {"IK02": "skipped"}),
    (keys("atomic") + ("--window", "24h"), {}),
    (forgets("2s", "2s"), {"IK20": "pass"}),
    (keys("atomic") + ("--window", "1ms"), {"IK20": "skipped"}),
    (forgets("600ms", "600ms") + faults("racy_expiry"), fail("IK20")),
]


def each_gets_what_it_deserves(t, rows):
    documents = audits(t, [(WINDOW + args, int("fail" in others.values()))
                           for args, others in rows])
    for document, (args, others) in zip(documents, rows):
        holds(t, document, others, " ".join(args))
    return documents


for rows in [[m] for m in MODES] if REPEATS > 2 else [MODES]:
    @test(f"{', '.join(r[0][1] for r in rows)}: the verdicts that it "
          "deserves, every time", limit=60 + 10 * REPEATS)
    def each_mode(t, rows=rows):
        documents = each_gets_what_it_deserves(t, rows * REPEATS)
        if "replay_errors" in rows[-1][0]:
            words = check_of(documents[-1], "IK17")["observed"]
            t.check("stuck: 503" in words, words)
            t.check("the 500 stays, of something that was done" in words,
                    words)


@test("faults: each the verdicts that it deserves", limit=180)
def each_fault(t):
    each_gets_what_it_deserves(t, FAULTS)


@test("each of the twenty has a service that passes, and one that does not")
def both_sides(t):
    base = {**dict.fromkeys(ALL, "pass"), "IK03": "info", "IK20": "skipped"}
    others = [{**base, **row[1]} for row in MODES + FAULTS]
    for check in ALL:
        seen = {row[check] for row in others}
        # Nothing demands a marker: its absence is no fault.
        worst = "info" if check == "IK02" else "fail"
        t.check("pass" in seen, f"{check}: somebody passes")
        t.check(worst in seen, f"{check}: somebody gets {worst}")
    t.check("warn" in {row["IK10"] for row in others}, "IK10 warns, too")
    t.check("info" in {row["IK06"] for row in others}, "IK06 informs, too")


URL_ARGS = ("-X", "POST", "-H", "Content-Type: application/json",
            "-b", '{"order": "{{op.id}}"}')


@test("a URL: the effects reported are those of the target's own ledger",
      limit=60)
def by_url(t):
    target = t.target("--keys", "racy", "--service-time", "10ms")
    before = target.ledger()
    t.equal(before, {}, "nothing was done before")
    document = audit(t, target.url + "/orders", *URL_ARGS, "--ledger",
                     "/ledger", "--ledger-key", "{{op.id}}", "--settle",
                     "20ms", status=1)
    seen = verdicts(document)
    t.equal([c for c in ALL if seen[c] == "fail"], ["IK09", "IK11", "IK14"],
            "the failures of racy")
    t.equal([c for c in ALL if seen[c] == "skipped"],
            ["IK12", "IK17", "IK18", "IK19", "IK20"],
            "what was not given is skipped")
    race = check_of(document, "IK11")
    operations = {a["operation"] for a in race["attempts"]}
    ledger = target.ledger()
    counts = [n for name, n in ledger.items()
              if int(name.rsplit("-", 1)[1]) in operations]
    t.equal(race["effects"]["total"], sum(counts), "effects of the race")
    t.equal(race["effects"]["most"], max(counts), "the most of one")
    t.equal(len(race["attempts"]), 100, "five rounds of twenty")
    t.equal(document["schema"], "squall.audit/1", "schema")
    t.equal(document["target"], target.url + "/orders", "target")
    keys = [a["key"] for c in document["checks"] for a in c["attempts"]
            if c["id"] in ("IK01", "IK11", "IK13")]
    t.equal(len(set(keys)), 1 + 5 + 3, "a fresh key for every operation")


@test("without a ledger it says what it could not see", limit=60)
def blind(t):
    target = t.target("--service-time", "5ms")
    document = audit(t, target.url + "/orders", *URL_ARGS, status=0)
    seen = verdicts(document)
    t.equal(document["oracle"], "answers", "oracle")
    t.equal([seen[c] for c in ("IK13", "IK14", "IK15", "IK16")],
            ["info"] * 4, "lost effects cannot be seen")
    t.check("without a ledger" in check_of(document, "IK13")["observed"],
            "and it says so")
    t.equal(seen["IK11"], "pass", "answers name what they made")
    t.equal(check_of(document, "IK11")["effects"]["oracle"], "answers",
            "by the answers")
    document = audit(t, target.url + "/orders", *URL_ARGS, "--effect-id",
                     "/nothing", status=0)
    t.equal(verdicts(document)["IK01"], "info", "no identity: nothing seen")
    t.equal(check_of(document, "IK01")["effects"], None, "not 0")


@test("a race is seen without a ledger, too", limit=60)
def divergent(t):
    target = t.target("--keys", "racy", "--service-time", "10ms")
    document = audit(t, target.url + "/orders", *URL_ARGS, status=1)
    t.equal(verdicts(document)["IK11"], "fail", "divergent answers")


class KeyStore:
    """A key store of the test's own, with its books; right unless `wrong` says
    otherwise."""

    def __init__(self, wrong="", interim=True, body_key=False):
        self.lock = threading.Lock()
        self.keys = {}
        self.effects = {}
        self.server = None
        self.wrong = wrong
        self.interim = interim
        self.body_key = body_key

    def claim(self, key, order):
        with self.lock:
            if key in self.keys:
                return self.keys[key]
            if self.wrong != "racy":
                self.keys[key] = (order, None)
            return None

    def key_of(self, request):
        if self.body_key:
            return [json.loads(request.body).get("key", "")]
        return request.header_values("Idempotency-Key")

    def answer(self, request):
        if request.path == "/ledger":
            with self.lock:
                lines = [f"{o} {n}" for o, n in self.effects.items()]
            return reply(200, "\n".join(lines) + "\n")
        try:
            order = json.loads(request.body)["order"]
        except ValueError:
            return self.problem(400)
        keys = self.key_of(request)
        if len(keys) != 1 or not re.fullmatch(r'"?[!#-~]{1,100}"?', keys[0]):
            return self.problem(400)
        key = keys[0].strip('"')
        before = self.claim(key, order)
        if before and before[0] != order:
            return self.problem(422)
        if before and not before[1]:
            return self.problem(409, [("Retry-After", "1")])
        if before:
            return self.created(before[1],
                                [("Idempotent-Replayed", "true")])
        self.server.pause(0.01)
        with self.lock:
            self.effects[order] = self.effects.get(order, 0) + 1
            number = sum(self.effects.values())
            self.keys.setdefault(key, (order, number))
            if not self.keys[key][1]:
                self.keys[key] = (order, number)
        return self.created(number)

    @staticmethod
    def problem(status, headers=()):
        return reply(status, "{}", [("Content-Type",
                                     "application/problem+json"), *headers])

    def created(self, number, headers=()):
        if self.wrong == "mute":
            return reply(200, '{"status": "accepted"}', headers)
        if self.wrong == "names nobody":
            return reply(200, '{"id": "shop", "status": "accepted"}', headers)
        body = json.dumps({"data": {"id": number}})
        if not self.interim:
            return reply(201, body, headers)
        # In chunks, after an interim answer.
        lines = "".join(f"{n}: {v}\r\n" for n, v in headers)
        return ("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\n"
                "Content-Type: application/json; charset=utf-8\r\n"
                f"Transfer-Encoding: chunked\r\n{lines}\r\n"
                f"{len(body):x}\r\n{body}\r\n0\r\n\r\n").encode()


LEDGER_ARGS = ("--ledger", "/ledger", "--ledger-key", "{{op.id}}", "--settle",
               "20ms")


def foreign(t, store, before=lambda request: None):
    """A server of the store; `before` may answer in its place."""
    def answer(request):
        return before(request) or store.answer(request)

    store.server = t.server(answer)
    return store.server.url + "orders"


@test("a right service of the test's own, over TLS: what is seen is its book",
      limit=90)
def over_tls(t):
    import ssl
    certificates = t.certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    store = KeyStore()
    store.server = t.server(store.answer, tls=context)
    document = audit(t, store.server.url + "orders", *URL_ARGS, "--cacert",
                     certificates.ca, *LEDGER_ARGS, status=0, limit=80)
    skipped = dict.fromkeys(("IK17", "IK18", "IK19", "IK20"), "skipped")
    holds(t, document, {**skipped, "IK03": "pass"}, "the right service")
    by_order = {}
    for request in store.server.requests:
        if request.path == "/orders" and b"}" in request.body:
            order = json.loads(request.body)["order"]
            by_order.setdefault(order, []).append(request)
    for check in document["checks"]:
        if check["effects"] and check["id"] not in (
                "IK08", "IK09", "IK16"):
            operations = {a["operation"] for a in check["attempts"]}
            counts = [store.effects.get(o, 0) for o in by_order
                      if int(o.rsplit("-", 1)[1]) in operations]
            t.equal(check["effects"]["total"], sum(counts),
                    f"{check['id']}: the effects in the book")
    # What was hung up on had been delivered; each was sent exactly twice or,
    # when it was busy, more often.
    for check in ("IK13", "IK14"):
        attempts = check_of(document, check)["attempts"]
        for operation in {a["operation"] for a in attempts}:
            sent = sum(a["operation"] == operation for a in attempts)
            got = sum(len(v) for o, v in by_order.items()
                      if int(o.rsplit("-", 1)[1]) == operation)
            t.equal(got, sent, f"{check}: requests that arrived")
    race = check_of(document, "IK11")["attempts"]
    first = [r.at for o, v in by_order.items() for r in v
             if int(o.rsplit("-", 1)[1]) == race[0]["operation"]]
    t.equal(len(first), 20, "twenty in a race")
    t.note(f"the twenty were read within {max(first) - min(first):.4f} s")


@test("a racy service is found when its kernel is slow to acknowledge",
      limit=60)
def racy(t):
    store = KeyStore("racy", interim=False)
    document = audit(t, foreign(t, store), *URL_ARGS, *LEDGER_ARGS, status=1)
    t.equal([c for c in ALL if verdicts(document)[c] == "fail"],
            ["IK09", "IK11", "IK14"], "the failures of racy")


@test("answers that distinguish nothing accuse nobody, and prove nothing",
      limit=60)
def mute(t):
    wrongs = ("mute", "names nobody")
    urls = [foreign(t, KeyStore(wrong)) for wrong in wrongs for _ in range(2)]
    documents = audits(t, [
        ((url, *URL_ARGS, *(LEDGER_ARGS if i % 2 else ())), 0)
        for i, url in enumerate(urls)])
    checks = ("IK01", "IK07", "IK08", "IK11")
    for i, document in enumerate(documents):
        seen = verdicts(document)
        t.equal([seen[c] for c in checks], ["pass" if i % 2 else "info"] * 4,
                f"{wrongs[i // 2]}, {'a' if i % 2 else 'no'} ledger")
        t.equal(check_of(document, "IK11")["effects"] is None, i % 2 == 0,
                "not seen is not 0")


@test("429 is heeded, and is nobody's conflict", limit=60)
def limited(t):
    store = KeyStore()
    turn = iter(range(10 ** 6))
    document = audit(t, foreign(
        t, store, lambda r: r.path != "/ledger" and next(turn) % 5 == 0 and
        reply(429, "", [("Retry-After", "0")])),
        *URL_ARGS, *LEDGER_ARGS, status=0)
    seen = verdicts(document)
    t.equal([c for c in ALL if seen[c] in ("fail", "warn")], [], "no fault")
    t.check("429" in check_of(document, "IK11")["observed"], "but is shown")
    # All of a race but the first: then there was none, and no verdict. The
    # ten races come after the only body that has lines.
    store = KeyStore()
    lock = threading.Lock()
    races = []

    def crowded(request):
        key = request.header("Idempotency-Key")
        with lock:
            if request.path == "/ledger":
                return None
            if key in races:
                return reply(429, "", [("Retry-After", "0")])
            if b"\n" in request.body:
                races.append("begin")
            elif 0 < len(races) <= 10:
                races.append(key)
        return None

    document = audit(t, foreign(t, store, crowded), *URL_ARGS, *LEDGER_ARGS,
                     status=0)
    t.equal(len(races), 11, "ten races")
    t.equal(verdicts(document)["IK11"], "skipped", "no race, no verdict")
    t.equal(verdicts(document)["IK12"], "skipped", "and no conflict")
    t.equal(verdicts(document)["IK13"], "pass", "the others are judged")


@test("a service that falls ill on the way is not judged by that", limit=90)
def ill(t):
    def after(count, then):
        seen = iter(range(10 ** 6))
        return lambda r: (r.path != "/ledger" and next(seen) >= count and
                          then or None)

    for name, then, words in (
            ("no money", reply(402, "{}"), "402"),
            ("an hour", reply(429, "", [("Retry-After", "3600")]), "429"),
            ("hangs", HANG, "no answer in time")):
        store = KeyStore()
        document = audit(t, foreign(t, store, after(30, then)), *URL_ARGS,
                         *LEDGER_ARGS, "--timeout", "300ms", status=3)
        t.equal(document["summary"]["fail"], 0, f"{name}: no failure")
        t.check(words in document["stopped"], f"{name}: {document['stopped']}")
        t.equal(verdicts(document)["IK20"], "skipped", f"{name}: the rest")
        t.check(not document["complete"], f"{name}: not complete")
        t.check(len(store.server.requests) < 80, f"{name}: it ends early")
    store = KeyStore()
    gone = after(20, True)

    def leaves(request):
        if gone(request):
            store.server.refuse()
            return CLOSE
        return None

    document = audit(t, foreign(t, store, leaves), *URL_ARGS, *LEDGER_ARGS,
                     status=3)
    t.equal(document["summary"]["fail"], 0, "gone: no failure")
    t.check("no more" in document["stopped"], document["stopped"])


@test("a bad moment is no failure, and what comes every time is one",
      limit=60)
def moment(t):
    asked = []

    def number(request):
        return (request.header("Idempotency-Key") or "").isdigit()

    def once(request):
        if request.path == "/ledger":
            return None
        asked.append(request)
        first = [r for r in asked if number(r)][:1]
        return reply(500, "") if asked == [request] or first == [request] \
            else None

    documents = audits(t, [
        ((foreign(t, KeyStore(), once), *URL_ARGS, *LEDGER_ARGS), 0),
        ((foreign(t, KeyStore(), lambda r: number(r) and reply(500, "")),
          *URL_ARGS, *LEDGER_ARGS), 1)])
    t.equal(verdicts(documents[0])["IK01"], "pass", "the first of all")
    t.equal(verdicts(documents[0])["IK05"], "warn", "a number, once")
    t.check("only once" in check_of(documents[0], "IK05")["observed"],
            check_of(documents[0], "IK05")["observed"])
    t.equal(verdicts(documents[1])["IK05"], "fail", "a number, every time")


@test("a slow service ends in a verdict, and the ledger may be lost",
      limit=60)
def slow(t):
    store = KeyStore()

    def waits(request):
        store.server.pause(0.1)

    document = audit(t, foreign(t, store, waits), *URL_ARGS, *LEDGER_ARGS,
                     "--limit", "2s", status=3)
    t.equal(document["stopped"], "the time of the audit is over", "why")
    t.equal(verdicts(document)["IK01"], "pass", "what was done is reported")
    t.equal(verdicts(document)["IK20"], "skipped", "the rest is not")
    store = KeyStore()
    readings = iter(range(1000))
    process = t.launch("audit", foreign(
        t, store, lambda r: r.path == "/ledger" and next(readings) > 8 and
        reply(500, "no")), *URL_ARGS, *LEDGER_ARGS)
    t.equal(process.wait(40), 3, "a ledger that cannot be read is no success")
    t.equal(process.err.count("answered 500"), 1, "reported once")
    t.check("could no longer be read" in process.out, "and in the text")


@test("a second scope that accepts nothing says nothing", limit=60)
def scopes(t):
    store = KeyStore()
    document = audit(
        t, foreign(t, store, lambda r: reply(404, "") if r.path == "/nowhere"
                   else reply(401, "") if r.header("Authorization") else None),
        *URL_ARGS, *LEDGER_ARGS, "--second-path", "/nowhere",
        "--second-credentials", "Authorization: Bearer wrong", status=0)
    for check, words in (("IK18", "404"), ("IK19", "401")):
        t.equal(verdicts(document)[check], "skipped", check)
        t.check(words in check_of(document, check)["observed"],
                check_of(document, check)["observed"])


@test("a failure that lasts as long as it is asked for wedges no key",
      limit=60)
def asked(t):
    def always(status):
        return lambda r: r.header("X-Fault") and reply(
            status, "", [("Retry-After", "1")])

    urls = [foreign(t, KeyStore(), always(status)) for status in (500, 503)]
    for document in audits(t, [
            ((url, *URL_ARGS, *LEDGER_ARGS, "--fail-header",
              "X-Fault: always"), 0) for url in urls]):
        t.equal(verdicts(document)["IK17"], "pass", "it works without")


@test("keys in the body, credentials in the URL, headers of one's own",
      limit=60)
def composed(t):
    body = ("-X", "POST", "-b", '{"order": "{{op.id}}", "key": "{{key}}"}',
            "--set", "idempotency.in=body")
    store = KeyStore(body_key=True)
    document = audit(t, foreign(t, store), *body, *LEDGER_ARGS, status=0)
    seen = verdicts(document)
    t.equal([c for c in ALL if seen[c] == "skipped"],
            ["IK03", "IK04", "IK05", "IK06", "IK07", "IK17", "IK18", "IK19",
             "IK20"], "no header is asked about")
    t.equal([c for c in ALL if seen[c] not in ("skipped", "pass")], [],
            "the others pass")
    t.check(all(not r.header("Idempotency-Key")
                for r in store.server.requests), "no header has the key")
    process = t.launch("audit", store.server.url, *URL_ARGS, "--set",
                       "idempotency.in=body")
    t.equal(process.wait(20), 2, "a body without the key")
    t.check("{{key}}" in process.err, process.err)
    server = t.server(lambda request: reply(401, "no"))
    audit(t, server.url.replace("//", "//us%40er:p%3Aw@"), "-X", "POST", "-b",
          "{}", "-H", "Accept: text/plain", "-H", "User-Agent: me", status=3)
    request = server.requests[0]
    t.equal(request.header("Authorization"),
            "Basic " + base64.b64encode(b"us@er:p:w").decode(),
            "credentials")
    t.equal([request.header_values("Accept"),
             request.header_values("User-Agent")], [["text/plain"], ["me"]],
            "once each")


@test("what the ledger does not know ends it, and says what may be wrong",
      limit=30)
def unknown(t):
    store = KeyStore()
    document = audit(t, foreign(t, store), *URL_ARGS, "--ledger", "/ledger",
                     "--settle", "20ms", status=1)
    t.equal(verdicts(document)["IK01"], "fail", "succeeded, not done")
    t.check("--ledger-key" in check_of(document, "IK01")["observed"], "hint")
    t.equal(document["summary"]["skipped"], 19, "nothing is judged by it")


@test("storms of 5xx end it; what was not tried is skipped", limit=60)
def storm(t):
    asked = []

    def answer(request):
        asked.append(request)
        body = json.dumps({"id": len(asked)})
        return reply(201 if len(asked) <= 9 else 503, body)

    server = t.server(answer)
    document = audit(t, server.url + "orders", *URL_ARGS, status=1)
    seen = verdicts(document)
    t.equal(seen["IK20"], "skipped", "the rest is left alone")
    t.check(not document["complete"], "and it is not complete")
    t.check("503" in check_of(document, "IK20")["observed"], "the reason")
    t.check("503" in document["stopped"], "and of the whole")
    t.check(len(server.requests) < 60, "it stopped early")


@test("a service that does not accept the request: nothing passes", limit=30)
def refused(t):
    server = t.server(lambda request: reply(401, "no"))
    document = audit(t, server.url, *URL_ARGS, status=3)
    t.equal(set(verdicts(document).values()), {"skipped"}, "all skipped")
    t.equal(len(server.requests), 1, "one request was enough")


@test("an audit that is interrupted reports what it has, and exits 130",
      limit=30)
def interrupted(t):
    store = KeyStore()
    url = foreign(t, store)
    process = t.launch("audit", url, *URL_ARGS, *LEDGER_ARGS, "--json")
    t.wait_until("twenty requests have come",
                 lambda: len(store.server.requests) >= 20)
    process.signal(signal.SIGINT)
    t.equal(process.wait(10), 130, "exit status")
    document = json.loads(process.out)
    t.check(not document["complete"], "not complete")
    t.equal(document["summary"]["fail"], 0, "nothing is charged to it")
    t.check("interrupted" in check_of(document, "IK20")["observed"], "why")
    t.check("error" not in process.err, process.err)


@test("... and exits 130 where it has nothing yet", limit=30)
def interrupted_before(t):
    store = KeyStore()
    url = foreign(t, store, lambda request: HANG)
    process = t.launch("audit", url, *URL_ARGS, *LEDGER_ARGS)
    t.wait_until("it waits for an answer",
                 lambda: len(store.server.requests) == 1)
    process.signal(signal.SIGINT)
    t.equal(process.wait(10), 130, "exit status")
    t.match(process.err, "interrupted", "why")


@test("usage and unreachable services have their exit status")
def statuses(t):
    for args, status, words in (
            (("--convention", "nobody"), 2, "ietf, stripe"),
            (("--window", "soon"), 2, "24h"),
            (("--window", "0s"), 2, "24h"),
            (("--limit", "0s"), 2, "10m"),
            (("--effect-id", "id"), 2, "/id"),
            (("--second-path", "refunds"), 2, "/refunds"),
            (("--fail-header", "X"), 2, "X-Fault"),
            (("http://localhost:1/", "-X", "GET"), 2, "no request performs")):
        process = t.launch("audit", *args)
        t.equal(process.wait(20), status, f"{args}: exit status")
        t.check(words in process.err, f"{args}: {process.err}")
    closed = t.refusing_port()
    process = t.launch("audit", closed.url, *URL_ARGS)
    t.equal(process.wait(20), 3, "unreachable")
    t.check("squall" in process.err or "refused" in process.err, "says so")


@test("JSON, text and JUnit report the same", limit=60)
def forms(t):
    junit = t.directory / "audit.xml"
    out = t.directory / "audit.json"
    process = t.launch("audit", "--keys", "racy", *WINDOW, "--junit",
                       junit, "-o", out)
    t.equal(process.wait(40), 1, "a failure is exit status 1")
    document = json.loads(out.read_text())
    seen = verdicts(document)
    suite = ElementTree.parse(junit).getroot()
    cases = {c.get("name").split()[0]: c for c in suite.iter("testcase")}
    t.equal(set(cases), set(ALL), "a case each")
    for name, case in cases.items():
        t.equal(case.find("failure") is not None, seen[name] == "fail",
                f"{name} in JUnit")
        t.equal(case.find("skipped") is not None, seen[name] == "skipped",
                f"{name} in JUnit")
        t.check(re.search(rf"^{name} +{seen[name]} ", process.out, re.M),
                f"{name} in text")
    t.equal(int(suite.get("failures")), document["summary"]["fail"], "sum")
    for check in document["checks"]:
        t.equal(list(check), ["id", "title", "verdict", "expected",
                              "observed", "effects", "source", "attempts"],
                f"{check['id']}: members")
        t.check(check["observed"] and check["source"] and check["expected"],
                f"{check['id']}: words")


main()
