#!/usr/bin/python3
# Proves: bytes that keep coming hold up nothing. Whatever a service sends as
# fast as it is taken, by HTTP/1.1, HTTP/2 and TLS, as a proxy and as a ledger,
# the timeout of an attempt, the answers of other connections, the end of a run
# and of an audit are kept. What libcurl reads without calling anybody is the
# subject: frames of no open stream, the extension of a chunk, heads, records.

import ssl
import zlib

from harness import *

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, SETTINGS, PING, WINDOW = 0, 1, 2, 4, 6, 8
ACK, END_HEADERS = 1, 4
SLACK = 2.0  # beside what a command said; held for good, it took 5 and more
TIMEOUT_MS = 250
LATE_MS = 500  # of a machine whose cores the floods take; else it is seconds


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + \
        stream.to_bytes(4, "big") + payload


def head(*lines, status="200 OK"):
    return (f"HTTP/1.1 {status}\r\n" + "".join(
        line + "\r\n" for line in lines) + "\r\n").encode()


CHUNKED = head("Transfer-Encoding: chunked")
OPEN = frame(HEADERS, END_HEADERS, 1, b"\x88")
INTERIM = frame(HEADERS, END_HEADERS, 1, b"\x08\x03100")

# What comes first, and what again and again.
HTTP1 = {
    "a body": (head(), b"x" * 4096),
    "chunks of a byte": (CHUNKED, b"1\r\nx\r\n"),
    "an extension of a chunk": (CHUNKED + b"1;", b"x" * 4096),
    "a trailer": (CHUNKED + b"0\r\n", b"X: y\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 4096),
    "interim answers": (b"", head(status="102 Processing")),
    "empty lines": (b"", b"\r\n"),
}
HTTP2 = {
    "DATA of a byte": (OPEN, frame(DATA, 0, 1, b"x")),
    "DATA of nothing": (OPEN, frame(DATA, 0, 1)),
    "PING": (b"", frame(PING, 0, 0, b"12345678")),
    "answers to PING": (b"", frame(PING, ACK, 0, b"12345678")),
    "SETTINGS": (b"", frame(SETTINGS)),
    "WINDOW_UPDATE": (b"", frame(WINDOW, 0, 0, b"\0\0\0\1")),
    "PRIORITY": (b"", frame(PRIORITY, 0, 1, b"\0\0\0\0\1")),
    "frames of an unknown kind": (b"", frame(99, 0, 0, b"x")),
    "interim answers": (b"", INTERIM),
}


class Flood(RawServer):
    """Answers every request with `first` and then with `part` for good; one
    for /ok with an answer. With TLS, each part is a record of its own."""

    def __init__(self, first, part, tls=None, is_http2=False):
        self.first = first
        self.part = part
        self.tls = tls
        self.is_http2 = is_http2
        super().__init__()
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://localhost:{self.port}/"

    def serve(self, raw):
        with (self.tls.wrap_socket(raw, server_side=True)
              if self.tls else raw) as sock:
            if self.is_http2:
                sock.recv(65536)
                sock.sendall(frame(SETTINGS))
                sock.recv(65536)
            else:
                while b" /ok " in sock.recv(65536):
                    sock.sendall(reply())
            self._flood(sock)

    def _flood(self, sock):
        block = self.part
        if not self.tls:
            block *= max(1, (1 << 20) // len(block))
        sock.sendall(self.first)
        while True:
            sock.sendall(block)


def expect_limits(t, run, took, said, what):
    t.check(took < said + SLACK * PATIENCE, f"{what}: took {took:.2f} s")
    t.check(run["attempts.total"] >= 2, f"{what}: attempts")
    most = run["latency.attempt.max_us"]
    if most is not None:
        t.check(most / 1e3 < (TIMEOUT_MS + LATE_MS) * PATIENCE,
                f"{what}: an attempt took {most / 1e3:.0f} ms")


def run_flood(t, flood, what, *options):
    began = time.monotonic()
    run = t.run(flood.url, "-c", "2", "-d", "700ms", "--timeout",
                f"{TIMEOUT_MS}ms", "--set", "load.drain=100ms", "--set",
                f"timeout.connect={TIMEOUT_MS}ms", *options, status=None,
                limit=30)
    expect_limits(t, run, time.monotonic() - began, .8, what)


def each(t, rows, *options, **server):
    for what, (first, part) in rows.items():
        def measure(what=what, first=first, part=part):
            flood = Flood(first, part, **server)
            try:
                run_flood(t, flood, what, *options)
            finally:
                flood.close()
        t.patiently(measure)


@test("HTTP/1.1", limit=120)
def http1(t):
    each(t, HTTP1)


@test("HTTP/2", limit=120)
def http2(t):
    each(t, HTTP2, "--http", "2", is_http2=True)


def secured(t, *protocols):
    certificates = Certificates(t.directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    context.set_alpn_protocols(protocols)
    return context, ("--cacert", certificates.ca)


@test("small records of TLS", limit=120)
def tls(t):
    context, trust = secured(t, "http/1.1")
    each(t, HTTP1, *trust, tls=context)
    context, trust = secured(t, "h2")
    each(t, HTTP2, *trust, "--http", "2", tls=context, is_http2=True)


@test("other connections have their answers", limit=60)
def neighbours(t):
    for what in ("chunks of a byte", "an extension of a chunk"):
        def measure(what=what):
            flood = Flood(*HTTP1[what])
            run = t.run(flood.url, "-c", "8", "-d", "1s", "--timeout",
                        f"{TIMEOUT_MS}ms", "--set",
                        'requests=[{"path": "/ok", "weight": 50}, '
                        '{"path": "/flood"}]', status=None)
            flood.close()
            t.check(run["operations.succeeded"] > 100, f"{what}: answers")
            t.check(run["latency.succeeded.p90_us"] < 50e3 * PATIENCE,
                    f"{what}: {run['latency.succeeded']}")
        t.patiently(measure)


@test("what few bytes stand for", limit=60)
def bombs(t):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = packer.compress(bytes(100 << 20)) + packer.flush()
    first = head("Content-Encoding: gzip")
    each(t, {"gzip": (first, part)}, "--compressed")
    each(t, {"gzip, unasked": (first, part)}, "--set",
         'requests=[{"expect": {"json": {"/a": 1}}}]')
    each(t, {"gzip by HTTP/2": (frame(
        HEADERS, END_HEADERS, 1, b"\x88\x5c\x04gzip"), b"".join(
            frame(DATA, 0, 1, part[i:i + 16384])
            for i in range(0, len(part), 16384)))}, "--compressed", "--http",
         "2", is_http2=True)


@test("a proxy", limit=60)
def proxy(t):
    for what in ("headers", "a header", "interim answers"):
        def measure(what=what):
            flood = Flood(*HTTP1[what])
            began = time.monotonic()
            run = t.run("https://127.0.0.1:1/", "--proxy", flood.url, "-c",
                        "2", "-d", "700ms", "--set", "load.drain=100ms",
                        "--set", f"timeout.connect={TIMEOUT_MS}ms",
                        status=None, limit=30)
            expect_limits(t, run, time.monotonic() - began, .8, what)
            flood.close()
        t.patiently(measure)


def command(t, flood, said, what, *arguments):
    began = time.monotonic()
    process = t.squall(*arguments, status=3, limit=30)
    took = time.monotonic() - began
    flood.close()
    t.check(took < said + SLACK * PATIENCE, f"{what}: took {took:.2f} s")
    return process


@test("a ledger", limit=120)
def ledger(t):
    for http, rows in (("1.1", HTTP1), ("2", HTTP2)):
        for what, row in rows.items():
            def measure(http=http, what=what, row=row):
                flood = Flood(*row, is_http2=http == "2")
                process = command(
                    t, flood, .4, f"{what}, HTTP/{http}", "run", flood.url,
                    "--http", http, "-n", "1", "-X", "POST", "-q", "--set",
                    "idempotency={}", "--ledger", "/ledger", "--set",
                    "ledger.timeout=400ms")
                t.match(process.err, "ledger", what)
            t.patiently(measure)


@test("an audit", limit=120)
def audit(t):
    for what, row in HTTP1.items():
        def measure(what=what, row=row):
            flood = Flood(*row)
            command(t, flood, 1.5, what, "audit", flood.url, "--limit",
                    "1500ms", "-X", "POST", "-b", '{"op": "{{op.id}}"}')
        t.patiently(measure)


main()
