#!/usr/bin/python3
# Proves: squall capacity finds the highest rate at which a service meets its
# SLOs, on sockets: of the embedded target by what arithmetic says, of a service
# of somebody else's never more than that can do; a limit of squall's own is
# never charged to a service; retries are told apart; what cannot be asked is
# refused before anything is sent, and ^C gives a report of what was done.

from harness import *

# Four workers that take 20 ms each can do 200/s. Of runs of 1 s at a constant
# rate r the 99th percentile is that of an order that comes after 0.99 s, and
# finds 0.99 (r - 200) more than were done before it, which take as many times
# 5 ms: it is below 120 ms up to r = 220/s.
WORKERS, TAKES, LONGEST = 4, 0.02, 0.12
RATE = WORKERS / TAKES
KNEE = RATE * (1 + (LONGEST - TAKES) / 0.99)
KNOWN = ("--slo", "p99 < 120ms", "--arrival", "constant", "--warmup", "0s",
         "-d", "1s", "--workers", "4", "--service-time", "20ms")
SHORT = ("--warmup", "0s", "-d", "200ms", "--arrival", "constant")


def capacity(t, *arguments, status=0, limit=None, **options):
    """The document, and the run."""
    t.runs += 1
    path = t.path(f"capacity{t.runs}.json")
    process = t.launch("capacity", *arguments, "-o", path, **options)
    got = process.wait((limit or 60) * PATIENCE)
    t.equal(got, got if status is None else status,
            f"exit status: {process.err}")
    return (json.loads(path.read_text()) if path.exists() else None), process


@test("three searches of the embedded target agree with arithmetic", limit=200)
def known(t):
    paths = [t.path(f"search{seed}.json") for seed in range(3)]
    # They hardly use the machine, so they run at the same time.
    searches = [t.launch("capacity", *KNOWN, "-r", "75/s", "--seed",
                         str(seed + 1), "--text", t.path(f"search{seed}.txt"),
                         "-o", path)
                for seed, path in enumerate(paths)]
    for seed, (process, path) in enumerate(zip(searches, paths)):
        t.equal(process.wait(180 * PATIENCE), 0, f"exit: {process.err}")
        document = json.loads(path.read_text())
        t.equal((document["schema"], document["verdict"]),
                ("squall.capacity/1", "done"), "document")
        search, = document["searches"]
        t.equal((search["end"], search["confirmed"]), ("found", True), "end")
        print(f"# knee {search['knee_per_s']:.1f}/s "
              f"[{search['knee_low_per_s']:.1f}, "
              f"{search['knee_high_per_s'] or 0:.1f}], capacity "
              f"{search['capacity_per_s']:.1f}/s; arithmetic {KNEE:.1f}/s")
        # What the machine takes from the service makes the knee lower, and
        # nothing makes it higher.
        t.between(search["knee_per_s"], 0.9 * KNEE, 1.02 * KNEE, "knee")
        t.check(search["capacity_per_s"] < search["knee_per_s"], "capacity")
        there = [run for run in search["runs"]
                 if run["phase"] == "confirm"
                 and run["rate_per_s"] == search["capacity_per_s"]]
        t.equal([run["pass"] for run in there[-3:]], [True] * 3, "confirmed")
        for run in there[-3:]:
            t.near(run["in_time_per_s"], run["rate_per_s"], 5, "in time")
        # An endless queue: beyond the knee hardly anything is in time.
        t.equal(search["overload"], "collapse", "overload")
        beyond = [r for r in search["runs"] if r["phase"] == "beyond"]
        t.equal([round(r["rate_per_s"] / search["knee_per_s"], 3)
                 for r in beyond], [1.5, 2], "beyond")
        t.match(process.err, r"about 27 runs of 1\.00 s, and what lies between "
                r"them: about .*, at most ", "time before it starts")
        text = t.path(f"search{seed}.txt").read_text()
        for words in (r"Capacity \d+/s: there nine of ten runs meet p99 < "
                      r"120ms\s+\(confirmed", r"Knee \d+/s \[\d+/s, ",
                      r"hardly any\s+operation is in time"):
            t.match(text, words, "text")


@test("a service of somebody else's can do no more than it can", limit=120)
def foreign(t):
    """Two at a time, each 25 ms: 80/s, and not one more."""
    places = threading.Semaphore(2)

    def answer(request):
        with places:
            time.sleep(0.025)
        return reply(status=200)

    server = t.server(answer)
    document, _ = capacity(t, server.url, "--slo", "p90 < 150ms", "-r", "10/s",
                           "--warmup", "0s", "-d", "1s", "--arrival",
                           "constant", "--max-rate", "200/s", "--precision",
                           "20%", limit=110)
    search, = document["searches"]
    t.equal(document["run"]["target"], server.url, "target")
    t.equal(search["end"], "found", "end")
    # 150 ms are what 10 more take, of the first 90.
    t.check(search["knee_per_s"] <= 80 + 10 / 0.9 + 2,
            f"knee {search['knee_per_s']}")
    t.check(search["knee_low_per_s"] < 80 + 10 / 0.9,
            f"from {search['knee_low_per_s']}")


def seconds(text):
    """"2 m 05 s", "850 ms"."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6}
    return sum(float(number) * units[unit] for number, unit in
               re.findall(r"([\d.]+) (h|ms|us|m|s)\b", text))


def stated(process):
    """The longest that a search said it would take."""
    return seconds(re.search(r"at most (.*)", process.err).group(1))


@test("nginx: in the time that was stated, and with the limit named",
      limit=300)
def nginx(t):
    """One that lets 300/s through and 20 more at once: of the operations of a
    run of 1 s 320 pass, so that a fifth is refused from 400/s on. And one that
    can do more than squall can on the same machine, perhaps: either the search finds its knee, or it says what kept it from more."""
    (t.path("www")).mkdir()
    (t.path("www") / "index.html").write_text("ok")
    limited = t.nginx(
        http="limit_req_zone $server_port zone=z:1m rate=300r/s;",
        locations=f"location / {{ root {t.path('www')}; limit_req zone=z "
                  "burst=20 nodelay; limit_req_status 503; }")
    document, run = capacity(t, limited.url, "--slo", "success_rate >= 80%",
                             "-r", "100/s", "--warmup", "0s", "-d", "1s",
                             "--arrival", "constant", "--max-rate", "2000/s",
                             "--precision", "15%", limit=200)
    search, = document["searches"]
    t.equal(search["end"], "found", "end")
    # The few operations that ask whether it is at rest may take of the 20.
    # An end that the runs do not show is null.
    low, high = search["knee_low_per_s"], search["knee_high_per_s"]
    t.check((low is None or low <= 405) and (high is None or high >= 370),
            f"[{low}, {high}]")
    t.check(search["capacity_per_s"] <= 410, f"{search['capacity_per_s']}/s")
    t.check(document["run"]["duration_us"] / 1e6 <= stated(run) + 3,
            f"{document['run']['duration_us']} us of {stated(run)} s")

    fast = t.nginx(name="fast")
    document, run = capacity(t, fast.url, "--slo", "p99 < 100ms", "-r",
                             "2000/s", "--warmup", "0s", "-d", "300ms",
                             "--precision", "30%", limit=200, status=None)
    search, = document["searches"]
    if document["verdict"] == "invalid":
        t.note("the machine was too busy: " + document["run"]["problem"])
        t.check(search["void_runs"] > 0, "runs that say nothing")
    elif search["end"] == "never fails":
        t.match(run.out, r"is squall's own or\s+this\s+machine's", "limit")
        t.check(search["limit"], "no limit is named")
    else:
        t.equal(search["end"], "found", "end")
        t.check(search["capacity_per_s"] >= 300, "it is faster than the other")
    t.check(document["run"]["duration_us"] / 1e6 <= stated(run) + 3,
            f"{document['run']['duration_us']} us of {stated(run)} s")


@test("up to the highest rate, and gates over it", limit=90)
def at_least(t):
    common = (*SHORT, "--slo", "p99 < 2s", "-r", "100/s", "--max-rate", "150/s")
    document, run = capacity(t, *common, "--fail-if", "capacity < 100/s",
                             "--fail-unless", "capacity >= 150/s")
    search, = document["searches"]
    t.equal((search["end"], search["capacity_per_s"], search["knee_per_s"],
             document["verdict"]), ("never fails", 150, None, "pass"), "end")
    t.equal((search["runs_there"], search["passed_there"]), (3, 3), "there")
    t.match(run.out, r"Capacity at least 150/s", "text")
    # Nobody knows whether it can do 400/s.
    document, _ = capacity(t, *common, "--fail-if", "capacity < 400/s",
                           status=3)
    t.equal((document["verdict"], document["gates"][0]["pass"]),
            ("invalid", None), "unknown")
    document, run = capacity(t, *common, "--fail-unless", "capacity < 100/s",
                             status=1)
    t.equal((document["verdict"], document["gates"][0]["pass"]),
            ("fail", False), "fails")
    t.match(run.out, r"FAIL  exit status 1", "text")


@test("retries are told apart: with them it meets the SLO, without never",
      limit=90)
def retries(t):
    # Ten operations of one attempt each pass once in 200,000 runs; of fifty
    # attempts an operation fails once in 70,000.
    common = (*SHORT, "-d", "400ms", "--slo", "success_rate >= 90%", "-r",
              "100/s", "--max-rate", "100/s", "--set",
              'service.faults=[{"kind": "error", "ratio": "80%"}]')
    document, run = capacity(t, *common, "-p", "immediate", "--max-attempts",
                             "50")
    with_them, without = document["searches"]
    t.equal((with_them["retries"], without["retries"]), (True, False), "which")
    t.equal((with_them["end"], without["end"]),
            ("never fails", "never passes"), "ends")
    t.equal(without["fails_from_per_s"], 25, "ten operations a run")
    t.match(run.err, r"with retries, and as many without", "said before")
    t.match(run.out, r"No rate meets success_rate >= 90%", "text")
    # Where that is the policy as it is the command fails.
    junit = t.path("junit.xml")
    document, run = capacity(t, *common, "--junit", junit, status=1,
                             env={"GITHUB_ACTIONS": "true"})
    t.equal((len(document["searches"]), document["verdict"]), (1, "fail"),
            "verdict")
    t.match(run.err, r"::error title=squall::capacity none: no rate that was "
            r"run meets the SLOs\n", "annotation")
    t.absent(run.err, r"is missed", "annotation")
    t.match(junit.read_text(), r'failures="1"(.|\n)*<failure message="no rate '
            r'meets the SLOs"/>', "JUnit")


@test("squall's own limit is a bound, and never the service's", limit=120)
def own_limit(t):
    """One connection to a service that takes 20 ms: 50/s, whatever it can."""
    def answer(request):
        time.sleep(0.02)
        return reply(status=200)

    server = t.server(answer)
    document, run = capacity(t, server.url, "--slo", "p50 < 40ms", "-c", "1",
                             "-r", "10/s", "--warmup", "0s", "-d", "500ms",
                             "--max-rate", "1000/s", "--arrival", "constant",
                             limit=110)
    search, = document["searches"]
    t.equal(search["end"], "never fails", "end")
    t.check(search["capacity_per_s"] <= 50 * 1.1,
            f"at least {search['capacity_per_s']}")
    t.check(search["limit_per_s"] > search["capacity_per_s"], "limit")
    t.match(search["limit"], r"connection", "why")
    t.match(run.out, r"is squall's own or\s+this\s+machine's,\s+not\s+the\s+"
            r"service's", "text")


@test("a service that never answers well is no ground", limit=90)
def no_ground(t):
    broken = t.server(lambda request: reply(status=500))
    document, _ = capacity(t, broken.url, *SHORT, "--slo", "p99 < 1s",
                           status=3, limit=80)
    t.equal(document["verdict"], "invalid", "verdict")
    t.match(document["run"]["problem"], r"did not succeed in any of 20",
            "problem")
    t.equal(document["searches"][0]["runs"], [], "runs")
    document, _ = capacity(t, *SHORT, "--slo", "p99{request=none} < 1s",
                           status=2)
    document, _ = capacity(t, *SHORT, "--slo", "hedges == 0", status=3)
    t.match(document["run"]["problem"], r"not measured", "problem")


@test("the document is as its schema says", limit=60)
def schema(t):
    published = json.loads(t.squall("report", "schema", "capacity").out)
    t.equal(published["$id"], "urn:squall:capacity:1", "id")
    markdown = t.path("capacity.md")
    document, _ = capacity(t, *SHORT, "--slo", "p99 < 2s", "--max-rate",
                           "100/s", "--fail-if", "capacity < 50/s",
                           "--markdown", markdown)
    for member in published["properties"]:
        t.check(member in document, f"{member} is missing")
    t.match(markdown.read_text(), r"PASS: squall capacity(.|\n)*- Capacity at "
            r"least 100/s(.|\n)*holds", "markdown")
    saved = t.write("saved.json", json.dumps(document))
    shown = t.squall("report", saved)
    t.match(shown.out, r"Capacity at least 100/s", "read back")
    try:
        import jsonschema
    except ImportError:
        raise Skip("jsonschema is not installed")
    kind = jsonschema.validators.validator_for(published)
    kind.check_schema(published)
    t.equal([error.message for error in kind(published).iter_errors(document)],
            [], "problems")


@test("what cannot be asked is refused before anything is sent")
def refused(t):
    server = t.server(lambda request: reply())
    slo = ("--slo", "p99 < 1s")
    stages = '[{"for": "1s", "rate": "5/s"}, {"for": "1s", "rate": "9/s"}]'
    for arguments, words in (
            ((), "add --slo"),
            ((*slo, "-n", "100"), "-d 10s"),
            ((*slo, "--set", f"load.stages={stages}"), "leave load.stages out"),
            ((*slo, "-r", "9/s", "--max-rate", "5/s"), "above --max-rate"),
            ((*slo, "--max-rate", "5"), "--max-rate"),
            ((*slo, "--precision", "none"), "--precision"),
            ((*slo, "--precision", "0"), "--precision"),
            ((*slo, "--budget", "long"), "--budget"),
            ((*slo, "--reset", "true"), "--allow-exec"),
            ((*slo, "--fail-if", "knee < 5/s"), 'begin with "capacity"'),
            ((*slo, "--fail-if", "capacity 5/s"), "has no <"),
            ((*slo, "--fail-if", "capacity < 5"), "no unit")):
        run = t.squall("capacity", server.url, *arguments, status=2)
        t.match(run.err, re.escape(words), " ".join(arguments))
    t.match(t.squall("capacity", *slo, "--reset", server.url, status=2).err,
            "new for every run", "reset of the embedded target")
    t.equal(len(server.requests), 0, "requests")


@test("interrupted: what was done is reported", limit=60)
def interrupted(t):
    path = t.path("capacity.json")
    process = t.launch("capacity", "--slo", "p99 < 2s", *SHORT, "-r", "10/s",
                       "--max-rate", "11/s", "-d", "2s", "-o", path)
    process.wait_for_text(r"run 2, at most")
    process.signal(signal.SIGINT)
    t.equal(process.wait(30 * PATIENCE), 130, "exit status")
    document = json.loads(path.read_text())
    t.equal((document["verdict"], document["run"]["complete"]),
            ("incomplete", False), "verdict")
    search, = document["searches"]
    t.equal((search["complete"], search["end"], search["capacity_per_s"]),
            (False, "unfinished", None), "search")
    t.equal([run["pass"] for run in search["runs"]], [True], "runs")
    t.match(process.out, r"INCOMPLETE  exit status 130", "text")


@test("a budget ends it", limit=60)
def budget(t):
    document, _ = capacity(t, "--slo", "p99 < 2s", *SHORT, "-r", "10/s", "-d",
                           "1s", "--budget", "2500ms", status=3)
    t.equal(document["verdict"], "invalid", "verdict")
    t.match(document["run"]["problem"], r"--budget", "problem")
    t.check(0 < len(document["searches"][0]["runs"]) < 4, "runs")


main()
