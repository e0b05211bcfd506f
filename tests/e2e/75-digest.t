#!/usr/bin/python3
# Proves: --digest answers the challenges of HTTP Digest, against a service
# that computes what it expects by itself, in each algorithm; every round is a
# request that the service counted and an attempt of the report; a client is
# challenged once and not for each request, again when its nonce is stale, and
# a wrong password is one round and a no. curl --digest gets the same answers.

from harness import *

import hashlib
import re

USER, PASSWORD, REALM = "me", "a:very secret, word", "the \"realm\""


class DigestService:
    """Lets in who computes what it computes; a nonce is good for `uses`."""

    def __init__(self, t, algorithm="MD5", qop="auth", uses=10 ** 9):
        self.algorithm, self.qop, self.uses = algorithm, qop, uses
        self.lock = threading.Lock()
        self.nonces, self.seen = {}, set()
        self.let_in = self.replays = 0
        self.line = None  # a challenge among others
        self.server = t.server(self.answer)
        self.url = self.server.url + "orders?a=1"

    def hashed(self, text):
        function = (hashlib.sha256 if "SHA-256" in self.algorithm
                    else hashlib.md5)
        return function(text.encode()).hexdigest()

    def expected(self, request, said):
        who = self.hashed(f"{USER}:{REALM}:{PASSWORD}")
        if self.algorithm.endswith("-sess"):
            who = self.hashed(f"{who}:{said['nonce']}:{said['cnonce']}")
        what = self.hashed(f"{request.method}:{request.path}")
        if not self.qop:
            return self.hashed(f"{who}:{said['nonce']}:{what}")
        return self.hashed(f"{who}:{said['nonce']}:{said['nc']}:"
                           f"{said['cnonce']}:{said['qop']}:{what}")

    def answer(self, request):
        given = request.header("Authorization") or ""
        said = {name: value.replace("\\", "") for name, value in re.findall(
            r'(\w+)="((?:\\.|[^"\\])*)"', given)}
        said.update(re.findall(r"(nc|qop|algorithm)=([^\s,\"]+)", given))
        with self.lock:
            left = self.nonces.get(said.get("nonce"), 0)
            if left > 0 and said.get("uri") == request.path and \
                    said.get("response") == self.expected(request, said):
                once = (said["nonce"], said.get("nc"))
                self.replays += once in self.seen and bool(self.qop)
                self.seen.add(once)
                self.nonces[said["nonce"]] = left - 1
                self.let_in += 1
                return reply(201)
            nonce = f"nonce-{len(self.nonces)}"
            self.nonces[nonce] = self.uses
        realm = REALM.replace('"', '\\"')
        challenge = f'Digest realm="{realm}", nonce="{nonce}", opaque="o p"'
        challenge += f', algorithm={self.algorithm}'
        challenge += f', qop="{self.qop}"' if self.qop else ""
        lines = [self.line.format(challenge)] if self.line else \
            ['Basic realm="x"', challenge]
        return reply(401, b"who are you?",
                     [("WWW-Authenticate", line) for line in lines])


@test("each algorithm, and what curl gets", limit=60)
def algorithms(t):
    for algorithm, qop in (("MD5", "auth"), ("MD5", ""), ("SHA-256", "auth"),
                           ("MD5-sess", "auth-int,auth"),
                           ("SHA-256-sess", "auth")):
        service = DigestService(t, algorithm, qop)
        run = t.run(service.url, "--digest", "-u", f"{USER}:{PASSWORD}", "-b",
                    '{"a": 1}', "-n", "40", "-c", "4", "--clients", "2")
        name = f"{algorithm} {qop}"
        t.equal(service.let_in, 40, f"let in, {name}")
        t.equal(service.replays, 0, f"one nonce count twice, {name}")
        t.equal(run["operations.succeeded"], 40, f"succeeded, {name}")
        t.equal(run["attempts.on_wire"], len(service.server.requests),
                f"on wire and received, {name}")
        t.equal(run["attempts.auth"], run["attempts.by_outcome.challenged"],
                f"rounds, {name}")
        t.between(run["attempts.auth"], 2, 8, f"once a client, {name}")
        t.equal({r.body for r in service.server.requests}, {b'{"a": 1}'},
                f"bodies, {name}")
        t.equal(run["errors"], [], f"no error, {name}")
        curl = subprocess.run(
            ["curl", "-sS", "--digest", "-u", f"{USER}:{PASSWORD}", "-o",
             "/dev/null", "-w", "%{http_code}", service.url],
            check=True, stdout=subprocess.PIPE)
        t.equal(curl.stdout, b"201", f"curl, {name}")


@test("among challenges of one line, and a query that follows the host")
def one_line(t):
    for line in ('Basic realm="x, y", {}', '{}, Basic realm="x, y"'):
        service = DigestService(t)
        service.line = line
        run = t.run(service.server.url.rstrip("/") + "?a=1", "--digest", "-u",
                    f"{USER}:{PASSWORD}", "-n", "10", "-c", "1")
        t.equal(service.let_in, 10, f"let in, {line}")
        t.equal(run["attempts.auth"], 1, f"rounds, {line}")
        t.equal({r.path for r in service.server.requests}, {"/?a=1"}, "path")


@test("a challenge that is lost on its way teaches nothing")
def lost(t):
    service = DigestService(t)
    run = t.run(service.url, "--digest", "-u", f"{USER}:{PASSWORD}", "-n", "1",
                "-c", "1", "--retries", "1", "-p", t.profile({
                    "timeout": {"attempt": "200ms"},
                    "retry": {"retry_on": ["timeout"]},
                    "faults": [{"kind": "lost_response", "for": "150ms"}]}))
    given = [bool(r.header("Authorization")) for r in service.server.requests]
    t.equal(given, [False, False, True], "asked again, and told by the second")
    t.equal(run["operations.succeeded"], 1, "succeeded")
    t.equal(run["attempts.by_outcome.challenged"], 1, "challenged")


@test("a nonce that has grown stale is asked for anew")
def stale(t):
    service = DigestService(t, uses=10)
    run = t.run(service.url, "--digest", "-u", f"{USER}:{PASSWORD}", "-n",
                "100", "-c", "1")
    t.equal(service.let_in, 100, "let in")
    t.equal(run["attempts.auth"], 10, "rounds")
    t.equal(run["amplification.attempts_per_operation"], 1.1, "amplification")


@test("a nonce that is told again is counted on")
def told_again(t):
    service = DigestService(t)
    first = threading.Barrier(4)

    def answer(request):
        if not request.header("Authorization") and request.number < 4:
            first.wait(20)  # all four are challenged before one is let in
        with service.lock:
            service.nonces = {"nonce-0": 10 ** 9}
        said = service.answer(request)
        return re.sub(rb"nonce-\d+", b"nonce-0", said)
    server = t.server(answer)
    run = t.run(server.url, "--digest", "-u", f"{USER}:{PASSWORD}", "-n", "40",
                "-c", "4", "--clients", "1")
    t.equal(run["attempts.auth"], 4, "rounds")
    t.equal(service.let_in, 40, "let in")
    t.equal(service.replays, 0, "one nonce count twice")


@test("a wrong password is one round and a no")
def wrong(t):
    service = DigestService(t)
    run = t.run(service.url, "--digest", "-u", f"{USER}:wrong", "-n", "3",
                "-c", "1", status=1)
    t.equal(run["operations.rejected"], 3, "rejected")
    t.equal(run["attempts.auth"], 3, "rounds")
    t.equal(len(service.server.requests), 6, "received")
    t.equal(run["errors"][0]["status"], 401, "the error")


@test("without a challenge nothing is said, and a redirect elsewhere gets none",
      limit=60)
def elsewhere(t):
    service = DigestService(t)
    other = t.server(lambda request: reply(200))
    plain = t.server(lambda request: reply(302, b"", [
        ("Location", other.url if request.path == "/out" else service.url)]))
    login = ["--digest", "-u", f"{USER}:{PASSWORD}", "-L", "-c", "1"]
    t.run(plain.url + "out", *login, "-n", "2")
    t.equal([r.header("Authorization") for r in
             plain.requests + other.requests], [None] * 4, "nothing is said")
    run = t.run(plain.url + "in", *login, "-n", "2", status=1)
    t.equal(run["operations.rejected"], 2, "not told to another origin")
    run = t.squall("run", other.url, "--digest", "-n", "1", status=2)
    t.match(run.err, "add target.user", "who?")


main()
