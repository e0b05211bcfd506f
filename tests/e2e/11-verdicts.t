#!/usr/bin/python3
# Proves: no run is good in which nothing succeeded. The headline, the exit
# status and the reason are right in the report, in the text and on standard
# error: without an SLO, with one of latency, of success and of effects, against
# services that answer, refuse, or half fail, and where nothing was started.

import ssl

from harness import *

OPERATIONS = 20
SLOS = [None, "p99 < 1m", "success_rate >= 99%", "duplicates == 0"]
HEADLINES = {"done": 0, "pass": 0, "fail": 1, "invalid": 3}


def judged(t, url, slo, *arguments):
    """One run; its report, its headline, and standard error beside JSON."""
    words = ["run", url, "-n", str(OPERATIONS), "-c", "2", *arguments]
    words += ["--slo", slo] if slo else []
    path = t.path("text")
    run = t.squall(*words, "--json", "--text", path, status=None)
    report = json.loads(run.out)
    headline = re.findall(r"^[A-Z]{4,}(?=  )", path.read_text(), re.M)[-1]
    t.equal(headline, report["verdict"].upper(), f"{slo}: headline")
    t.equal(run.status, report["run"]["exit"], f"{slo}: exit status")
    t.equal(run.status, HEADLINES[report["verdict"]], f"{slo}: by verdict")
    reason = report["run"]["problem"]
    if reason:
        t.check(reason in " ".join(path.read_text().split()), "in the text")
        t.check(reason in run.err, "on standard error")
    t.equal(f"squall: {report['verdict']}: " in run.err, run.status != 0,
            f"{slo}: a line on standard error")
    return report


def row(t, url, verdicts, reason, *arguments):
    for slo, verdict in zip(SLOS, verdicts):
        report = judged(t, url, slo, *arguments)
        t.equal(report["verdict"], verdict, f"{slo}")
        if reason and not (slo and slo.startswith("success")):
            t.check(reason in report["run"]["problem"], f"{slo}: reason")


@test("every answer is an error", limit=60)
def only_errors(t):
    for status in (404, 401, 415, 302, 500):
        server = t.server(lambda request, s=status: reply(s))
        row(t, server.url, ["fail"] * 4, f"status {status} (20 of 20")


@test("nobody listens")
def refused(t):
    port = t.keep(RefusingPort())
    for slo in SLOS:
        run = t.squall("run", port.url, *(["--slo", slo] if slo else []),
                       status=3)
        t.check("Connection refused" in run.err, f"{slo}: reason")


@test("half of the answers are errors", limit=60)
def half(t):
    server = t.server(
        lambda request: reply(500 if request.number % 2 else 200))
    row(t, server.url, ["done", "fail", "fail", "fail"], None)


@test("the authority of its certificate is unknown", limit=60)
def unknown_authority(t):
    authority = t.certificates()
    nginx = t.nginx(tls=authority)
    # What speaks of success is judged by the figure that it asks for.
    row(t, nginx.url, ["invalid", "invalid", "fail", "invalid"],
        "TLS handshake or verification failed (20 of 20", "--cacert",
        authority.stranger)


@test("no TLS where the service speaks nothing else", limit=60)
def without_tls(t):
    authority = t.certificates()

    class TlsOnly(RawServer):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def serve(self, sock):
            self.context.wrap_socket(sock, server_side=True)

    TlsOnly.context.load_cert_chain(authority.cert, authority.key)
    server = t.keep(TlsOnly())
    row(t, f"http://127.0.0.1:{server.port}/", ["fail"] * 4,
        "its URL begins with https:")


@test("what nothing counts is said before the run")
def unseen(t):
    server = t.server(lambda request: reply(200))
    for slo, is_said in (("duplicates == 0", True), ("p99 < 1m", False)):
        run = t.squall("run", server.url, "-n", "1", "--slo", slo,
                       status=int(is_said))
        t.equal(f'"{slo}" will not be measured: there is no ledger'
                in run.err, is_said, slo)


@test("HTTP/1.1 where HTTP/2 was asked for", limit=60)
def another_version(t):
    authority = t.certificates()
    nginx = t.nginx(tls=authority)
    row(t, nginx.url, ["invalid", "invalid", "fail", "invalid"],
        "not valid HTTP", "--http", "2", "--cacert", authority.ca)
    row(t, t.nginx(name="plain").url, ["fail"] * 4,
        "no answer came by HTTP/2", "--http", "2")


@test("nothing was started")
def nothing_started(t):
    server = t.server(lambda request: reply(200))
    # The first is due in the warm-up, and the second after the end.
    row(t, server.url, ["invalid"] * 4, "no operation was started", "-r",
        "1/s", "-d", "100ms", "--warmup", "50ms")
    t.equal(len(server.requests), len(SLOS), "of the warm-up")


@test("a service that dies in the middle", limit=60)
def dies(t):
    verdicts = []
    for slo in SLOS:
        def answer(request):
            if request.number == OPERATIONS // 2:
                server.refuse()
            return reply(200, close=True)
        server = t.server(answer)
        report = judged(t, server.url, slo)
        t.between(report["operations"]["succeeded"], 1, OPERATIONS - 1,
                  "some succeeded")
        t.check(report["attempts"]["by_outcome"]["connect_refused"] > 0,
                "others were refused")
        verdicts.append(report["verdict"])
    t.equal(verdicts, ["done", "fail", "fail", "fail"], "verdicts")


@test("a failure that was asked for is a pass")
def asked_for(t):
    server = t.server(lambda request: reply(404))
    report = judged(t, server.url, "success_rate <= 0%")
    t.equal(report["verdict"], "pass", "verdict")


@test("what failed attempts were told")
def told(t):
    """Kinds by text, whatever ids they name; secrets masked; the commonest
    quoted where nothing succeeded."""
    def answer(request):
        if request.number % 3 == 0:
            return reply(503, body=b"no upstream\x01 <b>")
        return reply(404, body=b'{"error": "no order %d", "token": "abc"}'
                     % request.number)

    server = t.server(answer)
    events = t.path("events")
    report = judged(t, server.url, None, "--events", events)
    t.equal([(e["status"], e["outcome"]) for e in report["errors"]],
            [(404, "rejected"), (503, "server_error")], "kinds")
    common, rare = report["errors"]
    t.match(common["text"], r'^{"error": "no order \d+", "token": "\*+"}$',
            "text")
    t.equal(rare["text"], "no upstream\\x01 <b>", "escaped")
    t.equal(common["count"] + rare["count"], OPERATIONS, "count")
    t.check(0 <= common["first_us"] <= common["last_us"], "times")
    t.check(common["text"] in report["run"]["problem"], "quoted")
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    texts = {line["error"] for line in lines if line.get("type") == "attempt"}
    t.equal(texts, {common["text"], rare["text"]}, "events")


main()
