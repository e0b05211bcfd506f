#!/usr/bin/python3
# Proves: whatever a service answers, squall neither crashes nor hangs, calls
# the ending by its right name, and draws no more from it than it proves:
# acked only after a complete expected answer, refused only after a definite
# no, ambiguous otherwise. Each row below is one behaviour of the server, the
# outcome of the attempt, and the verdict of the operation (one attempt, POST,
# so that nothing is repeated).

from harness import *

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


A, R, U = "acked", "refused", "ambiguous"
ROWS = [
    # Statuses.
    ("200", reply(200), "ok", A), ("201", reply(201), "ok", A),
    ("204", head(status="204 No Content"), "ok", A),
    ("301", reply(301, headers=[("Location", "/x")]), "unexpected", U),
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
    ("a body of 8 MiB", reply(200, b"x" * (8 << 20)), "ok", A),
    ("many headers", reply(200, headers=[(f"X-{i}", "y" * 50)
                                         for i in range(500)]), "ok", A),
    ("a hint of a billion seconds",
     reply(200, headers=[("Retry-After", "9" * 40)]), "ok", A),
    # Cut short.
    ("nothing, then a close", CLOSE, "reset", U),
    ("nothing, then a reset", RESET, "reset", U),
    ("half a status line, which libcurl does not show",
     (b"HTTP/1.1 2", CLOSE), "reset", U),
    ("100 Continue, then a close", (head(status="100 Continue"), CLOSE),
     "truncated", U),
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
    ("100 Continue for ever", endless(head(status="100 Continue"), head(
        status="100 Continue"), .02), "timeout", U),
    # Not HTTP.
    ("noise", (b"\x00\xff\xfe\x01 not http\r\n\r\n", CLOSE), "protocol", U),
    ("another protocol", (b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE), "protocol", U),
    ("HTTP/0.9", (b"<html>hello</html>\n", CLOSE), "protocol", U),
    ("HTTP/9.9", (b"HTTP/9.9 200 OK\r\n\r\n", CLOSE), "protocol", U),
    ("a length that is no number", head("Content-Length: ten") + b"x",
     "protocol", U),
    ("a negative length", head("Content-Length: -1"), "protocol", U),
    ("a chunk size that is none, where the answer breaks off",
     head("Transfer-Encoding: chunked") + b"zz\r\nabc\r\n", "truncated", U),
    ("headers of a megabyte", reply(200, headers=[("X", "y" * (1 << 20))]),
     "protocol", U),
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
                status=None, limit=30)
    t.check(run.status in (0, 3), f"{name}: exit status {run.status}\n"
            f"{tail(run.err)}")
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


group("complete answers are named by their status", ("ok", "unexpected"))
group("a complete no, and a complete don't know",
      ("rejected", "throttled", "server_error"))
group("connections that break before and inside the answer",
      ("reset", "truncated"))
group("answers that never end", ("timeout",))
group("what is not HTTP", ("protocol",))


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
    t.equal(run["operations.acked"], 0, "acked")


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
