#!/usr/bin/python3
# Proves: what other tools know of requests becomes a profile that squall
# accepts and that sends what they say: method, path, headers and body, and of
# a log the times. Secrets are nowhere in it and come from the environment;
# what is not carried over is said with its place.

import base64
import gzip

from harness import *

SECRET = "s3cr3t-value-1"


def imported(t, form, *words, env=None, name="profile.json", status=0,
             options=()):
    """The profile of an import, checked, and what was said of it."""
    path = t.path(name)
    run = t.squall("import", "-o", path, *options, form, *words,
                   status=status)
    if status != 0:
        return None, run.err
    text = path.read_text()
    t.absent(text, re.escape(SECRET), f"{form}: no secret in the profile")
    t.absent(run.err, re.escape(SECRET), f"{form}: nor in what is said")
    check = t.squall("profile", "check", path, env=env or {})
    t.match(check.out, "ok", f"{form}: profile check")
    return path, run.err


def sent(t, path, count, env=None, more=()):
    """What a run of the profile sends, each request once a line."""
    requests = path.requests
    del requests[:]
    t.run("-p", path.profile, "-n", str(count), "-c", "1", *more,
          env=env or {})
    return requests


class Case:
    """A server that keeps what it was sent, and a profile for it."""

    def __init__(self, t):
        self.requests = []
        self.profile = None
        self.server = t.server(self.answer)
        self.url = self.server.url.rstrip("/")

    def answer(self, request):
        self.requests.append(request)
        return reply(200)


def check_request(t, request, what, method, path, headers=(), body=b""):
    t.equal((request.method, request.path, request.body),
            (method, path, body), what)
    for name, value in headers:
        t.equal(request.header(name), value, f"{what}: {name}")


@test("three commands of curl")
def curl(t):
    case = Case(t)
    env = {"API_KEY": SECRET, "TOKEN": "from-the-shell", "PASSWORD": "pw 1"}
    # As a browser copies it.
    copied = (f"curl '{case.url}/api/items?sort=asc&api_key={SECRET}' \\\n"
              "  -H 'accept: application/json' \\\n"
              "  -H 'content-type: application/json' \\\n"
              "  --data-raw $'{\"name\":\"it\\'s {{one}}\"}' \\\n"
              "  --compressed")
    # As documentation has it.
    written = (f'curl -X PATCH {case.url}/v1/carts/7 '
               '-H "Authorization: Bearer $TOKEN" '
               '-d "quantity=2" -d note=hello -sS | jq .id')
    for command, method, path, headers, body in (
            (copied, "POST", f"/api/items?sort=asc&api_key={SECRET}",
             [("Accept", "application/json"),
              ("Content-Type", "application/json")],
             b'{"name":"it\'s {{one}}"}'),
            (written, "PATCH", "/v1/carts/7",
             [("Authorization", "Bearer from-the-shell"),
              ("Content-Type", "application/x-www-form-urlencoded")],
             b"quantity=2&note=hello")):
        case.profile, said = imported(t, "curl", command, env=env)
        [request] = sent(t, case, 1, env)
        check_request(t, request, command, method, path, headers, body)
    t.match(said, r"the end: .*jq", "what follows the command")
    t.match(said, "set TOKEN before the run", "the variable")
    # In words, which squall does not take for its own.
    path = t.path("words.json")
    t.squall("import", "-q", "-o", path, "curl", "--", "curl", "-u",
             "bob:pw 1", "-G", "-d", "q=a", "--data-urlencode", "r=b c", "-A",
             "me", case.url + "/find")
    case.profile = path
    [request] = sent(t, case, 1, env)
    check_request(t, request, "words", "GET", "/find?q=a&r=b%20c",
                  [("User-Agent", "me"), ("Authorization", "Basic " +
                    base64.b64encode(b"bob:pw 1").decode())])


def entry(url, method="GET", headers=(), at="2026-11-01T09:00:00.000Z",
          status=200, **data):
    request = {"method": method, "url": url, "httpVersion": "HTTP/1.1",
               "headers": [{"name": n, "value": v} for n, v in headers],
               "cookies": [], "queryString": []}
    if data:
        request["postData"] = data
    return {"startedDateTime": at, "time": 10, "request": request,
            "response": {"status": status}}


def har(*entries, pages=()):
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"},
                               "pages": list(pages),
                               "entries": list(entries)}})


@test("three HAR files")
def har_files(t):
    case = Case(t)
    env = {"COOKIE": f"sid={SECRET}; theme=dark", "PASSWORD": SECRET}
    # A browser's: HTTP/2 names, a page, another origin.
    browser = har(
        entry(case.url + "/", headers=[(":method", "GET"), (":path", "/"),
                                       ("accept", "text/html"),
                                       ("cookie", env["COOKIE"])]),
        entry("https://cdn.example/app.js"),
        pages=[{"id": "page_1", "title": "Shop"}])
    case.profile, said = imported(
        t, "har", t.write("browser.har", browser), env=env)
    t.match(said, r"log\.entries\[1\]: left out", "another origin")
    t.match(said, r"log\.pages", "pages")
    t.match(said, "--arrivals", "times")
    [request] = sent(t, case, 1, env)
    check_request(t, request, "browser", "GET", "/",
                  [("Accept", "text/html"), ("Cookie", env["COOKIE"])])
    # A proxy's: bodies as text and in base64.
    text = '{"user":"bob","password":"%s"}' % SECRET
    proxy = har(
        entry(case.url + "/login", "POST", [("Content-Type",
              "application/json")], mimeType="application/json", text=text),
        entry(case.url + "/save", "PUT", mimeType="text/plain",
              text=base64.b64encode(b"line 1\r\nline 2").decode(),
              encoding="base64"))
    case.profile, _ = imported(t, "har", t.write("proxy.har", proxy), env=env)
    got = {r.path: r for r in sent(t, case, 40, env)}
    check_request(t, got["/login"], "login", "POST", "/login",
                  [("Content-Type", "application/json")], text.encode())
    check_request(t, got["/save"], "save", "PUT", "/save",
                  [("Content-Type", "text/plain")], b"line 1\r\nline 2")
    # One with its times.
    timed = har(entry(case.url + "/b", at="2026-11-01T10:00:00.400+01:00"),
                entry(case.url + "/a", at="2026-11-01T09:00:00.100Z"),
                entry(case.url + "/c", at="2026-11-01T09:00:00.500Z",
                      status=304))
    case.profile, _ = imported(t, "har", t.write("timed.har", timed),
                               options=("--arrivals", t.path("t.arrivals")))
    del case.requests[:]
    t.run("-p", case.profile)
    t.equal([r.path for r in case.requests], ["/a", "/b", "/c"], "order")
    check_gaps(t, case.requests, [0, 0.3, 0.4])


def check_gaps(t, requests, wanted):
    """When they came, after the first. The client's own lateness is in it."""
    first = requests[0].at
    for request, at in zip(requests, wanted):
        t.near(request.at - first, at, 0.15, f"{request.path} at")


SHOP = """\
openapi: 3.0.3
info: {title: Shop, version: '1'}
servers:
  - url: %s/{stage}
    variables: {stage: {default: v2}}
security:
  - token: []
paths:
  /orders:
    post:
      operationId: placeOrder
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Order'}
      responses: {'201': {description: done}}
components:
  securitySchemes:
    token: {type: http, scheme: bearer}
  schemas:
    Order:
      type: object
      properties:
        id: {type: integer, readOnly: true}
        item: {type: string, example: tea}
        count: {type: integer, minimum: 2}
"""


@test("three OpenAPI documents")
def openapi(t):
    case = Case(t)
    env = {"TOKEN": SECRET, "KEY": "k"}
    case.profile, said = imported(
        t, "openapi", t.write("shop.yaml", SHOP % case.url), env=env)
    t.match(said, "set TOKEN before the run", "the token")
    [request] = sent(t, case, 1, env)
    check_request(t, request, "yaml", "POST", "/v2/orders",
                  [("Authorization", "Bearer " + SECRET),
                   ("Content-Type", "application/json")],
                  b'{"item":"tea","count":2}')
    # JSON, with parameters of all kinds.
    document = {
        "openapi": "3.1.0", "info": {"title": "x", "version": "1"},
        "servers": [{"url": case.url}],
        "paths": {"/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True,
                            "schema": {"type": "string", "example": "a b"}}],
            "get": {"parameters": [
                {"name": "tag", "in": "query", "required": True,
                 "schema": {"type": "array", "items": {"enum": ["x", "y"]}}},
                {"name": "X-Trace", "in": "header", "required": True,
                 "example": "on"},
                {"name": "page", "in": "query",
                 "schema": {"type": "integer"}}],
                "security": [{"key": []}],
                "responses": {"200": {"description": "a pet"}}}}},
        "components": {"securitySchemes": {
            "key": {"type": "apiKey", "in": "query", "name": "key"}}}}
    case.profile, _ = imported(
        t, "openapi", t.write("pets.json", json.dumps(document)), env=env)
    [request] = sent(t, case, 1, env)
    check_request(t, request, "json", "GET", "/pets/a%20b?tag=x&key=k",
                  [("X-Trace", "on")])
    # Without a server; a body that no example makes.
    document = {
        "openapi": "3.0.0", "paths": {
            "/health": {"get": {"responses": {}}},
            "/image": {"put": {"requestBody": {"content": {
                "image/png": {"schema": {"type": "string",
                                         "format": "binary"}}}}}}}}
    case.profile, said = imported(
        t, "openapi", t.write("bare.json", json.dumps(document)))
    t.match(said, r"paths\./image\.put: left out", "no body")
    t.match(said, "it names no host", "no server")
    [request] = sent(t, case, 1, more=[case.url])
    check_request(t, request, "bare", "GET", "/health")


COMMON = """\
192.0.2.1 - - [12/Nov/2026:06:25:24 +0100] "GET /shop HTTP/1.1" 200 5120
192.0.2.9 - - [12/Nov/2026:06:25:24 +0100] "GET /shop/cart?n=1 HTTP/1.1" 200 12
- what is this
192.0.2.1 - bob [12/Nov/2026:05:25:26 +0000] "DELETE /shop/cart HTTP/1.1" 204 -
"""
COMBINED = """\
::1 - - [12/Nov/2026:23:59:59 +0000] "GET /a HTTP/2.0" 200 1 "-" "Mozilla/5.0"
::1 - - [13/Nov/2026:00:00:00 +0000] "GET /b HTTP/2.0" 304 0 "http://h/a" "x"
::1 - - [13/Nov/2026:00:00:01 +0000] "\\x16\\x03\\x01" 400 157 "-" "-"
"""
LINES = "".join(json.dumps(line) + "\n" for line in (
    {"time": "2026-11-12T06:25:24.100Z", "method": "GET", "uri": "/x?y=z",
     "status": 200, "request_time": 0.01},
    {"time": "2026-11-12T06:25:24.350Z", "method": "GET",
     "uri": f"/x?token={SECRET}", "status": 200},
    {"time": "2026-11-12T06:25:24.900Z", "method": "GET", "uri": "/x?y=z",
     "status": 301}))


@test("three access logs, their gaps kept")
def logs(t):
    case = Case(t)
    env = {"TOKEN": SECRET}
    rows = (
        (t.write("common.log", COMMON), [
            ("GET", "/shop", 0), ("GET", "/shop/cart?n=1", 0.5),
            ("DELETE", "/shop/cart", 2)], r"common\.log:3: left out"),
        (t.write("combined.log", COMBINED), [
            ("GET", "/a", 0), ("GET", "/b", 1)],
         r"combined\.log:3: left out"),
        (t.write("lines.log", LINES), [
            ("GET", "/x?y=z", 0), ("GET", f"/x?token={SECRET}", 0.25),
            ("GET", "/x?y=z", 0.8)], "set TOKEN before the run"))
    for file, wanted, says in rows:
        case.profile, said = imported(t, "log", file, env=env,
                                      name=f"{file.stem}.json")
        t.match(said, says, f"{file.name}: what is said")
        for speed in (1, 4):
            del case.requests[:]
            t.run("-p", case.profile, case.url, "--speed", str(speed),
                  env=env)
            t.equal([(r.method, r.path) for r in case.requests],
                    [(method, path) for method, path, _ in wanted],
                    f"{file.name}: requests")
            check_gaps(t, case.requests, [at / speed for *_, at in wanted])


@test("a log that is compressed, and one without a file for its times")
def log_files(t):
    packed = t.path("old.log.gz")
    packed.write_bytes(gzip.compress(COMBINED.encode()))
    imported(t, "log", packed)
    times = t.path("profile.arrivals").read_text().splitlines()
    t.equal(times[1:], ["0.000000000 GET /a", "1.000000000 GET /b"], "times")
    plain = t.write("plain.log", COMBINED)
    run = t.squall("import", "log", plain, status=2)
    t.match(run.err, "--arrivals FILE", "the remedy")
    t.equal(run.out, "", "no half profile")
    run = t.squall("import", "log", plain, "--arrivals", t.path("b.arrivals"),
                   "--speed", "2")
    arrivals = json.loads(run.out)["load"]["arrivals"]
    t.equal(arrivals, {"file": str(t.path("b.arrivals")), "speed": 2},
            "the profile names the file from anywhere")


@test("three files of vegeta's targets")
def vegeta(t):
    case = Case(t)
    env = {"AUTHORIZATION": SECRET}
    body = t.write("body.bin", "raw {{body}}\n")
    plain = (f"# the shop\nGET {case.url}/items\n"
             f"Authorization: Bearer {SECRET}\nX-A: 1\nX-A: 2\n")
    case.profile, _ = imported(t, "vegeta", t.write("a.txt", plain), env=env)
    [request] = sent(t, case, 1, env)
    check_request(t, request, "http", "GET", "/items",
                  [("Authorization", "Bearer " + SECRET)])
    t.equal(request.header_values("X-A"), ["1", "2"], "both values")
    with_body = f"PUT {case.url}/up\nContent-Type: text/x\n@{body}\n"
    case.profile, said = imported(t, "vegeta", t.write("b.txt", with_body))
    t.match(said, r"b\.txt:1: .*body\.bin", "the file")
    [request] = sent(t, case, 1)
    check_request(t, request, "body", "PUT", "/up",
                  [("Content-Type", "text/x")], b"raw {{body}}\n")
    lines = "".join(json.dumps(one) + "\n" for one in (
        {"method": "POST", "url": case.url + "/j",
         "body": base64.b64encode(b'{"a":[1]}').decode(),
         "header": {"Content-Type": ["application/json"]}},
        {"method": "POST"}))
    case.profile, said = imported(t, "vegeta", t.write("c.json", lines))
    t.match(said, r"c\.json:2: left out", "no URL")
    [request] = sent(t, case, 1)
    check_request(t, request, "json", "POST", "/j",
                  [("Content-Type", "application/json")], b'{"a":[1]}')


@test("a URL is a beginning")
def url(t):
    case = Case(t)
    case.profile, _ = imported(t, "url", case.url + "/a?b=c")
    run = t.run("-p", case.profile, "--set", "load.warmup=0s", "--set",
                'load.stages=[{"for": "300ms", "rate": "100/s"}]')
    t.check(run["operations.succeeded"] > 5, "it runs")
    t.equal({(r.method, r.path) for r in case.requests}, {("GET", "/a?b=c")},
            "what is sent")
    t.equal(len(run["slo"]), 3, "objectives")


@test("what cannot be imported says where and what to do")
def refused(t):
    rows = (
        (("curl", "curl 'http://h"), "not closed"),
        (("curl", "curl --nothing http://h"), "no option of curl"),
        (("har", t.write("x.har", "{}")), r"x\.har: .*log\.entries"),
        (("har", t.write("y.har", '{"log":\n {')), r"y\.har:2:"),
        (("har", t.path("none.har")), "cannot read"),
        (("openapi", t.write("o.yaml", "a: 1\nb: [\n")), r"o\.yaml:3:"),
        (("openapi", t.write("s.json", '{"swagger": "2.0"}')), "Swagger 2"),
        (("vegeta", t.write("v.txt", "")), "no request"),
        (("hra", "x"), "did you mean har"),
        (("har",), "needs a source"),
        ((), "needs a format"))
    for words, says in rows:
        run = t.squall("import", *words, status=2)
        t.match(run.err, says, f"{words}")
        t.equal(run.out, "", f"{words}: nothing is written")


main()
