#!/usr/bin/python3
# Proves: whatever a service answers, squall neither crashes nor hangs, calls
# the ending by its right name, and draws no more from it than it proves:
# succeeded only after a complete expected answer, refused only after a definite
# no, ambiguous otherwise. Each row below is one behaviour of the server, the
# outcome of the attempt, and the verdict of the operation (one attempt, POST,
# so that nothing is repeated).

from harness import *
from hostile_answers import *

import gzip
import ssl
import zlib

OPERATIONS = 12


def run_row(t, name, answer, outcome, verdict, *more):
    if callable(answer):
        server = t.server(lambda request: answer(server))
    else:
        server = t.server(lambda request: answer)
    waits = outcome == "timeout"
    count = 4 if waits else OPERATIONS
    run = t.run(server.url, "-n", str(count), "-c", "2", "-X", "POST", "-b",
                "x", "--timeout", "300ms" if waits else "10s", *more,
                limit=30)
    outcomes = {k: v for k, v in run["attempts.by_outcome"].items() if v}
    t.equal(outcomes, {outcome: count}, f"{name}: outcomes")
    t.equal(run[f"operations.{verdict}"], count, f"{name}: {verdict}")
    t.equal(run["attempts.on_wire"], len(server.requests),
            f"{name}: on the wire and received")
    server.close()


def group(title, chosen):
    @test(title, limit=90)
    def rows(t):
        for row in ROWS:
            if row[2] in chosen:
                run_row(t, *row)


@test("417 is an answer, be there 100 Continue to wait for or not", limit=60)
def expectation(t):
    for body in (b"x", b"x" * (2 << 20)):
        name = t.write("body", body)
        run_row(t, f"417 to {len(body)} bytes", reply(417), "rejected", R,
                "-b", f"@{name}", "-H", "Expect: 100-continue")


@test("HEAD: an answer ends with its head, whatever length it says", limit=60)
def heads(t):
    for name, answer in (("a length", head("Content-Length: 500")),
                         ("chunks", head("Transfer-Encoding: chunked")),
                         ("no length", head()),
                         ("a body", reply(200))):
        server = t.server(lambda request, answer=answer: answer)
        run = t.run(server.url, "-n", "10", "-c", "1", "-X", "HEAD",
                    "--timeout", "5s")
        t.equal(run["attempts.by_outcome"]["ok"], 10, name)
        t.equal(len(server.requests), 10, f"{name}: received")


group("complete answers are named by their status", ("ok", "redirected",
                                                     "unexpected"))
group("a complete no, and a complete don't know",
      ("rejected", "throttled", "server_error"))
group("connections that break before and inside the answer",
      ("reset", "truncated"))
group("answers that never end", ("timeout",))
group("what is not HTTP", ("protocol",))


@test("bytes that keep coming hold up neither timers nor the end of a run")
def flood(t):
    part = b"1\r\nx\r\n" * 50000
    server = t.server(lambda request: endless(
        head("Transfer-Encoding: chunked"), part)(server))

    def measure():
        began = time.monotonic()
        run = t.run(server.url, "-c", "4", "-d", "1s", "--timeout", "300ms",
                    status=None, limit=30)
        took = time.monotonic() - began
        t.equal({k for k, v in run["attempts.by_outcome"].items() if v},
                {"timeout"}, "outcomes")
        t.check(run["attempts.total"] >= 8, "attempts")
        t.check(took < 2 * PATIENCE, "the end of the run")
        t.check(run["latency.attempt.max_us"] < 350e3 * PATIENCE,
                "the timeout of an attempt")
    t.patiently(measure)


def begun(*rest):
    """Half a status line at once, then the rest."""
    def answer(server):
        yield b"HTTP/1.1 20"
        for part in rest:
            server.pause(.1)
            yield part
    return answer


@test("the first byte is the first byte, whenever the line is whole")
def first_byte(t):
    server = t.server(lambda request: begun(b"0 OK\r\n" + head()[17:])(
        server))

    def measure():
        run = t.run(server.url, "-n", "40", "-c", "4", status=0)
        t.equal(run["latency.first_byte.count"], 40, "answers that began")
        t.check(run["latency.first_byte.max_us"] < 70e3, "the first bytes")
        t.check(run["latency.attempt.min_us"] >= 99e3, "the answers")
    t.patiently(measure)
    cut = t.server(lambda request: (b"HTTP/1.1 20", CLOSE))
    run = t.run(cut.url, "-n", "100", "-c", "4", status=1)
    t.equal(run["attempts.by_outcome"]["truncated"], 100, "it had begun")


@test("409 is `busy` where a key is carried")
def busy(t):
    run_row(t, "409 with a key", reply(409), "busy", U, "--key-scope",
            "operation")


@test("a second answer that nobody asked for is taken for no other request")
def unasked(t):
    # The surplus answer must not be read as the answer to the next request.
    server = t.server(lambda request: reply(200) + reply(201, b"surplus"))
    run = t.run(server.url, "-n", "20", "-c", "2", "-X", "POST", "-b", "x",
                status=None)
    t.equal(run["attempts.by_status"].get("201", 0), 0, "surplus answers")
    t.equal(run["attempts.on_wire"], len(server.requests), "received")


@test("what comes on an idle connection is nobody's answer", limit=60)
def idle(t):
    # It comes when the answer before it has been read, and stands there when
    # the next request is about to go out.
    certificates = t.certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)

    def answer(request):
        yield reply(200)
        servers[-1].pause(.02)
        yield reply(201, b"surplus")
        servers[-1].pause(10)
    servers = []
    for tls in (None, context):
        servers.append(t.server(answer, tls=tls))
        # One user: another might send on a connection before it comes.
        run = t.run(servers[-1].url, "-n", "10", "-c", "1", "-X", "POST",
                    "-b", "x", "--set", "load.think=200ms", "--cacert",
                    certificates.ca)
        t.equal(run["attempts.by_status"].get("200"), 10, "answers")
        t.equal(len(servers[-1].requests), 10, "received")
        t.check(servers[-1].connections >= 10, "connections")


@test("an answer before the request is whole")
def early(t):
    listener = t.keep(listening_socket())

    def serve():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            try:
                sock.recv(1000)
                sock.sendall(reply(413, close=True))
                sock.shutdown(socket.SHUT_WR)
                # Reads on, so that the answer is not lost to a reset.
                while sock.recv(1 << 20):
                    pass
            except OSError:
                pass
            sock.close()
    threading.Thread(target=serve, daemon=True).start()
    body = t.write("big", b"x" * (4 << 20))
    run = t.run(f"http://127.0.0.1:{port_of(listener)}/", "-n", "3", "-c",
                "1", "-X", "POST", "-b", f"@{body}", status=None)
    t.equal(run["attempts.by_status"].get("413"), 3, "the answer is taken")
    t.equal(run["operations.succeeded"], 0, "succeeded")


@test("an encoding that nobody asked for is undone, or said")
def encoded(t):
    body = b'{"state": "created", "id": "o1"}'
    profile = t.profile({"requests": [{
        "method": "POST", "expect": {"json": {"/state": "created"}}}]})
    for name, sent, outcome, unreadable in (
            ("gzip", gzip.compress(body), "ok", 0),
            ("deflate", zlib.compress(body), "ok", 0),
            ("br", body, "unexpected", 5),
            ("gzip", body, "unexpected", 5),
            ("gzip", gzip.compress(body)[:-9], "unexpected", 5)):
        server = t.server(lambda request, name=name, sent=sent: reply(
            200, sent, [("Content-Encoding", name)]))
        run = t.run(server.url, "-n", "5", "-c", "1", "-p", profile,
                    status=None)
        t.equal(run["attempts.by_outcome"][outcome], 5, name)
        t.equal(run["attempts.unreadable_answers"], unreadable,
                f"{name}: told")
        t.check(not server.requests[0].header("Accept-Encoding"),
                "nobody asked")


@test("a ledger that comes encoded is read, or refused by name")
def encoded_ledger(t):
    for name, encode, right in (
            ("gzip", gzip.compress, True), ("deflate", zlib.compress, True),
            ("strange", bytes, False)):
        seen = []

        def answer(request, name=name, encode=encode, seen=seen):
            if request.method == "POST":
                seen.append(request.body)
                return reply()
            lines = b"".join(b"%s 1\n" % key for key in seen)
            return reply(200, encode(lines), [("Content-Encoding", name)])
        server = t.server(answer)
        run = t.run(server.url, "-n", "5", "-X", "POST", "-b", "{{op.id}}",
                    "--ledger", "/l", "--ledger-key", "{{op.id}}",
                    status=0 if right else 3)
        if right:
            t.equal(run["effects.exactly_once"], 5, f"{name}: once")
        else:
            t.match(run.err, "encoding", name)


@test("an endless body costs no memory")
def memory(t):
    part = b"x" * 65536
    server = t.server(lambda request: endless(head(), part)(server))

    def little_memory():
        resource.setrlimit(resource.RLIMIT_DATA, (512 << 20, 512 << 20))
    preexec = None if QUICK else little_memory
    run = t.run(server.url, "-n", "2", "-c", "2", "--timeout", "2s",
                preexec=preexec)
    t.equal(run["attempts.by_outcome"].get("timeout"), 2, "timeout")


main()
