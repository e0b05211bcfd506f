#!/usr/bin/python3
# Proves: objectives say what they say. Terms are joined by and, or; ratios and
# selectors (request, tier, status) have the figures of the report; windows are
# judged by the worst; names that the profile does not have, and what no run can
# judge, are said before anything is sent; expressions are read from files; a
# run is compared with an earlier one; and a condition ends a run early, with
# the verdict, the time and the reason in every form of the report.

from harness import *

from xml.etree import ElementTree

MIXED = {"requests": [
    {"name": "good", "tier": 1, "path": "/good"},
    {"name": "bad", "tier": 2, "path": "/bad"}]}


def half_bad(request):
    """Of two requests, one is refused."""
    return reply(503 if request.path == "/bad" else 200)


def slos(*expressions):
    return [word for e in expressions for word in ("--slo", e)]


@test("terms, ratios and selectors are judged by the figures of the report")
def joined(t):
    server = t.server(half_bad)
    profile = t.write("mixed.json", json.dumps(MIXED))
    met = ["failed{status=503} > 0 and success_rate{request=good} == 100%",
           "lost == 0 or success_rate{tier=1} == 1",
           "failed / operations == 0 or failed{request=bad} / "
           "operations{request=bad} == 1",
           "attempts{status=200} > 0",
           "failure_rate{tier=2, status=5xx} == 100%"]
    missed = ["p50 < 10s and (success_rate == 100% or failed{status=500} > 0)",
              "failed{tier=1} > 0 or lost == 0"]
    junit, page = t.path("junit.xml"), t.path("report.md")
    run = t.run(server.url, "-p", profile, "-n", "100", *slos(*met, *missed),
                "--junit", junit, "--markdown", page, status=1)
    failed = sum(r.path == "/bad" for r in server.requests)
    t.equal([s["pass"] for s in run["slo"]], [True] * 5 + [False] * 2, "pass")
    first = run["slo"][0]
    t.equal([(x["expr"], x["value"], x["pass"]) for x in first["terms"]],
            [("failed{status=503} > 0", failed, True),
             ("success_rate{request=good} == 100%", 1, True)], "terms")
    t.equal(first["value"], None, "several have no value of their own")
    t.equal(run["slo"][3]["terms"], [], "one alone")
    t.equal(run["slo"][3]["value"], 100 - failed, "attempts by status")
    t.equal(run["slo"][2]["terms"][0]["value"], failed / 100, "ratio")
    t.equal(run["slo"][1]["terms"][0]["judgement"], "not_measured", "unknown")
    t.equal([s["judgement"] for s in run["slo"][5:]],
            ["missed", "not_measured"], "what decides")
    t.match(run.out, r"p50 < 10s and \(success_rate == 100% or "
            r"failed\{status=500\} > 0\)\n", "the whole expression")
    t.match(run.out, r"✗ success_rate == 100% +\S+ %\n|"
            r"FAILS success_rate == 100% +\S+ %\n", "its terms below it")
    failures = [f.get("message")
                for f in ElementTree.parse(junit).iter("failure")]
    t.match(failures[0], r"success_rate == 100%: [\d.]+ %; "
            r"failed\{status=500\} > 0: 0", "JUnit has what each came to")
    t.match(page.read_text(), r"success\\_rate == 100%: [\d.]+ %", "Markdown")
    annotated = t.squall("run", server.url, "-p", profile, "-n", "20",
                         *slos(*missed), status=1,
                         env=t.environment({"GITHUB_ACTIONS": "true"}))
    t.match(annotated.err, r"::error title=squall::p50 < 10s and .*is missed: "
            r"p50 < 10s: .*; success_rate == 100%%?25?: ", "annotation")


@test("names that there are not, and what cannot be said, are refused before")
def refused(t):
    server = t.server(half_bad)
    profile = t.write("mixed.json", json.dumps(MIXED))
    for option, expression, words in (
            ("--slo", "p99{request=goood} < 1s",
             r'no request "goood"[^\n]*\n.*did you mean "good"\? requests are good, '
             r"bad"),
            ("--slo", "p50 < 1s and failed / failed{request=bat} < 1",
             r'did you mean "bad"'),
            ("--slo", "p99{phase=spike} < 1s", r'no phase "spike"'),
            ("--slo", "p99{tier=3} < 1s", r"of tier 3[^\n]*\n.*tiers are 1, 2"),
            ("--slo", "p99 < 1s && p50 < 1s", r'write "and" or "or"'),
            ("--slo", "p99{status=503} < 1s", r"not counted by status"),
            ("--slo", "p99 < baseline", r"--baseline FILE names"),
            ("--abort-if", "p99 > 1s for ever", r"not how long it must hold"),
            ("--abort-if", "p99{request=x} > 1s", r'no request "x"'),
            ("--abort-if", "p99 > baseline", r"compared with no baseline")):
        run = t.squall("run", server.url, "-p", profile, option, expression,
                       status=2)
        t.match(run.err, words, expression)
    t.equal(server.requests, [], "nothing was sent")


@test("what no run of the profile can judge is said before it")
def unseen(t):
    server = t.server(lambda request: reply(200))
    run = t.squall("run", server.url, "-n", "1", *slos(
        "hedges == 0 or success_rate > 0%"), "--abort-if", "lost > 0")
    t.match(run.err, r'SLO "hedges == 0" will not be measured: the profile has '
            r"no hedge\n", "a term")
    t.match(run.err, r'condition "lost > 0" will not be measured: there is no '
            r"ledger", "a condition")
    run = t.squall("run", server.url, "-d", "100ms", "--slo",
                   "p99{last=10s} < 1s", status=1)
    t.match(run.err, "window is longer than the run", "a window")


@test("expressions are read from a file")
def from_a_file(t):
    server = t.server(lambda request: reply(200))
    good = t.write("a.slo", "# of orders\n\nsuccess_rate == 100%  # all\n"
                   "p99 < 1m and p50 < 1m\n")
    run = t.run(server.url, "-n", "5", "--slo", f"@{good}", "--slo",
                "failed == 0")
    t.equal([s["expr"] for s in run["slo"]],
            ["success_rate == 100%", "p99 < 1m and p50 < 1m", "failed == 0"],
            "in their order")
    bad = t.write("b.slo", "p99 < 1s\n\np98 < 1\n")
    run = t.squall("run", server.url, "--slo", f"@{bad}", status=2)
    t.match(run.err, re.escape(f"{bad}:3"), "the place")
    for name, text in (("empty.slo", "# none\n"), ("missing", None)):
        path = t.write(name, text) if text else t.path(name)
        run = t.squall("run", server.url, "--slo", f"@{path}", status=2)
        t.match(run.err, re.escape(str(path)), name)


@test("a run is compared with an earlier one", limit=60)
def baseline(t):
    delay = [0.02]

    def answer(request):
        server.pause(delay[0])
        return reply(200)
    server = t.server(answer)
    before = t.path("before.json")
    # Shorter than what noise is seen in.
    load = (server.url, "-n", "30", "-c", "1")
    t.squall("run", *load, "-o", before, "-q")
    relative = slos("p50 <= 3 * baseline", "p49 <= 3 * baseline",
                    "success_rate >= baseline",
                    "p99 / p50 <= 100 * baseline")
    run = t.run(*load, "--baseline", before, *relative)
    figures = json.loads(before.read_text())
    t.equal(run["slo"][0]["baseline"],
            figures["latency"]["time_to_success"]["p50_us"], "baseline")
    t.equal(run["slo"][0]["bound"], 3 * run["slo"][0]["baseline"], "bound")
    delay[0] = 0.1
    run = t.run(*load, "--baseline", before, *relative, status=1)
    t.equal([s["pass"] for s in run["slo"]][:3], [False, False, True], "slow")
    # What is declared to be noise is none: five times as much is below six.
    run = t.run(*load, "--baseline", before, "--noise", "99%", *relative[:2])
    t.match(run["slo"][0]["reason"], "no more than noise", "reason")
    other = t.write("other.json", '{"schema": "squall.audit/1"}')
    invalid = t.write("invalid.json", json.dumps(
        dict(figures, verdict="invalid")))
    for path, expression, words in (
            (other, "p50 < baseline", "no report of a run"),
            (invalid, "p50 < baseline", "figures do not stand"),
            (before, "p50{last=1s} < baseline", "no windows"),
            (before, "connect.p99{request=main} / duplicates < baseline",
             "no value for|no request|divided|no unit"),
            (t.path("none"), "p50 < baseline", "cannot read")):
        run = t.squall("run", *load, "--baseline", path, "--slo", expression,
                       status=2)
        t.match(run.err, words, expression)
    run = t.squall("run", server.url, "-n", "2", "--baseline", before)
    t.match(run.err, "--baseline changes nothing", "of no use")
    run = t.squall("run", server.url, "-n", "2", "-c", "2", "--baseline",
                   before, "--slo", "success_rate >= baseline")
    t.match(run.err, r"another load\.", "another load")


@test("a condition ends a run early, and every form says so", limit=60)
def aborted(t):
    def answer(request):
        return reply(200 if request.number < 100 else 503)
    server = t.server(answer)
    junit, page, text = t.path("j.xml"), t.path("r.md"), t.path("r.txt")
    begun = time.monotonic()
    run = t.run(server.url, "-r", "100/s", "-d", "10m", "--abort-if",
                "failure_rate{last=1s} > 50% for 1s", "--slo",
                "failure_rate{last=1s} < 50%", "--junit", junit, "--markdown",
                page, "--text", text, status=1)
    took = time.monotonic() - begun
    t.check(took < 45 * PATIENCE, f"it took {took:.0f} s of 10 m")
    t.equal(run["verdict"], "fail", "verdict")
    t.equal(run["run"]["aborted"], "failure_rate{last=1s} > 50% for 1s", "why")
    # A second is bad at 3 s at the latest, and another one has to be.
    t.check(2e6 <= run["run"]["aborted_at_us"] <= 30e6 * PATIENCE,
            f"{run['run']['aborted_at_us']} us")
    words = r"aborted at [\d.]+ s by --abort-if: failure_rate\{last=1s\} > 50"
    t.match(run["run"]["problem"], words + r"% for 1s \(.*: \S+ %\)",
            "problem")
    t.match(text.read_text(), words, "text")
    t.match(junit.read_text(), r"aborted at", "JUnit")
    t.match(page.read_text(), r"aborted at", "Markdown")
    slo = run["slo"][0]
    t.equal(slo["pass"], False, "the window")
    t.check(slo["value"] > 0.9 and slo["at_us"] % 1000000 == 0,
            f"the worst window: {slo}")


@test("a condition that does not hold ends nothing")
def not_aborted(t):
    server = t.server(lambda request: reply(200))
    run = t.run(server.url, "-r", "50/s", "-d", "3s", "--abort-if",
                "failed > 0", "--abort-if", "failure_rate{last=1s} > 1%")
    t.equal(run["verdict"], "done", "verdict")
    t.equal((run["run"]["aborted"], run["run"]["aborted_at_us"]),
            (None, None), "aborted")
    t.equal(run["operations"]["offered"], 150, "all of it")


@test("nothing passes where nothing succeeded, whatever else is asked")
def nothing_succeeded(t):
    server = t.server(lambda request: reply(500, b"no"))
    for expression in ("failure_rate{status=503} < 1%",
                       "success_rate >= 99% or failed > 0",
                       "failed{request=default} > 0"):
        done = t.squall("run", server.url, "-n", "20", "-q", "--slo",
                        expression, status=1)
        t.match(done.out, "FAIL", expression)
    t.squall("run", server.url, "-n", "20", "-q", "--slo",
             "success_rate < 1%", status=0)
    path = t.path("zero.slo")
    path.write_bytes(b"p99 < 10s\0 and p50 < 1ns\n")
    done = t.squall("run", server.url, "-n", "5", "-q", "--slo", f"@{path}",
                    status=2)
    t.match(done.err, "line 1: it has a byte 0", "named")


main()
