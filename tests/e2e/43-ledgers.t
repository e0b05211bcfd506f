#!/usr/bin/python3
# Proves: ledgers are read in every form that is documented, however they come;
# what was there before the run is not blamed on it; effects that appear late
# are waited for, and their lag is measured; illegal steps between states are
# counted and shown; and a ledger that is none is refused by line and remedy, with
# the report still written and nothing judged.

import datetime
import gzip
import itertools
import zlib

from harness import *

ID = "order {{op.seq}} of Ann"


class Shop:
    """Performs an effect for each POST, `per_order` of them, and lists them
    as `lines(effects, shop)` says; `delay` seconds later than it answers."""

    def __init__(self, t, lines, delay=0.0, headers=(), per_order=1):
        self.answer_of = lines
        self.delay = delay
        self.headers = headers
        self.per_order = per_order
        self.effects = []  # (id, time)
        self.has_work = False
        self.readings = 0
        self.server = t.server(self.answer)
        self.url = self.server.url

    def answer(self, request):
        if request.method == "GET":
            self.readings += 1
            reported = self.answer_of([e for e in self.effects
                              if e[1] <= time.time()], self)
            if not isinstance(reported, str):
                return reported
            return reply(200, reported, headers=self.headers)
        self.has_work = True
        for _ in range(self.per_order):
            self.effects.append((request.header("X-Op"),
                                 time.time() + self.delay))
        return reply(201)


def counted(effects):
    counts = {}
    for name, _ in effects:
        counts[name] = counts.get(name, 0) + 1
    return counts


def orders(t, ledger=None, name="orders.json", **sections):
    document = {
        "requests": [{"name": "order", "method": "POST", "body": "x",
                      "headers": {"X-Op": ID}}],
        "ledger": {"url": "/ledger", "key": ID, "settle": "50ms",
                   **(ledger or {})}}
    document.update(sections)
    return t.profile(document, name)


def records(effects):
    return [{"key": name, "count": count}
            for name, count in counted(effects).items()]


def encoded(effects, how):
    """Lines, compressed and saying so, whoever asked for it or not."""
    lines = "".join(f"{n} {c}\n" for n, c in counted(effects).items())
    compress = {"gzip": gzip.compress, "deflate": zlib.compress}[how]
    return reply(200, compress(lines.encode()), [("Content-Encoding", how)])


JSON = [("Content-Type", "application/json; charset=utf-8")]
FORMS = {
    "lines": (lambda e, s: "\r\n\r\n".join(
        f"  {n}   {c}" for n, c in counted(e).items()) + "\r\n", ()),
    "lines of psql": (lambda e, s: "".join(
        f"{n}|{c}\n" for n, c in counted(e).items()),
        [("Content-Type", "text/plain")]),
    "lines with tabs": (lambda e, s: "".join(
        f"{n}\t{c}\n" for n, c in counted(e).items()), ()),
    "an object": (lambda e, s: json.dumps(counted(e), indent=1), JSON),
    "an object of no declared type": (
        lambda e, s: "\n " + json.dumps(counted(e)), ()),
    "an object within": (lambda e, s: json.dumps(
        {"page": 1, "effects": counted(e), "next": None}), JSON),
    "an array": (lambda e, s: json.dumps(records(e)), JSON),
    "an array within": (lambda e, s: json.dumps(
        {"entries": records(e), "total": 3}), JSON),
    "NDJSON": (lambda e, s: "".join(
        json.dumps(r) + "\n" for r in records(e)),
        [("Content-Type", "application/x-ndjson")]),
    "NDJSON, an event each": (lambda e, s: "".join(
        json.dumps({"amount": 12, "id": n}) + "\n" for n, _ in e), ()),
    "lines, compressed as gzip": (lambda e, s: encoded(e, "gzip"), ()),
    "lines, compressed as deflate": (lambda e, s: encoded(e, "deflate"), ()),
}

for form, (lines, headers) in FORMS.items():
    @test(f"a ledger as {form}")
    def forms(t, lines=lines, headers=headers):
        shop = Shop(t, lines, headers=headers, per_order=2)
        run = t.run(shop.url, "-p", orders(t), "-n", "60", "-c", "3")
        t.equal(run["effects.oracle"], "ledger", "oracle")
        t.equal(run["effects.duplicate"], 60, "each was done twice")
        t.equal(run["effects.extra_effects"], 60, "once too often")
        t.equal((run["effects.foreign"], run["effects.seen_before"]), (0, 0),
                "nothing else")
        t.equal(run["effects.late"], None, "no times, nothing measured")
        t.equal(run["effects.transitions"], None, "no states")


@test("a large ledger in many pieces: all of it is read")
def pieces(t):
    n = few(100000, 20000)

    def lines(effects, shop):
        def parts():
            yield b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
            text = "".join(f"{name} {count}\n"
                           for name, count in counted(effects).items())
            if shop.has_work:
                text += "".join(f"stranger {i} 1\n" for i in range(n))
            data = text.encode()
            for at in range(0, len(data), 70001):
                yield data[at:at + 70001]
        return parts()
    shop = Shop(t, lines)
    run = t.run(shop.url, "-p", orders(t), "-n", "100")
    t.equal(run["effects.exactly_once"], 100, "exactly once")
    t.equal(run["effects.foreign"], n, "foreign")


@test("a command that prints as psql does, and one that fails")
def command(t):
    path = t.path("orders.txt")
    path.write_text("before the run|7\n")

    def answer(request):
        with open(path, "a", encoding="utf-8") as file:
            file.write(request.header("X-Op") + "|2\n")
        return reply()
    server = t.server(answer)
    profile = t.profile({
        "requests": [{"name": "r", "method": "POST",
                      "headers": {"X-Op": ID}}],
        "ledger": {"command": f"cat {path}", "key": ID, "settle": "10ms"}})
    run = t.run(server.url, "-p", profile, "--allow-exec", "-n", "20")
    t.equal(run["effects.duplicate"], 20, "duplicates")
    t.equal(run["effects.foreign"], 0, "what was there before")
    for text, problem in ((f"cat {path}; exit 7", "ended with status 7"),
                          ("echo nonsense", "line 1 is not `id count`"),
                          ("kill -9 $$", "was killed by signal 9"),
                          ("cat /dev/zero", "longer than 4096 bytes"),
                          ("(sleep 60 &)", "did not end in time"),
                          ("exec >&-; sleep 60", "did not end in time"),
                          ("sleep 60", r"did not end in time \(ledger\.tim")):
        path.write_text("")
        # Good before the run, bad after it.
        run = t.run(server.url, "-p", profile, "--allow-exec", "-n", "3",
                    "--set", "ledger.timeout=2s", "--ledger-command",
                    f"if [ -s {path} ]; then {text}; fi", status=3)
        t.match(run.err, problem, "named")
        t.equal(run["effects.oracle"], "unverified", "oracle")
        t.match(run["effects.problem"], problem, "in the report")


@test("a ledger behind a password; the password is in no report")
def password(t):
    secret = "Bearer s3cr3t-of-the-test"
    shop = Shop(t, None)

    def lines(effects, _shop):
        if shop.server.requests[-1].header("Authorization") != secret:
            return reply(401, "who are you\n")
        return FORMS["lines"][0](effects, shop)
    shop.answer_of = lines
    refused = t.squall("run", "-q", shop.url, "-p", orders(t), "-n", "5",
                       status=3)
    t.match(refused.err, r'answered 401: "who are you', "named")
    t.match(refused.err, r"ledger\.headers", "the remedy")
    t.check(not shop.has_work, "no load without a ledger")
    inside = shop.url.replace("http://", "http://joe:s3cr3t@") + "ledger"
    refused = t.squall("run", "-q", shop.url, "-p", orders(t, {"url": inside}),
                       "-n", "5", status=3)
    t.absent(refused.err, "s3cr3t", "the password of a URL is not shown")
    run = t.run(shop.url, "-p", orders(t, {"headers": {
        "Authorization": "${env:LEDGER_TOKEN}"}}), "-n", "5",
        env={"LEDGER_TOKEN": secret})
    t.equal(run["effects.exactly_once"], 5, "read with it")
    t.absent(json.dumps(run.report) + run.out + run.err, "s3cr3t", "masked")


SECRETS = {
    "a header by its name": {"headers": {"apikey": "s3cr3t"}},
    "a header from the environment": {"headers": {"X-Me": "${env:TOKEN}"}},
    "a query": {"url": "/ledger?access_token=s3cr3t"},
    "a query from the environment": {"url": "/ledger?me=${env:TOKEN}"},
    "a password in a URL": {"url": "http://joe:s3cr3t@localhost:PORT/ledger"},
    "a command's words": {"command": "DB_PASSWORD=s3cr3t true"},
    "a command's URL": {"command": "true postgres://joe:s3cr3t@host/db"},
    "a command from the environment": {"command": "true '${env:TOKEN}'"},
    "a history's query": {
        "transitions": {"A": []}, "history": {
            "url": "/history?token=s3cr3t"}},
}

for kind, where in SECRETS.items():
    @test(f"a secret is in no output, be the ledger good or bad: {kind}")
    def secrets(t, where=where):
        # Once it can be read, and once, after the run, it cannot.
        for bad in (False, True):
            def lines(effects, shop, bad=bad):
                if bad and shop.has_work:
                    return reply(500, "no")
                path = shop.server.requests[-1].path
                return "" if "history" in path else \
                    FORMS["lines"][0](effects, shop)
            shop = Shop(t, lines)
            ledger = json.loads(json.dumps(where).replace(
                "PORT", shop.url.rstrip("/").rsplit(":", 1)[1]))
            if "command" in ledger:
                ledger["url"] = None
                if bad:
                    ledger["command"] += f"; mkdir {t.path('once')}"
            run = t.run(shop.url, "-p", orders(t, ledger), "-n", "3",
                        "--allow-exec", env={"TOKEN": "s3cr3t"},
                        status=3 if bad else 0)
            t.absent(run.out + run.err + json.dumps(run.report), "s3cr3t",
                     f"bad: {bad}")


@test("effects that come late are waited for; lost are those that never come")
def late_effects(t):
    for never, patience in ((0, "5s"), (1, "2s")):
        done, lock = {}, threading.Lock()

        def appear(op, done=done, lock=lock):
            with lock:
                done[op] = done.get(op, 0) + 1

        def answer(request, done=done, lock=lock, never=never):
            if request.method == "GET":
                with lock:
                    return reply(200, "".join(f"{op} {n}\n"
                                              for op, n in done.items()))
            op = request.body.decode()
            if not (never and op.endswith("-1")):
                # Each in its turn, far apart for a ledger that settles.
                late = .8 + .2 * int(op.rsplit("-", 1)[1])
                threading.Timer(late, appear, (op,)).start()
            return reply(201)
        run = t.run(t.server(answer).url, "-n", "8", "-c", "4",
                    "--slo", "lost == 0", "-p", t.profile({
                        "requests": [{"method": "POST",
                                      "body": "{{op.id}}"}],
                        "ledger": {"url": "/ledger", "key": "{{op.id}}",
                                   "settle": "50ms",
                                   "patience": patience}}),
                    status=never)
        t.equal(run["effects.lost"], never, f"lost with {never} missing")
        t.equal(run["effects.exactly_once"], 8 - never, "the others")
        looked = run["effects.looked_us"] / 1e6
        if never:
            t.between(looked, 3.8, 9, "looked on after the last")
            t.match(run.out, r"succeeded and not seen within \d", "in words")
        else:
            t.between(looked, 2, 6, "and no longer than needed")


@test("an old ledger does no harm: what was there before is taken off")
def baseline(t):
    old = {f"old {i}": 3 for i in range(500)}
    old["order 4 of Ann"] = 2  # an id that the run uses
    old["order 7 of Ann"] = 1

    def lines(effects, shop):
        counts = dict(old)
        for name, count in counted(effects).items():
            if name == "order 7 of Ann":
                continue  # a key that works: done before, so not again
            counts[name] = counts.get(name, 0) + count
        if shop.has_work:
            counts["old 3"] += 2   # somebody else is at work
            counts["new one"] = 1
        # Split over lines: they add up all the same.
        return "".join(f"{n} {c - 1}\n{n} 1\n" for n, c in counts.items())
    shop = Shop(t, lines)
    run = t.run(shop.url, "-p", orders(t), "-n", "20", "--slo", "lost == 0",
                "--slo", "seen_before == 0", status=1)
    t.equal(run["effects.seen_before"], 2, "reported")
    t.equal(run["effects.operations_checked"], 18, "and not judged")
    t.equal(run["effects.exactly_once"], 18, "exactly once")
    t.equal((run["effects.lost"], run["effects.duplicate"]), (0, 0),
            "nobody is blamed")
    t.equal((run["effects.foreign"], run["effects.foreign_ids"]), (3, 2),
            "only what appeared during the run")
    t.equal([s["pass"] for s in run["slo"]], [True, False], "SLOs")
    run = t.run(shop.url, "-p", orders(t), "-n", "20", "--slo",
                "duplicates == 0", "--slo", "lost == 0", status=1)
    t.equal(run["effects.seen_before"], 20, "the same ids once more")
    t.equal([s["pass"] for s in run["slo"]], [False, False],
            "nothing was judged, so nothing passes")
    t.match(run["slo.0.reason"], "all 20 operations have ids that had "
            "effects before", "and that is why")
    t.match(run.out, "no operation was checked", "in the text")
    t.absent(run.out, "0 duplicate", "with no sign that all is well")
    shop = Shop(t, lines)
    run = t.run(shop.url, "-p", orders(t, {"baseline": False}), "-n", "20")
    t.equal(run["effects.seen_before"], 0, "without a baseline")
    t.equal(run["effects.duplicate"], 1, "order 4 has three effects")
    t.equal(run["effects.foreign"], 1500 + 3, "all is foreign")


def with_time(form):
    def lines(effects, _shop):
        if form == "json":
            return "".join(json.dumps({
                "key": n, "count": 1, "time": int(at * 1000)}) + "\n"
                for n, at in effects)
        if form == "rfc3339":
            return "".join(
                f"{n}|1|" + datetime.datetime.fromtimestamp(
                    at, datetime.timezone(datetime.timedelta(hours=2))
                ).isoformat(" ") + "\n" for n, at in effects)
        return "".join(f"{n} 1 {at:.6f}\n" for n, at in effects)
    return lines


for form in ("seconds", "json", "rfc3339"):
    @test(f"effects that come late are waited for; lag from times as {form}")
    def late(t, form=form):
        shop = Shop(t, with_time(form), delay=0.4)
        run = t.run(shop.url, "-p", orders(t, {
            "columns": "count_time", "settle": "600ms"}), "-n", "40", "-c", "2",
            "--slo", "effect_lag_p99 < 10ms", status=1)
        t.equal(run["effects.exactly_once"], 40, "none is lost")
        t.equal(run["effects.late"], 40, "all were late")
        lag = run["effects.effect_lag"]
        t.equal(lag["count"], 40, "one lag an operation that succeeded")
        # The effect is due 0.4 s after the server had the request; the
        # caller knows a little later.
        t.between(lag["p50_us"], 300000, 401000, "p50")
        t.equal(run["slo.0.value"], lag["p99_us"], "an SLO metric")
        shop = Shop(t, with_time(form))
        run = t.run(shop.url, "-p", orders(t, {"columns": "count_time"}), "-n",
                    "40")
        t.equal(run["effects.late"], 0, "none is late")
        t.equal((run["effects.effect_lag.count"],
                 run["effects.effect_lag.max_us"]), (40, 0), "no lag")


@test("settling is reported, and the timeout is named when it never ends",
      limit=60)
def settling(t):
    def lines(effects, shop):
        return f"x{shop.readings} 1\n" + FORMS["lines"][0](effects, shop)
    shop = Shop(t, lines)
    path = t.path("report.json")
    process = t.launch("run", shop.url, "-p", orders(t, {"timeout": "4s"}),
                       "-n", "5", "-o", path)
    run = t.finish(process, status=3, report=path)
    t.match(run.err, r"the ledger still changes: reading \d+, 5 effects of "
            r"this run, \d s left", "progress")
    t.match(run.err, r"did not settle in 4 s \(ledger\.timeout\): it still "
            r"changed after \d+ readings", "named")
    t.match(run.err, "raise ledger.timeout", "the remedy")
    t.equal(run["effects.oracle"], "unverified", "oracle")
    t.equal(run["operations.succeeded"], 5, "the other figures are kept")


STATES = {"PENDING": ["RUNNING"], "RUNNING": ["COMPLETED", "FAILED"]}
PATHS = (["PENDING", "RUNNING", "COMPLETED"],
         ["PENDING", "COMPLETED"],              # one illegal step
         ["PENDING", "RUNNING", "FAILED"],
         ["RUNNING", "COMPLETED", "RUNNING"],   # two
         ["PENDING", "RUNNING", "LIMBO"])       # one, to nowhere


def history(effects, form):
    """Each operation goes the path of its number; the lines come in the
    reverse order of their times."""
    lines = []
    for index, (name, at) in enumerate(effects):
        number = int(name.split()[1])
        for step, state in enumerate(PATHS[number % len(PATHS)]):
            # Whole milliseconds: rounding must not make two times one.
            lines.append((index, name, state,
                          (int(at * 1000) + step) / 1000))
    lines.reverse()
    if form == "json":
        return json.dumps([{"id": n, "state": s, "at": at}
                           for _, n, s, at in lines])
    return "".join(f"{n}|{s}|{at:.3f}\n" for _, n, s, at in lines)


for form in ("lines", "json"):
    @test(f"states: illegal steps are counted and shown, reported as {form}")
    def transitions(t, form=form):
        shop = Shop(t, lambda effects, s: history(effects, form))
        profile = orders(t, {"columns": "state_time", "transitions": STATES,
                             "effect_states": ["COMPLETED"]})
        run = t.run(shop.url, "-p", profile, "-n", "50", "-c", "5", "--slo",
                    "illegal_transitions == 0", status=1)
        found = run["effects.transitions"]
        t.equal(found["checked"], 10 * (3 + 2 + 3 + 3 + 3), "steps")
        t.equal(found["illegal"], 10 * (0 + 1 + 0 + 2 + 1), "illegal")
        t.equal(found["operations"], 30, "operations")
        t.equal({(e["from"], e["to"]) for e in found["examples"]},
                {("PENDING", "COMPLETED"), (None, "RUNNING"),
                 ("COMPLETED", "RUNNING"), ("RUNNING", "LIMBO")}, "which")
        t.equal(run["slo.0.value"], 40, "an SLO metric")
        t.equal(run["effects.exactly_once"], 30, "those that COMPLETED")
        t.equal(run["effects.lost"], 20, "succeeded, never COMPLETED")
        shop.effects.clear()
        text = t.squall("run", "-q", "--json", shop.url, "-p", profile, "-n",
                        "5").out
        t.match(text, r'"at_unix_us":\s*1\d{15}\b[^.]', "whole, in digits")
        shop.effects.clear()
        text = t.squall("run", "--full", shop.url, "-p", profile, "-n",
                        "50").out
        t.match(text, r"40 of 140 steps between states are not allowed",
                "in the text")


@test("states from a history beside a ledger of counts")
def beside(t):
    shop = Shop(t, None)

    def lines(effects, _shop):
        if shop.server.requests[-1].path == "/history":
            return history(effects, "lines")
        return json.dumps(counted(effects))
    shop.answer_of = lines
    run = t.run(shop.url, "-p", orders(t, {
        "transitions": STATES, "initial": ["PENDING", "RUNNING"],
        "history": {"url": "/history"}}), "-n", "50", "-c", "5")
    t.equal(run["effects.exactly_once"], 50, "by the counts")
    t.equal(run["effects.transitions.illegal"], 30, "RUNNING may be first")
    shop.effects.clear()
    shop.answer_of = lambda effects, s: "" if s.server.requests[-1].path == \
        "/history" else json.dumps(counted(effects))
    run = t.run(shop.url, "-p", orders(t, {
        "transitions": STATES, "history": {"url": "/history"}}), "-n", "5",
        "--slo", "illegal_transitions == 0", status=1)
    t.equal(run["effects.transitions.checked"], 0, "an empty history")
    t.equal(run["slo.0.measured"], False, "is no proof")


@test("a ledger elsewhere is not reached as the target is")
def elsewhere(t):
    # Over HTTP/2 without TLS, and through a Unix socket: both are for the
    # target only.
    ledger = {"url": None, "key": "{{op.id}}", "settle": "20ms"}
    order = {"name": "order", "method": "POST", "body": '{"op": "{{op.id}}"}'}
    books = t.h2_books()
    for url, more, arguments in (
            (books.url + "/effects/delay/1", {"target": {"http": "2"}}, ()),
            ("http://localhost/", {}, ("--unix-socket",))):
        if arguments:
            nginx = t.nginx(unix=True)
            arguments += (nginx.socket_path,)
        server = t.server(lambda request: reply(200, ""))
        ledger["url"] = server.url + "ledger"
        run = t.run(url, "-p", t.profile(dict(
            more, requests=[order], ledger=ledger)), "-n", "5", *arguments)
        t.equal(run["effects.oracle"], "ledger", f"{more}: read")
        t.check(len(server.requests) >= 3, f"{more}: from there")
        t.check(all(r.path == "/ledger" for r in server.requests),
                f"{more}: and nothing else is sent there")


def endless(shop, piece, pause):
    """An answer whose pieces never end, for as long as the test lasts."""
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    for number in itertools.count():
        if shop.server.stopping.wait(pause):
            return
        yield piece(number)


@test("a ledger that is gone with its service when the run is over")
def gone(t):
    shop = Shop(t, lambda effects, s: "")
    answer = shop.server.answer

    def last(request):
        answered = answer(request)
        if len(shop.effects) == 5:
            shop.server.refuse()
        return answered
    shop.server.answer = last
    run = t.run(shop.url, "-p", orders(t), "-n", "5", "-c", "1", status=3)
    t.match(run.err, "could not be read: .*connect", "named")
    t.equal(run["effects.oracle"], "unverified", "oracle")
    t.equal(run["operations.succeeded"], 5, "the other figures are kept")


BAD = {
    "a status": (lambda e, s: reply(500, "out of order\n"),
                 r'answered 500: "out of order', "ledger.headers"),
    "a redirect": (lambda e, s: reply(302, "", [("Location", "/there")]),
                   "answered 302", "a redirect is not followed"),
    "a count beyond all measure": (
        lambda e, s: "".join(f"{n} {2 ** 63}\n" for n in counted(e)),
        "more than 4294967295 effects for one id", ""),
    "a page for people": (lambda e, s: "<!DOCTYPE html>\n<html>\n",
                          r"line 1 is not `id count`", "page for people"),
    "a malformed line": (lambda e, s: "a 1\n\nb one\n",
                         r'line 3 is not `id count`: "b one"', "id count"),
    "a negative count": (lambda e, s: "a 1\nb -2\n",
                         r'line 2 has a negative count: "b -2"', "id count"),
    "a negative count in JSON": (
        lambda e, s: '{"a": 1,\n"b": -2}',
        r'line 2 gives no whole count for: "b"', "id count"),
    "a count that is too large": (
        lambda e, s: "a 99999999999999999999\n",
        r"line 1 has a count that is too large", "id count"),
    "JSON that ends in the middle": (
        lambda e, s: '{"a": 1,\n "b"', r"line 2 is not valid JSON", "id"),
    "JSON that is not UTF-8": (
        lambda e, s: reply(200, b'{"a\xff": 1}'), r"not UTF-8", "id count"),
    "a line without an end": (
        lambda e, s: "a 1\n" + "x" * 200000,
        r"line 2 is longer than 4096 bytes", "id count"),
    "a body that is cut": (
        lambda e, s: (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                      b"a 1\nb 2\nc ", CLOSE),
        r"ended early, after 2 entries", "a part of a ledger proves nothing"),
    "chunks that are cut": (
        lambda e, s: (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"4\r\na 1\n\r\n4\r\nb ", CLOSE),
        r"ended early, after 1 entries", "a part of a ledger"),
    "compressed bytes that nothing names": (
        lambda e, s: reply(200, gzip.compress(b"a 1\n")),
        "line 1 is not `id count`", "id count"),
    "bytes that are not compressed as they say": (
        lambda e, s: reply(200, b"a 1\n", [("Content-Encoding", "gzip")]),
        "could not be read: .*unencoding", "not what its Content-Encoding says"),
    "bytes of NUL": (lambda e, s: reply(200, b"\0" * 100),
                     "line 1 is not `id count`", "id count"),
    "a stream without end": (
        lambda e, s: endless(s, lambda n: b"%d 1\n" % n * 1000, 0),
        r"could not be read in 1 s \(ledger\.timeout\)", "make the ledger shorter"),
    "a stream that drips": (
        lambda e, s: endless(s, lambda n: b"x", .02),
        r"could not be read in 1 s \(ledger\.timeout\)", "raise"),
    "no answer": (lambda e, s: HANG,
                  r"could not be read in 1 s \(ledger\.timeout\)",
                  "raise ledger.timeout"),
    "a reset": (lambda e, s: RESET, r"could not be read", ""),
}

for kind, (lines, problem, remedy) in BAD.items():
    @test(f"a bad ledger: {kind}")
    def bad(t, lines=lines, problem=problem, remedy=remedy):
        # Good before the run, so that there is something to report.
        shop = Shop(t, lambda effects, s: lines(effects, s) if s.has_work
                    else "")
        run = t.run(shop.url, "-p", orders(t, {"timeout": "1s"}), "-n", "5",
                    "--slo", "duplicates == 0", status=3)
        t.match(run.err, problem, "named")
        t.match(run.err, remedy, "the remedy")
        t.match(run["effects.problem"], problem, "in the report")
        t.equal(run["effects.oracle"], "unverified", "oracle")
        t.equal(run["effects.duplicate"], None, "not measured, never 0")
        t.equal(run["slo.0.pass"], False, "an SLO on it does not pass")
        t.equal(run["operations.succeeded"], 5, "the other figures are kept")
        t.equal(run["verdict"], "invalid", "verdict")


@test("ids that are not UTF-8 are ids of somebody else; wrong counts count")
def odd(t):
    shop = Shop(t, lambda effects, s: reply(200, "".join(
        f"{n} {2 + i % 2}\n" for i, (n, _) in enumerate(effects)).encode() +
        (b"\xff\xfe\x80 5\n" if s.has_work else b"")))
    run = t.run(shop.url, "-p", orders(t), "-n", "10", "-c", "1")
    t.equal(run["effects.foreign"], 5, "foreign")
    t.equal(run["effects.duplicate"], 10, "as the ledger counts")
    t.equal(run["effects.total_effects"], 25, "as the ledger counts")


def join_of(t, url, n, lines, request):
    """A run with a ledger from a command, and the most memory, in KiB,
    that squall had when the last reading began."""
    if is_sanitized():
        raise Skip("a sanitizer has memory of its own")
    peaks = t.path("peaks")
    peaks.unlink(missing_ok=True)
    run = t.run(url, "-p", t.profile({
        "requests": [dict(request, name="order", method="POST")],
        "ledger": {"command": f"grep VmHWM /proc/$PPID/status >> {peaks}\n" +
                   lines, "key": "{{op.id}}", "settle": "10ms"}}),
        "--allow-exec", "-n", n, "-c", "64")
    readings = peaks.read_text().splitlines()
    t.check(len(readings) >= 3, "before the run, and until two agree")
    return run, int(readings[-1].split()[1])


@test("the join takes less than 64 bytes an operation", limit=90)
def memory(t):
    kib = {}
    for n in (5000, 155000):
        target = t.target("-p", "targets/no-keys")
        code = "import urllib.request as r, shutil, sys; shutil.copyfileobj(" \
            f"r.urlopen('{target.url}/ledger'), sys.stdout.buffer)"
        run, kib[n] = join_of(
            t, target.url, n, f'{sys.executable} -c "{code}"',
            {"path": "/orders", "body": '{"order": "{{op.id}}"}',
             "headers": {"Content-Type": "application/json"}})
        t.equal(run["effects.exactly_once"], n, "joined")
    bytes_each = (kib[155000] - kib[5000]) * 1024 / 150000
    t.note(f"{kib} KiB: {bytes_each:.1f} bytes an operation")
    # 32 in the log and 10 to 16 in the index.
    t.between(bytes_each, 32, 64, "bytes an operation")


@test("a long ledger takes no memory, and a long baseline 65 bytes an id",
      limit=90)
def long_ledgers(t):
    n = 1000000
    server = t.server(lambda request: reply())
    kib = {}
    for name, before, after in (("short", 1, 1), ("long after", 1, n),
                                ("long before", n, n)):
        marker = t.path(name.replace(" ", "-"))
        run, kib[name] = join_of(
            t, server.url, 3, f"if mkdir {marker} 2>/dev/null; "
            f"then seq {before}; else seq {after}; fi | sed 's/$/ 1/'",
            {"body": "x"})
        t.equal(run["effects.foreign"], after - before, f"{name}: foreign")
    t.note(f"{kib} KiB")
    # 8 MiB for the ids of others, which are counted up to 700,000.
    t.check(kib["long after"] - kib["short"] < 12 << 10,
            "a ledger is never held")
    # 21 to 43 bytes an id, and half as much again while the table grows.
    t.between(kib["long before"] - kib["short"], n * 21 / 1024,
              n * 65 / 1024 + (12 << 10), "the baseline")


@test("a key that the service does not store is suspected")
def another_key(t):
    shop = Shop(t, lambda effects, s: json.dumps(
        {n.upper(): c for n, c in counted(effects).items()}))
    run = t.run(shop.url, "-p", orders(t), "-n", "5")
    t.equal(run["effects.lost"], 5, "nothing of the run is there")
    t.equal(run["effects.foreign"], 5, "but as much of others")
    t.match(run.out, "none of them has an id of this run: is ledger.key what",
            "reported")
    run = t.run(Shop(t, lambda effects, s: "old 1\n").url, "-p", orders(t),
                "-n", "5")
    t.match(run.out, "nothing new was in the ledger: is it this service's",
            "and so is a ledger of another service")


@test("what contradicts itself is reported before the run")
def contradictions(t):
    for ledger, problem in (
            ({"columns": "state_time"}, "needs ledger.transitions"),
            ({"initial": ["A"]}, "nothing without ledger.transitions"),
            ({"transitions": STATES}, "the states are nowhere"),
            ({"transitions": {"A": ["B"], "B": ["A"]},
              "columns": "state_time"}, "no state is the first"),
            ({"transitions": STATES, "columns": "state_time",
              "initial": ["PENDNG"]}, "is not in ledger.transitions"),
            ({"transitions": {"A": "B"}, "columns": "state_time"},
             "states and those that may follow"),
            ({"transitions": {"A B": []}, "columns": "state_time"},
             "is not a state"),
            ({"transitions": STATES, "columns": "state_time",
              "history": {"url": "/h"}}, "read from one place"),
            ({"transitions": STATES, "history": {"command": "true"}},
             "--allow-exec"),
            ({"transitions": {f"S{i}": [] for i in range(33)},
              "columns": "state_time"}, "more than 32 states")):
        run = t.squall("run", "http://localhost:9/", "-p",
                       orders(t, ledger), status=2)
        t.match(run.err, problem, "named")


@test("a service that serves no more connections than the load had")
def limited(t):
    target = t.target("-p", "targets/exactly-once", "--max-connections", "20")
    profile = t.profile({
        "requests": [{"method": "POST", "path": "/orders",
                      "body": '{"order": "{{op.id}}"}'}],
        "ledger": {"url": "/ledger", "key": "{{op.id}}", "settle": "10ms",
                   "timeout": "2s"}})
    run = t.run(target.url, "-p", profile, "-n", "400", "-c", "20")
    t.equal(run["effects.exactly_once"], 400, "the ledger was read")


main()
