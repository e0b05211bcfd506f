"""Answers that services should not give, each with the outcome of the attempt
that got it and the verdict of its operation (one attempt, POST, so that nothing
is repeated)."""

from harness import *

HEAD = b"HTTP/1.1 200 OK\r\n"


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
