#!/usr/bin/python3
# Proves: what a client policy puts on the wire and reads off it, from the
# books of the hostile server. Counters of attempts and retries as SDKs send
# them, headers of a profile and who wins, headers that are empty, keys by
# method and place, and answers whose headers decide about a retry.

from harness import *

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
COUNT = 6


def sent(t, path, document, *arguments, method="POST", body="x"):
    """Runs a few operations; the headers of each one's attempts, in order,
    and the report."""
    server = t.hostile()
    document = {"requests": [{"name": "r", "method": method, "path": path,
                              "headers": {"X-Op": "{{op.id}}"}}], **document}
    if body:
        document["requests"][0]["body"] = body
    run = t.run(server.url, "-p", t.profile(document), "-n", COUNT, "-c", "3",
                *arguments)
    by = {}
    for headers in server.headers():
        by.setdefault(headers["x-op"], []).append(headers)
    t.equal(len(by), COUNT, "operations")
    return list(by.values()), run


def retries(count=3, **more):
    return {"max_attempts": count, "retry_on": ["5xx"],
            "backoff": {"type": "none"}, **more}


@test("attempts are counted on the wire as SDKs count them")
def counters(t):
    rows, run = sent(t, "/status/503", {
        "retry": retries(),
        "headers": {"amz-sdk-invocation-id": "{{uuid}}",
                    "amz-sdk-request":
                        "attempt={{attempt}}; max={{max_attempts}}",
                    "x-stainless-retry-count": "{{retry}}",
                    "grpc-previous-rpc-attempts": "{{retry_if_any}}"}})
    t.equal(run["attempts.total"], 3 * COUNT, "attempts")
    for row in rows:
        t.equal([h["amz-sdk-request"] for h in row],
                [f"attempt={n}; max=3" for n in (1, 2, 3)],
                "amz-sdk-request")
        t.equal([h["x-stainless-retry-count"] for h in row],
                ["0", "1", "2"], "x-stainless-retry-count")
        t.equal([h.get("grpc-previous-rpc-attempts") for h in row],
                [None, "1", "2"], "grpc-previous-rpc-attempts")
        t.equal(len({h["amz-sdk-invocation-id"] for h in row}), 1,
                "one id an operation")
        t.match(row[0]["amz-sdk-invocation-id"], f"^{UUID}$", "its form")
    t.equal(len({row[0]["amz-sdk-invocation-id"] for row in rows}), COUNT,
            "ids differ between operations")


@test("placeholders that count are filled in bodies and paths, too")
def counters_elsewhere(t):
    server = t.server(lambda request: reply(503))
    t.run(server.url, "-p", t.profile({
        "retry": retries(),
        "requests": [{"method": "POST", "path": "/{{retry}}/{{attempt}}",
                      "body": "{{retry_if_any}}of{{max_attempts}}"}]}),
        "-n", "1")
    t.equal([(r.path, r.body) for r in server.requests],
            [("/0/1", b"of3"), ("/1/2", b"1of3"), ("/2/3", b"2of3")],
            "attempts")


@test("headers of a profile are sent; the request and -H win")
def profile_headers(t):
    rows, run = sent(t, "/ok", {
        "headers": {"X-Common": "c", "X-OP": "not this",
                    "X-Flag": "not this either", "User-Agent": "sdk/1",
                    "Accept": "", "X-Blank": " ",
                    "Authorization": "Bearer s3cret"}},
        "-H", "x-flag: mine")
    for headers in (h for row in rows for h in row):
        t.equal(headers["x-common"], "c", "of the profile")
        t.equal(headers["x-flag"], "mine", "-H")
        t.check("not this" not in headers["x-op"], "of the request")
        t.equal(headers["user-agent"], "sdk/1", "User-Agent")
        t.equal(headers["authorization"], "Bearer s3cret", "Authorization")
        for name in ("accept", "x-blank"):
            t.check(name not in headers, f"{name} is empty, so not sent")
    t.equal(run["profile.headers.Authorization"], "***", "masked")
    t.absent(json.dumps(run.report), "s3cret", "the report")


@test("a key only with the methods that have one, and with its prefix")
def key_methods(t):
    policy = {
        "retry": retries(),
        "idempotency": {"key": "template", "methods": ["POST"],
                        "template": "stripe-node-retry-{{uuid}}"}}
    rows, _ = sent(t, "/status/503", policy)
    for row in rows:
        t.equal(len({h["idempotency-key"] for h in row}), 1,
                "constant over the attempts")
        t.match(row[0]["idempotency-key"], f"^stripe-node-retry-{UUID}$",
                "form")
    t.equal(len({row[0]["idempotency-key"] for row in rows}), COUNT,
            "keys differ between operations")
    for method, body in (("GET", None), ("DELETE", None), ("PUT", "x")):
        rows, _ = sent(t, "/status/503", policy, method=method, body=body)
        for headers in (h for row in rows for h in row):
            t.check("idempotency-key" not in headers, f"{method}: no key")


@test("what has no key by its method is not idempotent, nor busy")
def key_traits(t):
    for methods, attempts in ((["POST"], 3), (["PUT"], 1)):
        rows, run = sent(t, "/status/503", {
            "idempotency": {"methods": methods},
            "retry": {"max_attempts": 3, "classify": [
                {"when": {"idempotent": True}, "as": "transient"}]}})
        t.equal({len(row) for row in rows}, {attempts}, f"{methods}")
    for methods, outcome in ((["POST"], "busy"), (["PUT"], "rejected")):
        _, run = sent(t, "/status/409", {"idempotency": {"methods": methods}})
        t.equal(run[f"attempts.by_outcome.{outcome}"], COUNT, f"{methods}")


@test("a key in the body is not sent in a header")
def key_in_body(t):
    for scope, keys in (("operation", 1), ("attempt", 3)):
        server = t.server(lambda request: reply(503))
        t.run(server.url, "-p", t.profile({
            "retry": retries(),
            "idempotency": {"in": "body", "scope": scope},
            "requests": [{"body": {"clientToken": "{{key}}"}}]}), "-n", "1")
        t.equal([r.header("Idempotency-Key") for r in server.requests],
                [None] * 3, "no header")
        tokens = [json.loads(r.body)["clientToken"] for r in server.requests]
        for token in tokens:
            t.match(token, f"^{UUID}$", "token")
        t.equal(len(set(tokens)), keys, f"scope {scope}")


@test("a header of the answer decides about a retry, both ways")
def should_retry(t):
    classify = [{"when": {"header": {"Stripe-Should-Retry": "true"}},
                 "as": "transient"},
                {"when": {"header": {"stripe-should-retry": "FALSE"}},
                 "as": "fatal"},
                {"when": {"status": [409, "5xx"]}, "as": "transient"}]
    for path, attempts in (("/with-header/Stripe-Should-Retry/true/400", 3),
                           ("/with-header/STRIPE-SHOULD-RETRY/True/400", 3),
                           ("/with-header/Stripe-Should-Retry/false/503", 1),
                           ("/with-header/Stripe-Should-Retry/maybe/400", 1),
                           ("/with-header/Stripe-Should-Retry/maybe/503", 3),
                           ("/status/503", 3), ("/status/400", 1)):
        rows, _ = sent(t, path, {"retry": {
            "max_attempts": 3, "classify": classify}})
        t.equal({len(row) for row in rows}, {attempts}, path)


@test("every header of a rule must be there, and any value may do")
def several_headers(t):
    both = {"when": {"header": {"X-Retry": "*", "X-Reason": "full"}},
            "as": "transient"}
    for answered, attempts in (([("X-Retry", "whatever"),
                                 ("X-Reason", "Full")], 2),
                               ([("X-Retry", ""), ("x-reason", " full ")], 2),
                               ([("X-Retry", "1")], 1),
                               ([("X-Reason", "full")], 1),
                               ([("X-Retry", "1"), ("X-Reason", "ful")], 1)):
        server = t.server(lambda request, h=answered: reply(503, headers=h))
        t.run(server.url, "-p", t.profile({"retry": {
            "max_attempts": 2, "classify": [both]}}), "-n", "3")
        t.equal(len(server.requests), 3 * attempts, f"{answered}")
    # What an interim answer says is not said of the answer.
    server = t.server(lambda request:
                      b"HTTP/1.1 103 Early Hints\r\nX-Retry: 1\r\n"
                      b"X-Reason: full\r\n\r\n" + reply(503))
    t.run(server.url, "-p", t.profile({"retry": {
        "max_attempts": 2, "classify": [both]}}), "-n", "3")
    t.equal(len(server.requests), 3, "early hints")


@test("gRPC's pushback: nonsense is a retry at once, less than zero is none")
def pushback(t):
    name = "grpc-retry-pushback-ms"
    for value, invalid, attempts in (("x", "immediate", 3), ("-1", "", 1),
                                     ("x", "no_retry", 1), ("20", "", 3)):
        hint = {"headers": [{"name": name, "format": "ms"}],
                "negative": "no_retry"}
        if invalid:
            hint["invalid"] = invalid
        wait = "1h" if value != "-1" else "1ms"
        rows, _ = sent(t, f"/with-header/{name}/{value}/503", {
            "retry": retries(backoff={"type": "constant", "initial": wait},
                             server_hint=hint)})
        t.equal({len(row) for row in rows}, {attempts},
                f"{value} {invalid}")


@test("hints are tried in the order of the profile")
def hint_order(t):
    rows = [{"name": "retry-after-ms", "format": "ms"},
            {"name": "Retry-After", "format": "seconds"}]
    for answered in ([("Retry-After", "3600"), ("Retry-After-Ms", "20")],
                     [("Retry-After-Ms", "20"), ("Retry-After", "3600")],
                     [("Retry-After-Ms", "soon"), ("Retry-After", "0")]):
        server = t.server(lambda request, h=answered: reply(503, headers=h))
        t.run(server.url, "-p", t.profile({"retry": retries(
            2, server_hint={"headers": rows})}), "-n", "2")
        t.equal(len(server.requests), 4, f"{answered}")


main()
