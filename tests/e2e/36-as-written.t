#!/usr/bin/python3
# Proves: what goes out is what was written. Headers that are given twice are
# sent twice, paths are not folded, methods that perform something say how long
# their body is, and what cannot be sent as written is refused before a byte
# is.

from harness import *


def lines(server, name):
    return [v for r in server.requests for v in r.header_values(name)]


def serve(t):
    return t.keep(t.server(lambda request: reply()))


@test("a header that is given twice is sent twice, everywhere")
def twice(t):
    again = ("-H", "X-F: 1", "-H", "X-G: g", "-H", "x-f: 2")
    document = {"headers": {"X-F": ["a", "b"], "X-H": "h"}}
    for arguments, wanted in (
            (again, ["1", "2"]),
            (("-p", t.profile(document)), ["a", "b"]),
            # The command line stands in for what a profile says.
            (("-p", t.profile(document), *again), ["1", "2"]),
            (("-p", t.profile({"requests": [{"headers": {
                "X-F": ["{{op.seq}}", "b", "c"]}}]}, "own.json")),
             ["0", "b", "c"]),
            (("--set", 'headers.X-F=["p", "q"]'), ["p", "q"]),
            (("--set", 'headers={"X-F": ["p", "q"]}'), ["p", "q"]),
            # Only a list of texts is a list.
            (("--set", "headers.X-F=[1]"), ["[1]"])):
        server = serve(t)
        t.run(server.url, "-n", "1", *arguments)
        t.equal(lines(server, "X-F"), wanted, f"run {arguments}")
    server = serve(t)
    t.squall("audit", server.url, "-X", "POST", "-b", '{"o":"{{op.id}}"}',
             *again, status=None)
    t.equal(server.requests[0].header_values("X-F"), ["1", "2"], "audit")


@test("a replay sends repeated headers of letters and of its own")
def twice_in_replay(t):
    refusing = t.keep(t.server(lambda request: reply(500)))
    letters = t.path("letters")
    t.run(refusing.url, "-n", "1", "-X", "POST", "-H", "X-F: 1", "-H",
          "X-F: 2", "--dead-letters", letters)
    server = serve(t)
    t.squall("replay", letters, server.url)
    t.equal(lines(server, "X-F"), ["1", "2"], "of the letter")
    server = serve(t)
    t.squall("replay", letters, server.url, "-H", "x-f: 3", "-H", "X-F: 4",
             "-H", "X-N: ${env:N}", env={"N": "n"})
    t.equal(lines(server, "X-F"), ["3", "4"], "of the command line")
    t.equal(lines(server, "X-N"), ["n"], "from the environment")
    for line in ("no colon", "Content-Length: 5", "A B: c", "A: b\r\nC: d"):
        run = t.squall("replay", letters, server.url, "-H", line, status=2)
        t.match(run.err, "-H", f"refused: {line!r}")


@test("--resolve adds to the pins of a profile")
def pins_add(t):
    server = serve(t)
    pins = {"target": {"resolve": [f"a.test:{server.port}:127.0.0.1"]}}
    for host in ("a.test", "b.test", "c.test"):
        t.run(f"http://{host}:{server.port}/", "-n", "1", "-p",
              t.profile(pins), "--resolve", f"b.test:{server.port}:127.0.0.1",
              "--resolve", f"c.test:{server.port}:127.0.0.1")
    t.equal(len(server.requests), 3, "requests")


@test("methods that perform something say how long their body is")
def lengths(t):
    for method, wanted in (("POST", ["0"]), ("PUT", ["0"]), ("PATCH", ["0"]),
                           ("GET", []), ("DELETE", []), ("PURGE", [])):
        server = serve(t)
        t.run(server.url, "-n", "1", "-X", method)
        t.equal(lines(server, "Content-Length"), wanted, method)
    for method in ("PUT", "DELETE", "GET", "PURGE"):
        server = serve(t)
        t.run(server.url, "-n", "1", "-X", method, "-b", "abc")
        t.equal([r.body for r in server.requests], [b"abc"], method)


@test("a HEAD request is sent with its body, and waits for none")
def head(t):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    server = t.keep(t.server(lambda request: answer))
    run = t.run(server.url, "-n", "4", "-c", "1", "--set",
                'requests=[{"method":"HEAD","body":"x{{op.seq}}"}]')
    t.equal(run["attempts.by_outcome.ok"], 4, "answered")
    t.equal([(r.method, r.body) for r in server.requests],
            [("HEAD", f"x{n}".encode()) for n in range(4)], "requests")


@test("paths go out as they are written")
def paths(t):
    path = "/a/../b/./c//d/%2e%2E/%41?x=../y"
    server = serve(t)
    url = server.url[:-1]
    t.run(url + path, "-n", "1")
    t.run(url, "-n", "1", "-p", t.profile({"requests": [{"path": path}]}))
    t.squall("audit", url + path, "-X", "POST", "-b", '{"o":"{{op.id}}"}',
             status=None)
    t.equal({r.path for r in server.requests}, {path}, "paths")


@test("a Host of one's own, or none")
def hosts(t):
    for value, wanted in (("a.test", ["a.test"]), ("", [])):
        for command in ("run", "audit"):
            server = serve(t)
            more = ("-n", "1") if command == "run" else ()
            t.squall(command, server.url, "-X", "POST", "-b",
                     '{"o":"{{op.id}}"}', "-H", f"host: {value}", *more,
                     status=None)
            t.equal(server.requests[0].header_values("Host"), wanted,
                    f"{command}, {value!r}")


@test("what cannot be sent as written is refused before the run")
def refusals(t):
    server = serve(t)
    key = ("-X", "POST", "--key-kind", "uuid4", "--key-header")
    for arguments, pattern in (
            (("-X", "head"), 'did you mean "HEAD"'),
            (("-X", "Post"), 'did you mean "POST"'),
            (("-X", "A B"), "not a method"),
            (("-H", "Host: a", "-H", "host: b"), "one Host"),
            (("-H", "Secret value"), "not Name: value"),
            (("-H", "A B: c"), "header name"),
            (("-H", "Connection: close"), "itself"),
            (("-H", "X: a\nb"), "control character"),
            (("-H", "X: a\x01b"), "control character"),
            (("--set", "requests[0].path=/{{key}}", "--key-kind", "template",
              "--set", "idempotency.template=a {{op.id}}"), "no URL has"),
            (("--set", "idempotency.template=a\tb{{op.id}}\x01", "--key-kind",
              "template"), "control characters"),
            ((*key, "X Y:\nZ"), "header name"),
            ((*key, "Connection"), "cannot carry a key"),
            ((*key, "content-length"), "cannot carry a key"),
            ((*key, "TE"), "cannot carry a key"),
            ((*key, "Host"), "cannot carry a key")):
        run = t.squall("run", server.url, "-n", "1", *arguments, status=2)
        t.match(run.err, pattern, f"{arguments}")
    t.absent(run.err, "value", "what was refused is not shown")
    t.equal(len(server.requests), 0, "requests")


main()
