#!/usr/bin/python3
# Proves: what squall says of its distributions, others read from its histogram
# log: HdrHistogram itself (Java) and hdr-histogram-js find the counts and
# percentiles of the JSON report, in the whole run and, summed up, in its
# intervals.

from harness import *
from real_clients import CLIENTS, clients_missing

PERCENTILES = {"50": "p50_us", "90": "p90_us", "99": "p99_us",
               "99.9": "p99_9_us", "100": "max_us"}
JAR = pathlib.Path("/usr/share/java/hdrhistogram.jar")


def java(log):
    if not JAR.exists() or not shutil.which("javac"):
        raise Skip("libhdrhistogram-java or a JDK is not installed")
    return ["java", "-cp", JAR, ROOT / "tests/clients/Histograms.java",
            *PERCENTILES]


def node(log):
    if not shutil.which("node"):
        raise Skip("node is not installed")
    missing = clients_missing()
    if missing:
        raise Skip(missing)
    script = CLIENTS / "histograms.mjs"
    shutil.copy(ROOT / "tests/clients/histograms.mjs", script)
    return ["node", script, *PERCENTILES]


def read_by(reader, log):
    """Rows of the log: tag, count and percentiles."""
    command = [str(word) for word in reader(log)]
    done = subprocess.run(command, stdin=open(log, "rb"), timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise Failed(done.stderr.decode())
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    return [(row[0], *map(int, row[1:])) for row in rows]


def near(value, found, most):
    """Equal but for the width of a bucket; the largest is known exactly."""
    return min(found, most) == value


for what in (java, node):
    @test(f"read by {what.__name__}", limit=120)
    def others(t, what=what):
        log = t.path("histograms.hlog")
        # Ranks that no rule of rounding moves, over three decades.
        def answer(request):
            time.sleep((0, 0.003, 0.04)[request.number % 20 // 9])
            return reply(200)
        server = t.server(answer)
        run = t.run(server.url, "-n", "1000", "-c", "8", "--hlog", log)
        rows = read_by(what, log)
        whole = {tag: rest for tag, *rest in rows
                 if tag.startswith("latency.")}
        t.check(len(whole) >= 6, f"only {sorted(whole)}")
        for tag, (count, *values) in whole.items():
            t.equal(count, run[f"{tag}.count"], f"{tag}: count")
            for name, found in zip(PERCENTILES.values(), values):
                t.check(near(run[f"{tag}.{name}"], found,
                             run[f"{tag}.max_us"]),
                        f"{tag}: {name}: {found} for {run[f'{tag}.{name}']}")
        for tag in ("operation", "succeeded"):
            parts = [row for row in rows if row[0] == f"series.{tag}"]
            t.equal(len(parts), len(run["series"]), f"{tag}: intervals")
            t.equal(sum(row[1] for row in parts),
                    run[f"latency.{tag}.count"], f"{tag}: all in intervals")
            most = max(row[-1] for row in parts)
            t.between(most, 0.99 * run[f"latency.{tag}.max_us"],
                      1.01 * run[f"latency.{tag}.max_us"], f"{tag}: largest")


@test("of a saved report the same, without its intervals")
def saved(t):
    logs = [t.path("now.hlog"), t.path("later.hlog")]
    t.squall("run", t.server(lambda request: reply(200)).url, "-n", "20",
             "--hlog", logs[0], "-o", t.path("saved.json"))
    t.squall("report", t.path("saved.json"), "--hlog", logs[1])
    now, later = [path.read_text().splitlines() for path in logs]
    t.equal([line for line in now if "Tag=series." not in line], later,
            "lines")
    t.check(len(later) > 8, "there are some")


@test("what was never measured has no histogram")
def nothing(t):
    log = t.path("nothing.hlog")
    server = t.server(lambda request: reply(503))
    run = t.run(server.url, "-n", "5", "--hlog", log, status=1)
    t.equal(run["latency.succeeded.hdr"], None, "in the report")
    t.check("latency.succeeded" not in log.read_text(), "in the log")


main()
