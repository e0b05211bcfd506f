#!/usr/bin/python3
# Proves: -L follows redirects as curl and RFC 9110 do, and hides none. Every
# hop is a request that the server counted and an attempt of its own kind in
# the report, in both versions of HTTP, over TLS and through nginx; what
# authenticates, and a Host of the profile's, go to no other origin; a loop
# ends with a name; and without -L a redirect is an answer that says no. What
# curl sends for the same command is what squall sends.

from harness import *

import collections

SECRETS = ("Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization")


def moves(to, status=302):
    return reply(status, b"", [("Location", to)])


def counted(t, run, servers):
    """What the servers received is what the report says was sent."""
    received = sum(len(server.requests) for server in servers)
    t.equal(run["attempts.on_wire"], received, "on wire and received")
    t.equal(run["attempts.total"],
            run["attempts.first"] + run["attempts.retries"] +
            run["attempts.redirects"], "the kinds add up")


@test("each hop is counted where it is sent", limit=60)
def counts(t):
    chain = {"/a": moves("/b", 307), "/b": moves("c?x=1", 302),
             "/c?x=1": reply(200)}
    server = t.server(lambda request: chain[request.path])
    run = t.run(server.url + "a", "-L", "-n", "300", "-c", "3")
    counted(t, run, [server])
    t.equal(run["attempts.redirects"], 600, "hops")
    t.equal(run["operations.succeeded"], 300, "succeeded")
    t.equal(run["amplification.attempts_per_operation"], 3, "amplification")
    t.equal(run["attempts.by_outcome.followed"], 600, "followed")
    t.equal(run["errors"], [], "no error")
    t.equal(collections.Counter(r.path for r in server.requests),
            {path: 300 for path in chain}, "paths")
    t.equal(run["attempts.connections_opened"], 3, "connections stay open")


@test("without -L it is an answer, and with it a loop has an end")
def ends(t):
    server = t.server(lambda request: moves(request.path))
    for flags, outcome, hops in (((), "redirected", 0), (("-L",),
                                 "redirect_limit", 10), (("-L", "3"),
                                 "redirect_limit", 3), (("-L0",),
                                 "redirected", 0), (("--max-redirs", "2"),
                                 "redirect_limit", 2)):
        run = t.run(server.url, *flags, "-n", "5", "-c", "1", status=1)
        t.equal(run["attempts.redirects"], 5 * hops, f"hops of {flags}")
        t.equal(run[f"attempts.by_outcome.{outcome}"], 5, f"ends of {flags}")
    t.equal(len(server.requests), 5 + 55 + 20 + 5 + 15, "received")


@test("methods and bodies change as curl changes them", limit=120)
def methods(t):
    for status in (301, 302, 303, 307, 308):
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            seen = []

            def answer(request):
                seen.append((request.method, request.path, request.body,
                             request.header("Content-Type"),
                             request.header("Content-Length")))
                return (moves("/there", status) if request.path == "/here"
                        else reply(200))
            server = t.server(answer)
            body = ["-b", '{"a": 1}'] if method in ("POST", "PUT") else []
            run = t.run(server.url + "here", "-L", "-n", "1", "-X", method,
                        *body)
            counted(t, run, [server])
            ours = list(seen)
            seen.clear()
            curl = ["curl", "-sS", "-L", "-o", "/dev/null"]
            # -X holds for every hop; this is how curl is told nothing of it.
            curl += {"GET": [], "HEAD": ["-I"],
                     "POST": ["-d", '{"a": 1}'],
                     "PUT": ["-T", t.write("body.json", '{"a": 1}'),
                             "-H", "Expect:"],
                     "DELETE": ["-X", "DELETE"]}[method]
            if body:
                curl += ["-H", "Content-Type: application/json"]
            if method in ("PUT", "DELETE") and status == 303:
                t.equal([r[:3] for r in ours],
                        [(method, "/here", b'{"a": 1}' if body else b""),
                         ("GET", "/there", b"")], f"{method} {status}")
                continue
            subprocess.run(curl + [server.url + "here"], check=True)
            if ours[1][0] == "GET" and body:
                # curl leaves the type of a body that it does not send.
                t.equal(ours[1][3], None, "no type without a body")
                ours[1] = ours[1][:3] + (seen[1][3],) + ours[1][4:]
            t.equal(ours, seen, f"{method} {status}")


@test("what authenticates goes to no other origin", limit=60)
def secrets(t):
    def answer_there(request):
        return (moves(here.url + "back", 307) if request.path == "/once"
                else reply(200))
    there = t.server(answer_there)

    def answer_here(request):
        return {"/same": moves("/end", 307), "/other": moves(
            there.url + "x", 307), "/bounce": moves(there.url + "once", 307)
                }.get(request.path, reply(200))
    here = t.server(answer_here)
    given = ["-u", "me:secret-word", "--cookie", "session=very-secret",
             "-H", "X-Api-Key: hidden-key", "-H", "X-Plain: kept",
             "-H", "Idempotency-Key: fixed-key", "-b", '{"a": 1}']
    for path, server in (("same", here), ("other", there), ("bounce", here)):
        run = t.run(here.url + path, "-L", "-n", "1", *given)
        last = server.requests[-1]
        t.equal(run["operations.succeeded"], 1, path)
        t.equal(last.header("X-Plain"), "kept", f"plain header of {path}")
        t.equal(last.header("Idempotency-Key"), "fixed-key", f"key of {path}")
        t.equal(last.body, b'{"a": 1}', f"body of {path}")
        kept = [name for name in SECRETS if last.header(name)]
        t.equal(kept, list(SECRETS[:3]) if path == "same" else [],
                f"what authenticates, {path}")
    host = there.requests[-1].header("Host")
    t.run(here.url + "other", "-L", "-n", "1", "-H", "Host: service.example")
    t.equal([here.requests[-1].header("Host"),
             there.requests[-1].header("Host")], ["service.example", host],
            "Host")


@test("from http to https, and over HTTP/2", limit=60)
def versions(t):
    authority = t.certificates()
    secure = t.nginx(tls=authority, http2=True, locations="""
        location /there { return 200 "there"; }
        location /here { return 308 /there; }""")
    plain = t.server(lambda request: moves(secure.url + "there"))
    ca = ["--cacert", authority.ca]
    run = t.run(plain.url, "-L", "-n", "50", "-c", "2", *ca)
    t.equal(run["operations.succeeded"], 50, "http to https")
    t.equal(run["attempts.redirects"], 50, "hops")
    t.equal(len(plain.requests), 50, "asked first")
    run = t.run(secure.url + "here", "-L", "-n", "50", "-c", "2", "--http",
                "2", *ca)
    t.equal(run["operations.succeeded"], 50, "HTTP/2")
    t.equal(run["attempts.http2_answers"], 100, "answers of HTTP/2")
    run = t.run(secure.url + "here", "-L", "-n", "50", "-c", "2", *ca)
    t.equal(run["operations.succeeded"], 50, "https")
    t.equal(len(secure.log()), 250,
            "nginx counted them all")


@test("a broken way to the other origin is the hop's failure")
def elsewhere_refused(t):
    refusing = t.refusing_port()
    server = t.server(lambda request:
                      moves(f"http://127.0.0.1:{refusing.port}/"))
    run = t.run(server.url, "-L", "-n", "4", "-c", "1", status=1)
    t.equal(run["attempts.by_outcome.connect_refused"], 4, "refused")
    t.equal(run["operations.unanswered"] + run["operations.rejected"], 4,
            "no success")
    t.equal(run["attempts.on_wire"], 4, "hops that were not sent")


@test("a retry begins where its operation began, and a client keeps its key",
      limit=60)
def retries(t):
    answers = [moves("/end", 307), reply(503), moves("/end", 307), reply(201)]
    server = t.server(lambda request: answers[len(server.requests) - 1 if
                      len(server.requests) < 5 else 3])
    run = t.run(server.url + "start", "-L", "-n", "1", "-X", "POST", "-b",
                "{}", "--retries", "1", "--set", 'retry.retry_on=["5xx"]',
                "--set", "idempotency.scope=operation")
    t.equal([r.path for r in server.requests],
            ["/start", "/end", "/start", "/end"], "paths")
    t.equal(len({r.header("Idempotency-Key") for r in server.requests}), 1,
            "one key")
    t.equal([run["attempts.retries"], run["attempts.redirects"]], [1, 2],
            "kinds")
    t.equal(run["operations.succeeded"], 1, "succeeded")


main()
