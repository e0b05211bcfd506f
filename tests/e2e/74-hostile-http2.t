#!/usr/bin/python3
# Proves: whatever a service answers by HTTP/2, each stream ends as what it
# is, and a connection that breaks ends all its streams at once. Rows as in
# 21-hostile-answers.t: what the server sends for each request, the outcome of
# the attempt, and the verdict of the operation.

from harness import *

import gzip

try:
    import hpack
except ImportError:
    hpack = None

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = \
    0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
OPERATIONS = 12


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + \
        stream.to_bytes(4, "big") + payload


def head(*fields, status="200", flags=0):
    """HEADERS, and as many CONTINUATIONs as it takes."""
    lines = [(":status", status)] if status else []
    lines += [tuple(line.split(": ", 1)) for line in fields]

    def bytes_of(stream):
        block = hpack.Encoder().encode(
            [hpack.NeverIndexedHeaderTuple(*line) for line in lines],
            huffman=False)
        parts = [block[i:i + 16384] for i in range(0, len(block), 16384)]
        last = len(parts) - 1
        return b"".join(
            frame(CONTINUATION if i else HEADERS,
                  (0 if i else flags) | (END_HEADERS if i == last else 0),
                  stream, part) for i, part in enumerate(parts))
    return bytes_of


def data(payload, flags=END_STREAM):
    return lambda stream: frame(DATA, flags, stream, payload)


def only(kind, flags=0, payload=b"", stream=0):
    """A frame that is not of the request's stream."""
    return lambda _: frame(kind, flags, stream, payload)


def reset(code):
    return lambda stream: frame(RST, 0, stream, code.to_bytes(4, "big"))


def empty(*fields, status="200"):
    return head(*fields, status=status, flags=END_STREAM)


class Server(RawServer):
    """`parts` are sent for each request: functions of its stream, RESET or
    CLOSE of the connection, or HANG. `seen` counts the requests that came
    whole."""

    def __init__(self, parts, early=False):
        self.parts = parts
        self.early = early  # answers at the head of a request
        self.seen = 0
        self._lock = threading.Lock()
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}/"

    def serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = sock.makefile("rb")
        if stream.read(len(PREFACE)) != PREFACE:
            return
        sock.sendall(frame(SETTINGS))
        while True:
            top = stream.read(9)
            if len(top) < 9:
                return
            payload = stream.read(int.from_bytes(top[:3], "big"))
            self._take(sock, top[3], top[4],
                       int.from_bytes(top[5:], "big"), payload)

    def _take(self, sock, kind, flags, number, payload):
        if kind == SETTINGS and not flags & ACK:
            sock.sendall(frame(SETTINGS, ACK))
        if kind == DATA and payload:
            for of in (0, number):
                sock.sendall(frame(WINDOW, 0, of,
                                   len(payload).to_bytes(4, "big")))
        is_whole = kind in (HEADERS, DATA) and flags & END_STREAM
        with self._lock:
            self.seen += bool(is_whole)
        if kind == HEADERS if self.early else is_whole:
            self._answer(sock, number)

    def _answer(self, sock, number):
        for part in self.parts:
            if part is HANG:
                return
            if part is RESET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
                raise OSError
            if part is CLOSE:
                raise OSError
            sock.sendall(part(number))


A, R, U = "succeeded", "rejected", "ambiguous"
OK = [head("content-length: 5"), data(b"hello")]


def rows():
    yield "a plain answer", OK, "ok", A
    yield "no length", [head(), data(b"hello")], "ok", A
    yield "no body", [empty()], "ok", A
    yield "a trailer", [head(), data(b"hello", 0), empty(
        "x-sum: 1", status=None)], "ok", A
    yield "103 first", [head("link: </a>", status="103")] + OK, "ok", A
    yield "100 first", [head(status="100")] + OK, "ok", A
    yield "204", [empty(status="204")], "ok", A
    yield "304 with a length", [empty("content-length: 5", status="304")], \
        "unexpected", U
    yield "417", [empty(status="417")], "rejected", R
    yield "503", [empty(status="503")], "server_error", U
    yield "a frame of an unknown kind", [only(99, 0, b"x" * 99)] + OK, \
        "ok", A
    for size in (17000, 33000, 60000):
        yield f"a header of {size} bytes", [
            head("x-big: " + "y" * size)] + OK[1:], "ok", A
    yield "110 headers of a KiB", [head(*(
        f"x-{i}: " + "y" * 1000 for i in range(110)))] + OK[1:], "ok", A
    # Not HTTP.
    yield "400 headers of a KiB", [head(*(
        f"x-{i}: " + "y" * 1000 for i in range(400)))] + OK[1:], "protocol", U
    yield "a header of 120 KiB", [head("x-big: " + "y" * 120000)] + OK[1:], \
        "protocol", U
    for length in ("7", "3", "", "-1", "+5", "0x5", "5x", "5, 7", "5, 5"):
        yield f"content-length: {length}", [
            head("content-length: " + length), data(b"hello")], "protocol", U
    yield "5 and 7", [head("content-length: 5", "content-length: 7"),
                      data(b"hello")], "protocol", U
    yield "a length and no body", [empty("content-length: 5")], "protocol", U
    yield "transfer-encoding", [head("transfer-encoding: chunked"),
                                data(b"hello")], "protocol", U
    yield "connection", [head("connection: close"), data(b"hello")], \
        "protocol", U
    yield "101", [head(status="101"), HANG], "protocol", U
    yield "103 and the end", [empty(status="103")], "protocol", U
    for status in (None, "2000", "20", "abc", "099"):
        yield f"a status {status}", [head(status=status), data(b"hello")], \
            "protocol", U
    yield "a body without a head", [data(b"hello")], "protocol", U
    yield "a body for 204", [head(status="204"), data(b"hello")], \
        "protocol", U
    # Cut short.
    yield "a reset of the stream", [reset(2)], "reset", U
    yield "a close", [CLOSE], "reset", U
    yield "103 and a close", [head(status="103"), CLOSE], "reset", U
    yield "a head and a close", [head(), CLOSE], "truncated", U
    yield "half a body and a close", [
        head("content-length: 5"), data(b"he", 0), CLOSE], "truncated", U
    yield "a violation, says the service", [reset(1)], "protocol", U
    # Never whole.
    yield "silence", [HANG], "timeout", U
    yield "a head and silence", [head(), HANG], "timeout", U
    yield "half a body and silence", [head(), data(b"he", 0)], "timeout", U


def broken():
    """Frames that break the connection, which stays open."""
    yield "a PING of five bytes", only(PING, 0, b"hello")
    yield "a head that no decoder knows", only(
        HEADERS, END_HEADERS | END_STREAM, b"\xff" * 20, 1)
    yield "DATA of no stream", only(DATA, 0, b"x")
    yield "a head of no stream", only(HEADERS, END_HEADERS, b"\x88")
    yield "a stream that nobody opened", only(HEADERS, END_HEADERS, b"\x88",
                                              2)
    yield "a frame of a megabyte", only(DATA, 0, b"x" * (1 << 20), 1)
    yield "CONTINUATION of nothing", only(CONTINUATION, 0, b"", 1)
    yield "SETTINGS of seven bytes", only(SETTINGS, 0, b"7 bytes")
    yield "a window of 0 more", only(WINDOW, 0, bytes(4))
    yield "a window beyond all", only(WINDOW, 0, b"\x7f\xff\xff\xff")
    yield "a page of HTTP/1.1", lambda _: reply(400)
    yield "noise", lambda _: b"\x00\xff\xfe\x01 this is no frame\r\n" * 10


def run_row(t, name, parts, outcome, verdict, *more, early=False, n=None):
    server = t.keep(Server(parts, early))
    waits = outcome == "timeout"
    count = n or (4 if waits else OPERATIONS)
    alone = outcome in ("reset", "truncated")
    run = t.run(server.url, "--http", "2", "-n", count, "-c",
                "1" if alone else "4", "-X", "POST", "-b", "x", "--timeout", "300ms" if waits else "10s",
                *more, limit=30, status=None)
    outcomes = {k: v for k, v in run["attempts.by_outcome"].items() if v}
    if outcome == "reset":
        outcomes = {"reset": sum(outcomes.get(k, 0) for k in (
            "reset", "reset_reused"))}
    t.equal(outcomes, {outcome: count}, f"{name}: outcomes")
    t.equal(run[f"operations.{verdict}"], count, f"{name}: {verdict}")
    if outcome != "protocol" and not early:
        t.equal(run["attempts.on_wire"], server.seen, f"{name}: received")
    t.check(server.seen <= run["attempts.on_wire"], f"{name}: on the wire")
    t.equal(run["attempts.http1_answers"], 0, f"{name}: HTTP/1.1")
    server.close()
    return run


def group(title, chosen):
    @test(title, limit=120)
    def a_group(t):
        if not hpack:
            raise Skip("python3-hpack is not installed")
        for row in rows():
            if row[2] in chosen:
                run_row(t, *row)


group("whole answers", ("ok", "unexpected", "rejected", "server_error"))
group("streams and connections that end early", ("reset", "truncated"))
group("answers that never end", ("timeout",))
group("what is not HTTP/2", ("protocol",))


@test("a frame that breaks the connection ends all its streams", limit=120)
def breaks(t):
    if not hpack:
        raise Skip("python3-hpack is not installed")
    for name, part in broken():
        server = t.keep(Server([part, HANG]))
        run = t.run(server.url, "--http", "2", "-n", "40", "-c", "20",
                    "-X", "POST", "-b", "x", "--timeout", "5s", status=None)
        outcomes = {k: v for k, v in run["attempts.by_outcome"].items() if v}
        t.equal(outcomes, {"protocol": 40}, f"{name}: outcomes")
        t.check(run["latency.attempt.max_us"] < 2e6 * PATIENCE,
                f"{name}: at once")
        server.close()


@test("interim answers are told apart, and are no first byte", limit=60)
def interim(t):
    if not hpack:
        raise Skip("python3-hpack is not installed")

    def late(stream):
        time.sleep(.05)
        return OK[0](stream)
    run = run_row(t, "103 and an answer 50 ms later",
                  [head(status="103"), late, OK[1]], "ok", A)
    t.equal(run["attempts.interim_answers"], OPERATIONS, "interim answers")
    t.check(run["latency.first_byte.min_us"] >= 50e3, "the first byte")
    t.equal(run["attempts.http2_answers"], OPERATIONS, "by HTTP/2")


@test("an answer at the head proves no delivery of the body", limit=60)
def early(t):
    if not hpack:
        raise Skip("python3-hpack is not installed")
    body = t.write("big", b"x" * (2 << 20))
    faults = t.profile({"faults": [{"kind": "lost_response",
                                    "as": "reset"}]})
    for name, parts in (("413", [empty(status="413"), reset(0)]),
                        ("413 and a close", [empty(status="413"), CLOSE])):
        server = t.keep(Server(parts, early=True))
        run = t.run(server.url, "--http", "2", "-n", "4", "-c", "1", "-X",
                    "POST", "-b", f"@{body}", "-p", faults, status=None)
        t.equal(run["faults.lost_response.delivered"], server.seen, name)


main()
