#!/usr/bin/python3
# Proves: after the warm-up squall's own code allocates nothing for a request.
# A preloaded library counts allocations by the caller's address: the squall
# program, or a library (libcurl allocates for every transfer, and is counted
# apart). Two runs that differ only in the number of operations, with
# templates, keys, retries, jitter, faults, rules about headers, answers that
# are looked into and the logs of effects in use, must ask for the same number of allocations. What does not grow
# with requests may differ by a few: the report's text is a little longer.

from harness import *

FEW = 12


def allocations(t, library, url, profile, n, *arguments):
    out = t.path(f"allocations{n}{len(arguments)}")
    # Without the text for people: how many lines it has depends on what was
    # measured.
    t.run(url, "-p", profile, "-n", str(n), "--seed", "3", "--json", *arguments,
          env={"LD_PRELOAD": str(library), "ALLOCATIONS_OUT": str(out)})
    return {k: int(v) for k, v in
            (line.split() for line in out.read_text().splitlines())}


@test("no allocation per request by squall's own code", limit=60)
def no_allocation(t):
    if is_sanitized():
        raise Skip("a sanitizer brings its own allocator")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise Skip("there is no compiler")
    library = t.path("allocations.so")
    done = subprocess.run(
        [compiler, "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", library,
         ROOT / "tests" / "e2e" / "allocations.c"],
        stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failed(done.stderr.decode())

    nginx = t.nginx(locations="""
        location /ok { return 200 '{"state": "done"}'; }
        location /made { return 201 '{"list": [{}], "id": "$request_id"}'; }
        location /fail { add_header X-Retry yes always;
                         return 503 "no\\n"; }
        location /ledger { return 200 ""; }""")
    profile = t.profile({
        "headers": {"X-Request": "attempt={{attempt}}; max={{max_attempts}}",
                    "X-Previous": "{{retry_if_any}}", "X-Retry": "{{retry}}"},
        "idempotency": {"effect_id": "/id", "scope": "operation", "key": "uuid4",
                        "methods": ["POST"]},
        "retry": {"max_attempts": 3, "retry_on": ["5xx", "reset"],
                  "classify": [{"when": {"header": {"X-Retry": "Yes",
                                                    "Server": "*"}},
                                "as": "throttle"}],
                  "backoff": {"type": "exponential", "initial": "1ms",
                              "max": "4ms", "jitter": "full"}},
        "faults": [{"kind": "lost_request", "ratio": .1, "as": "reset"},
                   {"kind": "lost_response", "ratio": .02, "as": "reset"}],
        "requests": [
            {"name": "made", "path": "/made", "method": "POST",
             "body": '{"id": "{{op.id}}"}'},
            {"name": "ok", "weight": 3, "path": "/ok?{{rand:1:99}}",
             "expect": {"json": {"/state": "done"}},
             "headers": {"X-Op": "{{op.id}}", "X-Uuid": "{{uuid}}"}},
            {"name": "fail", "weight": 1, "path": "/fail", "method": "POST",
             "body": '{"id": "{{op.id}}", "key": "{{key}}"}'}]})
    native = [("--engine", "native", "-c", "8")] if has_native() else []
    for arguments in (*native, ("-c", "8"), ("-c", "8", "--ledger", "/ledger",
                                  "--ledger-key", "{{op.id}}"),
                      ("-c", "8", "-r", "20000/s"),
                      ("-c", "8", "--traceparent", "--sample", "0",
                       "--events", "/dev/null")):
        small = allocations(t, library, nginx.url, profile, 4000, *arguments)
        large = allocations(t, library, nginx.url, profile, 8000, *arguments)
        t.note(f"{' '.join(arguments)}: own {small['own']} and "
               f"{large['own']}, libraries {small['other']} and "
               f"{large['other']}")
        t.check(small["own"] > 0, "the counter sees squall's allocations")
        if "native" in arguments:
            # What reports take differs by some; libcurl has 50 a request.
            t.check(large["other"] < small["other"] + 2 * 4000,
                    "the native engine's libraries allocate none for each")
        else:
            t.check(large["other"] > small["other"] + 4000,
                    "and sees libcurl's, which grow with the requests")
        t.between(large["own"] - small["own"], -FEW, FEW,
                  f"own allocations for 4000 more operations {arguments}")


main()
