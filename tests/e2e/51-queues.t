#!/usr/bin/python3
# Proves: operation latency under Poisson arrivals is the response time that
# queueing theory gives, for the embedded target as M/D/10 at load 0.7 and as
# M/M/1 at load 0.5.
#
#   M/M/1: T ~ Exp(mu - lambda), so t(q) = -ln(1 - q) / (mu - lambda).
#   M/D/10 at 0.7: quantiles of T in units of the service time (Franx 2001):
#     p50 1.000, p90 1.169, p95 1.296, p99 1.534, p99.9 1.874.
# HTTP adds a constant: the excess of the measured p50 over the theory is
# subtracted from the other quantiles, and is itself bounded. A machine adds
# delays of its own: what they are is measured at the same time, with the same
# arrivals against a target that never queues. What a quantile has there beyond
# the median is allowed on top, upwards only; where that is more than a fifth
# of the service time at p90, the machine cannot show it, and the test says so.
#
# Chance: the relative spread of a quantile in one run of 60,000, from 200
# simulated runs, scaled by sqrt(60,000 / n); 4 spreads are allowed (6.3e-5
# for each quantile by the normal law). The seed is fixed: arrivals and service
# times are the same in every run, so what is left to vary is the machine.

from harness import *

OVERHEAD_MAX_US = 1000 * PATIENCE
NAMES = {.5: "p50_us", .9: "p90_us", .95: "p95_us", .99: "p99_us",
         .999: "p99_9_us"}


def queue(t, workers, kind, service_us, rate, operations, seed):
    """Starts the measurement; no workers: no limit, so no queue."""
    profile = t.profile({
        "requests": [{"name": "order", "method": "POST", "path": "/orders",
                      "body": '{"order": "{{op.seq}}"}',
                      "headers": {"Content-Type": "application/json"}}],
        "load": {"model": "open", "arrival": "poisson",
                 "rate": f"{rate:g}/s", "operations": operations,
                 "connections": 256},
        "service": {"workers": workers, "queue_limit": 0,
                    "idempotency": "none",
                    "service_time": {"type": kind,
                                     "mean": f"{service_us}us"}}},
        f"queue{workers}.json")
    report = t.path(f"queue{workers}-report.json")
    process = t.launch("run", "-q", "-o", report, "-p", profile, "--seed",
                       str(seed))
    return process, report


def finish(t, process, report, n):
    run = t.finish(process, status=None, limit=120, report=report)
    if run.report is None:
        raise Failed("no report\n" + tail(run.err))
    t.check_report(run.report)
    t.equal(run["latency.operation.count"], n, "operations")
    return run["latency.operation"]


def hold(t, name, latency, theory_us, spreads, noise):
    excess = latency["p50_us"] - theory_us[.5]
    t.note(f"{name}: " + ", ".join(
        f"{NAMES[q][:-3]} {latency[NAMES[q]]} ({us:.0f})"
        for q, us in theory_us.items()))
    spread_50 = spreads[.5] * theory_us[.5]
    t.between(excess, -4 * spread_50, 4 * spread_50 + OVERHEAD_MAX_US,
              f"{name}: excess of p50, us")
    for q, us in theory_us.items():
        if q != .5:
            allowed = 4 * (spreads[q] * us + spread_50)
            t.between(latency[NAMES[q]] - excess, us - allowed,
                      us + allowed + noise[q], f"{name}: {NAMES[q]}")


@test("M/D/10 at load 0.7 and M/M/1 at load 0.5, side by side", limit=200)
def queues(t):
    service_d, service_m = 10000, 4000
    n_d, n_m = few(40000, 10000), few(7000, 2000)
    rate_d, rate_m = .7 * 10 / service_d * 1e6, .5 / service_m * 1e6
    started = [queue(t, 10, "constant", service_d, rate_d, n_d, 21),
               queue(t, 1, "exponential", service_m, rate_m, n_m, 22),
               queue(t, 0, "constant", service_d, rate_d, n_d, 21)]
    m_d_10, m_m_1, control = (
        finish(t, *one, n) for one, n in zip(started, (n_d, n_m, n_d)))
    counted = len(t.failures)
    noise = {q: control[name] - control["p50_us"]
             for q, name in NAMES.items()}
    t.note("what the machine adds: " + ", ".join(
        f"{NAMES[q][:-3]} {us}" for q, us in noise.items()))

    scale = math.sqrt(60000 / n_d)
    hold(t, "M/D/10", m_d_10,
         {q: x * service_d for q, x in
          ((.5, 1.0), (.9, 1.169), (.95, 1.296), (.99, 1.534),
           (.999, 1.874))},
         {.5: 0, .9: .007 * scale, .95: .008 * scale, .99: .014 * scale,
          .999: .042 * scale}, noise)

    scale = math.sqrt(60000 / n_m)
    mean = service_m / (1 - .5)
    hold(t, "M/M/1", m_m_1,
         {q: -math.log(1 - q) * mean for q in (.5, .9, .95, .99, .999)},
         {.5: .011 * scale, .9: .014 * scale, .95: .017 * scale,
          .99: .027 * scale, .999: .054 * scale}, noise)
    if counted == 0 and t.failures and noise[.9] > .2 * service_d:
        raise Skip(f"the machine delays what needs no queue by "
                   f"{noise[.9] / 1000:.1f} ms at p90")


main()
