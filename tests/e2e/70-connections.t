#!/usr/bin/python3
# Proves: the ways to a service. HTTPS is verified unless it is asked not to
# be; HTTP/2, Unix sockets, --resolve and proxies (plain and CONNECT) work,
# and what the other side logged is what the report counts; failures on the
# way are `tls`, `connect_failed` ..., a definite no, and nothing on the wire.

from harness import *


class Tunnel:
    """A proxy that answers CONNECT, and nothing else."""

    def __init__(self, refuse=False):
        self.refuse = refuse
        self.asked = []
        self.listener = listening_socket()
        self.url = f"http://127.0.0.1:{port_of(self.listener)}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(4096)
            if not data:
                sock.close()
                return
            head += data
        method, place, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append((method, place))
        if self.refuse or method != "CONNECT":
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                         b"Connection: close\r\n\r\n")
            sock.close()
            return
        host, _, port = place.rpartition(":")
        far = socket.create_connection((host, int(port)))
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self.copy, args=(far, sock),
                         daemon=True).start()
        self.copy(sock, far)

    @staticmethod
    def copy(source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
        except OSError:
            pass
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def localhost(url):
    """Names pinned, so that ::1 is not tried first."""
    port = urllib.parse.urlsplit(url).port
    return ("--resolve", f"localhost:{port}:127.0.0.1")


@test("HTTPS with a trusted authority")
def tls_verified(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates)
    run = t.run(nginx.url, "-n", "300", "-c", "4", "--cacert",
                certificates.ca, *localhost(nginx.url))
    t.equal(run["operations.succeeded"], 300, "succeeded")
    t.check(run["latency.connect.count"] >= 1, "connecting was measured")
    log = nginx.log()
    t.equal(len(log), run["attempts.on_wire"], "in the log")
    t.check(all(row["tls"].startswith("TLSv1") for row in log), "TLS")


@test("a certificate that cannot be trusted: outcome tls, nothing sent")
def tls_refused(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates)
    for arguments in ((), ("--cacert", certificates.stranger)):
        run = t.run(nginx.url, "-n", "5", *arguments, *localhost(nginx.url),
                    status=None)
        t.check(run.status in (0, 3), f"exit status {run.status}")
        t.equal(run["attempts.by_outcome"].get("tls"),
                run["attempts.total"], "tls")
        t.equal(run["attempts.on_wire"], 0, "nothing on the wire")
        t.equal(run["operations.succeeded"], 0, "succeeded")
        t.equal(run["operations.ambiguous"], 0, "a definite no")
    t.equal(nginx.log(), [], "nothing in the log")


@test("a certificate for another name is refused; --insecure takes it")
def tls_name(t):
    certificates = t.certificates()
    certificates.cert = certificates.other_cert
    certificates.key = certificates.other_key
    nginx = t.nginx(tls=certificates)
    run = t.run(nginx.url, "-n", "5", "--cacert", certificates.ca,
                *localhost(nginx.url), status=None)
    t.equal(run["attempts.by_outcome"].get("tls"), run["attempts.total"],
            "tls")
    run = t.run(nginx.url, "-n", "5", "--insecure", *localhost(nginx.url))
    t.equal(run["operations.succeeded"], 5, "insecure")
    run = t.run(nginx.url, "-n", "5", "-k", *localhost(nginx.url))
    t.equal(run["operations.succeeded"], 5, "-k")
    run = t.squall("run", nginx.url, "-n", "5", "--cacert", "/no/such/ca.pem",
                   status=None)
    t.check(run.status in (2, 3), f"exit status {run.status}")
    t.match(run.err, r"/no/such/ca\.pem", "the missing file is named")


@test("plain text where TLS is spoken, and the reverse")
def wrong_protocol(t):
    # What a server of plain text makes of a handshake: a bad request.
    listener = t.keep(listening_socket())

    def serve():
        while True:
            try:
                sock, _ = listener.accept()
                sock.recv(65536)
                sock.sendall(reply(400, close=True))
                sock.close()
            except OSError:
                if listener.fileno() < 0:
                    return
    threading.Thread(target=serve, daemon=True).start()
    run = t.run(f"https://127.0.0.1:{port_of(listener)}/", "-n", "3",
                "--connect-timeout", "5s", status=None)
    t.equal(run["attempts.by_outcome"].get("tls"), run["attempts.total"],
            "TLS to plain text")
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates)
    run = t.run(nginx.url.replace("https:", "http:"), "-n", "3",
                *localhost(nginx.url), status=None)
    t.equal(run["operations.succeeded"], 0, "plain text to TLS")


@test("HTTP/2 over TLS, many streams on one connection")
def http2(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates, http2=True)
    run = t.run(nginx.url, "-n", "500", "-c", "8", "--http", "2", "--cacert",
                certificates.ca, *localhost(nginx.url))
    t.equal(run["operations.succeeded"], 500, "succeeded")
    log = nginx.log()
    t.equal(len(log), run["attempts.on_wire"], "in the log")
    t.equal({row["protocol"] for row in log}, {"HTTP/2.0"}, "protocol")


@test("HTTP/1.1 is spoken where HTTP/2 is offered and not asked for")
def http1(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates, http2=True)
    run = t.run(nginx.url, "-n", "50", "--cacert", certificates.ca,
                *localhost(nginx.url))
    t.equal(run["operations.succeeded"], 50, "succeeded")
    t.equal({row["protocol"] for row in nginx.log()}, {"HTTP/1.1"},
            "protocol")


@test("a Unix socket")
def unix_socket(t):
    nginx = t.nginx(unix=True)
    run = t.run(nginx.url, "-n", "200", "-c", "4", "--unix-socket",
                nginx.socket_path)
    t.equal(run["operations.succeeded"], 200, "succeeded")
    t.equal(len(nginx.log()), 200, "in the log")
    run = t.squall("run", "http://localhost/", "-n", "2", "--unix-socket",
                   t.path("nobody.sock"), status=3)
    t.match(run.err, r"nobody\.sock|localhost", "the place is named")


@test("--resolve sends a name to an address, and Host keeps the name")
def resolve(t):
    server = t.server(lambda request: reply())
    run = t.run(f"http://orders.invalid:{server.port}/", "-n", "10",
                "--resolve", f"orders.invalid:{server.port}:127.0.0.1")
    t.equal(run["operations.succeeded"], 10, "succeeded")
    t.equal(server.requests[0].header("Host"),
            f"orders.invalid:{server.port}", "Host")
    bad = t.squall("run", server.url, "-n", "1", "--resolve", "nonsense",
                   status=2)
    t.match(bad.err, r"nonsense", "a bad entry is named")


@test("a plain proxy gets absolute URLs; names are left to it")
def plain_proxy(t):
    proxy = t.server(lambda request: reply())
    run = t.run("http://orders.invalid/x", "-n", "10", "--proxy", proxy.url)
    t.equal(run["operations.succeeded"], 10, "succeeded")
    t.equal({r.path for r in proxy.requests}, {"http://orders.invalid/x"},
            "absolute URL")
    t.equal(len(proxy.requests), run["attempts.on_wire"], "received")


@test("HTTPS through CONNECT, and a proxy that refuses")
def connect_proxy(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates)
    tunnel = t.keep(Tunnel())
    run = t.run(nginx.url, "-n", "100", "-c", "3", "--cacert",
                certificates.ca, "--proxy", tunnel.url)
    t.equal(run["operations.succeeded"], 100, "succeeded")
    t.between(len(tunnel.asked), 1, 3, "tunnels")
    t.equal({a for a in tunnel.asked},
            {("CONNECT", f"localhost:{nginx.port}")}, "asked for")
    t.equal(run["latency.first_byte.count"], 100,
            "the proxy's answer is not taken for a first byte")
    lost = t.run(nginx.url, "-n", "50", "-c", "3", "--cacert",
                 certificates.ca, "--proxy", tunnel.url, "-p", t.profile({
                     "faults": [{"kind": "lost_response", "ratio": 1,
                                 "as": "reset"}]}))
    t.equal(lost["attempts.on_wire"], 50, "lost after the send")
    t.equal(lost["faults.lost_response.delivered"], 50, "delivered")
    refusing = t.keep(Tunnel(refuse=True))
    run = t.run(nginx.url, "-n", "4", "--cacert", certificates.ca, "--proxy",
                refusing.url, status=None)
    t.check(run.status in (0, 3), f"exit status {run.status}")
    t.equal(run["attempts.by_outcome"].get("connect_failed"),
            run["attempts.total"], "connect_failed")
    t.equal(run["attempts.on_wire"], 0, "nothing on the wire")
    t.equal(len(nginx.log()), 150, "in the log")


@test("the proxy's own answer is not taken for the service's")
def connect_answer(t):
    import ssl
    certificates = t.certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    server = t.server(lambda request: CLOSE, tls=context)
    tunnel = t.keep(Tunnel())
    run = t.run(server.url, "-n", "6", "-c", "2", "-X", "POST", "-b", "x",
                "--cacert", certificates.ca, "--proxy", tunnel.url)
    t.equal(run["attempts.by_outcome"].get("reset"), 6, "reset")
    t.equal(run["latency.first_byte.count"], 0, "no answer began")
    t.equal(len(server.requests), run["attempts.on_wire"], "received")


@test("proxies of the environment are not used unasked")
def environment_proxy(t):
    server = t.server(lambda request: reply())
    proxy = t.server(lambda request: reply())
    run = t.run(server.url, "-n", "5", env={
        "http_proxy": proxy.url, "HTTP_PROXY": proxy.url,
        "ALL_PROXY": proxy.url})
    t.equal(run["operations.succeeded"], 5, "succeeded")
    t.equal((len(server.requests), len(proxy.requests)), (5, 0),
            "straight to the service")


main()
