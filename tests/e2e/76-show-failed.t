#!/usr/bin/python3
# Proves: --show-failed N prints what both sides said in the first N attempts
# that failed, and in no other: to standard error, as it went over the
# connection, with secrets masked, control characters escaped and long bodies
# cut; from several threads in the order of time; over HTTP/1.1 and HTTP/2.

from harness import *


def exchanges(text):
    """Each printed exchange, as its lines."""
    return [part.splitlines() for part in
            re.split(r"^\* \+", text, flags=re.M)[1:]]


@test("what was said is shown as it was said")
def shown(t):
    bodies = [b'{"error": "no \x1b[31mred"}', b"x" * 5000, b"fine"]
    count = [0]

    def answer(request):
        count[0] += 1
        n = min(count[0], 3)
        return reply((503, 500, 200)[n - 1], bodies[n - 1],
                     [("Content-Type", "text/plain"), ("Set-Cookie", "a=b")])
    server = t.server(answer)
    done = t.squall("run", server.url + "orders?token=query-secret", "-n", "5",
                    "-c", "1", "-b", '{"card": 5, "password": "hunter22"}',
                    "-u", "me:very-secret", "--show-failed", "9", "-q",
                    status=0)
    said = exchanges(done.err)
    t.equal(len(said), 2, "only those that failed")
    first = said[0]
    t.match(first[0], r"operation 0, attempt 1 \(first\): server_error", "who")
    for line in ("> Content-Type: application/json", "> Authorization: ***",
                 '> {"card": 5, "password": "********"}',
                 "< HTTP/1.1 503 Service Unavailable",
                 "< Content-Type: text/plain",
                 '< {"error": "no \\x1b[31mred"}'):
        t.check(line in first, f"{line!r} is in {first}")
    for secret in ("hunter22", "very-secret", "query-secret", "\x1b"):
        t.absent(done.err, secret, "masked and escaped")
    t.check("< " + "x" * 4096 in said[1], "the start of a long body")
    t.match(said[1][-1], "more than 4096", "which is cut")
    t.absent(done.out, "HTTP/1.1 503", "standard output")


@test("the first N in the order of time, whoever sent them")
def bounded(t):
    server = t.server(lambda request: reply(500, b"no"))
    done = t.squall("run", server.url, "-n", "200", "-c", "8", "-t", "2",
                    "--show-failed", "30", "-q", status=1)
    said = exchanges(done.err)
    times = [float(lines[0].split()[0]) for lines in said]
    t.equal(len(said), 30, "bounded")
    t.equal(times, sorted(times), "in order")
    t.absent(t.squall("run", server.url, "-n", "2", "-q", status=1).err,
             "^[<>*] ", "nothing without being asked")


@test("over HTTP/2, and where no answer came", limit=60)
def versions(t):
    authority = t.certificates()
    # By itself nginx would answer when it has the headers, and a body that
    # nobody waits for is not always sent.
    busy = t.server(lambda request: reply(503, b"busy\n"))
    for version, sent, got in (
            ("2", "HTTP/2", "HTTP/2 503"),
            ("1.1", "HTTP/1.1", "HTTP/1.1 503 Service Unavailable")):
        nginx = t.nginx(tls=authority, http2=version == "2",
                        name=f"nginx{version}",
                        locations=f"location / {{ proxy_pass {busy.url}; }}")
        done = t.squall("run", nginx.url + "a", "--http", version, "--cacert",
                        authority.ca, "-n", "3", "-b", "x=1", "--show-failed",
                        "1", "-q", status=1)
        said = [line.strip() for line in exchanges(done.err)[0]]
        for line in (f"> POST /a {sent}", "> x=1", f"< {got}", "< busy"):
            t.check(line in said, f"{line!r} is in {said}")
    silent = t.server(lambda request: [])
    done = t.squall("run", silent.url, "-n", "1", "--timeout", "200ms",
                    "--show-failed", "1", "-q", status=1)
    t.match(done.err, "no answer came", "a timeout")
    done = t.squall("run", silent.url, "--show-failed", "1001", status=2)
    t.match(done.err, "more than 1000", "too many")


main()
