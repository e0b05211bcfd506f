#!/usr/bin/python3
# Proves: bodies are what they say. JSON is sent as application/json from the
# command line, a file, standard input and a profile, so that the README's own
# commands work against a service that takes nothing else; a form is a form,
# with files as multipart/form-data; no body has no Content-Type; a header
# always says otherwise.

from documents import *

import email
import email.policy


def takes_json_only(request):
    """A service as the frameworks make them: 415 for what is not JSON."""
    if request.method in ("GET", "HEAD"):
        return reply(200, b"{}", [("Content-Type", "application/json")])
    if request.header("Content-Type") != "application/json":
        return reply(415, b'{"error": "JSON only"}')
    try:
        json.loads(request.body)
    except ValueError:
        return reply(400, b'{"error": "not JSON"}')
    return reply(201, b'{"id": 1}', [("Content-Type", "application/json")])


def sent(t, server, *arguments, **options):
    before = len(server.requests)
    t.run(server.url + "orders", "-n", "1", *arguments, **options)
    t.equal(len(server.requests), before + 1, "requests")
    return server.requests[-1]


@test("what is JSON is sent as JSON", limit=60)
def json_bodies(t):
    server = t.server(takes_json_only)
    path = t.write("order.json", '{"order": "{{op.id}}"}\n')
    in_profile = t.profile({"requests": [
        {"method": "PATCH", "body": {"order": ["{{op.id}}", 5]}}]})
    for arguments in (("-b", '{"order": "{{op.id}}", "n": {{rand:1:9}}}'),
                      ("-b", "[1, 2]"), ("-b", f"@{path}"),
                      ("--json", '{"a": 1}'), ("--json", f"@{path}"),
                      ("--json={}",), ("-p", in_profile),
                      ("-X", "PUT", "-b", "7")):
        request = sent(t, server, *arguments)
        t.equal(request.header_values("Content-Type"), ["application/json"],
                f"type of {arguments}")
        json.loads(request.body)
    t.equal(sent(t, server, "--json", "{}").header("Accept"),
            "application/json", "what --json asks for")


@test("the README's commands work against a service that takes JSON only",
      limit=120)
def readme_commands_send_json(t):
    server = t.server(takes_json_only)
    url = server.url.rstrip("/")
    count = 0
    for command in readme_commands():
        words = shlex.split(command, comments=True)
        # "run" may be left out before a URL.
        if words[:2] == ["./squall", "run"]:
            del words[1]
        if words[:2] != ["./squall", "http://localhost:8080/orders"] or \
                not {"-b", "--json"} & set(words):
            continue
        # Its ledger and its profiles are other tests'; how long is, too.
        kept = [url + "/orders", "-n", "3", "-q"]
        for flag in ("-b", "-X", "-H", "-F", "--json"):
            for i, word in enumerate(words):
                if word == flag:
                    kept += [flag, words[i + 1]]
        count += 1
        done = t.squall(*kept, "--slo", "success_rate == 100%")
        t.match(done.out, "PASS|pass", f"verdict of {command}")
    t.check(count >= 4, f"{count} commands send orders")
    t.equal({r.header("Content-Type") for r in server.requests},
            {"application/json"}, "types")


@test("forms are urlencoded, and with files multipart")
def forms(t):
    server = t.server(lambda request: reply(201))
    request = sent(t, server, "-F", "a=1", "-F", "b=x y&z", "-F", "a={{op.seq}}")
    t.equal(request.method, "POST", "method")
    t.equal(request.header("Content-Type"),
            "application/x-www-form-urlencoded", "type")
    t.equal(request.body, b"a=1&b=x+y%26z&a=0", "fields")
    content = bytes(range(256)) + b"{{op.seq}} {{{{{"
    (path := t.path("a file.bin")).write_bytes(content)
    request = sent(t, server, "-F", "a=1", "-F", f"f=@{path};type=image/png")
    message = email.message_from_bytes(
        b"Content-Type: " + request.header("Content-Type").encode() +
        b"\r\n\r\n" + request.body, policy=email.policy.HTTP)
    parts = list(message.iter_parts())
    t.equal([p.get_param("name", header="content-disposition")
             for p in parts], ["a", "f"], "names")
    t.equal(parts[0].get_payload(decode=True).strip(), b"1", "field")
    t.equal(parts[1].get_filename(), "a file.bin", "name of the file")
    t.equal(parts[1].get_content_type(), "image/png", "type of the file")
    t.equal(parts[1].get_payload(decode=True), content, "the file's bytes")


@test("no body has no Content-Type, and a header says otherwise")
def headers(t):
    server = t.server(lambda request: reply(200))
    for method in ("GET", "POST", "PUT", "DELETE"):
        t.equal(sent(t, server, "-X", method).header("Content-Type"), None,
                f"type of {method}")
    request = sent(t, server, "-b", "{}", "-H", "content-TYPE: text/csv")
    t.equal(request.header_values("Content-Type"), ["text/csv"], "given")
    request = sent(t, server, "-b", "{}", "-H", "Content-Type:")
    t.equal(request.header("Content-Type"), None, "taken away")
    request = sent(t, server, "-b", "a=1&b=2")
    t.equal(request.header("Content-Type"),
            "application/x-www-form-urlencoded", "as curl sends it")


@test("what begins as JSON and is none is said before it is sent as text")
def broken_json(t):
    server = t.server(lambda request: reply(200))
    for arguments, said in ((("-b", '{"a": 1'), True),
                            (("-b", "{a: 1}"), True),
                            (("-b", '[1, {{op.id}}]'), True),
                            (("-b", '{"a": "{{op.id}}"}'), False),
                            (("-b", "{{op.id}}"), False),
                            (("-b", "a text"), False),
                            (("-b", "{a: 1}", "-H", "Content-Type: text/x"),
                             False)):
        done = t.squall(server.url + "orders", "-n", "1", *arguments)
        t.equal("is not JSON, so it is sent as text/plain" in done.err, said,
                f"said of {arguments}")
        t.equal(server.requests[-1].header("Content-Type") ==
                "text/plain; charset=utf-8", said or arguments[1] in
                ("{{op.id}}", "a text"), f"type of {arguments}")


@test("a body comes from standard input")
def standard_input(t):
    server = t.server(takes_json_only)
    read_end, write_end = os.pipe()
    os.write(write_end, b'{"from": "a pipe"}')
    os.close(write_end)
    request = sent(t, server, "-b", "@-", stdin=read_end)
    os.close(read_end)
    t.equal(request.body, b'{"from": "a pipe"}', "body")


main()
