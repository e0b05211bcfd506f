"""What squall executes for one more request, in instructions.

callgrind counts them, so that neither a slow machine nor a busy one moves the
figure. Only the load is counted (worker_run), and not the start or the report.
Of two runs that differ only in the number of operations, the difference is
what more operations take.

Whether an answer is there when squall first looks, or it must be woken for it,
costs a few thousand instructions: the server is held to the core of squall,
where it answers only while squall waits.
"""

import json
import os
import subprocess

from harness import Failed

FEW, MANY = 500, 2000
COUNTED = "worker_run"


def share_one_core():
    """Holds this process, and what it starts from now on, to one core, where
    none takes it from another that has not done with it."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def read_counts(path):
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


def count(program, url, operations, arguments, out):
    """Those of one run, by program or library."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
         f"--toggle-collect={COUNTED}", program, "run", url,
         "-n", str(operations), "-c", "1", "--json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failed(done.stderr.decode())
    if json.loads(done.stdout)["operations"]["started"] != operations:
        raise Failed(f"{program} did not start {operations} operations")
    counts = read_counts(out)
    if not counts:
        raise Failed(f"{program} has no function {COUNTED} of its own")
    return counts


def per_request(t, program, url, arguments=()):
    """Instructions for one more request, by file name: squall's own under
    "squall", whatever the program is called."""
    program = os.path.realpath(program)
    few, many = (count(program, url, n, arguments, t.path(f"callgrind.{n}"))
                 for n in (FEW, MANY))
    by_name = {}
    for path in many:
        name = "squall" if path == program else os.path.basename(path or "")
        more = (many[path] - few.get(path, 0)) / (MANY - FEW)
        by_name[name] = by_name.get(name, 0) + more
    return by_name
