#!/usr/bin/python3
# Proves: the evidence of a run. Every request that a server has read is one
# line of the file of events, with the key, the attempt and the trace that it
# carried, and no line says otherwise; a sample holds whole operations and all
# that went wrong, by the report's own count; what cannot be written is a named
# error, and the report is there all the same; the trace of an operation is
# printed in order; dead letters hold what was sent, and no secret.

from harness import *

import base64
import collections
import gzip

HEADERS = {"X-Op": "{{op.id}}", "X-Attempt": "{{attempt}}"}
RETRIES = {"max_attempts": 4, "retry_on": ["timeout", "reset", "5xx"],
           "backoff": {"type": "constant", "initial": "2ms"}}
LOST = [{"kind": "lost_response", "ratio": .2, "as": "reset"},
        {"kind": "lost_request", "ratio": .1, "as": "reset"}]


def lines_of(path):
    return [json.loads(line) for line in
            pathlib.Path(path).read_text().splitlines()]


class Events:
    """A file of events, held to its own form."""

    def __init__(self, t, path):
        lines = lines_of(path)
        self.head, self.end = lines[0], lines[-1]
        self.attempts = [l for l in lines if l.get("type") == "attempt"]
        self.operations = [l for l in lines if l.get("type") == "operation"]
        t.equal(self.head["schema"], "squall.events/1", "schema")
        t.equal(len(lines), len(self.attempts) + len(self.operations) + 2,
                "no other lines")
        t.equal((self.end["type"], self.end["operations"],
                 self.end["attempts"]),
                ("end", len(self.operations), len(self.attempts)),
                "the last line counts the others")
        t.equal(len({o["op"] for o in self.operations}),
                len(self.operations), "an operation has one line")
        self.whole(t)

    def whole(self, t):
        """All attempts of an operation are there, and their times in order."""
        reported = collections.Counter(a["op"] for a in self.attempts)
        wire = collections.Counter(a["op"] for a in self.attempts
                                   if a["sent"])
        for operation in self.operations:
            op = operation["op"]
            t.equal((reported[op], wire[op]),
                    (operation["attempts"], operation["on_wire"]), op)
        for a in self.attempts:
            times = [a["intended_us"], a["asked_us"], a["sent_us"],
                     a["first_byte_us"], a["done_us"]]
            times = [x for x in times if x is not None]
            t.check(times == sorted(times), f"times of {a}")
            t.equal(a["sent_us"] is not None, a["sent"], "sent")


def on_wire(events):
    return collections.Counter(
        (a["op"], str(a["attempt"]), a["key"],
         f"00-{a['trace_id']}-{a['span_id']}-01")
        for a in events.attempts if a["sent"])


def in_books(log):
    return collections.Counter(
        (h["x-op"], h["x-attempt"], h["idempotency-key"], h["traceparent"])
        for h in (row["headers"] for row in log))


for scope, key in (("operation", "uuid7"), ("attempt", "uuid4")):
    @test(f"each request on the wire is one line, keys per {scope}", limit=60)
    def every_request(t, scope=scope, key=key):
        server = t.hostile()
        profile = t.profile({
            "requests": [{"name": "order", "method": "POST",
                          "path": "/flaky/.3/503", "headers": HEADERS,
                          "body": "{{op.id}}"}],
            "idempotency": {"scope": scope, "key": key},
            "retry": RETRIES, "faults": LOST, "load": {"warmup": "100ms"}})
        path = t.path("events")
        run = t.run(server.url, "-p", profile, "-n", few(2000, 300), "-c",
                    "16", "-t", "2", "--traceparent", "--events", path,
                    "--seed", "5")
        events = Events(t, path)
        t.equal(on_wire(events), in_books(server.log()), "the books")
        t.check(events.end["complete"], "complete")
        t.equal(events.head["run"], run["run.id"], "run")
        t.equal(events.head["seed"], run["run.seed"], "seed")

        counted = [o for o in events.operations if not o["warmup"]]
        names = {o["op"] for o in counted}
        attempts = [a for a in events.attempts if a["op"] in names]
        t.check(len(counted) < len(events.operations), "a warm-up is reported")
        t.equal(len(counted), run["operations.started"], "operations")
        t.equal(len(attempts), run["attempts.total"], "attempts")
        for name in ("first", "retry"):
            t.check(any(a["kind"] == name for a in attempts), name)
        for outcome, count in run["attempts.by_outcome"].items():
            t.equal(sum(a["outcome"] == outcome for a in attempts), count,
                    outcome)
        for verdict in ("succeeded", "rejected", "unanswered", "ambiguous",
                        "shed"):
            t.equal(sum(o["verdict"] == verdict for o in counted),
                    run[f"operations.{verdict}"], verdict)
        for fault in ("lost_response", "lost_request"):
            t.equal(sum(a["fault"] == fault for a in attempts),
                    run[f"faults.{fault}.injected"], fault)
        t.equal(sum(a["delivered"] for a in attempts),
                run["faults.lost_response.delivered"], "delivered")
        keys = {a["key"] for a in events.attempts if a["sent"]}
        wire = sum(a["sent"] for a in events.attempts)
        used = wire if scope == "attempt" else \
            len({a["op"] for a in events.attempts if a["sent"]})
        t.equal(len(keys), used, "keys are as unique as their scope")


@test("hedges are attempts like others, and have their own spans", limit=60)
def hedges(t):
    server = t.hostile()
    profile = t.profile({
        "requests": [{"method": "POST", "path": "/delay/20",
                      "headers": HEADERS, "body": "x"}],
        "idempotency": {},
        "hedge": {"delay": "5ms", "cancel_losers": False}})
    path = t.path("events")
    t.run(server.url, "-p", profile, "-n", "50", "-c", "4", "--traceparent",
          "--events", path)
    events = Events(t, path)
    t.equal(on_wire(events), in_books(server.log()), "the books")
    kinds = collections.Counter(a["kind"] for a in events.attempts)
    t.check(kinds["hedge"] >= 40, f"hedges: {kinds}")
    t.check(any(a["wasted"] for a in events.attempts), "losers are wasted")
    t.equal(len({a["span_id"] for a in events.attempts}),
            len(events.attempts), "spans")
    t.equal(len({a["trace_id"] for a in events.attempts}), 50, "traces")


@test("duplicates of a request are attempts like others", limit=60)
def duplicates(t):
    for scope in ("operation", "attempt"):
        server = t.hostile()
        profile = t.profile({
            "requests": [{"name": "order", "method": "POST",
                          "path": "/flaky/.3/503", "headers": HEADERS,
                          "body": "x"}],
            "idempotency": {"scope": scope}, "retry": RETRIES,
            "faults": [{"kind": "duplicate", "ratio": .3},
                       {"kind": "late_duplicate", "ratio": .3,
                        "delay": "30ms"}]})
        path, dead = t.path("events"), t.path("dead")
        run = t.run(server.url, "-p", profile, "-n", "300", "-c", "8", "-t",
                    "2", "--traceparent", "--events", path, "--dead-letters",
                    dead, "--set", "retry.max_attempts=2")
        events = Events(t, path)
        t.equal(on_wire(events), in_books(server.log()), "the books")
        t.equal(len(events.attempts), run["attempts.total"], "attempts")
        kinds = collections.Counter(a["kind"] for a in events.attempts)
        t.equal(kinds["duplicate"], run["attempts.duplicates_injected"],
                "duplicates")
        t.check(kinds["duplicate"] > 100, f"{kinds}")
        late = {(a["op"], a["attempt"]): a for a in events.attempts
                if a["fault"] == "late_duplicate"}
        ends = {o["op"]: o["verdict_us"] for o in events.operations}
        for a in events.attempts:
            if a["kind"] == "duplicate" and (a["op"], a["attempt"]) in late:
                t.check(a["sent_us"] >= ends[a["op"]] + 30000,
                        f"{a} was sent before its operation had ended")
        letters = lines_of(dead)[1:-1]
        tries = collections.Counter(a["op"] for a in events.attempts)
        t.check(any(a["kind"] == "duplicate" for l in letters
                    for a in l["attempts"]), "dead letters have them, too")
        t.check(all(len(l["attempts"]) == tries[l["op"]] for l in letters),
                "all of them")

    process = t.launch("run", server.url, "-p", profile, "-r", "300/s", "-d",
                       "60s", "--set", "faults[1].delay=40s", "--set",
                       "load.drain=60s", "--events", path, "-o",
                       t.path("report"))
    before = server.counts()["whole"]
    t.wait_until("requests", lambda: server.counts()["whole"] > before + 100)
    process.signal(signal.SIGINT)
    process.wait_for_text("once more to give it up")
    process.signal(signal.SIGINT)
    t.finish(process, status=130)
    report = json.loads(t.path("report").read_text())
    events = Events(t, path)
    t.equal((len(events.attempts), len(events.operations)),
            (report["attempts"]["total"], report["operations"]["started"]),
            "those that wait for their duplicates, too")


@test("without the flags no byte of a request changes")
def no_change(t):
    seen = []
    for arguments in ((), ("--events", t.path("e"), "--dead-letters",
                           t.path("d"))):
        server = t.hostile()
        t.run(server.url + "/flaky/.3/503", "-X", "POST", "-H",
              "X-Op: {{op.id}}", "-b", "{{uuid}} {{rand:1:1000}}", "-n", "50",
              "-c", "1", "--run-id", "1234", "--seed", "9", *arguments)
        rows = server.log()
        for row in rows:
            row["headers"].pop("host")
        seen.append([row["headers"] for row in rows])
    t.equal(seen[0], seen[1], "headers")
    t.check("traceparent" not in seen[0][0], "no traceparent by default")
    t.check(all(a["trace_id"] is None and a["span_id"] is None
                for a in Events(t, t.path("e")).attempts),
            "a trace that was not sent is not reported")


@test("a profile's own traceparent wins, and other headers can be made")
def own_header(t):
    server = t.hostile()
    path = t.path("events")
    t.run(server.url, "-n", "3", "--traceparent", "--events", path,
          "-H", "Traceparent: 00-{{trace.id}}-{{span.id}}-00",
          "-H", "X-B3: {{trace.id}}-{{span.id}}-1")
    reported = {f"{a['trace_id']}-{a['span_id']}"
            for a in Events(t, path).attempts}
    t.equal({h["traceparent"] for h in server.headers()},
            {f"00-{ids}-00" for ids in reported}, "the profile's, once")
    t.equal({h["x-b3"] for h in server.headers()},
            {f"{ids}-1" for ids in reported}, "another header")


@test("a sample holds whole operations, and all that went wrong", limit=90)
def sample(t):
    target = t.target("-p", "targets/no-keys")
    profile = t.profile({
        "requests": [{"name": "order", "method": "POST", "path": "/orders",
                      "body": '{"order": "{{op.id}}"}'}],
        "retry": {"max_attempts": 2, "retry_on": ["reset"],
                  "backoff": {"type": "none"}},
        "faults": LOST, "ledger": {"url": "/ledger", "key": "{{op.id}}",
                                   "settle": "20ms"}})
    path = t.path("events")
    n = few(5000, 1000)
    run = t.run(target.url, "-p", profile, "-n", n, "-c", "16", "-t", "2",
                "--events", path, "--sample", "0.05", "--seed", "3")
    events = Events(t, path)
    ledger = target.ledger()
    t.equal(len(events.operations) + events.end["left_out"], n,
            "written and left out are all")
    for operation in events.operations:
        t.equal(operation["effects"], ledger.get(operation["op"], 0),
                f"the effects of {operation}")
    for verdict in ("rejected", "unanswered", "ambiguous", "shed"):
        t.equal(sum(o["verdict"] == verdict for o in events.operations),
                run[f"operations.{verdict}"], f"all {verdict}")
    for name in ("duplicate", "lost", "phantom"):
        t.equal(sum(o["effect"] == name for o in events.operations),
                run[f"effects.{name}"], f"all {name}")
    t.check(run["effects.duplicate"] > n / 100, "there were duplicates")
    t.check(run["operations.ambiguous"] > n / 100, "and ambiguous ones")
    good = [o for o in events.operations
            if o["verdict"] == "succeeded" and o["effect"] == "exactly_once"]
    # A binomial share of what went well, within 5 standard deviations.
    well = n - (len(events.operations) - len(good))
    t.near(len(good), well * .05, 5 * math.sqrt(well * .05 * .95),
           "the share of the others")


@test("a sample holds all duplicates that only answers show", limit=60)
def named_twice(t):
    # Every other order is named anew in each answer. The ledger, where there
    # is one, knows nothing of it.
    lock = threading.Lock()

    def serve(request):
        if request.method == "GET":
            return reply(200, "".join(f"{k} 1\n" for k in seen))
        order = json.loads(request.body)["order"]
        with lock:
            turn = seen[order] = seen.get(order, 0) + 1
        name = f"{order}-{turn}" if int(order.split("-")[1]) % 2 else order
        return reply(201, json.dumps({"id": name}))

    for ledger in (None, {"url": "/ledger", "key": "{{op.id}}",
                          "settle": "20ms"}):
        seen = {}
        path = t.path("events")
        run = t.run(t.server(serve).url, "-p", t.profile({
            "requests": [{"name": "order", "method": "POST",
                          "body": '{"order": "{{op.id}}"}'}],
            "idempotency": {"effect_id": "/id"}, "ledger": ledger,
            "faults": [{"kind": "duplicate", "ratio": .5}]}),
            "-n", "200", "-c", "8", "--events", path, "--sample", "0")
        twice = {k for k, n in seen.items()
                 if n > 1 and int(k.split("-")[1]) % 2}
        events = Events(t, path)
        t.check(len(twice) > 20, f"{len(twice)} were named twice")
        t.equal(run["effects.named_twice"], len(twice), "in the report")
        if ledger:
            t.match(run.out, f"{len(twice)} operations were answered with "
                    "several effects; the ledger", "in the text")
        t.equal({o["op"] for o in events.operations}, twice, "in the sample")
        t.check(all("named_twice" in o["flags"] for o in events.operations),
                "as their flags say")
        t.equal({(o["effect"], o["effects"]) for o in events.operations},
                {("exactly_once", 1)} if ledger else {("duplicate", 2)},
                "what the ledger reported, or else the answers")


@test("what cannot be written is a named error, and the report is there",
      limit=60)
def cannot_write(t):
    for option in ("--events", "--dead-letters"):
        run = t.run("-n", "300", "--set", "service.faults[0].kind=error",
                    "--set", "service.faults[0].ratio=0.5", option,
                    "/dev/full", status=3)
        t.match(run.err, r"/dev/full: error: cannot write the (events|dead "
                "letters): No space left", option)
        t.equal(run["run.exit"], 3, "the report says so")
        t.match(run["run.problem"] or "", "No space left", "and why")
    for arguments, words, status in (
            (("--events", t.path("no/such/folder")), "cannot write", 3),
            (("--events", t.directory), "directory", 3),
            (("--events", "-"), "standard output", 2),
            (("--events", t.path("e"), "--sample", "2"), "--sample", 2),
            (("--sample", "0.1"), "--events", 2),
            (("--events", t.path("e"), "--dead-letters", t.path("e")),
             "two files", 2),
            (("--events", t.path("e"), "-o", f"{t.directory}/../"
              f"{t.directory.name}/e"), "two files", 2)):
        run = t.squall("run", "-n", "10", *arguments, status=status)
        t.match(run.err, words, f"{arguments}")
        t.equal(run.out, "", "found out before the run")
        t.check(not t.path("e").exists(), "nothing is left behind")


@test("so many of each second are a uniform draw, and say what they stand for",
      limit=60)
def per_second(t):
    path = t.path("events.gz")
    server = t.server(lambda request: reply(
        503 if len(server.requests) % 10 == 0 else 201))
    runs = []
    for rate in ("20/s", "20/s", "40/s"):
        run = t.run(server.url, "-X", "POST", "-n", "900", "-r", "300/s",
                    "--seed", "5", "--run-id", "7", "--events", path,
                    "--sample", rate, status=None)
        lines = [json.loads(line)
                 for line in gzip.decompress(path.read_bytes()).splitlines()]
        head, end = lines[0], lines[-1]
        t.equal((head["sample"], head["sample_per_second"]),
                (None, int(rate[:-2])), "the head")
        operations = [line for line in lines if line["type"] == "operation"]
        attempts = [line for line in lines if line["type"] == "attempt"]
        t.equal(len(attempts), sum(o["attempts"] for o in operations),
                "whole operations")
        t.equal(len(operations) + end["left_out"], 900, "all are accounted for")
        t.near(sum(o["stands_for"] for o in operations), 900, 1e-6,
               "what they stand for")
        failed = [o for o in operations if o["verdict"] != "succeeded"]
        t.equal(len(failed), run["operations.failed"],
                "all of those that failed")
        t.check(all(o["stands_for"] == 1 for o in failed), "for themselves")
        seconds = collections.Counter(
            o["intended_us"] // 1000000 for o in operations
            if o["verdict"] == "succeeded")
        t.check(set(seconds.values()) == {head["sample_per_second"]},
                f"of each second: {seconds}")
        runs.append({o["op"] for o in operations
                     if o["verdict"] == "succeeded"})
    # What failed differs; of the rest, one seed draws alike.
    t.check(len(runs[0] & runs[1]) > 40, "one seed, one draw")
    t.check(len(runs[0] & runs[2]) > 50, "a larger draw holds a smaller one")
    one = sorted(runs[2])[0]
    t.match(t.squall("report", "--operation", one, path).out, re.escape(one),
            "the story of one")
    t.match(t.squall("report", "--operation", "nothing-like-it", path,
                     status=2).err, "is a sample", "one that is not there")
    for rate in ("0/s", "1.5/s", "20000/s", "x/s", "2"):
        t.match(t.squall("run", "-n", "1", "--events", path, "--sample", rate,
                         status=2).err, "such as 100/s", rate)


@test("a pipe that nobody reads is not waited for", limit=60)
def pipe(t):
    os.mkfifo(t.path("pipe"))
    run = t.run("-n", "20", "--events", t.path("pipe"), status=3)
    t.match(run.err, "pipe: error: cannot write the events: No such device"
            "[^$]*nobody reads", "a named error")
    t.equal(run["run.exit"], 3, "and a report")
    # Who is there from the beginning gets all; so much fits into a pipe.
    reader = os.open(t.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
    t.squall("run", "-n", "20", "--events", t.path("pipe"))
    with open(reader, encoding="utf-8") as pipe:
        lines = [json.loads(line) for line in pipe]
    t.equal(lines[-1]["operations"], 20, "who reads gets all")


BOTH = {"delay": "5ms", "cancel_losers": False}


@test("a sample holds what answers and histories report against the service",
      limit=60)
def flags(t):
    # Twice each, by hedges. Operation 1 of ten is named twice, 2 is answered
    # otherwise, 3 names the effect of others; 4 is succeeded on the way to an
    # illegal state.
    turns = collections.Counter()

    def answer(request):
        number = int(request.header("X-N"))
        turn = turns[number]
        turns[number] += 1
        if turn == 0:
            server.pause(0.03)
        name = {1: f"{number}-{turn}", 3: "shared"}.get(number % 10, number)
        return reply(200 if turn and number % 10 == 2 else 201,
                     json.dumps({"id": name}),
                     [("Content-Type", "application/json")])

    server = t.server(answer)
    n = 50
    profile = t.profile({
        "requests": [{"method": "POST", "headers": {"X-N": "{{op.seq}}"},
                      "body": "x"}],
        "idempotency": {"effect_id": "/id"}, "hedge": BOTH})
    path = t.path("events")
    run = t.run(server.url, "-p", profile, "-n", n, "-c", "4", "--events",
                path, "--sample", "0")
    events = Events(t, path)
    t.equal({int(o["op"].rsplit("-")[1]) % 10 for o in events.operations},
            {1, 2, 3}, "which")
    flags = collections.Counter(f for o in events.operations
                                for f in o["flags"])
    t.equal(flags, {"named_twice": 5, "divergent": 5, "replay_mismatch": 10,
                    "named_alike": 5}, "flags")
    for name in flags:
        t.equal(flags[name], run[f"effects.{name}"], f"the report's {name}")
    t.equal(len(events.attempts), 2 * len(events.operations), "attempts")
    one = events.operations[0]["op"]
    t.match(t.squall("report", "--operation", one, path).out,
            r"(?m)^ +flags +\w+", "the trace has them")

    done = {}

    def work(request):
        if request.path == "/ledger":
            return reply(body="".join(done.values()))
        op = request.header("X-Op")
        end = "A" if op.endswith("4") else "C"
        done[op] = f"{op}|A|{time.time() - 1:.3f}\n" \
                   f"{op}|B|{time.time() - .5:.3f}\n" \
                   f"{op}|{end}|{time.time():.3f}\n"
        return reply(201)

    server = t.server(work)
    profile = t.profile({
        "requests": [{"method": "POST", "headers": HEADERS, "body": "x"}],
        "ledger": {"url": "/ledger", "key": "{{op.id}}", "settle": "10ms",
                   "columns": "state_time", "effect_states": ["B"],
                   "transitions": {"A": ["B"], "B": ["C"], "C": []}}})
    run = t.run(server.url, "-p", profile, "-n", n, "-c", "4", "--events",
                path, "--sample", "0")
    t.equal(run["effects.exactly_once"], n, "each was done once")
    t.equal(run["effects.transitions.operations"], 5, "offenders")
    operations = Events(t, path).operations
    t.equal([(int(o["op"].rsplit("-")[1]) % 10, o["flags"])
             for o in operations], [(4, ["illegal_transition"])] * 5, "which")


@test("a full disk ends the evidence, not the run", limit=90)
def full_disk(t):
    disk = t.path("disk")
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk],
        stderr=subprocess.PIPE, check=False)
    if mounted.returncode:
        raise Skip("a small disk takes the right to mount one")
    try:
        run = t.run("-n", "5000", "--events", disk / "events", status=3)
        t.match(run.err, "journal of attempts ends early: No space left",
                "the journal")
        t.match(run["run.problem"] or "", "No space left", "the report")
        t.equal(run["operations.started"], 5000, "the run went on")
        t.equal(list(disk.iterdir()), [], "nothing half is left")
    finally:
        subprocess.run(["umount", disk], check=False)


@test("an interrupted run has its evidence", limit=60)
def interrupted(t):
    server = t.hostile()
    path = t.path("events")
    process = t.launch("run", server.url, "-H", "X-Op: {{op.id}}", "-r",
                       "200/s", "-d", "60s", "--events", path)
    t.wait_until("requests", lambda: server.counts()["whole"] > 50)
    process.signal(signal.SIGINT)
    t.finish(process, status=130)
    events = Events(t, path)
    t.check(events.end["complete"], "complete")
    t.equal(sum(a["sent"] for a in events.attempts),
            server.counts()["whole"], "the books")


@test("the trace of an operation, in order", limit=60)
def trace(t):
    server = t.hostile()
    path, report = t.path("events"), t.path("report.json")
    profile = t.profile({
        "requests": [{"name": "order", "method": "POST", "path":
                      "/first/2/effects/status/503", "headers": HEADERS,
                      "body": "{}"}],
        "idempotency": {}, "retry": RETRIES,
        "ledger": {"url": "/ledger/lines", "key": "{{op.id}}",
                   "settle": "10ms"}})
    run = t.run(server.url, "-p", profile, "-n", "5", "-c", "1", "--events",
                path, "--traceparent")
    report.write_text(json.dumps(run.report))
    events = Events(t, path)
    one = events.operations[3]
    tries = [a for a in events.attempts if a["op"] == one["op"]]
    for name in (one["op"], one["key"]):
        reported = t.squall("report", "--operation", name, path)
        t.match(reported.out, re.escape(one["op"]), "op.id")
        t.match(reported.out, re.escape(one["key"]), "key")
        t.match(reported.out, "(?s)1 first +server_error 503.*waited.*"
                "2 retry +server_error 503.*3 retry +ok 200.*succeeded",
                "in order")
        t.match(reported.out, re.escape(one["trace_id"]), "trace")
    reported = json.loads(t.squall(
        "report", "--operation", one["op"], "--json", path, report).out)
    t.equal(reported["operations"][0]["attempts"], tries, "attempts")
    t.equal(reported["operations"][0]["operation"], one, "operation")
    t.equal(reported["operations"][0]["effects"], one["effects"], "effects")
    t.equal(reported["run"], events.head, "run")

    run = t.squall("report", "--operation", "nothing-like-it", path, status=2)
    t.match(run.err, "among the 5 in this file", "how many there are")
    run = t.squall("report", "--operation", one["key"][:-1] + "!", path,
                   status=2)
    t.match(run.err, "near it: .*" + re.escape(one["key"]), "what is near")
    t.match(t.squall("report", "--operation", "x", report, status=2).err,
            "not a file of events", "the wrong file")
    t.match(t.squall("report", "--operation", "x", t.path("none"),
                     status=2).err, "none: error: No such file", "no file")
    other = t.path("other.json")
    other.write_text(json.dumps(t.run("-n", "1").report))
    t.match(t.squall("report", "--operation", one["op"], path, other,
                     status=2).err, "report of run", "another run's report")


@test("a trace from a file that was cut")
def cut(t):
    path = t.path("events")
    t.run("-n", "20", "--events", path)
    whole = path.read_bytes()
    op = Events(t, path).operations[2]["op"]
    path.write_bytes(whole[:len(whole) // 2])
    reported = t.squall("report", "--operation", op, path)
    t.match(reported.out, "not complete", "says so")


@test("dead letters: what was sent, what came, and no secret", limit=60)
def dead_letters(t):
    server = t.hostile()
    secret, token = "hush-42-hush", "tok-99-tok"
    profile = t.profile({
        "target": {"url": server.url + "/status/503"},
        "headers": {"X-Api-Key": "literal-secret",
                    "X-Trace": "{{rand:1:1000000}}-${env:T_TOKEN}"},
        "requests": [{"name": "order", "method": "PUT",
                      "headers": {"Authorization": "Bearer ${env:T_SECRET}",
                                  **HEADERS},
                      "body": '{"id": "{{op.id}}", "t": "${env:T_TOKEN}"}'},
                     {"name": "raw", "method": "POST",
                      "headers": HEADERS, "path": "/ok",
                      "body_file": str(t.path("raw"))}],
        "idempotency": {"quoted": True}, "retry": RETRIES,
        "ledger": {"url": "/ledger/lines", "settle": "10ms",
                   "headers": {"Authorization": "Basic ${env:T_SECRET}",
                               "Cookie": "literal-secret"}}})
    t.path("raw").write_bytes(b"\xff\x00{{op.id}}")
    path = t.path("letters")
    run = t.run("-p", profile, "-n", "60", "-c", "4", "-t", "2",
                "--dead-letters", path, "--traceparent",
                env={"T_SECRET": secret, "T_TOKEN": token})
    text = path.read_text()
    for hidden in (secret, token, "literal-secret"):
        t.check(hidden not in text, f"{hidden} is not reported")
    head, *letters, end = lines_of(path)
    t.equal(head["schema"], "squall.dead_letters/1", "schema")
    t.equal((head["run"], head["seed"]), (run["run.id"], run["run.seed"]),
            "run and seed")
    t.equal(head["idempotency"], {"quoted": True}, "idempotency")
    t.equal(head["ledger"]["headers"],
            {"Authorization": "Basic ${env:T_SECRET}", "Cookie": "***"},
            "ledger")
    t.equal(len(letters), run["operations.started"] -
            run["operations.succeeded"], "those that were not succeeded")
    t.check(len(letters) > 5, "some")
    t.equal(end, {"type": "end", "dead_letters": len(letters), "complete": True},
            "the last line")

    books = {}
    for row in server.log():
        if row["path"].startswith("/status"):
            books.setdefault(row["headers"]["x-op"], []).append(row)
    t.equal({l["op"] for l in letters}, set(books), "which")
    for letter in letters:
        rows = books[letter["op"]]
        t.equal(len(letter["attempts"]), 4, "attempts")
        t.equal([a["outcome"] for a in letter["attempts"]],
                ["server_error"] * 4, "outcomes")
        t.equal(letter["method"], "PUT", "method")
        t.equal(letter["url"], server.url + "/status/503", "url")
        sent = rows[-1]["headers"]
        forms = {h["name"].lower(): h["form"] for h in letter["headers"]}
        t.equal((forms["authorization"], forms["x-trace"],
                 forms["x-api-key"], forms["x-op"]),
                ("env", "env", "masked", "plain"), "forms")
        for header in letter["headers"]:
            if header["form"] != "masked":
                value = header["value"].replace(
                    "${env:T_SECRET}", secret).replace(
                    "${env:T_TOKEN}", token)
                t.equal(value, sent[header["name"].lower()],
                        header["name"])
        t.equal(letter["body_form"], "env", "body")
        t.equal(json.loads(letter["body"]),
                {"id": letter["op"], "t": "${env:T_TOKEN}"}, "body")
        t.equal(f'"{letter["key"]}"', sent["idempotency-key"], "key")


@test("dead letters: bytes that are not text, and what was never sent")
def odd_letters(t):
    server = t.hostile()
    t.path("raw").write_bytes(b"\xff\x00{{op.id}}")
    path = t.path("letters")
    t.run(server.url, "-b", f"@{t.path('raw')}", "-X", "POST", "-n", "3",
          "--set", "faults[0].kind=lost_request", "--set",
          "faults[0].ratio=1", "--set", "faults[0].as=reset",
          "--dead-letters", path, "--set", "idempotency.scope=operation",
          "--set", "breaker.any_of[0].type=consecutive", "--set",
          "breaker.any_of[0].failures=1", "--set",
          'breaker.open={"type": "constant", "initial": "9s"}', "-c", "1")
    _, *letters, end = lines_of(path)
    t.equal(end["dead_letters"], 3, "all")
    for letter in letters:
        t.equal(letter["body_form"], "base64", "form")
        t.equal(base64.b64decode(letter["body"]),
                b"\xff\x00" + letter["op"].encode(), "bytes")
        t.check(letter["key"], "a key, sent or not")
        t.check(all(not a["sent"] for a in letter["attempts"]), "not sent")
    t.check({l["verdict"] for l in letters} <= {"rejected", "shed"},
            "verdicts")
    t.check(any(not l["attempts"] for l in letters),
            "one was shed before it had an attempt")


main()
