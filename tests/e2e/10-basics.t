#!/usr/bin/python3
# Proves: the main job against a service that squall did not write. The
# report's counts are those of nginx's own access log; the flags -n, -d, -r,
# -c, -t, -X, -H, -b do what they say; text and JSON reports and the exit
# statuses are those of the manual; every report keeps its equations and its
# published schema; without a URL the embedded target is used.

from harness import *


@test("the counts of a closed run are those of nginx's access log")
def closed_run(t):
    nginx = t.nginx()
    run = t.run(nginx.url, "-n", "3000", "-c", "8")
    log = nginx.log()
    t.equal(run["operations.offered"], 3000, "offered")
    t.equal(run["operations.succeeded"], 3000, "succeeded")
    t.equal(run["attempts.on_wire"], len(log), "on the wire and in the log")
    t.equal(run["attempts.by_status"], {"200": 3000}, "by status")
    t.equal({row["status"] for row in log}, {"200"}, "statuses in the log")
    t.between(len({row["connection"] for row in log}), 1, 8, "connections")
    t.equal(run["verdict"], "done", "verdict")
    t.equal(run["run.complete"], True, "complete")
    t.equal(run["run.exit"], 0, "exit in the report")


@test("an open run keeps its rate, and the log agrees")
def open_run(t):
    nginx = t.nginx()
    run = t.run(nginx.url, "-r", "500/s", "-d", "2s", "-c", "16")
    log = nginx.log()
    t.equal(run["operations.offered"], 1000, "offered is rate times duration")
    t.equal(run["operations.started"], 1000, "started")
    t.equal(len(log), run["attempts.on_wire"], "in the log")
    times = [float(row["at"]) for row in log]
    t.between(max(times) - min(times), 1.9, 2.5, "length in the log, s")
    t.near(run["rates.offered_per_s"], 500, 0.5, "offered per second")


@test("closed with -d ends by itself, with think time and -c kept")
def closed_duration(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-d", "1s", "-c", "3", "--set", "load.think=50ms")
    t.equal(len(server.requests), run["attempts.on_wire"], "received")
    t.between(len({r.connection for r in server.requests}), 1, 3,
              "connections that were used")
    # Three callers, each at most once in 50 ms, for 1 s: 60 and the three
    # that start at once. A busy machine only makes fewer.
    t.between(run["operations.started"], 15, 63, "started")


@test("two threads share the work exactly", limit=40)
def two_threads(t):
    nginx = t.nginx()
    run = t.run(nginx.url, "-n", "2001", "-c", "8", "-t", "2")
    t.equal(run["operations.succeeded"], 2001, "succeeded")
    t.equal(run["run.threads"], 2, "threads")
    log = nginx.log()
    t.equal(len(log), 2001, "in the log")
    t.between(len({row["connection"] for row in log}), 2, 8, "connections")


@test("method, headers and body arrive as given")
def request_parts(t):
    server = t.server(lambda request: reply(201))
    body = t.write("body.json", '{"from": "a file"}')
    t.run(server.url + "orders?x=1", "-n", "2", "-X", "PUT", "-H",
          "X-One: first", "-H", "Content-Type: application/json", "-b",
          '{"n": 1}')
    t.run(server.url + "orders?x=1", "-n", "2", "-X", "POST", "-b", f"@{body}")
    for request in server.requests[:2]:
        t.equal(request.method, "PUT", "method")
        t.equal(request.path, "/orders?x=1", "path")
        t.equal(request.header("X-One"), "first", "header")
        t.equal(request.header("Content-Type"), "application/json", "type")
        t.equal(request.header("Expect"), None, "no Expect")
        t.equal(request.body, b'{"n": 1}', "body")
    for request in server.requests[2:]:
        t.equal(request.method, "POST", "method")
        t.equal(request.body, b'{"from": "a file"}', "body of the file")
    t.equal(len(server.requests), 4, "requests")


@test("an unexpected status is not a success; an expected one is")
def expected_status(t):
    server = t.server(lambda request: reply(404))
    run = t.run(server.url, "-n", "5")
    t.equal(run["operations.rejected"], 5, "refused")
    t.equal(run["attempts.by_outcome"].get("rejected"), 5, "rejected")
    profile = t.profile({"requests": [
        {"name": "a", "expect": {"status": ["404"]}}]})
    run = t.run(server.url, "-n", "5", "-p", profile)
    t.equal(run["operations.succeeded"], 5, "succeeded when 404 is expected")


@test("a failed SLO exits 1, one that holds exits 0, and both are reported")
def slo_exit(t):
    def answer(_):
        # Of a run that works all of its time nobody knows who was slow.
        server.pause(0.005)
        return reply()
    server = t.server(answer)
    run = t.run(server.url, "-n", "20", "--slo", "p99 < 60s", "--slo",
                "success_rate >= 100%")
    t.equal([s["pass"] for s in run["slo"]], [True, True], "passes")
    t.equal(run["verdict"], "pass", "verdict")
    run = t.run(server.url, "-n", "20", "--slo", "p99 < 1us", "--slo",
                "success_rate >= 99%", status=1)
    t.equal([s["pass"] for s in run["slo"]], [False, True], "one fails")
    t.equal(run["verdict"], "fail", "verdict")
    t.equal(run["run.exit"], 1, "exit in the report")
    t.equal(run["slo.0.expr"], "p99 < 1us", "expression")
    # Without a ledger duplicates are not measured, which is never a pass.
    run = t.run(server.url, "-n", "5", "--slo", "duplicates == 0", status=1)
    t.equal(run["slo.0.pass"], False, "not measured fails")
    t.equal(run["effects.oracle"], "none", "no oracle")
    t.equal(run.get("effects.duplicate"), None, "not measured is no number")


@test("the JSON report keeps its published schema")
def json_schema(t):
    server = t.server(lambda request: reply(503 if request.number % 3 == 0
                                            else 200))
    profile = t.profile({
        "retry": {"max_attempts": 3, "retry_on": ["5xx"],
                  "backoff": {"type": "constant", "initial": "2ms"}},
        "requests": [{"name": "a", "weight": 2, "path": "/a"},
                     {"name": "b", "weight": 1, "path": "/b"}],
        "load": {"model": "open", "stages": [
            {"name": "low", "for": "200ms", "rate": "50/s"},
            {"name": "high", "for": "200ms", "rate": "200/s"}]}})
    run = t.run(server.url, "-p", profile)
    problems = schema_problems(run.report)
    if problems is None:
        raise Skip("python3-jsonschema is not installed")
    t.equal(problems, [], "schema")
    # The schema must be able to fail.
    spoilt = json.loads(json.dumps(run.report))
    spoilt["operations"]["succeeded"] = "many"
    t.check(schema_problems(spoilt), "a spoilt report fails the schema")
    del spoilt["operations"]
    t.check(schema_problems(spoilt), "a report without operations fails")
    t.equal([r["name"] for r in run["requests"]], ["a", "b"], "requests")
    t.equal([p["name"] for p in run["phases"]], ["low", "high"], "phases")
    t.equal(sum(r["operations"]["started"] for r in run["requests"]),
            run["operations.started"], "requests add up")
    t.equal(sum(p["operations"]["started"] for p in run["phases"]),
            run["operations.started"], "phases add up")
    t.equal(sum(point["attempts"] for point in run["series"]),
            run["attempts.on_wire"], "the series adds up")


@test("--json and -o - put one JSON document on stdout and nothing else")
def json_on_stdout(t):
    server = t.server(lambda request: reply())
    for flags in (["--json"], ["-o", "-"]):
        run = t.squall("run", server.url, "-n", "10", *flags)
        document = json.loads(run.out)
        t.equal(document["schema"], "squall.report/1", "schema name")
        t.equal(document["operations"]["succeeded"], 10, "succeeded")


@test("-o leaves a whole file, and text on stdout")
def output_file(t):
    server = t.server(lambda request: reply())
    path = t.write("out.json", "an older report")
    run = t.squall("run", server.url, "-n", "10", "-o", path, "--color",
                   "never")
    t.equal(json.loads(path.read_text())["operations"]["succeeded"], 10, "succeeded")
    t.equal([p.name for p in t.directory.glob("out.json*")], ["out.json"],
            "no temporary file is left")
    t.match(run.out, r"\b10\b", "the text report has the count")
    t.absent(run.out, "\x1b", "no escape sequences without colour")
    always = t.squall("run", server.url, "-n", "10", "--color", "always")
    t.match(always.out, "\x1b\\[", "colour when asked for")
    plain = t.squall("run", server.url, "-n", "10")
    t.absent(plain.out, "\x1b", "no colour off a terminal")


@test("without a URL the embedded target is used, and said so")
def embedded(t):
    run = t.run("-n", "50", "-c", "4")
    t.equal(run["operations.succeeded"], 50, "succeeded")
    loud = t.squall("run", "-n", "50", "-c", "4")
    t.match(loud.out + loud.err, r"embedded", "it says so")


@test("the seed is reported, and an explicit one is kept")
def seed(t):
    server = t.server(lambda request: reply())
    reported = t.run(server.url, "-n", "3", "--seed", "77")["run.seed"]
    t.equal(int(reported, 0), 77, "given")
    first = t.run(server.url, "-n", "3")["run.seed"]
    second = t.run(server.url, "-n", "3")["run.seed"]
    t.check(first != second, "drawn seeds differ")
    again = t.run(server.url, "-n", "3", "--seed", first)
    t.equal(again["run.seed"], first, "a reported seed can be given back")


@test("every command has help, and the version names its libcurl")
def help_and_version(t):
    for command in ((), ("run",), ("target",), ("profile",)):
        run = t.squall(*command, "--help")
        t.match(run.out, r"(?i)usage", "usage " + " ".join(command))
        t.equal(run.err, "", "help is on stdout")
    t.match(t.squall("--version").out, r"squall .*(\n.*)*libcurl/", "version")


main()
