#!/usr/bin/python3
# Proves: after a trigger that ends, a run says when the service was back, or
# that it never was: after an outage of a known length; in an overload that
# retries keep up, which outlives its cause; with squall's own faults and with
# a stage of the load; and that without a trigger nothing is said.

from harness import *


def run(t, *arguments, status=0):
    """The document, and the run."""
    path = t.path("report.json")
    done = t.squall("run", *arguments, "-o", path, status=status)
    return json.loads(path.read_text()), done


def service(**settings):
    return ("--set", "service=" + json.dumps(settings))


def only(t, report):
    t.equal(len(report["recovery"]), 1, "triggers")
    return report["recovery"][0]


# 10 workers at 20 ms are 500/s; callers want 300/s and wait half a second.
OVERLOAD = {"workers": 10, "service_time": {"mean": "20ms"},
            "queue_limit": 5000, "abandoned": "work", "idempotency": "none",
            "faults": [{"kind": "capacity", "factor": 0.2, "from": "3s",
                        "for": "2s"}]}


@test("an outage of a second: back at once", limit=60)
def outage(t):
    report, done = run(
        t, "-r", "300/s", "-d", "8s", "--slo", "time_to_recover < 1s",
        "--slo", "metastable == 0", "--full",
        *service(faults=[{"kind": "error", "ratio": "100%", "from": "3s",
                          "for": "1s"}]))
    one = only(t, report)
    t.equal(one["after"], "error", "trigger")
    t.equal((one["from_us"], one["until_us"]), (3000000, 4000000), "window")
    t.equal(one["outcome"], "recovered", "outcome")
    t.between(one["time_to_recover_us"], 0, 200000, "time to recover")
    t.equal(one["metastable"], False, "metastable")
    t.between(one["depth"], 0.95, 1, "depth")
    t.between(one["baseline_goodput_per_s"], 290, 310, "goodput before")
    t.equal([slo["pass"] for slo in report["slo"]], [True, True], "SLOs")
    t.match(done.out, r"Recovery\n  error +back ", "text")


@test("retries without a budget keep an overload up", limit=60)
def metastable(t):
    report, done = run(
        t, "-p", "immediate", "-r", "300/s", "-d", "11s", "-q", "--set",
        "timeout.attempt=500ms", "--slo", "time_to_recover < 1h", "--slo",
        "metastable == 0", *service(**OVERLOAD), status=1)
    one = only(t, report)
    t.equal(one["outcome"], "never", "outcome")
    t.equal(one["metastable"], True, "metastable")
    t.equal(one["time_to_recover_us"], None, "time to recover")
    t.equal([(slo["pass"], slo["value"], slo["judgement"])
             for slo in report["slo"]],
            [(False, None, "missed"), (False, 1, "missed")], "SLOs")
    t.match(report["slo"][0]["reason"], "never", "reason")
    text = t.squall("report", t.path("report.json")).out
    t.match(text, r"Recovery +capacity: METASTABLE, not back in the 6.\d+ s",
            "text")
    t.match(text, r"not yet back", "over time")


@test("a budget lets the same service come back", limit=60)
def budgeted(t):
    report, _ = run(
        t, "-p", "budgeted", "-r", "300/s", "-d", "13s", "-q", "--set",
        "timeout.attempt=500ms", "--slo", "metastable == 0",
        *service(**OVERLOAD))
    one = only(t, report)
    t.equal(one["outcome"], "recovered", "outcome")
    # About 430 orders too many wait at the end; 200/s is left over to work
    # them off, and a tenth more comes as retries.
    t.between(one["time_to_recover_us"], 800000, 4000000, "time to recover")


@test("squall's own faults and stages are triggers, too", limit=60)
def own(t):
    server = t.server(lambda request: reply())
    report, _ = run(
        t, server.url, "-q", "-r", "200/s", "--set",
        'faults=[{"kind": "lost_request", "ratio": "100%", "as": "reset",'
        ' "from": "2s", "for": "500ms"}]', "-d", "7s")
    one = only(t, report)
    t.equal((one["after"], one["outcome"]), ("lost_request", "recovered"),
            "fault")
    t.between(one["time_to_recover_us"], 0, 200000, "time to recover")
    stages = [{"name": "base", "for": "2s", "rate": "200/s"},
              {"name": "spike", "for": "500ms", "rate": "500/s"},
              {"name": "rest", "for": "5s", "rate": "100/s"}]
    report, _ = run(t, server.url, "-q", "--set",
                    "load.stages=" + json.dumps(stages))
    one = only(t, report)
    t.equal((one["after"], one["from_us"], one["until_us"]),
            ("spike", 2000000, 2500000), "stage")
    t.equal(one["outcome"], "recovered", "outcome")


@test("without a trigger nothing was measured")
def none(t):
    server = t.server(lambda request: reply())
    report, done = run(t, server.url, "-r", "100/s", "-d", "1s", "--slo",
                       "time_to_recover < 1s", "--slo", "metastable == 0",
                       status=1)
    t.equal(report["recovery"], [], "recovery")
    for slo in report["slo"]:
        t.equal((slo["measured"], slo["reason"]),
                (False, "not measured: no trigger ended in the load"), "SLO")
    t.check("Recovery" not in done.out, "a section of nothing")


main()
