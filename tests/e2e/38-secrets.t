#!/usr/bin/python3
# Proves: a secret goes out byte by byte and shows up nowhere. Thirty marked
# secrets are put into all places that take text, every command is made to fail
# and to succeed with them, and every byte that came out is searched; dead
# letters restore them from where they came from.

import base64

from harness import *

MARK = "S3NT"
COUNT = 30


def secret(number, more=""):
    return f"{MARK}{number:02d}{more}"


def environment():
    """Two are no plain words: braces are no placeholder, and quotes no JSON."""
    values = {f"E{n}": secret(n) for n in range(1, COUNT + 1)}
    values["E1"] = secret(1, "{{op.seq}}")
    values["E2"] = secret(2, '"q\\z')
    return values


def profile(t, url):
    return t.profile({
        "name": "n-${env:E3}", "about": "a ${env:E4}",
        "target": {"url": url.replace("://", "://u:${env:E5}@")
                   + "?k=${env:E6}"},
        "headers": {"Authorization": "Bearer ${env:E1}",
                    "X-List": ["${env:E7}", "x-${env:E8}"],
                    "X-Signature": secret(9), "Cookie": "s=" + secret(10)},
        "idempotency": {"key": "template",
                        "template": "k-${env:E11}-{{op.id}}"},
        "requests": [
            {"name": "r-${env:E12}", "method": "POST",
             "path": "/a/${env:E13}?sig=" + secret(14) + "&x=${env:E15}",
             "headers": {"X-Api-Key": secret(16), "X-Own": "${env:E17}"},
             "body": {"a": "${env:E2}", "b": ["${env:E18}"], "n": 1}},
            {"name": "text", "method": "PUT", "path": "/b?token=" + secret(19),
             "body": "t ${env:E20} {{op.id}} {{key}}"},
            {"name": "form", "method": "PATCH",
             "form": ["a=${env:E1}", "b=x ${env:E2}{{op.seq}}"]}],
        "ledger": {"url": "/ledger?api_key=" + secret(21),
                   "key": "${env:E22}{{op.id}}",
                   "headers": {"X-Auth-Token": "${env:E23}"}},
        "slo": ["success_rate >= 50%"]})


def written(t):
    """Every byte of every file that a command wrote."""
    return b"".join(p.read_bytes() for p in t.directory.iterdir()
                    if p.name.startswith(("report", "out")))


def forms():
    for n in range(1, COUNT + 1):
        yield secret(n).encode()
        yield base64.b64encode(b"u:" + secret(n).encode())


def shows_none(t, what, *texts):
    everything = written(t) + b"".join(
        x.encode() if isinstance(x, str) else x for x in texts)
    for form in forms():
        t.check(form not in everything,
                f"{what}: {form} is shown: "
                f"{everything[max(0, everything.find(form) - 90):][:150]}")


def answers(status):
    def answer(request):
        if request.path.startswith("/ledger"):
            return reply(200, b"")
        # A service that says what it got.
        echo = " ".join([request.path, request.body.decode()]
                        + [v for _, v in request.headers])
        return reply(status, json.dumps({"id": echo, "error": echo}),
                     [("Content-Type", "application/json")])
    return answer


def outputs(t):
    return ("--events", t.path("out-events"), "--junit", t.path("out-junit"),
            "--text", t.path("out-text"), "--dead-letters",
            t.path("out-letters"), "--markdown", t.path("out-markdown"),
            "--csv", t.path("out-csv"), "--openmetrics",
            t.path("out-openmetrics"), "--html", t.path("out-html"))


@test("thirty secrets in a run, its outputs and what is made of its report",
      limit=90)
def runs(t):
    for status in (200, 503):
        server = t.keep(t.server(answers(status)))
        run = t.run("-p", profile(t, server.url), "-n", "12", "-c", "1",
                    "-H", "X-Session-Token: " + secret(24), "--set",
                    "headers.X-Password=" + secret(25), *outputs(t),
                    env=environment(), status=None, checked=False)
        t.check(len(server.requests) > 12, "requests")
        posts = [r for r in server.requests if r.method == "POST"]
        t.equal(posts[0].header("Authorization"), "Bearer " + secret(1) +
                "{{op.seq}}", "byte by byte")
        t.equal(json.loads(posts[0].body)["a"], secret(2) + '"q\\z', "JSON")
        forms = [r.body for r in server.requests if r.method == "PATCH"]
        t.match(forms[0].decode(), "^a=" + secret(1) + "%7B%7Bop.seq%7D%7D"
                "&b=x\\+" + secret(2) + r"%22q%5Cz\d$", "a form")
        t.equal(posts[0].header("X-Password"), secret(25), "of --set")
        shows_none(t, f"run, {status}", run.out, run.err)
        t.match(t.path("out-events").read_text(), r"k-\*\*\*-", "key, masked")
    report = next(t.directory.glob("report*.json"))
    for option in ("--text", "--junit", "--json", "--markdown", "--csv",
                   "--openmetrics", "--html"):
        more = () if option == "--json" else (t.path("out-again"),)
        run = t.squall("report", report, option, *more, status=None)
        shows_none(t, f"report {option}", run.out, run.err)


@test("dead letters restore what they do not show, byte by byte", limit=60)
def replays(t):
    server = t.keep(t.server(answers(503)))
    document = json.loads(profile(t, server.url).read_text())
    for header in ("X-Signature", "Cookie"):
        del document["headers"][header]
    del document["requests"][0]["headers"]["X-Api-Key"]
    document["requests"][0]["path"] = "/a/${env:E13}?sig=${env:E14}"
    document["requests"][1]["path"] = "/b?x=1"
    document["target"]["url"] = server.url
    del document["ledger"]
    t.run("-p", t.profile(document), "-n", "12", "-c", "1", "--dead-letters",
          t.path("out-letters"), env=environment(), status=None)

    def seen():
        requests = sorted((r.method, r.path, r.body, tuple(sorted(r.headers)))
                          for r in server.requests)
        server.requests.clear()
        return requests

    sent = seen()
    shows_none(t, "letters")
    run = t.squall("replay", t.path("out-letters"), "--max-attempts", "1",
                   "--events", t.path("out-events"), "--dead-letters",
                   t.path("out-left"), env=environment(), status=1)
    t.equal(seen(), sent, "sent again")
    shows_none(t, "replay", run.out, run.err)
    # The values are those of the day.
    t.squall("replay", t.path("out-letters"), "--max-attempts", "1",
             env=dict(environment(), E20="renewed"), status=1)
    t.check(any(b"t renewed " in r[2] for r in seen()), "renewed")
    run = t.squall("replay", t.path("out-letters"), status=2)
    t.match(run.err, "environment lacks.*E20", "what is missing is named")
    shows_none(t, "replay without", run.out, run.err)


@test("thirty secrets in a comparison", limit=90)
def comparisons(t):
    server = t.keep(t.server(answers(200)))
    variants = [t.write(f"{n}.json", json.dumps({"retry": {"max_attempts": n}}))
                for n in (1, 2)]
    document = json.loads(profile(t, server.url).read_text())
    del document["ledger"]  # it is waited for in every run
    run = t.squall("compare", *variants, "-p", t.profile(document),
                   "-n", "3", "-c", "1", "--rounds", "8",
                   "-H", "X-Session-Token: " + secret(24), "--set",
                   "headers.X-Password=" + secret(25), "-o",
                   t.path("out-comparison"), env=environment(), status=None)
    t.check(len(server.requests) >= 48, f"requests: {run.err}")
    t.check(t.path("out-comparison").exists(), "a document")
    shows_none(t, "compare", run.out, run.err)


@test("a secret that the shown part of an answer ends within")
def cut(t):
    long = secret(1) + "".join(f"<{n}>" for n in range(60))

    def answer(request):
        text = request.header("X-Own")
        return reply(503, "no " * 34 + json.dumps(json.dumps(text + '"')))

    server = t.keep(t.server(answer))
    t.run(server.url, "-n", "2", "-c", "1", "-H", "X-Own: ${env:E1}",
          *outputs(t), env={"E1": long}, status=None, checked=False)
    shows_none(t, "run")
    report = json.loads(next(t.directory.glob("report*.json")).read_text())
    t.match(report["errors"][0]["text"], r"^(no )+\W+\*$", "masked")


@test("thirty secrets in an audit", limit=90)
def audits(t):
    server = t.keep(t.server(answers(200)))
    url = server.url.replace("://", f"://u:{secret(26)}@")
    for more in ((), ("--rejected-body", "{")):
        run = t.squall(
            "audit", url + "?api_key=" + secret(27), "-X", "POST", "-b",
            '{"password": "' + secret(28) + '", "o": "{{op.id}}"}', "-H",
            "Authorization: Basic " + secret(29), "--second-credentials",
            "Authorization: Bearer " + secret(30), "-H", "X: ${env:E1}",
            "-o", t.path("out-audit"), "--junit", t.path("out-junit"), *more,
            env=environment(), status=None, limit=80)
        shows_none(t, "audit", run.out, run.err)


@test("what is refused is not shown", limit=90)
def refusals(t):
    s = secret(9)
    server = t.keep(t.server(answers(200)))
    url = server.url
    ledger = ("-X", "POST", "-b", "{{op.id}}", "--ledger-key", "{{op.id}}")
    bad = t.write("bad.json", '{"headers": {"Authorization": "Bearer %s"},\n'
                  ' "ledger": {"headers": {"X-Api-Key": "%s"}, "key": 7},\n'
                  ' "target": {"url": "ftp://u:%s@h/", "proxy": 5},\n'
                  ' "retry": {"password": "%s"} "x"}' % (s, s, s, s))
    for arguments in (
            (f"http://u:{s}@127.0.0.1:bad/",), (f"ftp://u:{s}@h/",),
            (f"u:{s}@h/x",), (f"http://u:{s}/x@h/",),
            (f"http://u:p@127.0.0.1:1/?sig={s}",),
            (f"http://127.0.0.1:1/#token={s}&token={s}",),
            (url, "--proxy", f"socks5://u:{s}@127.0.0.1"),
            (url, "--proxy", f"u:{s}@127.0.0.1:1"),
            (url, "--proxy", f"ftp://u:{s}@h"),
            (url, "-H", f"Authorization {s}"), (url, "-H", f"Cookie: a\n{s}"),
            (url, "-H", f"X-Api-Key: {s}", "-H", "Host: a", "-H", "Host: b"),
            (url, *ledger, "--ledger", f"ftp://u:{s}@h/l"),
            (url, *ledger, "--ledger", f"http://127.0.0.1:1/l?token={s}"),
            (url, *ledger, "--ledger-command", f"P={s} true"),
            (url, *ledger, "--ledger-command", f"curl -u a:{s} x"),
            (url, "--set", f"headers.Authorization.x={s}"),
            (url, "--set", f"requests=[{{\"headers\":{{\"X-Api-Key\":\"{s}\"}},"
             "\"nope\":1}]"),
            (url, "--set", "retry.max_attempts=${env:E9}"),
            (url, "--set", "load.rate=x${env:E9}y"),
            (url, "--set", "timeout.attempt=${env:E9}" + "z" * 600),
            (url, "-H", "X: ${env:NL}"), (url, "-X", "a ${env:E9}"),
            (url, "--set", "idempotency.template=${env:NL}", "--key-kind",
             "template"),
            (url, "--slo", "${env:E9} < 1"),
            (url, "-p", bad), (url, "-p", f"/none/?token={s}"),
            (url, "--resolve", "${env:E9}"),
            (url, "--unix-socket", "/tmp/${env:E9}"),
            (url, "--cacert", "/none/${env:E9}")):
        for command in ("run", "audit"):
            run = t.squall(command, *arguments,
                           *(("-n", "1") if command == "run" else ()),
                           env=dict(environment(), NL=f"x\r\nInjected: {s}"),
                           status=None)
            if "--slo" in arguments and command == "audit":
                continue
            t.check(run.status in (1, 2, 3), f"{arguments}: {run.status}")
            shows_none(t, f"{command} {arguments}", run.out, run.err)
    t.check(not any(r.header("Injected") for r in server.requests),
            "nothing injected")
    for words in (("show", bad), ("check", bad)):
        run = t.squall("profile", *words, status=2)
        shows_none(t, f"profile {words}", run.out, run.err)
    good = profile(t, url)
    for words in (("show", good), ("check", good), ("delays", good)):
        run = t.squall("profile", *words, env=environment(), status=None)
        shows_none(t, f"profile {words}", run.out, run.err)


main()
