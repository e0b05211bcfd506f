#!/usr/bin/python3
# Proves: whatever a person gets wrong, or a machine runs out of, is named in a
# message that names the place and the remedy, with the exit status of the
# manual (2: usage or profile, 3: could not run, 130: interrupted), without a
# crash; and what was measured before is never lost.

from harness import *

CRASH = r"(?i)assert|segmentation|core dumped|must\("


def refused(t, status, arguments, *patterns, **options):
    """Runs squall, which must refuse with this status and these words."""
    run = t.squall(*arguments, status=status, limit=30, **options)
    for pattern in patterns:
        t.match(run.err, pattern, f"status {status}, message")
    t.absent(run.err, CRASH, "no crash")
    return run


@test("profile errors: place, key, remedy, and all of them at once")
def profile_errors(t):
    bad = t.write("bad.json", '{\n  "retry": {\n    "max_atempts": 3\n  },\n'
                  '  "timeout": {"attempt": "250"}\n}\n')
    run = refused(t, 2, ("run", "-n", "1", "-p", bad),
                  r"bad\.json:3:5: error: .*max_atempts",
                  r"max_attempts", r"bad\.json:5:\d+: error: timeout\.attempt",
                  r"250ms")
    t.equal(run.out, "", "nothing on stdout")
    refused(t, 2, ("profile", "check", bad), r"max_attempts", r"250ms")

    for text, *patterns in (
            ('{"load": {"rate": "fast"}}', r"load\.rate", r"/s"),
            ('{"load": {"rate": 500}}', r"load\.rate", r"/s"),
            ('{"load": {"connections": -3}}', r"load\.connections"),
            ('{"retry": {"backoff": {"type": "exponental"}}}',
             r"exponential"),
            ('{"faults": [{"kind": "lost_response", "ratio": 1.5}]}',
             r"faults.*ratio"),
            ('{"faults": [{"kind": "lost_respones", "ratio": 0.5}]}',
             r"lost_response"),
            ('{"retry": {"max_attempts": 2, "max_attempts": 3}}',
             r"max_attempts"),
            ('{"retry": {"max_attempts": 2}} extra', r":1:3[0-9]: "),
            ('{"retry": ', r":1:\d+: "),
            ('{"requests": [{"name": "a", "body": "{{op.idd}}"}]}',
             r"op\.idd?"),
            ('{"requests": [{"name": "a", "headers": {"X": "{{key}}"}}]}',
             r"key"),
            ('{"requests": [{"name": "a", "expect": {"status": ["9xx"]}}]}',
             r"9xx"),
            ('{"ledger": {"command": "true"}}', r"--allow-exec"),
            ('{"schema": "squall.profile/9"}', r"squall\.profile/1")):
        profile = t.write("one.json", text)
        refused(t, 2, ("run", "-n", "1", "-p", profile), r"one\.json:1:\d+",
                *patterns)

    good = t.write("good.json", '// why\n{ /* what */ "retry": '
                   '{"max_attempts": 2} }\n')
    t.squall("profile", "check", good)


@test("profiles that are not there")
def missing_profiles(t):
    refused(t, 2, ("run", "-p", "no/such.json"), r"no/such\.json",
            r"(?i)no such file|cannot read|not found")
    refused(t, 2, ("run", "-p", "full-jiter"), r"full-jiter",
            r"full-jitter")
    refused(t, 2, ("run", "-p", t.directory), re.escape(str(t.directory)))
    refused(t, 2, ("run", "-n", "1", "-b", "@/no/such/body"),
            r"/no/such/body")


@test("usage errors: unknown words, missing and bad values")
def usage(t):
    for arguments, *patterns in (
            (("rum",), r"rum", r"\brun\b"),
            (("run", "--opertions", "3"), r"--opertions", r"--operations"),
            (("run", "--operations"), r"--operations"),
            (("run", "-n", "many"), r"many"),
            (("run", "-n", "-1"), r"-1"),
            (("run", "-r", "10/x"), r"-r 10/x", r"/s"),
            (("run", "-d", "5x"), r"-d 5x", r"unit"),
            (("run", "--set", "load.duration=5"), r"5", r"5s|unit"),
            (("run", "-c", "0"), r"connections"),
            (("run", "-t", "0"), r"threads"),
            (("run", "--set", "load.rat=5/s"), r"load\.rat", r"load\.rate"),
            (("run", "--set", "load.rate"), r"--set|="),
            (("run", "-H", "no colon"), r"-H \"no \.\.\.\""),
            (("run", "--slo", "p99 << 3ms"), r"p99 << 3ms"),
            (("run", "--slo", "p99 < 3"), r"3", r"ms|unit"),
            (("run", "--slo", "succes_rate > 99%"), r"success_rate"),
            (("run", "--slo", 'p99{request="nobody"} < 1s'), r"nobody"),
            (("run", "--color", "blue"), r"blue", r"never"),
            (("run", "http://a/", "http://b/"), r"http://b/"),
            (("run", "-X", "BAD METHOD"), r"BAD METHOD"),
            ((), r"(?i)usage|--help")):
        refused(t, 2, arguments, *patterns)


@test("URLs: no scheme, another scheme, nonsense")
def urls(t):
    refused(t, 2, ("run", "/orders"), r"/orders", r"http://")
    refused(t, 2, ("run", "orders"), r"orders", r"http://")
    refused(t, 2, ("run", "ftp://localhost/"), r"ftp", r"http")
    refused(t, 2, ("run", "http://"), r"http://")
    refused(t, 2, ("run", "http://a b/"), r"a b|space|URL")
    refused(t, 2, ("run", "http://localhost:99999/"), r"99999|port|URL")


@test("a refused connection: exit 3, said, and reported")
def refused_connection(t):
    refusing = t.refusing_port()
    path = t.path("r.json")
    run = refused(t, 3, ("run", refusing.url, "-n", "5", "-o", path),
                  str(refusing.port), r"(?i)refused")
    if path.exists():
        report = json.loads(path.read_text())
        t.equal(report["run"]["exit"], 3, "exit in the report")
        t.equal(report["operations"]["succeeded"], 0, "nothing succeeded")
        t.equal(report["operations"]["ambiguous"], 0, "nothing ambiguous")
    t.absent(run.err, r"(?i)timed? ?out", "refused, not timed out")


@test("a name that does not resolve: exit 3, and the name is said")
def no_such_name(t):
    refused(t, 3, ("run", "http://no-such-host.invalid/", "-n", "3"),
            r"no-such-host\.invalid")


@test("a report that cannot be written is known before the run")
def unwritable(t):
    server = t.server(lambda request: reply())
    directory = t.path("a-folder")
    directory.mkdir()
    for path in ("/no/such/folder/r.json", directory):
        refused(t, 3, ("run", server.url, "-n", "5", "-o", path),
                re.escape(str(path)))
        t.equal(len(server.requests), 0, f"{path}: nothing was sent")


@test("a full disk: exit 3, the text report is still there")
def full_disk(t):
    server = t.server(lambda request: reply())
    run = t.squall("run", server.url, "-n", "7", "-o", "/dev/full", status=3)
    t.match(run.err, r"/dev/full", "message names the file")
    t.match(run.out, r"(?s)cannot write the report.*exit status 3\n$",
            "the text reports the status that it is")
    t.absent(run.err, CRASH, "no crash")
    if server.requests:
        t.match(run.out, r"\b7\b", "what was measured is printed")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([SQUALL, "run", server.url, "-n", "3",
                               "--json"], stdout=full,
                              stderr=subprocess.PIPE, timeout=30 * PATIENCE,
                              env=t.environment(), check=False)
    t.equal(done.returncode, 3, "stdout is full")
    t.check(done.stderr, "and that is said")


@test("a ledger that is not one: exit 3, never a pass, figures kept")
def not_a_ledger(t):
    bad = {"answer": None}

    def answer(request):
        if request.path == "/ledger":
            return bad["answer"](request)
        return reply()

    for name, ledger in (
            ("html", lambda r: reply(200, "<html><p>hello</p></html>")),
            ("404", lambda r: reply(404)),
            ("json", lambda r: reply(200, '{"effects": [1, 2]}')),
            ("negative", lambda r: reply(200, "a -3\n")),
            ("words", lambda r: reply(200, "a many\n")),
            ("closed", lambda r: CLOSE)):
        server = t.server(answer)
        bad["answer"] = ledger
        path = t.path(f"{name}.json")
        run = refused(t, 3, ("run", server.url, "-X", "POST", "-n", "5",
                             "-o", path, "--ledger", "/ledger",
                             "--ledger-key", "{{op.id}}", "--settle", "10ms", "--slo",
                             "duplicates == 0"), r"(?i)ledger")
        if path.exists():
            report = json.loads(path.read_text())
            t.check(report["effects"]["oracle"] != "ledger",
                    f"{name}: oracle {report['effects']['oracle']}")
            t.check(report["verdict"] != "pass", f"{name}: never a pass")
        t.absent(run.out, r"exactly once +5", f"{name}: nothing claimed")

    # Good before the run and bad after it: the figures stay.
    server = t.server(answer)
    bad["answer"] = lambda r: reply(200, "") if not any(
        q.path != "/ledger" for q in server.requests) else reply(500)
    run = t.run(server.url, "-X", "POST", "-n", "9", "--ledger", "/ledger",
                "--ledger-key", "{{op.id}}", "--settle", "10ms", status=3)
    t.equal(run["operations.succeeded"], 9, "the figures are kept")
    t.equal(run["effects.oracle"], "unverified", "oracle")
    t.check(run["verdict"] != "pass", "never a pass")
    t.match(run.err + json.dumps(run["run"]) + json.dumps(run["effects"]),
            r"(?i)ledger", "it is said why")


@test("a ledger that never settles is unverified", limit=60)
def restless_ledger(t):
    count = {"n": 0}

    def answer(request):
        if request.path != "/ledger":
            return reply()
        count["n"] += 1
        return reply(200, f"x {count['n']}\n")
    server = t.server(answer)
    profile = t.profile({"ledger": {"url": "/ledger", "key": "{{op.id}}",
                                    "settle": "20ms", "timeout": "500ms"}})
    run = t.run(server.url, "-X", "POST", "-n", "5", "-p", profile, status=3)
    t.equal(run["effects.oracle"], "unverified", "oracle")
    t.equal(run["operations.succeeded"], 5, "the figures are kept")


@test("too few descriptors are named, and never charged to the service")
def descriptors(t):
    server = t.server(lambda request: reply())

    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    path = t.path("r.json")
    run = t.squall("run", server.url, "-n", "2000", "-c", "500", "-o", path,
                   status=None, preexec=few_files, limit=40)
    t.absent(run.err, CRASH, "no crash")
    if run.status == 3:
        t.match(run.err, r"(?i)descriptor|ulimit|open files", "named")
    else:
        report = json.loads(path.read_text())
        t.check(report["attempts"]["by_outcome"].get("no_socket", 0) > 0,
                f"status {run.status} and no no_socket outcome")
        t.check(report["verdict"] != "pass", "not a pass")


class Interrupted:
    """A long run against a server, and the moment in which it is under
    way."""

    def __init__(self, t, answer, *arguments):
        self.under_way = threading.Event()

        def wrapped(request):
            if request.number >= 20:
                self.under_way.set()
            return answer(request)
        self.server = t.server(wrapped)
        self.path = t.path("interrupted.json")
        self.process = t.launch("run", self.server.url, "-o", self.path,
                                "-d", "10m", "-c", "4", *arguments)
        if not self.under_way.wait(20 * PATIENCE):
            raise Failed("the run did not begin\n" + self.process.err)


for name, number in (("SIGINT", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
    @test(f"{name} drains, writes an incomplete report and exits 130")
    def interrupt(t, number=number):
        def answer(request):
            server.pause(.005)
            return reply()
        server = t.server(answer)
        run = Interrupted(t, answer)
        run.process.signal(number)
        done = t.finish(run.process, status=130, limit=20, report=run.path)
        t.check_report(done.report)
        t.equal(done["run.complete"], False, "complete")
        t.equal(done["verdict"], "incomplete", "verdict")
        t.equal(done["run.exit"], 130, "exit in the report")
        t.equal(done["attempts.on_wire"], len(run.server.requests),
                "every request that was received is in the report")
        t.equal(done["operations.succeeded"], done["operations.started"],
                "those in flight were drained")
        t.match(done.out + done.err, r"(?i)incomplete|interrupt", "it is said")


@test("a second SIGINT stops at once, and the report is still written")
def second_interrupt(t):
    run = Interrupted(t, lambda request: HANG if request.number >= 20
                      else reply(), "--timeout", "300s")
    run.process.signal(signal.SIGINT)
    run.process.wait_for_text(r"(?i)interrupt|again|drain|stop")
    begin = time.monotonic()
    run.process.signal(signal.SIGINT)
    done = t.finish(run.process, status=130, limit=20, report=run.path)
    t.between(time.monotonic() - begin, 0, 5 * PATIENCE, "stops at once, s")
    if done.report:
        t.check_report(done.report)
        t.equal(done["verdict"], "incomplete", "verdict")


@test("an interrupt while the ledger is read gives up reading")
def interrupt_settling(t):
    reading = threading.Event()
    seen = {"work": False}

    def answer(request):
        if request.path == "/ledger" and seen["work"]:
            reading.set()
            return HANG
        seen["work"] = seen["work"] or request.path != "/ledger"
        return reply(200, "")
    server = t.server(answer)
    path = t.path("r.json")
    process = t.launch("run", server.url, "-X", "POST", "-n", "5", "-o", path, "--ledger",
                       "/ledger", "--ledger-key", "{{op.id}}")
    t.check(reading.wait(20 * PATIENCE), "the ledger is read")
    process.signal(signal.SIGINT)
    done = t.finish(process, status=None, limit=20, report=path)
    t.check(done.status in (3, 130), f"exit status {done.status}")
    t.equal(done.get("operations.succeeded"), 5, "the figures are kept")
    t.check(done.get("effects.oracle") != "ledger", "unverified")


@test("a service that dies in the middle is measured, not a crash")
def killed_target(t):
    target = t.target("-p", "targets/no-keys")
    path = t.path("r.json")
    process = t.launch("run", target.url + "/orders", "-X", "POST", "-b",
                       '{"order": "{{op.id}}"}', "-r", "200/s", "-d", "3s",
                       "-o", path)
    end = time.monotonic() + 20 * PATIENCE
    while target.health().get("orders", 0) < 100 and time.monotonic() < end:
        pass
    target.process.kill()
    done = t.finish(process, status=None, limit=30, report=path)
    t.check(done.status in (0, 1, 3), f"exit status {done.status}")
    t.check_report(done.report)
    t.equal(done["operations.offered"], 600, "offered")
    # Performed 100; of those some may not have been answered yet.
    t.check(done["operations.succeeded"] >= 50, "succeeded before")
    t.check(done["attempts.by_outcome"].get("connect_refused", 0) > 0,
            "refused after")


@test("secrets come from the environment and are masked in every output")
def secrets(t):
    server = t.server(lambda request: reply())
    profile = t.profile({"requests": [{"name": "r", "headers": {
        "Authorization": "Bearer ${env:E2E_TOKEN}"}}]})
    env = {"E2E_TOKEN": "s3cr3t-t0k3n"}
    run = t.run(server.url, "-p", profile, "-n", "2", "-H",
                "X-Api-Key: an0ther-s3cr3t", env=env)
    t.equal(server.requests[0].header("Authorization"), "Bearer s3cr3t-t0k3n",
            "sent")
    t.equal(server.requests[0].header("X-Api-Key"), "an0ther-s3cr3t", "sent")
    everything = run.out + run.err + json.dumps(run.report)
    t.absent(everything, r"s3cr3t", "masked")
    refused(t, 2, ("run", server.url, "-p", profile, "-n", "1"), r"E2E_TOKEN")
    credentials = server.url.replace("http://", "http://user:pa55word@")
    run = t.run(credentials, "-n", "1")
    t.absent(run.out + run.err + json.dumps(run.report), r"pa55word",
             "a password in the URL is masked")


@test("names from a profile cannot steer a terminal")
def escapes(t):
    server = t.server(lambda request: reply())
    profile = t.profile({"requests": [
        {"name": "a\u001b[31mred", "path": "/a"}]})
    run = t.squall("run", server.url, "-p", profile, "-n", "3", "--color",
                   "never", status=None)
    t.check(run.status in (0, 2), f"exit status {run.status}")
    t.absent(run.out + run.err, "\x1b\\[31m", "escaped")


main()
