#!/usr/bin/python3
# Proves: what scenarios are made of is the same over sockets as in the model:
# a dependency holds the workers that call it, times out and overflows; a queue
# slows the service down; a cold service warms up; tiers and latency decide who
# is turned away; half of the connections lead nowhere, or to keys of their
# own. Times are bounded from below, where no busy machine can break them.

import math
import select

from harness import *

SEED = 3


def service(**settings):
    return ("--set", "service=" + json.dumps(settings))


M = (1 << 64) - 1


def mix64(x):
    """As base/hash.h has it."""
    x = (x + 0x9e3779b97f4a7c15) & M
    x = ((x ^ x >> 30) * 0xbf58476d1ce4e5b9) & M
    x = ((x ^ x >> 27) * 0x94d049bb133111eb) & M
    return x ^ x >> 31


def is_cut_off(number, share=0.5):
    """Whether a fault of that share of the connections hits this one of a
    target with SEED."""
    return mix64(mix64(SEED) ^ number) / 2 ** 64 < share


def at_least(t, got, low, what):
    t.between(got, low, math.inf, what)


def constant(mean):
    return {"type": "constant", "mean": mean}


@test("a dependency holds its callers' workers", limit=60)
def held(t):
    # Four workers wait 10 ms each: 400/s, though 40 ask and 100 could answer.
    run = t.run("-n", "400", "-c", "40", *service(
        workers=4, service_time=constant("0s"),
        dependency={"workers": 100, "service_time": constant("10ms")}))
    t.equal(run["operations.succeeded"], 400, "succeeded")
    at_least(t, run["latency.attempt.min_us"], 10000, "shortest")
    at_least(t, run["run.duration_us"], 990000, "all of them")


@test("a call that times out is a 504, and worked on", limit=60)
def times_out(t):
    run = t.run("-n", "6", "-c", "6", *service(
        dependency={"workers": 1, "service_time": constant("300ms"),
                    "timeout": "100ms"}), status=1)
    t.equal(run["attempts.by_status"], {"504": 6}, "answers")
    at_least(t, run["latency.attempt.min_us"], 100000, "shortest")
    t.equal(run["effects.unresolved_not_done"], 6, "not done")


@test("a call that finds no place is a 503", limit=60)
def no_place(t):
    # One is served and one waits; the other eight are refused at once.
    run = t.run("-n", "10", "-c", "10", *service(
        dependency={"workers": 1, "service_time": constant("2s"),
                    "queue_limit": 1}))
    t.equal(run["attempts.by_status"], {"201": 2, "503": 8}, "answers")


@test("only those who need it call it", limit=60)
def needed_by(t):
    paths = [{"name": "order", "method": "POST", "path": "/orders"},
             {"name": "refund", "method": "POST", "path": "/refunds"}]
    run = t.run("-n", "40", "--set", "requests=" + json.dumps(paths),
                *service(dependency={
                    "workers": 1, "service_time": constant("1h"),
                    "timeout": "20ms", "needed_by": "orders"}))
    by_name = {r["name"]: r for r in run["requests"]}
    t.equal(by_name["order"]["operations"]["succeeded"], 0, "orders")
    t.equal(by_name["refund"]["success_rate"], 1, "refunds")


@test("a queue slows the service down", limit=60)
def slows_down(t):
    # 1 ms, and 1 ms more for each of the about 18 that wait.
    run = t.run("-n", "100", "-c", "20", *service(
        workers=1, service_time=constant("1ms"), queue_slowdown="100%"))
    at_least(t, run["run.duration_us"], 1000000, "all of them")


@test("a cold service warms up", limit=60)
def warms_up(t):
    run = t.run("-n", "60", "-c", "1", *service(
        service_time=constant("2ms"), cold_factor=20, cold_orders=10))
    least = sum(2 * (1 + 19 * math.exp(-n / 10)) for n in range(60))
    at_least(t, run["run.duration_us"], least * 1000 - 1, "all of them")
    at_least(t, run["latency.attempt.max_us"], 40000, "the first")


@test("the last tier is turned away first", limit=60)
def tiers(t):
    requests = [{"name": name, "weight": weight, "method": "POST",
                 "path": "/orders", "headers": {"X-Tier": tier}}
                for name, weight, tier in (("first", 1, "1"),
                                           ("last", 9, "2"))]
    run = t.run("-r", "300/s", "-d", "3s", "--set",
                "requests=" + json.dumps(requests), *service(
                    workers=1, service_time=constant("10ms"),
                    queue_limit=80, shed="priority", tier_header="X-Tier"))
    by_name = {r["name"]: r for r in run["requests"]}
    t.equal(by_name["first"]["success_rate"], 1, "tier 1")
    t.between(by_name["last"]["success_rate"], 0.05, 0.6, "tier 2")


@test("a limit that follows latency keeps it short", limit=90)
def adaptive(t):
    # Twice the capacity: with a queue all wait, as long as the load lasts yet.
    load = ("-r", "200/s", "-d", "3s", "--set", "timeout.attempt=10s")
    capacity = {"workers": 1, "service_time": constant("10ms")}
    queued = t.run(*load, *service(queue_limit=10000, **capacity))
    limited = t.run(*load, *service(
        queue_limit=10000, shed="adaptive", shed_latency="100ms", **capacity))
    at_least(t, queued["latency.attempt_ok.p50_us"], 1200000, "with a queue")
    t.between(limited["latency.attempt_ok.p50_us"], 10000,
              queued["latency.attempt_ok.p50_us"] / 5, "with a limit")
    at_least(t, limited["attempts.by_status"]["503"], 150, "turned away")
    at_least(t, limited["operations.succeeded"], 150, "served")


class Connections:
    """Connections of a target, told apart by the number that it gives them:
    they are opened one after another, each with a request of its own."""

    def __init__(self, target):
        self.port = int(target.url.rsplit(":", 1)[1])
        self.all = {}

    def open(self, number):
        if number in self.all:
            return self.all[number]
        while len(self.all) < number:
            one = socket.create_connection(("127.0.0.1", self.port), 20)
            self.all[len(self.all) + 1] = one
            self.ask(one, "GET", "/healthz")
            self.answer(one)
        return self.all[number]

    @staticmethod
    def ask(one, method, path, body=b"", headers=""):
        one.sendall((f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}"
                     f"Content-Length: {len(body)}\r\n\r\n").encode() + body)

    @staticmethod
    def answer(one):
        """Status and body."""
        stream = one.makefile("rb")
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, stream.read(length).decode()

    def close(self):
        for one in self.all.values():
            one.close()


@test("a partition holds up half of the connections", limit=60)
def partition(t):
    target = t.target("--seed", str(SEED))
    connections = Connections(target)
    connections.open(10)
    put = connections.all[1]
    t.equal(is_cut_off(1), False, "the first is not cut off")
    connections.ask(put, "PUT", "/faults", json.dumps(
        [{"kind": "partition", "ratio": 0.5, "for": "1h"}]).encode())
    t.equal(connections.answer(put)[0], 200, "faults")
    for number, one in connections.all.items():
        connections.ask(one, "POST", "/orders",
                        json.dumps({"order": f"o{number}"}).encode())
    answered = [n for n in range(1, 11) if not is_cut_off(n)]
    for number in answered:
        t.equal(connections.answer(connections.all[number])[0], 201,
                f"on connection {number}")
    t.between(len(answered), 4, 6, "half of ten")
    rest = [c for n, c in connections.all.items() if is_cut_off(n)]
    t.equal(select.select(rest, [], [], 0)[0], [], "on the others")
    t.equal(len(target.ledger()), len(answered), "effects")
    connections.ask(put, "PUT", "/faults", b"[]")
    t.equal(connections.answer(put)[0], 200, "no faults")
    for one in rest:
        t.equal(connections.answer(one)[0], 201, "at last")
    t.equal(len(target.ledger()), 10, "effects at last")
    connections.close()


@test("in a split brain a key has two effects", limit=60)
def split_brain(t):
    target = t.target("--seed", str(SEED))
    connections = Connections(target)
    first, second = connections.open(1), connections.open(2)
    t.equal((is_cut_off(1), is_cut_off(2)), (False, True), "sides")
    ids = []
    for faults in ([], [{"kind": "split_brain", "ratio": 0.5}]):
        connections.ask(first, "PUT", "/faults", json.dumps(faults).encode())
        t.equal(connections.answer(first)[0], 200, "faults")
        key = f"Idempotency-Key: k{len(faults)}\r\n"
        for one in (first, second, first, second):
            connections.ask(one, "POST", "/orders", headers=key)
            ids.append(json.loads(connections.answer(one)[1])["id"])
    t.equal(ids, ["ord_1"] * 4 + ["ord_2", "ord_3"] * 2, "effects")
    connections.close()



# The scenarios themselves, several at once, for they mostly wait. What they
# show follows from arithmetic (tests/sim/test_scenarios.c); here it is to be
# the same story over sockets, with room for a busy machine.

class Play:
    """A scenario under one client, with what is set beside it."""

    def __init__(self, t, scenario, client, *sets):
        self.name = " ".join((scenario, client, *sets))
        self.report = t.path(self.name.replace("/", " ") + ".json")
        arguments = [a for one in sets for a in ("--set", one)]
        self.process = t.launch(
            "run", "-q", "--full", "-p", scenario, "-p", client, *arguments,
            "-o", self.report)

    def end(self, t):
        self.run = t.finish(self.process, status=None, report=self.report)
        t.check(self.run.status in (0, 1), f"{self.name}: exit status "
                f"{self.run.status}\n{tail(self.run.err)}")
        t.check_report(self.run.report)

    def between(self, t, path, low, high):
        t.between(self.run[path], low, high, f"{self.name}: {path}")

    def comes_back(self, t):
        t.equal([r["outcome"] for r in self.run["recovery"]], ["recovered"],
                f"{self.name}: recovery")

    def stays_down(self, t):
        t.equal([(r["outcome"], r["metastable"])
                 for r in self.run["recovery"]], [("never", True)],
                f"{self.name}: recovery")


def play(t, *rows):
    """Plays them all at once; returns them, ended."""
    if is_sanitized():
        raise Skip("a sanitizer is too slow for several loads at once")
    plays = [Play(t, *row) for row in rows]
    for one in plays:
        one.end(t)
    return plays


@test("scenarios: what retries and queues keep down", limit=150)
def stay_down(t):
    down = play(
        t, ("retry-storm", "immediate"), ("capacity-drop", "immediate"),
        ("cold-cache", "immediate"), ("dependency-collapse", "immediate"),
        ("resource-exhaustion", "none"), ("resource-exhaustion", "budgeted"))
    for one in down:
        one.stays_down(t)
    down[0].between(t, "amplification.peak_1s", 3, 6)
    down[3].between(t, "attempts.by_status.504", 500, 10000)
    down[4].between(t, "phases.2.success_rate", 0, 0.1)


@test("scenarios: what a budget or a bound brings back", limit=150)
def come_back(t):
    back = play(
        t, ("retry-storm", "budgeted"), ("capacity-drop", "budgeted"),
        ("cold-cache", "budgeted"), ("dependency-collapse", "budgeted"),
        ("dependency-collapse", "immediate",
         "service.dependency.queue_limit=50"),
        ("resource-exhaustion", "immediate", "service.queue_limit=80"),
        ("capacity-drop", "immediate", "service.shed=adaptive"))
    for one in back:
        one.comes_back(t)
    back[0].between(t, "amplification.attempts_per_operation", 1, 1.12)


@test("scenarios: what jitter gets through", limit=150)
def jitter(t):
    at_once, spread, flaps, outlasts, upgrade, hidden = play(
        t, ("thundering-herd", "immediate"),
        ("thundering-herd", "full-jitter"), ("flapping", "immediate"),
        ("flapping", "full-jitter"), ("rolling-restart", "none"),
        ("rolling-restart", "full-jitter"))
    for phase in (1, 3, 5):
        at_once.between(t, f"phases.{phase}.success_rate", 0.35, 0.8)
        spread.between(t, f"phases.{phase}.success_rate", 0.9, 1)
    at_once.between(t, "herd.peak_to_mean_100ms",
                    1.2 * spread.run["herd.peak_to_mean_100ms"], 100)
    flaps.between(t, "success_rate", 0.7, 0.8)
    outlasts.between(t, "success_rate", 0.93, 0.99)
    upgrade.between(t, "success_rate", 0.95, 0.995)
    hidden.between(t, "success_rate", 0.998, 1)
    hidden.comes_back(t)


@test("scenarios: what only one figure shows", limit=180)
def one_figure(t):
    late, drift, held, timed, parted, found, split, whole = play(
        t, ("latency-explosion", "none"), ("config-drift", "immediate"),
        ("slow-dependency", "none"),
        ("slow-dependency", "none", "service.dependency.timeout=50ms"),
        ("partition", "none"), ("partition", "full-jitter"),
        ("split-brain", "full-jitter"),
        ("split-brain", "full-jitter", "service.faults=[]"))
    p99 = [late.run[f"phases.{i}.latency.time_to_success.p99_us"]
           for i in range(3)]
    t.check(p99 == sorted(p99) and p99[0] < p99[2],
            f"p99 of the phases: {p99}")
    for phase, p in ((1, 0.05), (2, 0.2), (3, 0.5)):
        expected = (1 - p ** 4) / (1 - p)
        drift.between(
            t, f"phases.{phase}.amplification.attempts_per_operation",
            expected * 0.9, expected * 1.1)
        drift.between(t, f"phases.{phase}.success_rate",
                      1 - p ** 4 - 0.03, 1)
    held.between(t, "requests.1.success_rate", 0.6, 0.95)
    timed.between(t, "requests.1.success_rate", 0.99, 1)
    timed.between(t, "requests.0.success_rate", 0.5, 0.8)
    parted.between(t, "operations.failed", 200, 350)
    parted.between(t, "effects.unresolved_done", 200, 350)
    found.between(t, "operations.failed", 0, 100)
    found.between(t, "effects.duplicate", 0, 0)
    split.between(t, "effects.duplicate", 50, 160)
    whole.between(t, "effects.duplicate", 0, 0)


@test("scenarios: compared", limit=180)
def compared(t):
    path = t.path("compare.json")
    t.squall("compare", "immediate", "full-jitter", "budgeted", "-p",
             "config-drift", "--rounds", "1", "-q", "-o", path, *[
                 a for i in range(5) for a in
                 ("--set", f"load.stages[{i}].for=300ms")], status=None)
    t.equal(json.loads(path.read_text())["schema"], "squall.compare/1",
            "schema")


main()
