#!/usr/bin/python3
# Proves: squall compare --all runs every strategy on sockets, drops those that
# a service which fails one attempt in six makes look bad, and no other; ranks
# them, and suggests one as a profile that a run takes; gates decide the exit
# status, and what cannot be asked is refused before anything is sent.

from harness import *

FAULTS = json.dumps({"faults": [{"kind": "error", "ratio": "17%"}]})
COMMON = ("--set", f"service={FAULTS}", "-n", "60", "--settle", "5ms", "-q",
          "--judge", "success_rate")
# So many rounds can drop one of fourteen by one criterion.
LEAST = 12


@test("who never tries again is dropped, and the rest is not", limit=400)
def knockout(t):
    best, report = t.path("best.json"), t.path("report.json")
    page, xml, md = t.path("p.html"), t.path("p.xml"), t.path("p.md")
    run = t.squall("compare", "--all", *COMMON, "--rounds", str(LEAST),
                   "-o", best, "--report", report, "--html", page,
                   "--junit", xml, "--markdown", md,
                   "--fail-if", "full-jitter dropped",
                   "--fail-unless", "none kept", status=1, limit=380)
    document = json.loads(report.read_text())
    t.equal((document["schema"], document["verdict"],
             document["run"]["exit"]), ("squall.knockout/1", "fail", 1),
            "document")
    names = {p.stem for p in (ROOT / "profiles" / "strategies").glob("*.json")}
    ranking = {row["name"]: row for row in document["ranking"]}
    t.equal(set(ranking), names - {"broken-keys"}, "strategies")
    dropped = {name for name, row in ranking.items() if row["dropped"]}
    t.equal(dropped, {"none", "hedged"}, "dropped")
    for name in dropped:
        row = ranking[name]
        t.equal((row["dropped"]["criterion"], row["dropped"]["rounds"],
                 row["place"], row["rounds"]),
                ("success_rate", LEAST, len(ranking) - 1, LEAST), name)
        t.check(row["dropped"]["low"] < -0.17 < row["dropped"]["high"] < 0,
                f"{name}: {row['dropped']}")
        t.match(row["dropped"]["reason"],
                r"^beside [a-z-]+ it has \d+(\.\d+)? points less success$",
                "reason")
    t.equal([g["pass"] for g in document["gates"]], [True, False], "gates")
    t.equal(len(document["rounds"]), LEAST, "rounds")
    first = document["ranking"][0]["name"]
    t.equal(document["suggestion"]["variant"], first, "suggestion")
    t.match(" ".join(run.out.split()), rf"{re.escape(first)} is suggested, by "
            r"its medians: 12 of 14 strategies are left after 12 rounds",
            "text")

    profile = json.loads(best.read_text())
    t.equal(profile, document["suggestion"]["profile"], "profile")
    t.match(profile["about"], rf"^{re.escape(first)}, which squall compare "
            r"--all suggests: of 14 strategies 12 are left after 12 rounds.*; "
            r"(none|hedged) was dropped, as beside", "about")
    shipped = json.loads(t.squall("profile", "show", first).out)
    for section in ("retry", "idempotency"):
        t.equal(profile[section], shipped[section], section)
    t.check("load" not in profile and "requests" not in profile, "a policy")
    t.squall("profile", "check", best)
    t.squall("run", "-p", best, "-n", "20", "--settle", "5ms", "-q")

    t.match(t.squall("report", "validate", report).out, "a knock-out, valid",
            "validate")
    t.match(t.squall("report", report).out, r"dropped\n13 (none|hedged)",
            "a saved one")
    t.match(page.read_text(), r"<h1><span class=\"verdict bad\">FAIL</span> ?"
            r"14 strategies", "HTML")
    t.match(xml.read_text(), r'classname="squall.compare.all" '
            r'name="fail-unless none kept">\s*<failure', "JUnit")
    t.match(md.read_text(), r"\| 13 \| none \| [\d.]+ % \| beside", "Markdown")


@test("strategies of one's own take part, and criteria have an order",
      limit=90)
def own(t):
    """A single round drops nobody, and says so."""
    folder = t.path("mine") / "strategies"
    folder.mkdir(parents=True)
    (folder / "patient.json").write_text(json.dumps({
        "schema": "squall.profile/1", "name": "patient",
        "about": "One retry.", "retry": {
            "max_attempts": 2, "retry_on": ["5xx"],
            "backoff": {"type": "constant", "initial": "1ms"}}}))
    report = t.path("report.json")
    run = t.squall("compare", "--all", "broken-keys", "--variant",
                   "both=fixed+targets/no-keys", "-n", "20", "--settle", "5ms",
                   "--rounds", "1", "--judge", "amplification,success_rate",
                   "--report", report,
                   env={"SQUALL_PROFILES": str(folder.parent)})
    t.match(run.err, r"1 rounds drop nobody, however bad: it takes at least",
            "a warning")
    document = json.loads(report.read_text())
    t.equal(document["method"]["criteria"], ["amplification", "success_rate"],
            "criteria")
    names = [row["name"] for row in document["ranking"]]
    for name in ("patient", "both", "broken-keys", "budgeted"):
        t.check(name in names, f"{name} is missing of {names}")
    t.equal({row["place"] for row in document["ranking"]}, {1}, "places")


@test("interrupted: nothing is suggested", limit=60)
def interrupted(t):
    best, report = t.path("best.json"), t.path("report.json")
    process = t.launch("compare", "--all", "-n", "20", "--settle", "5ms", "-o",
                       best, "--report", report)
    process.wait_for_text(r"round 2 of about")
    process.signal(signal.SIGINT)
    t.equal(process.wait(30 * PATIENCE), 130, "exit status")
    document = json.loads(report.read_text())
    t.equal((document["verdict"], document["suggestion"],
             document["summary"], document["method"]["end"]),
            ("incomplete", None, [], "interrupted"), "document")
    t.check(not best.exists(), "a profile")
    t.squall("report", "validate", report)


@test("what cannot be asked is refused before anything is sent")
def refused(t):
    server = t.server(lambda request: reply())
    same = t.path("same.json")
    for arguments, words in (
            (("--baseline", "none"), "--baseline: with --all"),
            (("--fail-if", "p99 worse"), "nothing that becomes of a strategy"),
            (("--fail-if", "budgetet dropped"), "did you mean budgeted"),
            (("--rounds", "3", "--fail-if", "none dropped"),
             "no gate can fire with 3 rounds"),
            (("--judge", "speed"), '"speed" is not compared'),
            (("--judge", ""), "it names nothing"),
            (("--rounds", "many"), "--rounds"),
            (("--budget", "long"), "--budget"),
            (("-o", "-"), "standard output is the report's"),
            (("-o", same, "--report", same), "two files at once"),
            (("-o", t.path("none") / "there" / "x"), "No such file"),
            (("-p", "nosuch"), "nosuch")):
        run = t.squall("compare", "--all", server.url, *arguments, status=None)
        t.check(run.status in (2, 3), f"status {run.status}: {arguments}")
        t.match(run.err, re.escape(words), " ".join(map(str, arguments)))
    t.equal(len(server.requests), 0, "requests")


main()
