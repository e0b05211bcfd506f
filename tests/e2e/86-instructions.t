#!/usr/bin/python3
# Proves: what squall executes for a request, and its own part of that, stays
# within a budget. callgrind.py says how that is counted. What a worker does ten
# times a second is in it, too: on a slow machine a request takes some more.

from callgrind import *
from harness import *

LIBCURL = "libcurl 7.88."  # whose part the budgets of the whole know


def has_known_libcurl():
    """Other releases may take more, or less."""
    version = subprocess.run([SQUALL, "--version"], stdout=subprocess.PIPE,
                             check=True, text=True).stdout
    return LIBCURL in version.replace("/", " ")


@test("instructions for a request", limit=300)
def within_budget(t):
    if is_sanitized():
        raise Skip("a sanitizer executes instructions of its own")
    if not shutil.which("valgrind"):
        raise Skip("there is no valgrind")
    share_one_core()
    nginx = t.nginx(locations='location / { return 200 "ok\\n"; }')
    post = ("-X", "POST", "-b", '{"id": "{{op.id}}"}', "--retries", "2",
            "--key-kind", "uuid4")
    for what, own_most, most, arguments in (
            ("GET", 9700, 70000, ()),
            ("GET, with everything on", 11600, 78000,
             ("-p", str(ROOT / "tests/bench/everything.json"))),
            ("POST, a body, a key, up to three tries", 12800, 88500,
             post),
            *((("native, GET", 12500, 15500, ("--engine", "native")),
               ("native, POST", 17500, 23000, ("--engine", "native", *post)))
              if has_native() else ())):
        counts = per_request(t, SQUALL, nginx.url, arguments)
        own, whole = counts["squall"], sum(counts.values())
        t.note(f"{what}: own {own:.0f}, with all libraries {whole:.0f}")
        t.between(own, 1000, own_most, f"own instructions for a {what}")
        if has_known_libcurl():
            t.between(whole, own, most, f"instructions for a {what}")


main()
