#!/usr/bin/python3
# Proves: who calls, from where, and over how many connections is what was
# asked for, and is told: credentials, cookies and user agent; source
# addresses; connections that are closed after so many requests; compressed
# answers are decoded before any check; streams of HTTP/2; and the bytes, the
# connections and the parts of opening one are those that the server saw.

from harness import *

import base64
import ctypes
import gzip
import zlib


@test("who is calling")
def callers(t):
    server = t.server(lambda request: reply(200))
    wanted = "Basic " + base64.b64encode(b"me:se:cret\xc3\xa9").decode()
    for arguments, name, value in (
            (("-u", "me:se:cret\u00e9"), "Authorization", wanted),
            (("-u", "me:${env:T_PASSWORD}"), "Authorization", wanted),
            (("--bearer", "${env:T_PASSWORD}"), "Authorization",
             "Bearer se:cret\u00e9"),
            (("-A", "agent/1"), "User-Agent", "agent/1"),
            (("--cookie", "a=b; c=d"), "Cookie", "a=b; c=d")):
        run = t.run(server.url, "-n", "1", *arguments,
                    env={"T_PASSWORD": "se:cret\u00e9"})
        got = server.requests[-1].header_values(name)
        # http.client reads headers as latin-1.
        t.equal([v.encode("latin-1", "replace") for v in got],
                [value.encode()], f"{arguments}")
        text = json.dumps(run.report)
        if name == "Authorization":
            t.absent(text, "cret|c2U6Y3JldM", "no secret in the report")
    t.squall("run", server.url, "-n", "1", "-u", "me", status=2)
    run = t.squall("run", server.url, "-n", "1", "-u", "me:hidden", "-H",
                   "Authorization: x", status=2)
    t.absent(run.err, "hidden", "no secret in the message")


@test("connections are closed after so many requests, and told")
def connections(t):
    server = t.server(lambda request: reply(200))
    for arguments, most in ((("--no-keepalive",), 1),
                            (("--requests-per-connection", "3"), 3),
                            ((), 60)):
        before = len(server.requests)
        run = t.run(server.url, "-n", "60", "-c", "4", *arguments)
        served = {}
        for request in server.requests[before:]:
            served[request.connection] = served.get(request.connection, 0) + 1
        t.equal(run["attempts.connections_opened"], len(served),
                f"{arguments}: connections as the server counts them")
        t.check(max(served.values()) <= most, f"{arguments}: {served}")
        t.equal(run["latency.tcp.count"], len(served), "tcp")
        t.equal(run["latency.tls.count"], 0, "no TLS")
    t.squall("run", server.url, "-n", "1", "--requests-per-connection", "2",
             "--http", "2", status=2)
    t.squall("run", server.url, "-n", "1", "--streams", "2", status=2)


@test("connections come from the addresses that were given")
def interfaces(t):
    server = t.server(lambda request: reply(200))
    run = t.run(server.url, "-n", "20", "-c", "4", "--interface",
                "127.0.0.1", "--interface", "127.0.0.2")
    t.equal(run["operations.succeeded"], 20, "succeeded")
    t.equal(server.peers, {"127.0.0.1", "127.0.0.2"}, "addresses")
    run = t.squall("run", server.url, "-n", "1", "--interface", "192.0.2.1",
                   status=2)
    t.match(run.err, r"192\.0\.2\.1", "the address is named")


@functools.lru_cache(None)
def brotli():
    """Brotli's compressor, where its library and libcurl's part are there."""
    try:
        library = ctypes.CDLL("libbrotlienc.so.1")
    except OSError:
        return None
    version = subprocess.run([SQUALL, "--version"], check=True,
                             stdout=subprocess.PIPE).stdout
    if b"brotli" not in version:
        return None

    def compress(data):
        out = ctypes.create_string_buffer(len(data) + 1024)
        size = ctypes.c_size_t(len(out))
        done = library.BrotliEncoderCompress(
            5, 22, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(size),
            out)
        assert done == 1
        return out.raw[:size.value]
    return compress


@test("compressed answers are decoded before any check")
def compressed(t):
    body = b'{"state": "created", "padding": "' + b"x" * 5000 + b'"}'

    def answer(request):
        wanted = request.header("Accept-Encoding") or ""
        if "gzip" in wanted and request.path.endswith("gzip"):
            return reply(200, gzip.compress(body),
                         [("Content-Encoding", "gzip"),
                          ("Content-Type", "application/json")])
        if "br" in wanted.split(", ") and request.path.endswith("br"):
            return reply(200, brotli()(body),
                         [("Content-Encoding", "br"),
                          ("Content-Type", "application/json")])
        if "deflate" in wanted and request.path.endswith("deflate"):
            return reply(200, zlib.compress(body),
                         [("Content-Encoding", "deflate"),
                          ("Content-Type", "application/json")])
        return reply(200, body, [("Content-Type", "application/json")])
    server = t.server(answer)
    profile = t.profile({"requests": [
        {"expect": {"json": {"/state": "created"}}}]})
    sizes = {}
    for path in ("gzip", "deflate", "plain") + (("br",) if brotli() else ()):
        run = t.run(server.url + path, "-n", "3", "-p", profile,
                    "--compressed")
        t.equal(run["operations.succeeded"], 3, path)
        sizes[path] = run["bytes.received"]
    t.check(sizes["gzip"] < 3000 < sizes["plain"], f"bytes: {sizes}")
    if brotli():
        t.check(sizes["br"] < 3000, f"bytes: {sizes}")
    run = t.run(server.url + "gzip", "-n", "1", "-p", profile)
    t.equal(server.requests[-1].header("Accept-Encoding"), None,
            "not asked for by default")


@test("bytes are those of heads and bodies, as the server counts them")
def bytes_counted(t):
    raw = []
    listener = listening_socket()
    answer = (b"HTTP/1.1 200 OK\r\nX-Padding: " + b"p" * 100 +
              b"\r\nContent-Length: 1000\r\n\r\n" + b"b" * 1000)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                received = b""
                while True:
                    try:
                        data = connection.recv(65536)
                    except OSError:
                        break
                    if not data:
                        break
                    received += data
                    head, mark, rest = received.partition(b"\r\n\r\n")
                    length = re.search(rb"Content-Length: (\d+)", head)
                    if mark and len(rest) >= (int(length[1]) if length
                                              else 0):
                        raw.append(len(received))
                        received = b""
                        connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{port_of(listener)}/"
    for size in (None, 0, 1, 100, 10_000, 70_000, 300_000):
        raw.clear()
        body = () if size is None else ("-b", "x" * size)
        if size and size > 100_000:
            (path := t.path("large")).write_text("x" * size)
            body = ("-b", f"@{path}")
        run = t.run(url, "-n", "5", "-c", "1", *body)
        t.equal(run["bytes.sent"], sum(raw), f"sent, body of {size}")
        t.equal(run["bytes.received"], 5 * len(answer), f"received, {size}")
        t.equal(run["bytes.mean_answer"], len(answer), "mean answer")
        t.equal(sum(p["bytes_sent"] or 0 for p in run["series"]), sum(raw),
                "sent, in the series")
    run = t.run(url, "-n", "5", "-c", "1", "--slo", "bytes_received >= 5kB",
                "--slo", "bytes_received_per_s > 1B/s", "--slo",
                "mean_answer_size < 1kB", status=1)
    t.equal([s["pass"] for s in run["slo"]], [True, True, False], "SLOs")
    listener.close()


@test("TLS and streams of HTTP/2", limit=60)
def tls_and_streams(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates, http2=True)
    run = t.run(nginx.url, "-n", "40", "-c", "8", "--http", "2", "--streams",
                "2", "--cacert", certificates.ca)
    opened = run["attempts.connections_opened"]
    t.equal(len({row["connection"] for row in nginx.log()}), opened,
            "connections in the log")
    t.between(opened, 2, 8, "eight at once, two a connection")
    t.equal(run["latency.tls.count"], opened, "handshakes")
    t.check(run["latency.tls.p50_us"] > 0, "of some time")
    t.check(run["latency.connect.p50_us"] >= run["latency.tls.p50_us"],
            "a part of connect")


@test("another name in TLS than in the URL", limit=60)
def server_names(t):
    authority = t.certificates()
    other = t.nginx(http2=True, name="other", tls=Other(authority),
                    locations="""location / {
        if ($ssl_server_name != elsewhere.test) { return 421; }
        if ($http_host != "localhost:$server_port") { return 422; }
        return 200 '{"id": 1}'; }""")
    ca = ["--cacert", authority.ca, "-n", "20", "-c", "2"]
    run = t.run(other.url, *ca, status=3)
    t.match(json.dumps(run["errors"]), "tls", "its certificate is another's")
    for http in ("1.1", "2"):
        run = t.run(other.url + "a/{{op.seq}}", *ca, "--http", http, "--sni",
                    "elsewhere.test")
        t.equal(run["operations.succeeded"], 20, f"HTTP/{http}")
    run = t.run(other.url, *ca, "--sni", "elsewhere.test", "-H",
                "Host: localhost:{{op.seq}}", status=1)
    t.equal(run["attempts.by_status.422"], 20, "a Host of one's own stays")
    run = t.run(other.url, *ca, "--sni", "not-in-it.test", status=3)
    t.equal(run["attempts.on_wire"], 0, "the name is verified")
    run = t.squall("run", "http://127.0.0.1:1/", "--sni", "a.test", status=2)
    t.match(run.err, "no TLS", "without TLS")


@test("DNS, TCP, TLS and the first byte are told apart", limit=60)
def parts_of_connecting(t):
    authority = t.certificates()
    secure = t.nginx(tls=authority)
    plain = t.server(lambda request: reply(200))
    run = t.run(secure.url, "--cacert", authority.ca, "-n", "20", "-c", "2",
                "--slo", "dns.max < 10s", "--slo", "tls.max < 10s")
    counts = {name: run[f"latency.{name}.count"]
              for name in ("dns", "tcp", "tls", "connect", "first_byte")}
    t.equal(counts, {"dns": 1, "tcp": 2, "tls": 2, "connect": 2,
                     "first_byte": 20}, "counts by name")
    run = t.run(plain.url, "-n", "20", "-c", "2")
    t.equal(run["latency.dns.count"], 0, "an address is not looked up")
    by_name = f"http://localhost:{plain.port}/"
    elsewhere = t.server(lambda request:
                         reply(302, b"", [("Location", by_name)]))
    run = t.run(elsewhere.url, "-L", "-n", "10", "-c", "1")
    t.equal([run["operations.succeeded"], run["latency.dns.count"]], [10, 1],
            "the host of a redirect is")


class Other:
    """The certificate for elsewhere.test."""

    def __init__(self, authority):
        self.cert, self.key = authority.other_cert, authority.other_key


main()
