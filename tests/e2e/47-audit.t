#!/usr/bin/python3
# Proves: squall audit tells good key stores from bad ones. Each mode and each
# fault of the embedded target gets exactly the verdicts that it deserves,
# every time: races and lost responses are hit by construction, because the
# service time is the width of the window and the last bytes of a race go out
# together. Every one of the twenty checks has a service that fails it (or,
# where the rule is only information, is told of it) and one that passes.
#
# AUDIT_REPEATS=50 repeats the modes so often.

from harness import *

import xml.etree.ElementTree as ElementTree

REPEATS = int(os.environ.get("AUDIT_REPEATS", 2))
ALL = [f"IK{i:02}" for i in range(1, 21)]
WINDOW = ("--set", "service.service_time.mean=10ms", "--settle", "10ms")


def audit(t, *args, status=None, limit=60):
    process = t.launch("audit", *args, "--json", "-q")
    code = process.wait(limit * PATIENCE)
    if status is not None and code != status:
        raise Failed(f"exit {code}, not {status}: {args}\n{process.err}\n"
                     f"{process.out[:2000]}")
    return json.loads(process.out)


def verdicts(document):
    return {c["id"]: c["verdict"] for c in document["checks"]}


def check_of(document, name):
    return next(c for c in document["checks"] if c["id"] == name)


def holds(t, document, told, name):
    """All checks pass but those that are told of otherwise."""
    expected = dict.fromkeys(ALL, "pass")
    expected.update({"IK03": "info", "IK20": "skipped"})
    expected.update(told)
    seen = verdicts(document)
    wrong = {c: (seen[c], expected[c], check_of(document, c)["observed"])
             for c in ALL if seen[c] != expected[c]}
    t.equal(wrong, {}, name)
    counts = {v: list(seen.values()).count(v) for v in
              ("pass", "warn", "fail", "info", "skipped")}
    t.equal(document["summary"], counts, f"{name}: the summary")


def fail(*names):
    return dict.fromkeys(names, "fail")


MODES = {
    "atomic": (0, {}),
    "none": (1, {**fail("IK01", "IK08", "IK09", "IK10", "IK11", "IK13",
                        "IK14", "IK17"),
                 "IK02": "info", "IK06": "info", "IK12": "skipped"}),
    "racy": (1, {**fail("IK09", "IK11", "IK14"), "IK12": "skipped"}),
    "forgetful": (1, fail("IK20")),
    "replay_errors": (0, {"IK17": "warn"}),
}

for mode in MODES:
    @test(f"{mode}: the verdicts that it deserves, every time",
          limit=60 + 10 * REPEATS)
    def each_mode(t, mode=mode):
        status, told = MODES[mode]
        more = ()
        if mode == "forgetful":
            more = ("--window", "1s", "--set", "service.ttl=500ms")
        for _ in range(REPEATS):
            holds(t, audit(t, "--keys", mode, *WINDOW, *more, status=status),
                  told, mode)

# fault, its verdicts, more arguments
FAULTS = [
    ("required", {"IK03": "pass"}, ()),
    ("unmarked", {"IK02": "info"}, ()),
    ("changed_replay", {"IK01": "warn"}, ()),
    ("crash_missing", fail("IK03"), ()),
    ("shared_empty", fail("IK04"), ()),
    ("crash_malformed", fail("IK04", "IK05", "IK07"), ()),
    ("first_line", {"IK05": "warn"}, ()),
    ("crash_quoted", fail("IK04", "IK05", "IK06"),
     ("--convention", "stripe")),
    ("truncated", fail("IK07"), ()),
    ("alias_payload", fail("IK08"), ()),
    ("byte_fingerprint", {"IK10": "warn"}, ()),
    ("attach", {"IK12": "skipped"}, ()),
    ("attach", {"IK12": "skipped"}, ("--convention", "attach")),
    ("plain_conflict", {"IK12": "warn"}, ()),
    ("claim_early", fail("IK15"), ()),
    ("effect_first", fail("IK16"), ()),
    ("commit_apart", fail("IK17"), ()),
    ("stuck_after_error", fail("IK17"), ()),
    ("any_endpoint", fail("IK18"), ()),
    ("any_caller", fail("IK19"), ()),
    ("reject_replays", {"IK02": "skipped"},
     ("--convention", "reject-duplicate")),
]


def with_faults(*faults):
    return ("--set", "service.key_faults=" + json.dumps(list(faults)))


for fault, told, more in FAULTS:
    @test(f"{' '.join((fault,) + more)}: the verdicts that it deserves",
          limit=90)
    def each_fault(t, fault=fault, told=told, more=more):
        status = 1 if "fail" in told.values() else 0
        if "stripe" in more:
            told = {**told, "IK01": "pass"}
        holds(t, audit(t, *with_faults(fault), *WINDOW, *more,
                       status=status), told, fault)


@test("a stored conflict stays", limit=90)
def stored(t):
    document = audit(t, *with_faults("stored_conflict"), *WINDOW, status=1)
    t.equal(verdicts(document)["IK12"], "fail", "the 409 stays")
    t.check("stays" in check_of(document, "IK12")["observed"], "in words")


@test("the payload of the first, shared while it runs, is aliasing")
def aliased(t):
    document = audit(t, *with_faults("attach", "alias_payload"), *WINDOW,
                     status=1)
    holds(t, document, {**fail("IK08", "IK09"), "IK12": "skipped"},
          "attach and alias")


@test("expiry: kept to the window, and open to all behind it", limit=60)
def expiry(t):
    forgets = ("--keys", "forgetful", "--set", "service.ttl=600ms",
               "--window", "600ms")
    holds(t, audit(t, *WINDOW, *forgets, status=0), {"IK20": "pass"},
          "forgetful, as it says")
    document = audit(t, *WINDOW, *forgets, *with_faults("racy_expiry"),
                     status=1)
    holds(t, document, fail("IK20"), "racy at the end")
    t.check("20 of 20" in check_of(document, "IK20")["observed"],
            check_of(document, "IK20")["observed"])
    document = audit(t, "--window", "24h", status=0)
    t.check("--patient" in check_of(document, "IK20")["observed"],
            "a long window is not waited for")


URL_ARGS = ("-X", "POST", "-H", "Content-Type: application/json",
            "-b", '{"order": "{{op.id}}"}')


@test("a URL: the effects told are those of the target's own ledger",
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
    """A right key store of the test's own, with its books."""

    def __init__(self):
        self.lock = threading.Lock()
        self.keys = {}
        self.effects = {}
        self.server = None

    def claim(self, key, order):
        with self.lock:
            if key in self.keys:
                return self.keys[key]
            self.keys[key] = (order, None)
            return None

    def answer(self, request):
        if request.path == "/ledger":
            with self.lock:
                lines = [f"{o} {n}" for o, n in self.effects.items()]
            return reply(200, "\n".join(lines) + "\n")
        try:
            order = json.loads(request.body)["order"]
        except ValueError:
            return self.problem(400)
        keys = request.header_values("Idempotency-Key")
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
            self.keys[key] = (order, number)
        return self.created(number)

    @staticmethod
    def problem(status, headers=()):
        return reply(status, "{}", [("Content-Type",
                                     "application/problem+json"), *headers])

    @staticmethod
    def created(number, headers=()):
        """In chunks, after an interim answer."""
        lines = "".join(f"{n}: {v}\r\n" for n, v in headers)
        body = json.dumps({"data": {"id": number}})
        return ("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\n"
                "Content-Type: application/json; charset=utf-8\r\n"
                f"Transfer-Encoding: chunked\r\n{lines}\r\n"
                f"{len(body):x}\r\n{body}\r\n0\r\n\r\n").encode()


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
                     certificates.ca, "--ledger", "/ledger", "--ledger-key",
                     "{{op.id}}", "--settle", "20ms", status=0, limit=80)
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
    t.check("5xx" in check_of(document, "IK20")["observed"], "the reason")
    t.check(len(server.requests) < 60, "it stopped early")


@test("a service that does not accept the request: nothing passes", limit=30)
def refused(t):
    server = t.server(lambda request: reply(401, "no"))
    document = audit(t, server.url, *URL_ARGS, status=3)
    t.equal(set(verdicts(document).values()), {"skipped"}, "all skipped")
    t.equal(len(server.requests), 1, "one request was enough")


@test("usage and unreachable services have their exit status")
def statuses(t):
    for args, status, words in (
            (("--convention", "nobody"), 2, "ietf, stripe"),
            (("--window", "soon"), 2, "24h"),
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


@test("JSON, text and JUnit tell the same", limit=60)
def forms(t):
    junit = t.directory / "audit.xml"
    out = t.directory / "audit.json"
    process = t.launch("audit", "--keys", "racy", *WINDOW, "-q", "--junit",
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
