#!/usr/bin/python3
# Proves: what the timeline of a profile does to a service from outside is a
# trigger like any other: a service that is stopped and continued by signal,
# as its own books say; faults of the embedded target that are put and taken
# back; a mark. Commands run only where that is allowed, one that fails or hangs
# is named and makes the run invalid, and however a run ends, nothing is left of
# its commands and what has begun is undone.

from harness import *

SERVICE = r"""
import http.server, json, socket, sys, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served = []
    orders = []
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.orders.append(self.rfile.read(length).decode())
        self.answer(b"ok")
    def do_GET(self):
        if self.path == "/books":
            self.answer(json.dumps(self.served).encode())
        elif self.path == "/ledger":
            self.answer("".join(f"{o} 1\n" for o in self.orders).encode())
        else:
            self.served.append(time.monotonic())
            self.answer(b"ok")
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.daemon_threads = True
server.serve_forever()
"""


class Service:
    """A process of its own that can be stopped, and that keeps the times at
    which it served."""

    def __init__(self, t):
        sock = listening_socket()
        script = t.write("service.py", SERVICE)
        self.process = t.start([sys.executable, script, str(sock.fileno())],
                               "service", pass_fds=[sock.fileno()])
        self.url = f"http://127.0.0.1:{port_of(sock)}/"
        self.pid = self.process.pid
        sock.close()
        self.books()  # it serves

    def books(self):
        with urllib.request.urlopen(self.url + "books", timeout=20) as answer:
            return json.load(answer)

    def state(self):
        return state_of(self.pid)


def state_of(pid):
    """As the kernel says; Z: dead, and nobody has waited for it."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "Z"
    return text[text.rindex(")") + 2]


def freeze(service, at="3s", until="4500ms"):
    return {"at": at, "name": "freeze", "run": f"kill -STOP {service.pid}",
            "until": until, "undo": f"kill -CONT {service.pid}"}


def with_timeline(t, *entries, **more):
    return ("-p", t.profile({"timeline": list(entries), **more}))


def only(t, report):
    t.equal(len(report["recovery"]), 1, "recoveries")
    return report["recovery"][0]


@test("a service that is stopped and continued by signal", limit=120)
def chaos(t):
    t.patiently(lambda: stop_and_continue(t))


def stop_and_continue(t):
    service = Service(t)
    run = t.run(service.url, "--allow-exec", "-r", "100/s", "-d", "10s",
                "--set", "timeout.attempt=500ms", "--slo",
                "time_to_recover < 2s", "--slo", "metastable == 0",
                *with_timeline(t, freeze(service)))
    entry = run["timeline"][0]
    begin, end = entry["begin"], entry["end"]
    t.equal((entry["name"], entry["kind"]), ("freeze", "run"), "entry")
    t.equal((begin["outcome"], begin["status"], end["outcome"]),
            ("done", 0, "done"), "outcomes")
    t.equal((begin["planned_us"], end["planned_us"]), (3000000, 4500000),
            "planned")
    for action in (begin, end):
        t.equal(action["late_us"],
                action["started_us"] - action["planned_us"], "lateness")
        t.check(0 <= action["late_us"] and
                action["started_us"] <= action["ended_us"], "in order")
    one = only(t, run.report)
    t.equal((one["after"], one["outcome"]), ("freeze", "recovered"),
            "recovery")
    t.equal((one["from_us"], one["until_us"]),
            (begin["started_us"], end["ended_us"]), "actual times")
    t.between(one["depth"], 0.9, 1, "depth")
    t.between(one["time_to_recover_us"], 0, 2000000, "time to recover")
    t.equal([slo["pass"] for slo in run["slo"]], [True, True], "SLOs")
    # The service's own books: it served nothing while it was stopped, and
    # nothing else kept it from that.
    served = service.books()
    gaps = [after - before for before, after in zip(served, served[1:])]
    stopped = (end["started_us"] - begin["ended_us"]) / 1e6
    t.check(max(gaps) >= stopped - 0.001,
            f"it served: {max(gaps)} s without, {stopped} s stopped")
    t.check(run["operations.failed"] >= 80, "operations that failed")
    t.check(len(served) >= run["operations.succeeded"], "served")
    windows = [w for w in run["windows"] if w["kind"] == "timeline"]
    t.equal([(w["name"], w["from_us"], w["until_us"]) for w in windows],
            [("freeze", begin["started_us"], end["ended_us"])], "windows")
    t.match(run.out, r"\n  freeze +━+ +3\.\d+ s to [4-9]\.\d+ s", "over time")
    t.match(run.out, r"Timeline\n  freeze +run +\+3\.\d+ s · done", "text")


@test("faults of the embedded target are put and taken back", limit=120)
def put(t):
    t.patiently(lambda: put_and_take_back(t))


def put_and_take_back(t):
    body = [{"kind": "error", "ratio": "100%"}]
    run = t.run("-r", "200/s", "-d", "8s", *with_timeline(
        t, {"at": "30%", "name": "brownout", "put": "/faults", "body": body,
            "until": "45%", "undo": []}))
    begin, end = run["timeline"][0]["begin"], run["timeline"][0]["end"]
    t.equal((begin["outcome"], begin["status"], begin["planned_us"]),
            ("done", 200, 2400000), "begin")
    t.equal(json.loads(begin["output"]), [{"kind": "error"}], "answer")
    t.equal((end["outcome"], end["planned_us"], end["output"]),
            ("done", 3600000, "[]"), "end")
    one = only(t, run.report)
    t.equal((one["after"], one["outcome"]), ("brownout", "recovered"),
            "recovery")
    t.between(one["depth"], 0.95, 1, "depth")
    # What failed is what was due while the faults were on.
    on = (end["ended_us"] - begin["started_us"]) / 1e6
    t.between(run["operations.failed"], 200 * on - 60, 200 * on + 60,
              "failed")


@test("a request that is refused or not answered is a problem", limit=60)
def refused_put(t):
    nobody = t.refusing_port()
    for url, outcome, problem in (
            ("/nothing", "refused", "the answer was 404"),
            (nobody.url, "unanswered", "no answer: .*onnect")):
        run = t.run("-r", "100/s", "-d", "1s", *with_timeline(
            t, {"at": "200ms", "name": "toxic", "put": url}), status=3)
        t.equal(run["timeline"][0]["begin"]["outcome"], outcome, "outcome")
        t.equal(run["verdict"], "invalid", "verdict")
        t.match(run["run.problem"], r"timeline\[0\]\.put \(toxic\): " +
                problem, "problem")
        t.equal(run["recovery"], [], "no trigger, no recovery")


@test("a mark is a trigger that somebody else pulls", limit=60)
def mark(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-r", "200/s", "-d", "7s", *with_timeline(
        t, {"at": "2s", "name": "drill", "mark": True, "until": "2500ms"},
        {"at": "20s", "name": "too late", "mark": True}))
    drill, late = run["timeline"]
    t.equal((drill["begin"]["outcome"], drill["end"]["outcome"],
             late["begin"]["outcome"]), ("done", "done", "not_reached"),
            "outcomes")
    one = only(t, run.report)
    t.equal((one["after"], one["outcome"], one["from_us"], one["until_us"]),
            ("drill", "recovered", drill["begin"]["started_us"],
             drill["end"]["ended_us"]), "recovery")
    t.equal(late["begin"]["started_us"], None, "not reached")
    t.match(run.out, "too late was to begin after 20.0 s, and never did",
            "warning")


@test("a trigger that squall was too late for is none", limit=60)
def late(t):
    server = t.server(lambda request: reply())
    run = t.run(server.url, "-r", "50/s", "-d", "3s", "--allow-exec",
                *with_timeline(
                    t, {"at": "300ms", "name": "stop squall",
                        "run": "kill -STOP $PPID; sleep 1.5; kill -CONT "
                               "$PPID"},
                    {"at": "600ms", "name": "short", "run": "true",
                     "until": "1400ms", "undo": "true"},
                    {"at": "600ms", "name": "mark", "mark": True,
                     "until": "1400ms"}), status=3)
    stop, short, mark = run["timeline"]
    t.equal(short["end"]["outcome"], "done", "outcome")
    t.check(short["begin"]["late_us"] > 500000, "late")
    t.match(run["run.problem"], r"timeline\[1\] \(short\): squall was late, "
            r"and it lasted \d+ ms instead of 800 ms", "problem")
    t.equal(run["verdict"], "invalid", "verdict")
    # Somebody else is not late because squall is.
    t.equal((mark["begin"]["started_us"], mark["end"]["started_us"]),
            (600000, 1400000), "mark")


@test("commands are refused unless they are allowed")
def refused(t):
    flag = t.path("ran")
    profile = t.write("chaos.json", '{"timeline": [\n  {"at": "1s", "name": '
                      f'"x", "run": "touch {flag}"}}\n]}}\n')
    for command in (("run",), ("compare", "none", "immediate")):
        run = t.squall(*command, "-p", profile, "-d", "2s", "-r", "10/s",
                       status=2)
        t.match(run.err, r"chaos\.json:2:\d+: error: timeline\[0\]\.run: "
                r"runs a command, which is not allowed", "place")
        t.match(run.err, "add --allow-exec", "remedy")
    t.check(not flag.exists(), "it ran")


@test("a command that fails is named, and its output has no secrets")
def failing(t):
    run = t.run("--allow-exec", "-r", "100/s", "-d", "1s", "--slo",
                "success_rate > 50%", *with_timeline(
                    t, {"at": "100ms", "name": "kill pod",
                        "run": "echo using ${env:CHAOS_TOKEN} >&2; "
                               "seq 1000; exit 7"}),
                env={"CHAOS_TOKEN": "hush-hush"}, status=3)
    begin = run["timeline"][0]["begin"]
    t.equal((begin["outcome"], begin["status"]), ("failed", 7), "outcome")
    t.match(begin["output"], r"^using \*\*\*\n1\n2\n", "output")
    t.check(len(begin["output"]) <= 1024, "bounded")
    t.equal(begin["output_bytes"], 3893 + len("using hush-hush\n"), "bytes")
    t.equal(run["run.problem"],
            "timeline[0].run (kill pod): its command ended with status 7",
            "problem")
    t.equal((run["verdict"], run["run.exit"]), ("invalid", 3), "verdict")
    whole = run.out + run.err + json.dumps(run.report)
    t.absent(whole, "hush-hush", "secret")
    t.match(run.out, r"kill pod +run +\+\S+ \w+ · FAILED, status 7", "text")


@test("a command that fails is named, whatever squall was started with")
def without_children(t):
    def ignore():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    entry = {"at": "100ms", "name": "x", "run": "exit 7"}
    run = t.run("--allow-exec", "-r", "100/s", "-d", "1s",
                *with_timeline(t, entry), status=3, preexec=ignore)
    t.equal(run["timeline"][0]["begin"]["status"], 7, "status")
    # Nobody has to wait for the end of the load to learn that.
    process = t.launch("run", "--allow-exec", "-r", "100/s", "-d", "60s",
                       *with_timeline(t, entry))
    t.wait_until("it is said", lambda: "timeline[0].run (x): its command "
                 "ended with status 7" in process.err)
    process.signal(signal.SIGINT)
    t.finish(process, status=130)


@test("a command that hangs is ended in time, with all that it started")
def hanging(t):
    pids = t.path("pids")
    run = t.run("--allow-exec", "-r", "100/s", "-d", "1s", *with_timeline(
        t, {"at": "100ms", "name": "hang", "timeout": "200ms",
            "run": f"trap '' TERM; sleep 600 & echo $$ $! >{pids}; wait; "
                   "sleep 600"}), status=3)
    begin = run["timeline"][0]["begin"]
    t.equal((begin["outcome"], begin["status"]), ("timed_out", None),
            "outcome")
    t.match(run["run.problem"], r"did not end in time \(timeout\)", "problem")
    for pid in pids.read_text().split():
        t.equal(state_of(pid), "Z", "left")


@test("nothing outlives the run, and what has begun is undone", limit=60)
def ends(t):
    t.patiently(lambda: end_all(t))


def end_all(t):
    pids, undone = t.path(f"pids{t.runs}"), t.path(f"undone{t.runs}")
    run = t.run("--allow-exec", "-r", "100/s", "-d", "1s", *with_timeline(
        t, {"at": "100ms", "name": "stress", "until": "600ms",
            "run": f"sleep 600 & echo $! $$ >>{pids}; sleep 600"},
        {"at": "100ms", "name": "left behind",
         "run": f"sleep 600 & echo $! >>{pids}"},
        {"at": "200ms", "name": "long", "until": "1h",
         "run": f"echo $$ >>{pids}; sleep 600",
         "undo": f"echo once >>{undone}"},
        {"at": "30m", "name": "later", "run": f"echo no >>{undone}",
         "until": "1h", "undo": f"echo no >>{undone}"}))
    t.equal([(e["begin"]["outcome"], e["end"] and e["end"]["outcome"])
             for e in run["timeline"]],
            [("ended", "done"), ("done", None), ("ended", "done"),
             ("not_reached", "not_reached")], "outcomes")
    t.equal(undone.read_text(), "once\n", "undone")
    all_of_them = pids.read_text().split()
    t.equal(len(all_of_them), 4, "processes")
    for pid in all_of_them:
        t.equal(state_of(pid), "Z", "left")
    stress, long = run["timeline"][0], run["timeline"][2]
    t.check(stress["begin"]["ended_us"] >= 600000, "until its time")
    t.check(long["end"]["late_us"] < 0, "brought forward")
    t.equal(run["verdict"], "done", "verdict")


@test("an interrupted run leaves the service continued", limit=60)
def interrupted(t):
    service = Service(t)
    path = t.path("report.json")
    process = t.launch(
        "run", service.url, "--allow-exec", "-r", "50/s", "-d", "60s", "-o",
        path, "--set", "timeout.attempt=500ms",
        *with_timeline(t, freeze(service, "200ms", "50s")))
    t.wait_until("it is stopped", lambda: service.state() == "T")
    process.signal(signal.SIGINT)
    run = t.finish(process, status=130, report=path)
    t.check(service.state() in "SR", f"state {service.state()}")
    service.books()  # it serves
    entry = run["timeline"][0]
    t.equal((entry["begin"]["outcome"], entry["end"]["outcome"]),
            ("done", "done"), "outcomes")
    t.equal(run["recovery"], [], "it was over with the load")


@test("a squall that is killed leaves the service continued", limit=90)
def killed(t):
    service = Service(t)
    pids = t.path("pids")
    process = t.launch(
        "run", service.url, "--allow-exec", "-r", "50/s", "-d", "60s",
        *with_timeline(t, freeze(service, "200ms", "50s"),
                       {"at": "100ms", "name": "stress", "until": "50s",
                        "run": f"sleep 600 & echo $! $$ >{pids}; wait"}))
    t.wait_until("it is stopped", lambda: service.state() == "T")
    t.wait_until("the other runs", lambda: pids.exists() and
                 len(pids.read_text().split()) == 2)
    process.signal(signal.SIGKILL)
    process.wait(20)
    t.wait_until("it goes on", lambda: service.state() in "SR")
    service.books()  # it serves
    for pid in pids.read_text().split():
        t.wait_until("nothing is left", lambda: state_of(pid) == "Z")


@test("what was stopped goes on before its ledger is read", limit=60)
def ledger(t):
    service = Service(t)
    run = t.run(service.url + "orders", "--allow-exec", "-X", "POST", "-b",
                "{{op.id}}", "-r", "100/s", "-d", "2s", "--timeout", "300ms",
                "--ledger", "/ledger", "--ledger-key", "{{op.id}}",
                *with_timeline(t, freeze(service, "1s", "1h")))
    t.equal(run["timeline"][0]["end"]["outcome"], "done", "undone")
    effects = run["effects"]
    t.equal((effects["oracle"], effects["operations_checked"]),
            ("ledger", run["operations.started"]), "joined")
    t.equal((effects["lost"], effects["duplicate"]), (0, 0), "as promised")
    with urllib.request.urlopen(service.url + "ledger", timeout=20) as page:
        performed = len(page.read().split(b"\n")) - 1
    # What it read when it went on it did, and nobody heard of that.
    t.equal(effects["exactly_once"] + effects["unresolved_done"], performed,
            "effects")
    t.check(run["operations.failed"] >= 50, "it was stopped")


@test("an undo that fails is said, whatever else there is to say", limit=60)
def not_undone(t):
    run = t.run("--allow-exec", "-r", "100/s", "-d", "4s", *with_timeline(
        t, {"at": "2s", "name": "gone", "run": "true", "until": "2500ms",
            "undo": "echo cannot; exit 1"}), status=3)
    t.equal(run["run.problem"],
            "timeline[0].undo (gone): its command ended with status 1",
            "problem")
    t.equal(run["timeline"][0]["end"]["output"], "cannot", "output")
    t.equal(run["recovery"], [], "the trigger may still be there")


@test("every run of a comparison has the timeline", limit=90)
def compared(t):
    notes = t.path("notes")
    server = t.server(lambda request: reply())
    path = t.path("compare.json")
    t.squall("compare", "none", "immediate", server.url, "--allow-exec", "-r",
             "50/s", "-d", "600ms", "--rounds", "2", "-q", "-o", path,
             *with_timeline(t, {"at": "200ms", "name": "note",
                                "run": f"echo begin >>{notes}",
                                "until": "300ms",
                                "undo": f"echo undo >>{notes}"}))
    t.equal(notes.read_text(), "begin\nundo\n" * 4, "runs")
    document = json.loads(path.read_text())
    t.equal(len(document["rounds"]), 2, "rounds")
    run = t.squall("compare", "none", "immediate", server.url, "--allow-exec",
                   "-r", "50/s", "-d", "400ms", "--rounds", "2", "-q", "-o",
                   path, *with_timeline(t, {"at": "100ms", "name": "bad",
                                            "run": "exit 4"}), status=3)
    document = json.loads(path.read_text())
    t.equal((document["verdict"], len(document["rounds"])), ("invalid", 0),
            "a trigger that failed is no ground")
    t.match(document["run"]["problem"], r"timeline\[0\]\.run \(bad\)",
            "problem")


main()
