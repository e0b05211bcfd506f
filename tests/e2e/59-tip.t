#!/usr/bin/python3
# Proves: squall tip finds the outage from which a service does not come back,
# on sockets: where retries at once keep it down the tip lies where arithmetic
# says, and with a budget it comes back from all that is tried; both ends are
# confirmed. What cannot be asked is refused before anything is sent, and ^C
# gives a report of what was done.

from harness import *

# Two workers that take 10 ms each can do 200/s, and 140/s come. Callers give up
# after 500 ms, up to four times, and the service goes on to work for them. An
# outage of less than 500 ms makes nobody give up: all who wait are served
# before. When one has 100 waiting at its end, that alone takes 500 ms, so that
# all who come give up, too: those who came, 140/s, and those who came again, as
# many a second after the first 500 ms, are 100 after 607 ms at most. (Four times
# 140/s are more than 200/s: it stays so.)
PATIENCE_S, LONGEST_S = 0.5, 0.607
COMMON = ("-r", "140/s", "--arrival", "poisson", "--timeout", "500ms",
          "--workers", "2", "--service-time", "10ms", "--set",
          'service.abandoned="work"', "--set", "service.queue_limit=60000",
          "--set", 'service.idempotency="none"')
SHORT = ("-r", "300/s", "--before", "1s", "--after", "4s")


def tip(t, *arguments, status=0, limit=60):
    """The document, and the run."""
    t.runs += 1
    path = t.path(f"tip{t.runs}.json")
    process = t.launch("tip", *arguments, "-o", path)
    t.equal(process.wait(limit * PATIENCE), status,
            f"exit status: {process.err}")
    return (json.loads(path.read_text()) if path.exists() else None), process


@test("retries at once tip, and with a budget it comes back", limit=260)
def policies(t):
    # They hardly use the machine, so they run at the same time.
    at_once_path, budgeted_path = t.path("a.json"), t.path("b.json")
    at_once = t.launch("tip", "immediate", *COMMON, "--before", "2s", "--after",
                       "5s", "--start-size", "300ms", "--precision", "30%",
                       "-o", at_once_path, "--seed", "1")
    budgeted = t.launch("tip", "budgeted", *COMMON, "--before", "2s", "--after",
                        "9s", "--start-size", "400ms", "--max-size", "800ms",
                        "-o", budgeted_path, "--seed", "2")
    t.equal(budgeted.wait(240 * PATIENCE), 0, f"exit: {budgeted.err}")
    t.equal(at_once.wait(240 * PATIENCE), 0, f"exit: {at_once.err}")
    document = json.loads(at_once_path.read_text())
    found, = document["variants"]
    print(f"# tips at {found['tip']:.3f} s [{found['tip_low']:.3f}, "
          f"{found['tip_high'] or 0:.3f}], back from {found['back_up_to']:.3f} "
          f"s; arithmetic: from {PATIENCE_S} s to {LONGEST_S} s")
    t.equal((document["schema"], document["verdict"], found["name"]),
            ("squall.tip/1", "done", "immediate"), "document")
    t.equal((found["end"], found["confirmed"]), ("found", True), "end")
    # What the machine takes from the service makes callers give up sooner.
    t.between(found["tip"], 0.75 * PATIENCE_S, LONGEST_S, "tip")
    t.check(found["back_up_to"] < found["tip"], "back up to")
    t.check(found["stayed_down"] >= 2, "both ends")
    t.check(found["stays_down_from"] > found["back_up_to"], "both ends")
    for run in found["runs"]:
        if run["back"] is False:
            t.equal(run["time_to_recover_us"], None, "never")
            t.check(run["amplification"] > 2, "attempts an operation")
    t.match(at_once.out, r"Tips at 0\.\d+ s \[0\.\d+ s, ", "text")
    t.match(at_once.err, r"about 20 runs for each of 1 policies: about .*, at "
            r"most ", "time before it starts")
    document = json.loads(budgeted_path.read_text())
    found, = document["variants"]
    t.equal((found["end"], found["back_up_to"], found["confirmed"],
             found["tip"]), ("never fails", 0.8, True, None), "budget")
    t.match(budgeted.out, r"Comes back from every size tried, up to 0\.8 s \(3 "
            r"of 3 there\)", "text")


@test("each trigger, several policies, and the schema", limit=150)
def triggers(t):
    published = json.loads(t.squall("report", "schema", "tip").out)
    t.equal(published["$id"], "urn:squall:tip:1", "id")
    junit = t.path("junit.xml")
    document, run = tip(t, "none", "--variant", "again=none", *SHORT,
                        "--max-size", "100ms", "--fail-if",
                        "back_up_to < 50ms", "--fail-unless",
                        "back_up_to < 100ms of again", "--junit", junit,
                        limit=140, status=1)
    t.equal((document["verdict"], [g["pass"] for g in document["gates"]]),
            ("fail", [True, False]), "gates")
    t.match(run.out, r"FAIL  exit status 1", "verdict in the text")
    t.match(junit.read_text(), r'tests="3" failures="1"(.|\n)*fail-unless '
            r'back_up_to &lt; 100ms of again">\s*<failure', "JUnit")
    t.equal([v["name"] for v in document["variants"]], ["none", "again"],
            "names")
    t.equal(document["summary"],
            ["Between again and none no difference is shown."], "beside")
    t.match(run.out, r"none\n.*up to 0\.1 s(.|\n)*again\n", "text")
    for trigger in ("drop", "spike"):
        # Nobody knows whether it comes back from more than was run.
        document, run = tip(t, *SHORT, "--trigger", trigger, "--length", "1s",
                            "--max-size", "1.25", "--fail-if",
                            "back_up_to < x1.5", status=3)
        t.equal((document["verdict"], document["gates"][0]["pass"]),
                ("invalid", None), "nobody knows")
        found, = document["variants"]
        t.equal((found["name"], found["end"], found["back_up_to"]),
                ("as given", "never fails", 1.25), trigger)
        t.equal((document["trigger"]["kind"], document["trigger"]["unit"],
                 document["trigger"]["length_us"]), (trigger, "times", 10**6),
                trigger)
        t.match(run.out, r"up to x 1\.25", "text")
    for member in published["properties"]:
        t.check(member in document, f"{member} is missing")
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
    fault = 'service.faults=[{"kind": "stall", "from": "1s", "for": "1s"}]'
    for arguments, words in (
            ((), "add --rate"),
            (("-r", "9/s", "--trigger", "flood"), "outage, drop or spike"),
            (("-r", "9/s", "--set", fault), "trigger of its own"),
            (("-r", "9/s", "--before", "0s"), "--before"),
            (("-r", "9/s", "--after", "long"), "--after"),
            (("-r", "9/s", "--max-size", "3"), "--max-size"),
            (("-r", "9/s", "--start-size", "2s", "--max-size", "1s"),
             "--start-size is above"),
            (("-r", "9/s", "--trigger", "drop", "--max-size", "2s"),
             "--max-size"),
            (("-r", "9/s", "--trigger", "drop", "--start-size", "1"),
             "--start-size"),
            (("-r", "9/s", "--precision", "0"), "--precision"),
            (("-r", "9/s", "--budget", "long"), "--budget"),
            (("-r", "9/s", "--fail-if", "tip < 1s"),
             'does not begin with "back_up_to"'),
            (("-r", "9/s", "--fail-if", "back_up_to < 3"), "--fail-if"),
            (("-r", "9/s", "none", "--fail-unless", "back_up_to > 1s of nun"),
             'there is no variant "nun"'),
            (("-r", "9/s", "immediatee"), "immediate"),
            (("-r", "9/s", "none", "none"), "two variants"),
            (("-r", "9/s", server.url), "--trigger spike"),
            (("-r", "9/s", "--trigger", "spike", "--reset", "true", server.url),
             "--allow-exec")):
        run = t.squall("tip", *arguments, status=2)
        t.match(run.err, re.escape(words), " ".join(arguments))
    t.equal(len(server.requests), 0, "requests")


@test("too few operations to tell, and an interruption", limit=60)
def untold(t):
    document, _ = tip(t, "-r", "5/s", "--before", "1s", "--after", "4s",
                      status=3)
    t.equal(document["verdict"], "invalid", "verdict")
    t.match(document["run"]["problem"], r"too few operations", "problem")
    path = t.path("interrupted.json")
    process = t.launch("tip", *SHORT, "-o", path)
    process.wait_for_text(r"run 2, at most")
    process.signal(signal.SIGINT)
    t.equal(process.wait(30 * PATIENCE), 130, "exit status")
    document = json.loads(path.read_text())
    t.equal((document["verdict"], document["run"]["complete"]),
            ("incomplete", False), "verdict")
    found, = document["variants"]
    t.equal((found["complete"], found["end"], found["back_up_to"]),
            (False, "unfinished", None), "search")
    t.equal([run["back"] for run in found["runs"]], [True], "runs")


main()
