#!/usr/bin/python3
# Proves: reports of runs at the same time and one after the other make one,
# whose counts are sums and whose percentiles are those of all operations, as
# a reader of HdrHistogram's own finds them; every form and validate take it; a
# difference is told, in words and as JSON; files that are damaged, hostile or
# of a newer form end in one error.

from harness import *

import base64
import struct
import zlib

LOSSES = ("-p", "lost-responses", "-p", "full-jitter", "-p",
          "targets/no-keys", "-q")
WRITERS = ("--text", "--junit", "--markdown", "--html", "--csv",
           "--openmetrics", "--hlog")


def load(path):
    return json.loads(path.read_text())


def saved(t, name, *arguments):
    path = t.path(name)
    process = t.launch("run", *arguments, "-o", path)
    return path, process


def values_of(hdr):
    """The values of a payload, each as the highest of its bucket, sorted."""
    packed = base64.b64decode(hdr)
    payload = zlib.decompress(packed[8:])
    length, = struct.unpack(">I", payload[4:8])
    bytes_left = iter(payload[40:40 + length])
    values, index = [], 0
    while True:
        number, shift = 0, 0
        for byte in bytes_left:
            number |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
        else:
            return values
        number = number >> 1 ^ -(number & 1)
        if number < 0:
            index -= number
            continue
        scale = max(0, index // 1024 - 1)
        top = ((index - scale * 1024 + 1) << scale) - 1
        values += [top] * number
        index += 1


def percentile(values, whole, share):
    """By nearest rank; None: it is that of one that never ended."""
    rank = max(1, math.ceil(share * whole - 1e-9))
    return values[rank - 1] if rank <= len(values) else None


@test("runs at the same time, and after one another, are one report", limit=60)
def merged(t):
    one, first = saved(t, "one.json", "-n", "300", "-r", "300/s", *LOSSES)
    two, second = saved(t, "two.json", "-n", "300", "-r", "300/s", *LOSSES)
    for process in (first, second):
        t.finish(process, status=None)
    three, third = saved(t, "three.json", "-n", "200", "-r", "400/s", *LOSSES)
    t.finish(third, status=None)
    reports = [load(path) for path in (one, two, three)]
    whole = t.path("whole.json")
    files = [part for option in WRITERS
             for part in (option, t.path("whole" + option))]
    shown = t.squall("report", "merge", one, two, three, "-o", whole, *files)
    report = load(whole)
    t.match(t.squall("report", "validate", whole).out, "a run, valid$",
            "it keeps the schema")
    t.check_report(report)
    for path in ("operations.started", "operations.succeeded",
                 "attempts.on_wire", "attempts.retries", "bytes.sent",
                 "effects.duplicate", "effects.operations_checked",
                 "faults.lost_response.injected"):
        parts = [t_sum(r, path) for r in reports]
        t.equal(t_sum(report, path), sum(parts), path)
    for name, all_of in report["latency"].items():
        values = sorted(value for r in reports
                        for value in (values_of(r["latency"][name]["hdr"])
                                      if r["latency"][name]["hdr"] else []))
        count = all_of["count"]
        t.equal(count, sum(r["latency"][name]["count"] for r in reports), name)
        whole_of = report["operations"]["offered"] \
            if name == "operation" else count
        for member, share in (("p50_us", .5), ("p90_us", .9), ("p99_us", .99),
                              ("p99_9_us", .999)):
            wanted = percentile(values, whole_of, share)
            if all_of["max_us"] is not None and wanted is not None:
                wanted = min(wanted, all_of["max_us"])
            if values:
                t.equal(all_of[member], wanted, f"{name} {member}")
    t.check(report["merge"]["overlap_us"] > 0, "the first two overlap")
    t.equal([r["file"] for r in report["merge"]["reports"]],
            [str(path) for path in (one, two, three)], "files")
    t.match(" ".join(report["merge"]["differences"]),
            r'load.rate: "300/s"; "400/s"', "what differs")
    noted = {note["path"] for note in report["merge"]["not_merged"]}
    t.check({"herd.dispersion_10ms", "amplification.peak_1s"} <= noted,
            "what is not measured is said")
    t.equal(report["effects"]["foreign"], None, "of runs at the same time")
    for path in noted & {"herd.dispersion_10ms", "amplification.peak_1s"}:
        t.equal(t_sum(report, path), None, path)
    for field in ("offered", "attempts", "succeeded"):
        t.equal(sum(point[field] for point in report["series"]),
                sum(point[field] for r in reports for point in r["series"]),
                f"series {field}")
    t.match(shown.out, r"Merged +3 reports.*at the same time", "in the text")
    t.match(shown.out, "each run was judged by its own SLOs", "no SLO")
    t.match(t.path("whole--html").read_text(), 'id="merge"', "in the page")
    t.match(t.path("whole--markdown").read_text(), "Merged from 3 reports",
            "in Markdown")
    # One after the other nothing is lost of what the busiest second was.
    t.squall("report", "merge", one, three, "-o", whole)
    report = load(whole)
    t.equal(report["amplification"]["peak_1s"],
            max(r["amplification"]["peak_1s"] for r in (reports[0],
                                                        reports[2])), "peak")
    t.equal(report["merge"]["overlap_us"], 0, "no overlap")


def t_sum(report, path):
    for part in path.split("."):
        report = report[part]
    return report


@test("what changed from one run to another, and from where to where")
def changes(t):
    server = t.server(lambda request: reply(
        503 if "bad" in request.path and len(server.requests) % 4 == 0
        else 201))
    before, after = t.path("before.json"), t.path("after.json")
    for path, target in ((before, "good"), (after, "bad")):
        t.squall("run", server.url + target, "-X", "POST", "-n", "100", "-q",
                 "--slo", "success_rate >= 99%", "-o", path, status=None)
    text = t.squall("report", "diff", before, after, "--full")
    t.match(text.out, r"success_rate >= 99%: met, then missed", "an SLO")
    t.match(text.out, r"run.target: .*/good\"; .*/bad\"", "what was asked")
    t.match(text.out, r"attempts by status 503 +from 0 to \d+", "a status")
    t.match(text.out, r"success rate +from 100 % to \d+\.\d+ %,\s+\d",
            "a share, in points")
    made = t.path("diff.json")
    t.squall("report", "diff", before, after, "-o", made)
    diff = load(made)
    t.match(t.squall("report", "validate", made).out, "valid$", "its schema")
    t.equal(t.squall("report", made, "--full").out, text.out, "shown again")
    sizes = [change["size"] for change in diff["changes"]
             if change["size"] is not None]
    t.equal(sizes, sorted(sizes, reverse=True), "the biggest first")
    reports = [load(path) for path in (before, after)]
    known = 0
    for change in diff["changes"]:
        path = change["path"].split(".")
        if path[0] in ("requests", "phases"):
            continue
        for report, side in zip(reports, ("from", "to")):
            value = report
            for part in path:
                value = value.get(part) if value else None
            counted = {"by_status", "by_outcome", "reasons"} & set(path)
            value = 0 if value is None and counted else value
            if change[side] != "never":
                known += 1
                t.equal(change[side], value, change["path"])
    t.check(known > 20, f"{known} values were looked up")
    same = t.squall("report", "diff", before, before)
    t.match(same.out, "nothing is", "the same")
    t.absent(same.out, "Changes", "no change")


@test("files that are no good end in one error, and a newer form is named")
def refused(t):
    good = t.path("good.json")
    t.squall("run", "-n", "20", "-q", "-o", good)
    text = good.read_text()
    report = json.loads(text)

    def changed(**members):
        return json.dumps({**report, **members})

    for name, content, words in (
            ("cut", text[:len(text) // 2], "expected|no closing|ends where"),
            ("empty", "", "nothing here"),
            ("list", "[]", "no report"),
            ("newer", changed(schema="squall.report/2"),
             r"newer form, squall.report/2; .* reads squall.report/1"),
            ("member", changed(operations=7), "operations"),
            ("deep", "[" * 10000, "nesting|deep"),
            ("audit", '{"schema": "squall.audit/1"}', "no report of a run"),
            ("bytes", b"\xff\xfe\x00", "."),
            ("gz", b"\x1f\x8b\x08 no data", "damaged")):
        path = t.write(name, content)
        for command in (("merge", good, path), ("diff", good, path)):
            done = t.squall("report", *command, status=2)
            errors = [line for line in done.err.splitlines()
                      if "error: " in line]
            t.equal(len(errors), 1, f"{name}: one error: {done.err}")
            t.match(done.err, words, name)
            t.check(str(path) in done.err, f"{name}: which file")
            t.equal(done.out, "", f"{name}: nothing else")
    newer = t.write("newer", changed(schema="squall.report/2"))
    for arguments in ((newer,), ("validate", newer),
                      (newer, "--get", "verdict")):
        t.match(t.squall("report", *arguments, status=2).err, "newer form",
                f"{arguments}")
    t.match(t.squall("report", "merge", good, good, status=2).err,
            "the same run", "twice")
    t.match(t.squall("report", "merge", good, status=2).err, "from 2 to",
            "one alone")
    t.match(t.squall("report", "diff", good, status=2).err, "two reports",
            "one alone")
    t.match(t.squall("report", "diff", good, good, "--html",
                     t.path("x.html"), status=2).err,
            "--html: the report is that of what differs", "no page")


main()
