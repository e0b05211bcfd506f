#!/usr/bin/python3
# Proves: every form of a report says the same. JUnit has a case for the run
# and one for each SLO, of runs, replays and audits; what cannot be trusted is
# an error there; squall report makes all of them again of the saved report;
# standard output takes one form, and no two outputs are one file. CSV,
# OpenMetrics and Markdown have the figures of the JSON report, each looked up
# there by its name, and a job of GitHub Actions gets its summary.

from harness import *

import csv
import gzip
from xml.etree import ElementTree

SLOS = ("--slo", "success_rate >= 99%", "--slo", "p99 < 1us", "--slo",
        "duplicates == 0")


def cases(path):
    """A suite, and what each of its test cases came to."""
    suite = ElementTree.parse(path).getroot()
    ends = {}
    for case in suite.iter("testcase"):
        ends[case.get("name")] = next(
            (kind for kind in ("failure", "error", "skipped")
             if case.find(kind) is not None), "passed")
    return suite, ends


def equal_counts(t, suite, ends):
    for attribute, kind in (("failures", "failure"), ("errors", "error"),
                            ("skipped", "skipped")):
        t.equal(int(suite.get(attribute)),
                sum(end == kind for end in ends.values()), attribute)
    t.equal(int(suite.get("tests")), len(ends), "tests")


@test("JUnit, JSON and text of a run say the same")
def of_a_run(t):
    junit, text = t.path("junit.xml"), t.path("report.txt")
    server = t.server(lambda request: reply(201))
    run = t.run(server.url, "-X", "POST", "-n", "50", *SLOS, "--junit", junit,
                "--text", text, status=1)
    suite, ends = cases(junit)
    equal_counts(t, suite, ends)
    t.equal(ends, {"the run": "passed", "success_rate >= 99%": "passed",
                   "p99 < 1us": "failure", "duplicates == 0": "failure"},
            "an SLO a case")
    t.equal([s["pass"] for s in run["slo"]], [True, False, False], "in JSON")
    t.equal(suite.get("name"), "squall run", "suite")
    failures = [f.get("message") for f in suite.iter("failure")]
    t.match(failures[0], r"^p99 < 1us does not hold: \d", "value")
    t.match(failures[1], r"^duplicates == 0 does not hold: .*ledger",
            "no value, and why")
    t.equal(text.read_text(), run.out, "text in a file")


@test("what cannot be judged is an error, and says why", limit=40)
def errors(t):
    junit = t.path("junit.xml")
    # The ledger is good before the run, and bad after it.
    server = t.server(lambda request: reply(
        500 if request.path == "/ledger" and len(server.requests) > 1 else 200,
        ""))
    run = t.run(server.url, "-X", "POST", "-n", "5", "--ledger", "/ledger",
                "--ledger-key", "{{op.id}}", "--settle", "10ms", "--junit",
                junit, status=3)
    suite, ends = cases(junit)
    equal_counts(t, suite, ends)
    t.equal(ends, {"the run": "error"}, "no ledger")
    message = suite.find("testcase/error").get("message")
    t.equal(message, f"the run is invalid: {run['run.problem']}", "why")
    process = t.launch("run", server.url, "-d", "10m", "-X", "POST",
                       "--junit", junit, "--slo", "p99 < 1h")
    t.wait_until("requests", lambda: len(server.requests) > 50)
    process.signal(signal.SIGINT)
    t.finish(process, status=130)
    t.equal(cases(junit)[1], {"the run": "error", "p99 < 1h": "passed"},
            "interrupted")
    t.match(cases(junit)[0].find("testcase/error").get("message"),
            "incomplete", "why")


@test("a saved report has every form again")
def again(t):
    report, junit = t.path("report.json"), t.path("junit.xml")
    first = t.squall("run", "-n", "50", *SLOS, "-o", report, "--junit", junit,
                     status=1)
    made = t.path("made.xml")
    shown = t.squall("report", report, "--junit", made)
    t.equal(shown.out, first.out, "text")
    t.equal(made.read_text(), junit.read_text(), "JUnit")
    t.equal(t.squall("report", report, "--json").out, report.read_text(),
            "JSON")
    t.equal(t.squall("report", report, "--junit", "-").out,
            junit.read_text(), "JUnit on standard output")
    audit, xml = t.path("audit.json"), t.path("audit.xml")
    first = t.squall("audit", "--set", "service.idempotency=none", "-o",
                     audit, "--junit", xml, status=1, limit=60)
    shown = t.squall("report", audit, "--junit", made)
    t.equal(shown.out, first.out, "text of an audit")
    t.equal(made.read_text(), xml.read_text(), "JUnit of an audit")


def metrics(text):
    """Samples of OpenMetrics text: {name: {labels: value}}."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(
                r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            samples.setdefault(name, {})[labels] = float(value)
    return samples


def numbers(document, path=()):
    """Every number of a document by the names above it; lists apart."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from numbers(value, path + (name,))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield path + (name,), value


def hold_buckets(t, samples, name, of):
    """Those of a distribution, by its quantiles."""
    family = f"squall_duration_{name}_seconds"
    buckets = {float(label[4:-1]): count for label, count in
               samples.pop(f"{family}_bucket").items()}
    bounds = sorted(buckets)
    t.equal(buckets[float("inf")], of["count"], f"{name}: in buckets")
    for member, share in (("p50_us", 0.5), ("p99_us", 0.99), ("max_us", 1)):
        us = of[member] if of[member] is not None else float("inf")
        rank = math.ceil(share * of["count"] - 1e-9)
        found = next(bound for bound in bounds if buckets[bound] >= rank)
        below = max((bound for bound in bounds if bound < found), default=-1)
        t.check(below < us / 1e6 <= found, f"{name}: {member}: {us} us is in "
                f"the bucket from {below} to {found}")
    count = samples.pop(f"{family}_count", None)
    total = samples.pop(f"{family}_sum", None)
    if of["mean_us"] is None:
        t.equal((count, total), (None, None), f"{name}: no sum")
    else:
        t.equal(count[None], of["count"], f"{name}: count")
        t.near(total[None], of["mean_us"] / 1e6 * of["count"], 1e-6,
               f"{name}: sum")


@test("OpenMetrics and CSV have the figures of the JSON report")
def figures(t):
    text, series = t.path("metrics.txt"), t.path("series.csv")
    run = t.run("-n", "400", "-r", "200/s", "-p", "lost-responses", "-p",
                "full-jitter", *SLOS, "--openmetrics", text, "--csv", series,
                status=1)
    samples = metrics(text.read_text())
    unjudged = [name for name, why in run["effects.unjudged"].items() if why]
    held = 0
    for path, value in numbers(run.report):
        name = "squall_" + "_".join(path)
        if path[0] == "effects" and path[-1] in unjudged:
            t.check(name not in samples, f"{path} says nothing")
            continue
        for end, unit, factor in (("", "", 1), ("_total", "", 1),
                                  ("", "_total", 1), ("total", "total", 1),
                                  ("", "_ratio", 1), ("_us", "_seconds", 1e6),
                                  ("_per_s", "_per_second", 1),
                                  ("_per_s", "_bytes_per_second", 1),
                                  ("", "_bytes", 1)):
            other = name.removesuffix(end) + unit
            if name.endswith(end) and other in samples:
                t.near(samples.pop(other)[None] * factor, value,
                       abs(value) * 1e-9, f"{path}")
                held += 1
                break
    for label, wanted in (
            ("outcome", run["attempts.by_outcome"]),
            ("status", run["attempts.by_status"])):
        t.equal(samples.pop(f"squall_attempts_by_{label}_total"),
                {f'{label}="{name}"': count for name, count in wanted.items()},
                label)
    for member in ("started", "succeeded", "failed"):
        t.equal(samples.pop(f"squall_requests_{member}_total"),
                {f'request="{one["name"]}"': one["operations"][member]
                 for one in run["requests"]}, f"requests {member}")
    t.check(held > 60, f"{held} figures")
    for name, of in run["latency"].items():
        if of["count"] == 0:
            continue
        quantiles = samples.pop(f"squall_latency_{name}_seconds")
        for member, quantile in (("p50_us", "0.5"), ("p99_us", "0.99"),
                                 ("max_us", "1")):
            us = of[member]
            t.near(quantiles[f'quantile="{quantile}"'] * 1e6,
                   float("inf") if us is None else us, .001,
                   f"{name} {member}")
        t.equal(samples.pop(f"squall_latency_{name}_seconds_count")[None],
                of["count"], f"{name} count")
        hold_buckets(t, samples, name, of)
    t.equal(sum(samples.pop("squall_slo_met").values()),
            sum(slo["pass"] for slo in run["slo"]), "SLOs met")
    lag = samples.pop("squall_generator_schedule_lag_seconds")
    t.near(lag['quantile="0.99"'] * 1e6,
           run["generator.schedule_lag.p99_us"], .001, "lag")
    t.equal(samples.pop("squall_generator_schedule_lag_seconds_count")[None],
            run["generator.schedule_lag.count"], "lags")
    t.equal(sorted(samples), ["squall_build_info", "squall_run_info"],
            "nothing else is there")
    rows = list(csv.DictReader(series.open(newline="")))
    t.equal([{name: float(value) if value else None
              for name, value in row.items()} for row in rows],
            run["series"], "series")


@test("what Prometheus says of the metrics")
def promtool(t):
    if not shutil.which("promtool"):
        raise Skip("there is no promtool")
    text = t.path("metrics.txt")
    t.run("-n", "100", "-p", "lost-responses", "-p", "full-jitter",
          "--openmetrics", text)
    # It knows the form before OpenMetrics, where the name of a counter's
    # family has its end.
    counters = re.findall(r"^# TYPE (\w+) counter$", text.read_text(), re.M)
    t.check(len(counters) > 20, "there are counters")
    older = re.sub(rf"^(# \w+ (?:{'|'.join(counters)})) ", r"\1_total ",
                   text.read_text(), flags=re.M)
    done = subprocess.run(["promtool", "check", "metrics"],
                          input=older.encode(), capture_output=True,
                          check=False)
    t.equal((done.returncode, done.stdout + done.stderr), (0, b""), "promtool")


@test("Markdown, and what a job of GitHub Actions shows")
def github(t):
    summary, markdown = t.write("summary", "before\n"), t.path("report.md")
    service = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    run = t.run("-n", "50", *SLOS, "--markdown", markdown, status=1,
                env=service)
    text = markdown.read_text()
    t.equal(summary.read_text(), "before\n" + text, "the summary")
    t.check(text.startswith("### FAIL: squall run, http://"), "verdict")
    t.match(text, r"\| Operations \| 50 \|", "a figure")
    for slo in run["slo"]:
        t.equal(f"::error title=squall::{slo['expr']} is missed" in run.err,
                not slo["pass"], f"annotation of {slo['expr']}")
    t.equal(sum(line.endswith("| met |") for line in text.splitlines()),
            sum(slo["pass"] for slo in run["slo"]), "met")
    run = t.squall("run", "-n", "5", env=dict(service, GITHUB_STEP_SUMMARY="/"))
    t.match(run.err, "the summary of the step, /: Is a directory", "no summary")
    done = t.squall("audit", "-q", env=service, limit=60)
    t.match(summary.read_text(), "### PASS: squall audit", "of an audit")
    t.absent(done.err, "::error", "nothing failed")
    done = t.squall("audit", "-q", "--set", "service.idempotency=none",
                    env=service, status=1, limit=60)
    t.match(summary.read_text(), "### FAIL: squall audit", "of an audit")
    t.match(done.err, "::error title=squall::IK01 replay-success: ", "a check")
    summary.write_text("")
    t.squall("run", "-n", "5", env={"GITHUB_STEP_SUMMARY": str(summary)})
    t.equal(summary.read_text(), "", "elsewhere there is none")


@test("a replay's JUnit is that of a replay")
def of_a_replay(t):
    dead, junit = t.path("dead"), t.path("junit.xml")
    server = t.server(lambda request: reply(503))
    t.squall("run", server.url, "-X", "POST", "-n", "3", "--dead-letters",
             dead, status=1)
    t.squall("replay", dead, "--max-attempts", "1", "--junit", junit, "--slo",
             "unresolved == 0", status=1)
    suite, ends = cases(junit)
    t.equal(suite.get("name"), "squall replay", "suite")
    t.equal(ends, {"the run": "error", "unresolved == 0": "failure"}, "cases")


@test("what has a name that ends with .gz is compressed, and read as it is")
def compressed(t):
    plain = ("report.json", "report.txt", "page.html", "events", "dead")
    names = [t.path(name + ".gz") for name in plain]
    server = t.server(lambda request: reply(
        503 if len(server.requests) % 10 == 0 else 201))
    t.squall("run", server.url, "-X", "POST", "-n", "300", "-o", names[0],
             "--text", names[1], "--html", names[2], "--events", names[3],
             "--dead-letters", names[4], "-q")
    text = {name: gzip.decompress(name.read_bytes()) for name in names}
    report = json.loads(text[names[0]])
    again = t.squall("report", names[0], "--html", t.path("again.html"),
                     "--json")
    t.equal(json.loads(again.out), report, "the report is read again")
    t.equal(t.path("again.html").read_bytes(), text[names[2]], "the page")
    t.equal(t.squall("report", "validate", names[0]).out,
            f"{names[0]}: a run, valid\n", "validate")
    *_, last, _ = text[names[3]].splitlines()
    key = json.loads(last)["op"]
    t.match(t.squall("report", "--operation", key, names[3]).out,
            re.escape(key), "an operation of events")
    letters = len(text[names[4]].splitlines()) - 2
    t.check(letters > 0, "there are dead letters")
    done = t.squall("replay", names[4], "--json", "-r", "1000/s", status=None)
    t.equal(json.loads(done.out)["replay"]["dead_letters"], letters,
            "dead letters are read")
    for name, words, status in ((names[0], "damaged or cut", 2),
                                (names[4], "damaged or cut", 2)):
        name.write_bytes(name.read_bytes()[:-100])
        command = "replay" if name == names[4] else "report"
        t.match(t.squall(command, name, status=status).err, words,
                f"{command}: it is cut")
    names[3].write_bytes(names[3].read_bytes()[:-100])
    t.match(t.squall("report", "--operation", json.loads(
        text[names[3]].splitlines()[1])["op"], names[3]).out, "not complete",
            "events are read as far as they go")


@test("one place takes one output, and that is known before the run")
def places(t):
    server = t.server(lambda request: reply())
    same = t.path("same")
    for arguments, words, status in (
            (("--junit", same, "-o", same), "two files", 2),
            (("--text", same, "--events", same), "two files", 2),
            (("--json", "--junit", "-"), "standard output", 2),
            (("--junit", t.path("no/folder")), "the JUnit report", 3)):
        run = t.squall("run", server.url, "-n", "3", *arguments,
                       status=status)
        t.match(run.err, words, f"{arguments}")
    t.equal(len(server.requests), 0, "nothing was sent")
    run = t.squall("run", server.url, "-n", "3", "--json", "-o", "-")
    t.equal(json.loads(run.out)["operations"]["started"], 3, "once")
    report = t.path("report.json")
    t.squall("run", server.url, "-n", "3", "-o", report)
    kept = report.read_text()
    t.match(t.squall("report", report, "--junit", report, status=2).err,
            "two files", "the report that is read")
    t.equal(report.read_text(), kept, "and it is kept")
    for text in ("{}", '{"schema": "squall.trace/1"}', "[1]"):
        t.match(t.squall("report", t.write("other.json", text),
                         status=2).err, "no report", text)


@test("what a failed output says is in those that are written after it")
def failed(t):
    run = t.run("-n", "3", "--junit", "/dev/full", status=3)
    t.match(run.err, "/dev/full: error: cannot write the JUnit report",
            "the error")
    t.equal(run["run.exit"], 3, "exit")
    t.match(run["run.problem"], "cannot write the JUnit report", "problem")
    t.match(run.out, "exit status 3", "text")


@test("a stream that is closed, and a file that may not grow, are named")
def closed(t):
    done = t.squall("run", "-n", "3", status=3,
                    preexec=lambda: os.close(1))
    t.match(done.err, "standard output: error: cannot write the text of the "
            "report: Bad file descriptor", "the error")
    limit = (1000, 1000)
    done = t.squall("run", "-n", "3", "-q", "-o", t.path("report.json"),
                    status=3, preexec=lambda: resource.setrlimit(
                        resource.RLIMIT_FSIZE, limit))
    t.match(done.err, "cannot write the report: File too large", "the error")
    t.check(not t.path("report.json").exists(), "no half of a report")


@test("one member of a saved report, for a script")
def one_member(t):
    saved = t.path("saved.json")
    t.squall("run", "-n", "50", "-o", saved, "-q")
    report = json.loads(saved.read_text())
    for path, wanted in (
            ("latency.operation.p99_us", report["latency"]["operation"]
             ["p99_us"]), ("verdict", "done"), ("slo", []),
            ("requests.0.name", report["requests"][0]["name"]),
            ("latency.failed.p99_us", None)):
        got = t.squall("report", saved, "--get", path).out
        t.equal(got, f"{wanted}\n" if isinstance(wanted, str)
                else json.dumps(wanted) + "\n", path)
    wrong = t.squall("report", saved, "--get", "latency.operatoin", status=2)
    t.match(wrong.err, 'did you mean "latency.operation"', "a remedy")


def spoiled(document, path=()):
    """Copies with one member each left out, or of another type."""
    part = document
    for name in path:
        part = part[name]
    pairs = (enumerate(part) if isinstance(part, list)
             else list(part.items()) if isinstance(part, dict) else ())
    for name, value in pairs:
        for spoil in (lambda at, n: at.pop(n), lambda at, n: at.update({
                n: "word" if not isinstance(at[n], str) else 7})):
            if isinstance(part, dict):
                copy = json.loads(json.dumps(document))
                at = copy
                for step in path:
                    at = at[step]
                spoil(at, name)
                yield copy
        if isinstance(value, (dict, list)):
            yield from spoiled(document, (*path, name))


@test("reports are held against their schema, as others hold them", limit=120)
def validated(t):
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed") from None
    whole = t.path("whole.json")
    t.squall("run", "-n", "50", "--retries", "2", "--fault",
             "lost_response:10%", "--timeout", "300ms", "-o", whole, "-q",
             status=None)
    t.match(t.squall("report", "validate", whole).out, "a run, valid$", "run")
    schema = jsonschema.Draft202012Validator(
        json.loads(t.squall("report", "schema").out))
    files, invalid = [], set()
    # Every seventh, of which the first member is never one.
    for number, copy in enumerate(spoiled(json.loads(whole.read_text()))):
        if number % 7 == 3:
            files.append(t.path(f"{number}.json"))
            files[-1].write_text(json.dumps(copy))
            if not schema.is_valid(copy):
                invalid.add(str(files[-1]))
    t.between(len(invalid), 100, len(files) - 20, "invalid ones")
    done = t.squall("report", "validate", *files, status=2)
    t.equal({line.split(":")[0] for line in done.err.splitlines()}, invalid,
            "those that are refused")
    t.equal({line.split(":")[0] for line in done.out.splitlines()},
            {str(path) for path in files} - invalid, "those that are valid")


main()
