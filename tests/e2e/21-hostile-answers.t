#!/usr/bin/python3
# Proves: whatever a service answers, squall neither crashes nor hangs, calls
# the ending by its right name, and draws no more from it than it proves:
# succeeded only after a complete expected answer, refused only after a definite
# no, ambiguous otherwise. Each row below is one behaviour of the server, the
# outcome of the attempt, and the verdict of the operation (one attempt, POST,
# so that nothing is repeated).

from harness import *

import gzip
import ssl
import zlib

HEAD = b"HTTP/1.1 200 OK\r\n"
OPERATIONS = 12


def head(*lines, status="200 OK"):
    return (f"HTTP/1.1 {status}\r\n" + "".join(
        line + "\r\n" for line in lines) + "\r\n").encode()


def drip(text, pause_s):
    """The text byte by byte."""
    def answer(server):
        for i in range(len(text)):
            yield text[i:i + 1]
            server.pause(pause_s)
    return answer


def endless(first, part, pause_s=0.0):
    def answer(server):
        yield first
        while not server.stopping.is_set():
            yield part
            if pause_s:
                server.pause(pause_s)
    return answer


A, R, U = "succeeded", "rejected", "ambiguous"
ROWS = [
    # Statuses.
    ("200", reply(200), "ok", A), ("201", reply(201), "ok", A),
    ("204", head(status="204 No Content"), "ok", A),
    ("301", reply(301, headers=[("Location", "/x")]), "redirected", R),
    ("302", reply(302, headers=[("Location", "/x")]), "redirected", R),
    ("303", reply(303, headers=[("Location", "/x")]), "unexpected", U),
    ("307", reply(307, headers=[("Location", "/x")]), "redirected", R),
    ("308", reply(308), "redirected", R),
    ("304", head(status="304 Not Modified"), "unexpected", U),
    ("400", reply(400), "rejected", R), ("404", reply(404), "rejected", R),
    ("409 without a key", reply(409), "rejected", R),
    ("422", reply(422), "rejected", R),
    ("408", reply(408), "server_error", U),
    ("429", reply(429), "throttled", U),
    ("500", reply(500), "server_error", U),
    ("503", reply(503), "server_error", U),
    ("599", reply(599), "server_error", U),
    # Complete, though odd.
    ("no length, ended by the close", (head() + b"all of it", CLOSE), "ok",
     A),
    ("chunked", head("Transfer-Encoding: chunked") +
     b"3\r\nabc\r\n0\r\n\r\n", "ok", A),
    ("chunked with extensions and trailers",
     head("Transfer-Encoding: chunked") +
     b"3;a=b\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n", "ok", A),
    ("HTTP/1.0", (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", CLOSE),
     "ok", A),
    ("100 Continue first", head(status="100 Continue") + reply(), "ok", A),
    ("103 Early Hints first", head("Link: </a>", status="103 Early Hints") +
     reply(), "ok", A),
    ("byte by byte", drip(reply(close=True), .002), "ok", A),
    ("no reason phrase", (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
     "ok", A),
    ("equal lengths", head("Content-Length: 5", "Content-Length: 5, 5") +
     b"hello", "ok", A),
    ("204 with a length", head("Content-Length: 5", status="204 No Content"),
     "ok", A),
    ("204 with a body", head("Content-Length: 5", status="204 No Content") +
     b"hello", "ok", A),
    ("304 with a length", head("Content-Length: 5",
                               status="304 Not Modified"), "unexpected", U),
    ("304 with a body", head(status="304 Not Modified") + b"hello",
     "unexpected", U),
    ("417", reply(417), "rejected", R),
    ("a body beyond its length", head("Content-Length: 2") + b"hello", "ok",
     A),
    ("a header that is folded", head("Content-Length: 0", "X: y", " z"),
     "ok", A),
    ("240 headers of a KiB", reply(200, headers=[
        (f"X-{i}", "y" * 1000) for i in range(240)]), "ok", A),
    ("one header of 95 KiB", reply(200, headers=[("X", "y" * 95000)]), "ok",
     A),
    ("a body of 8 MiB", reply(200, b"x" * (8 << 20)), "ok", A),
    ("many headers", reply(200, headers=[(f"X-{i}", "y" * 50)
                                         for i in range(500)]), "ok", A),
    ("a hint of a billion seconds",
     reply(200, headers=[("Retry-After", "9" * 40)]), "ok", A),
    # Cut short.
    ("nothing, then a close", CLOSE, "reset", U),
    ("nothing, then a reset", RESET, "reset", U),
    ("100 Continue, then a close", (head(status="100 Continue"), CLOSE),
     "reset", U),
    ("half a status line", (b"HTTP/1.1 2", CLOSE), "truncated", U),
    ("headers that stop", (HEAD + b"Content-Le", CLOSE), "truncated", U),
    ("headers, then a reset", (HEAD + b"X: y\r\n", RESET), "truncated", U),
    ("a body that stops", (head("Content-Length: 100") + b"ten bytes!",
                           CLOSE), "truncated", U),
    ("a body, then a reset", (head("Content-Length: 100") + b"ten bytes!",
                              RESET), "truncated", U),
    ("chunks that stop", (head("Transfer-Encoding: chunked") +
                          b"a\r\nabc", CLOSE), "truncated", U),
    ("chunks without their end", (head("Transfer-Encoding: chunked") +
                                  b"3\r\nabc\r\n", CLOSE), "truncated", U),
    ("an error that stops", (head("Content-Length: 100",
                                  status="404 Not Found") + b"x", CLOSE),
     "truncated", U),
    # Never whole.
    ("silence", HANG, "timeout", U),
    ("headers, then silence", (HEAD, HANG), "timeout", U),
    ("half a body, then silence", (head("Content-Length: 9") + b"x", HANG),
     "timeout", U),
    ("endless headers, slowly", endless(HEAD, b"X: y\r\n", .02), "timeout",
     U),
    ("endless body, slowly", endless(head(), b"x", .02), "timeout", U),
    ("an endless body", endless(head(), b"x" * 65536), "timeout", U),
    ("endless chunks of a byte", endless(
        head("Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 20000), "timeout",
     U),
    ("100 Continue for ever", endless(head(status="100 Continue"), head(
        status="100 Continue"), .02), "timeout", U),
    # Not HTTP.
    ("noise", (b"\x00\xff\xfe\x01 not http\r\n\r\n", CLOSE), "protocol", U),
    ("another protocol", (b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE), "protocol", U),
    ("HTTP/0.9", (b"<html>hello</html>\n", CLOSE), "protocol", U),
    ("HTTP/9.9", (b"HTTP/9.9 200 OK\r\n\r\n", CLOSE), "protocol", U),
    ("a length that is no number", head("Content-Length: ten") + b"x",
     "protocol", U),
    *((f"Content-Length: {length}", head(f"Content-Length: {length}") +
       b"hello", "protocol", U)
      for length in ("", "-1", "+5", "0x5", "5x", "5 5", "5, 7", "5;",
                     "99999999999999999999")),
    ("5 and 7", head("Content-Length: 5", "Content-Length: 7") + b"hello",
     "protocol", U),
    ("7 and 5", head("Content-Length: 7", "Content-Length: 5") + b"hello",
     "protocol", U),
    ("a length and chunks", head("Content-Length: 5", "Transfer-Encoding: "
                                 "chunked") + b"5\r\nhello\r\n0\r\n\r\n",
     "protocol", U),
    ("chunks and a length", head("Transfer-Encoding: chunked",
                                 "Content-Length: 5") +
     b"5\r\nhello\r\n0\r\n\r\n", "protocol", U),
    ("chunks of HTTP/1.0", head("Transfer-Encoding: chunked").replace(
        b"/1.1", b"/1.0") + b"5\r\nhello\r\n0\r\n\r\n", "protocol", U),
    *((f"Transfer-Encoding: {coding}", head(f"Transfer-Encoding: {coding}") +
       b"5\r\nhello\r\n0\r\n\r\n", "protocol", U)
      for coding in ("gzip", "gzip, chunked", "chunked, chunked", "xchunked",
                     "identity")),
    ("a blank before the colon", head("Content-Length : 5") + b"hello",
     "protocol", U),
    ("a length in two lines", head("Content-Length: 5", " 7") + b"hello",
     "protocol", U),
    ("a header without a colon", head("Content-Length: 0", "nothing"),
     "protocol", U),
    *((f"a chunk size of {size}", head("Transfer-Encoding: chunked") +
       f"{size}\r\nhello\r\n0\r\n\r\n".encode(), "protocol", U)
      for size in ("zz", "-5", "0x5", "", "11111111111111111")),
    ("a chunk that is longer than it says", head(
        "Transfer-Encoding: chunked") + b"2\r\nhello\r\n0\r\n\r\n", "protocol",
     U),
    ("101, and open", head("Upgrade: x", "Connection: Upgrade",
                           status="101 Switching Protocols"), "protocol", U),
    ("101, and closed", (head("Upgrade: x", "Connection: Upgrade",
                              status="101 Switching Protocols"), CLOSE),
     "protocol", U),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n", "protocol", U),
    ("a status below 100", b"HTTP/1.1 099 OK\r\n\r\n", "protocol", U),
    ("one header of 120 KiB", reply(200, headers=[("X", "y" * 120000)]),
     "protocol", U),
    ("headers of a megabyte", reply(200, headers=[("X", "y" * (1 << 20))]),
     "protocol", U),
    ("endless headers", endless(HEAD, b"X: y\r\n" * 10000), "protocol", U),
    ("endless interim answers", endless(b"", head(
        status="100 Continue") * 10000), "protocol", U),
    ("400 headers of a KiB", reply(200, headers=[
        (f"X-{i}", "y" * 1000) for i in range(400)]), "protocol", U),
    ("a status of letters", b"HTTP/1.1 abc OK\r\n\r\n", "protocol", U),
]


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
        run = t.run(servers[-1].url, "-n", "20", "-c", "2", "-X", "POST",
                    "-b", "x", "--set", "load.think=200ms", "--cacert",
                    certificates.ca)
        t.equal(run["attempts.by_status"].get("200"), 20, "answers")
        t.equal(len(servers[-1].requests), 20, "received")
        t.check(servers[-1].connections >= 20, "connections")


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
