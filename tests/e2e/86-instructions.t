#!/usr/bin/python3
# Proves: what squall's own code executes for a request stays within a budget.
# callgrind counts instructions, so that neither a slow machine nor a busy one
# moves the figure much; those of libcurl and of the C library are counted
# apart, since they are not ours to spend. Only the load is counted, and not
# the report, whose length depends on what was measured. Two runs that differ only in the
# number of operations cancel what does not grow with them.

from harness import *

FEW, MANY = 1000, 3000


def instructions(path):
    """Instructions by program or library, from a file of callgrind's."""
    names, counts = {}, {}
    current, of_a_call = None, False
    for line in path.read_text().splitlines():
        kind, _, value = line.partition("=")
        if kind in ("ob", "cob"):
            number, _, name = value.partition(" ")
            names.setdefault(number, name)
            current = names[number] if kind == "ob" else current
        elif kind == "calls":
            of_a_call = True  # the next line is what the callee took
        elif line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            if not of_a_call:
                counts[current] = counts.get(current, 0) + int(line.split()[1])
            of_a_call = False
    return counts


def per_request(t, url, *arguments):
    """Own and all instructions for one more request."""
    both = []
    for n in (FEW, MANY):
        out = t.path(f"callgrind.{len(arguments)}.{n}")
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
             "--toggle-collect=worker_run", SQUALL, "run", url, "-n", str(n), "-c", "1", "--json",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            check=False)
        if done.returncode:
            raise Failed(done.stderr.decode())
        report = json.loads(done.stdout)
        t.equal(report["operations"]["succeeded"], n, "all succeeded")
        counts = instructions(out)
        own = sum(count for name, count in counts.items()
                  if name and name.endswith("/squall"))
        both.append((own, sum(counts.values())))
    return [(many - few) / (MANY - FEW) for few, many in zip(*both)]


@test("squall's own instructions for a request", limit=120)
def within_budget(t):
    if is_sanitized():
        raise Skip("a sanitizer executes instructions of its own")
    if not shutil.which("valgrind"):
        raise Skip("there is no valgrind")
    nginx = t.nginx(locations='location / { return 200 "ok\\n"; }')
    for what, budget, arguments in (
            ("GET", 10500, ()),
            ("POST, a body, a key, up to three tries", 14500,
             ("-X", "POST", "-b", '{"id": "{{op.id}}"}', "--retries", "2",
              "--key-kind", "uuid4"))):
        own, whole = per_request(t, nginx.url + "/", *arguments)
        t.note(f"{what}: own {own:.0f}, with all libraries {whole:.0f}")
        t.between(own, 1000, budget, f"instructions for a {what}")


main()
