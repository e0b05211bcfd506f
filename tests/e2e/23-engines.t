#!/usr/bin/python3
# Proves: the native engine does what that of libcurl does: it sends the same
# bytes, and says the same of every answer, however that is cut; and which of
# them a run had is chosen as the manual says, and said in the report.

from harness import *
from hostile_answers import *

import gzip
import ssl

BOTH = ("curl", "native")


def needs_native():
    if not has_native():
        raise Skip("built without llhttp")


def byte_by_byte(answer):
    """The bytes of an answer, each in a packet of its own."""
    whole, ending = answer if isinstance(answer, tuple) else (answer, b"")
    return ([whole[i:i + 1] for i in range(len(whole))], ending)


def is_bytes(answer):
    return isinstance(answer, bytes) or isinstance(answer, tuple)


class Player(RawServer):
    """Gives one answer, in pieces, to every request; each is kept as it was
    sent. `ending`: what becomes of the connection then."""

    def __init__(self, pieces=(reply(),), ending=b""):
        self.pieces, self.ending = pieces, ending
        self.sent = []
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                part = sock.recv(65536)
                if not part:
                    return
                data += part
            head, _, data = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            length = int(length.group(1)) if length else 0
            while len(data) < length:
                part = sock.recv(65536)
                if not part:
                    return
                data += part
            self.sent.append(head + b"\r\n\r\n" + data[:length])
            data = data[length:]
            for piece in self.pieces:
                sock.sendall(piece)
            if self.ending is RESET:
                reset_socket(sock)
                return
            if self.ending is CLOSE:
                return


def said_of(t, engine, pieces, ending, *more):
    """What a report says of three attempts that had this answer."""
    player = Player(pieces, ending)
    run = t.run(player.url + "/", "-n", "3", "-c", "1", "-X", "POST", "-b",
                "x", "--timeout", "3s", "--engine", engine, *more,
                status=None, limit=40)
    player.close()
    t.equal(run["run.engine"], engine, "the engine that ran")
    t.equal(run["attempts.on_wire"], len(player.sent), "on the wire")
    return {name: run[name] for name in (
        "attempts.by_status", "attempts.by_outcome", "operations.succeeded",
        "operations.rejected", "operations.ambiguous")}


# Where they differ, as squall-run(1) says: the outcome by each.
DIFFER = {"a chunk size with a blank": ("ok", "protocol")}


def agree(t, name, pieces, ending, *more):
    said = [said_of(t, engine, pieces, ending, *more) for engine in BOTH]
    if name.split(",")[0] in DIFFER:
        for outcome, one in zip(DIFFER[name.split(",")[0]], said):
            t.equal(one["attempts.by_outcome"][outcome], 3, name)
        return
    t.equal(said[1], said[0], name)


# What the other file has not: where parsers of HTTP are known to differ.
MORE = [(name, answer, "") for name, answer in (
    ("a NUL in a header", head("Content-Length: 0", "X: a\0b")),
    ("a NUL in the reason", b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"),
    ("a control byte in a value", head("Content-Length: 0", "X: a\x01b")),
    ("a name with a blank", head("Content-Length: 0", "X Y: z")),
    ("a name with brackets", head("Content-Length: 0", "X(Y): z")),
    ("a name of no ASCII", head("Content-Length: 0", "X\u00e9: z")),
    ("an empty name", head("Content-Length: 0", ": z")),
    ("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    ("a bare return in a value", head("Content-Length: 0", "X: a\rb")),
    ("an empty line first", b"\r\n" + reply()),
    ("a blank first", b" " + reply()),
    ("small letters", b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("two blanks", b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("a tab for a blank", b"HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/01.1", b"HTTP/01.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("status 999", b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"),
    ("status 600", b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n"),
    ("205 with a body", head("Content-Length: 2", status="205 X") + b"ok"),
    ("102, then the answer", head(status="102 X") + reply()),
    ("199, then the answer", head(status="199 X") + reply()),
    ("100 with a length", head("Content-Length: 3", status="100 X") + reply()),
    ("a length with zeros", head("Content-Length: 0002") + b"ok"),
    ("a length with blanks", head("Content-Length:   2  ") + b"ok"),
    ("Connection in pieces", head("Content-Length: 0", "Connection: x",
                                  "Connection: keep-alive, close")),
    ("Connection: keep-alive", head("Content-Length: 0",
                                    "Connection: keep-alive")),
    ("Upgrade that nobody asked for", head(
        "Content-Length: 0", "Upgrade: h2c", "Connection: upgrade")),
    ("Keep-Alive", head("Content-Length: 0", "Keep-Alive: timeout=5")),
    ("an empty Connection", head("Content-Length: 0", "Connection:")),
    ("chunks in capitals", head("TRANSFER-ENCODING: CHUNKED") +
     b"A\r\n0123456789\r\n0\r\n\r\n"),
    ("a chunk size with zeros", head("Transfer-Encoding: chunked") +
     b"0003\r\nabc\r\n000\r\n\r\n"),
    ("a chunk size with a blank", head("Transfer-Encoding: chunked") +
     b"3 \r\nabc\r\n0\r\n\r\n"),
    ("an extension in quotes", head("Transfer-Encoding: chunked") +
     b'3;a="b c"\r\nabc\r\n0\r\n\r\n'),
    ("a trailer of a length", head("Transfer-Encoding: chunked") +
     b"3\r\nabc\r\n0\r\nContent-Length: 7\r\n\r\n"),
    ("more behind the last chunk", head("Transfer-Encoding: chunked") +
     b"0\r\n\r\nmore"),
    ("204 and chunks", head("Transfer-Encoding: chunked",
                            status="204 X")),
    ("a body ended by a reset", (head() + b"all of it", RESET)),
)]


@test("of every hostile answer both engines say the same", limit=300)
def hostile_answers(t):
    needs_native()
    count = 0
    for name, answer, outcome, *_ in ROWS + MORE:
        if is_bytes(answer) and outcome != "timeout":
            whole, ending = answer if isinstance(answer, tuple) \
                else (answer, b"")
            agree(t, name, (whole,), ending)
            count += 1
    t.check(count >= 100, f"{count} answers")


@test("and the same where it comes byte by byte", limit=300)
def hostile_bytes(t):
    needs_native()
    count = 0
    for name, answer, outcome, *_ in ROWS + MORE:
        if is_bytes(answer) and outcome != "timeout":
            pieces, ending = byte_by_byte(answer)
            if len(pieces) < 1000:
                # What comes behind an answer comes too late to be seen.
                agree(t, f"{name}, byte by byte", pieces, ending,
                      "--requests-per-connection", "1")
                count += 1
    t.check(count >= 90, f"{count} answers")


JSON = b'{"id": "o-7", "state": "created"}'


@test("and the same of what bodies and hints say, whole and in pieces",
      limit=120)
def contents(t):
    needs_native()
    good = ("--set", 'requests[0].expect={"json": {"/state": "created"}}')
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(JSON[i:i + 5]), JSON[i:i + 5])
                      for i in range(0, len(JSON), 5)) + b"0\r\n\r\n"
    for name, answer, ending in (
            ("a length", reply(201, JSON), b""),
            ("chunks", head("Transfer-Encoding: chunked") + chunks, b""),
            ("ended by the close", head() + JSON, CLOSE),
            ("another state", reply(201, JSON.replace(b"cre", b"un")), b""),
            ("gzip", reply(201, gzip.compress(JSON), headers=[
                ("Content-Encoding", "gzip")]), b"")):
        for pieces, how in (((answer,), "whole"),
                            (byte_by_byte(answer)[0], "byte by byte")):
            agree(t, f"{name}, {how}", pieces, ending, *good)


@test("and a service that says how long to wait is heard by both")
def hints(t):
    needs_native()
    profile = t.profile({"retry": {
        "max_attempts": 2, "retry_on": ["5xx"],
        "backoff": {"type": "constant", "initial": "1ms"},
        "server_hint": {"headers": [
            {"name": "X-Wait-Ms", "format": "ms"}]}}})
    answer = reply(503, headers=[("X-Wait-Ms", "120")])
    for pieces in ((answer,), byte_by_byte(answer)[0]):
        for engine in BOTH:
            player = Player(pieces)
            run = t.run(player.url, "-n", "3", "-c", "1", "-p", profile,
                        "--engine", engine, status=None)
            player.close()
            t.equal(run["attempts.retries"], 3, "retries")
            t.check(run["latency.backoff.min_us"] >= 119e3,
                    f"{engine}: the wait that was asked for")


REQUESTS = [
    ("",), ("/a/b?c=d",), ("?q=1",), ("/a/../b/./c",), ("/%7Eu/{x}|y",),
    ("/\u00fc",), ("/", "-X", "POST"), ("/", "-X", "PUT", "-b", "hello"),
    ("/", "-b", '{"a": 1}'), ("/", "-X", "HEAD"), ("/", "-X", "DELETE"),
    ("/", "-X", "HEAD", "-b", "x"), ("/", "-X", "PATCH"),
    ("/", "-X", "OPTIONS"), ("/", "-X", "GET", "-b", "x"),
    ("/", "-X", "PURGE"), ("/", "-X", "POST", "-b", ""),
    ("/", "-H", "Host: other.example"), ("/", "-H", "User-Agent: me"),
    ("/", "-H", "Accept: text/plain"), ("/", "-H", "Accept:"),
    ("/", "-H", "User-Agent:"), ("/", "-H", "Host:"),
    ("/", "-H", "X-A: {{op.id}}", "-H", "X-B: constant"),
    ("/{{op.id}}",), ("/", "-X", "POST", "-b", "n={{op.seq}}"),
    ("/", "-u", "me:secret"), ("/", "-H", "X-Empty:"),
    ("/", "-H", "X-E: a", "-H", "X-E: b"), ("/", "-F", "a=b"),
    ("/", "-X", "POST", "-b", "x", "--key-kind", "sequence", "-H",
     "Cookie: a=b"), ("/", "-H", "Expect:"),
    ("/", "-H", "Content-Type: text/x", "-b", "y"),
    ("/", "-H", "TE: trailers"), ("/", "-H", "Accept-Encoding: gzip"),
]


@test("the requests of both engines are the same bytes", limit=120)
def requests(t):
    needs_native()
    player = t.keep(Player())
    for path, *arguments in REQUESTS:
        sent = []
        for engine in BOTH:
            player.sent.clear()
            t.run(player.url + path, "-n", "2", "-c", "1", "--engine", engine,
                  *arguments)
            # The number of a run begins the ids of its operations.
            sent.append([re.sub(rb"[0-9a-f]{10}-(\d+)", rb"RUN-\1", one)
                         for one in player.sent])
        t.equal(len(sent[0]), 2, "requests")
        t.equal(sent[1], sent[0], f"{path} {' '.join(arguments)}")


def context_of(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


class Clear(RawServer):
    """Speaks HTTP, whatever it is asked."""

    def serve(self, sock):
        sock.recv(65536)
        sock.sendall(reply(400, close=True))


@test("both ask the same of a certificate, and of what speaks TLS", limit=120)
def certificates(t):
    needs_native()
    made = t.certificates()
    own = t.server(lambda request: reply(), tls=context_of(made.cert,
                                                           made.key))
    other = t.server(lambda request: reply(), tls=context_of(
        made.other_cert, made.other_key))
    clear = t.keep(Clear())
    local = f"https://localhost:{own.port}/"
    for url, outcome, *more in (
            (local, "ok", "--cacert", made.ca),
            (own.url, "ok", "--cacert", made.ca),
            (local, "tls", "--cacert", made.stranger), (local, "tls"),
            (local, "ok", "-k"),
            (other.url, "tls", "--cacert", made.ca), (other.url, "ok", "-k"),
            (other.url, "ok", "--cacert", made.ca, "--sni", "elsewhere.test"),
            (local, "tls", "--cacert", made.ca, "--sni", "elsewhere.test"),
            (f"https://127.0.0.1:{clear.port}/", "tls", "-k")):
        for engine in BOTH:
            run = t.run(url, "-n", "4", "-c", "2", "--engine", engine, *more,
                        status=None)
            t.equal(run["attempts.by_outcome"][outcome], 4,
                    f"{engine}, {url} {more}")
            if outcome == "tls":
                t.equal(run["attempts.on_wire"], 0, "nothing was sent")


@test("TLS: records of a byte, large answers, and sessions taken up again",
      limit=60)
def records(t):
    needs_native()
    made = t.certificates()
    seen = []

    context = context_of(made.cert, made.key)

    class Secured(Player):
        def serve(self, sock):
            secured = context.wrap_socket(sock, server_side=True)
            seen.append(secured.session_reused)
            super().serve(secured)

    large = reply(200, os.urandom(3 << 20))
    for name, pieces in (("whole", (reply(),)),
                         ("byte by byte", byte_by_byte(reply())[0]),
                         ("large", (large,))):
        player = t.keep(Secured(pieces))
        run = t.run(f"https://127.0.0.1:{player.port}/", "-n", "6", "-c", "2",
                    "--cacert", made.ca, "--engine", "native")
        t.equal(run["attempts.by_outcome"]["ok"], 6, name)
        t.equal(run["latency.tls.count"], 2, "handshakes")
    seen.clear()
    run = t.run(f"https://127.0.0.1:{player.port}/", "-n", "6", "-c", "1",
                "--requests-per-connection", "1", "--cacert", made.ca,
                "--engine", "native")
    t.equal(len(seen), 6, "connections")
    t.check(sum(seen) >= 5, f"sessions taken up again: {seen}")


@test("auto takes native where it can, else curl, and the report says why")
def choice(t):
    needs_native()
    player = t.keep(Player())
    few = (player.url, "-n", "2", "-c", "1")
    run = t.run(*few, "--engine", "auto")
    t.equal(run["run.engine"], "native", "nothing is asked that it has not")
    run = t.run(*few, "--engine", "auto", "-L")
    t.equal(run["run.engine"], "curl", "redirects")
    t.match(run["run.engine_reason"], "redirects", "the reason")
    run = t.squall("run", *few, "--engine", "native", "-L", status=2)
    t.match(run.err, "target.engine: the native engine has no redirects",
            "refused by name")
    t.match(run.err, "auto", "the remedy")
    run = t.run(*few, "--engine", "curl")
    t.equal(run["run.engine"], "curl", "as asked")


main()
