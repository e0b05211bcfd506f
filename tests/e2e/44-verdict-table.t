#!/usr/bin/python3
# Proves: each of the twelve cells of verdicts by effects is reached by a real
# run and counted right: succeeded, refused, ambiguous and shed, with no effect,
# one, and two; with one attempt, and with retries that had other answers. And
# over random seeds, faults, policies and services the figures agree with each
# other and with the target's own ledger.
#
# Chance: seeds are drawn anew each time and shown; SEED=number takes one again.
# What is held has no chance in it.

import random

from harness import *

ID = "job-{{op.seq}}"
VERDICTS = ("succeeded", "rejected", "ambiguous", "shed")
CELLS = {("succeeded", 0): "lost", ("succeeded", 1): "exactly_once",
         ("succeeded", 2): "duplicate",
         ("rejected", 0): "clean", ("rejected", 1): "phantom",
         ("rejected", 2): "duplicate",
         ("ambiguous", 0): "unresolved_not_done",
         ("ambiguous", 1): "unresolved_done", ("ambiguous", 2): "duplicate",
         ("shed", 0): "clean", ("shed", 1): "phantom",
         ("shed", 2): "duplicate"}


class Script:
    """Operation k is to be `verdict(k)` with `count(k)` effects, whatever was
    answered. Operations from `sent` on are never sent; their effects appear
    all the same, as if somebody else had done them."""

    def __init__(self, t, answers, sent, total):
        self.answers = answers  # a list of answers by verdict
        self.sent = sent
        self.total = total
        self.tries = {}
        self.server = t.server(self.answer)
        self.url = self.server.url

    def verdict(self, k):
        return VERDICTS[k % 3] if k < self.sent else "shed"

    def count(self, k):
        return k // 3 % 3

    def answer(self, request):
        if request.method == "GET":
            if not self.tries:
                return reply(200, "")
            return reply(200, "".join(
                f"job-{k} {self.count(k)}\n" for k in range(self.total)))
        k = int(request.header("X-Seq"))
        answers = self.answers[self.verdict(k)]
        tried = self.tries.get(k, 0)
        self.tries[k] = tried + 1
        return answers[min(tried, len(answers) - 1)]


def check_table(t, run, script):
    cells = {}
    for k in range(script.total):
        cell = (script.verdict(k), script.count(k))
        cells[cell] = cells.get(cell, 0) + 1
    classes = {}
    for cell, wanted in CELLS.items():
        number = cells.get(cell, 0)
        t.check(number > 0, f"{cell} has operations")
        t.equal(run["effects.table"][cell[0]][cell[1]], number, f"{cell}")
        classes[wanted] = classes.get(wanted, 0) + number
    for name, number in classes.items():
        t.equal(run["effects"][name], number, name)
    for verdict in VERDICTS:
        t.equal(run["operations"][verdict],
                sum(n for (v, _), n in cells.items() if v == verdict),
                verdict)
    t.equal(run["effects.operations_checked"], script.total, "checked")
    t.equal(run["effects.total_effects"],
            sum(map(script.count, range(script.total))), "effects")
    t.equal(run["effects.extra_effects"], classes["duplicate"], "extra")
    t.equal((run["effects.foreign"], run["effects.aliased"]), (0, 0),
            "nothing else")
    shown = {(e["class"], e["verdict"]) for e in run["effects.examples"]}
    t.check(("lost", "succeeded") in shown, f"examples show {shown}")


def profile(t, sent, attempts):
    return t.profile({
        "requests": [{"name": "job", "method": "POST", "body": "x",
                      "headers": {"X-Seq": "{{op.seq}}"}}],
        "timeout": {"attempt": "10s"},
        "retry": {"max_attempts": attempts, "retry_on": ["5xx", "reset"],
                  "backoff": {"type": "none"}},
        "idempotency": {},
        "load": {"clients": 1},
        # So many pass at once, and no other one in this run.
        "rate_limit": {"type": "token_bucket", "rate": "0.001/s",
                       "burst": sent, "max_wait": "0s",
                       "applies_to": ["first"]},
        "ledger": {"url": "/ledger", "key": ID, "settle": "20ms"}})


@test("all twelve cells, one attempt an operation")
def one_attempt(t):
    script = Script(t, {"succeeded": [reply(200)], "rejected": [reply(404)],
                        "ambiguous": [reply(500)]}, 81, 108)
    run = t.run(script.url, "-p", profile(t, 81, 1), "-n", "108", "-c", "1")
    check_table(t, run, script)
    t.equal(run["attempts.on_wire"], 81, "the shed were never sent")
    t.equal(run["effects.single_attempt"], run["effects.duplicate"],
            "no retry made any of the duplicates")


@test("all twelve cells, after retries")
def after_retries(t):
    script = Script(t, {"succeeded": [reply(503), RESET, reply(200)],
                        "rejected": [reply(503), reply(422)],
                        "ambiguous": [RESET, reply(503), reply(500)]},
                    81, 108)
    run = t.run(script.url, "-p", profile(t, 81, 3), "-n", "108", "-c", "1")
    check_table(t, run, script)
    t.equal(run["attempts.on_wire"], 27 * (3 + 2 + 3), "on the wire")
    t.equal(run["effects.single_attempt"], 9, "of the shed")


@test("operations that share an id are named, and nothing is blamed twice")
def aliased(t):
    # Ten orders of one client, by an id that says the client only; one effect
    # too few, then two too many.
    for effects, lost, extra in ((10, 0, 0), (9, 1, 0), (12, 0, 2)):
        seen = []

        def answer(request, seen=seen, effects=effects):
            if request.method == "POST":
                seen.append(request)
                return reply()
            return reply(200, f"client-0 {effects}\n" if seen else "")
        run = t.run(t.server(answer).url, "-X", "POST", "-n", "10", "-c", "1",
                    "-p", t.profile({
                        "ledger": {"url": "/l", "settle": "10ms",
                                   "key": "client-{{client}}"},
                        "load": {"clients": 1}}))
        t.equal(run["effects.aliased"], 10, "all share one id")
        t.equal((run["effects.lost"], run["effects.extra_effects"]),
                (lost, extra), f"{effects} effects of ten orders")
        t.check(all("aliased" in e["flags"]
                    for e in run["effects.examples"]), "flagged")


@test("where answers keep their order, a seed makes the same effects again")
def same_seed(t):
    def effects(seed):
        target = t.target("-p", "targets/no-keys")
        run = t.run(target.url, "-p", t.profile({
            "requests": [{
                "name": "order", "method": "POST", "path": "/orders",
                "headers": {"Content-Type": "application/json"},
                "body": '{"order": "{{op.id}}"}'}],
            "retry": {"max_attempts": 3, "retry_on": ["reset"],
                      "backoff": {"type": "none"}},
            "faults": [
                {"kind": "lost_response", "ratio": .2, "as": "reset"},
                {"kind": "duplicate", "ratio": .1},
                {"kind": "torn_request", "ratio": .1, "as": "reset"}],
            "ledger": {"url": "/ledger", "key": "{{op.id}}",
                       "settle": "50ms"}}), "-n", "200", "-c", "1", "--seed",
            seed)
        done = {name.split("-")[1]: count
                for name, count in target.ledger().items()}
        return run["effects.table"], done
    first, second, other = effects(5), effects(5), effects(6)
    t.equal(first[0], second[0], "the table")
    t.equal(first[1], second[1], "each operation's effects")
    t.check(first[1] != other[1], "another seed makes others")


def draw_world(draw):
    """Faults, a policy and a service that may do anything but lie."""
    kinds = {"lost_request": {"as": draw.choice(("reset", "timeout"))},
             "torn_request": {"as": draw.choice(("reset", "timeout"))},
             "lost_response": {
                 "as": draw.choice(("reset", "timeout")),
                 **draw.choice(({}, {"after": "0..150%"},
                                {"after": "0ms..3ms"}))},
             "duplicate": {}, "late_duplicate": {"delay": "0ms..20ms"},
             "delay": {"delay": "0ms..5ms"}}
    faults = [{"kind": kind, "ratio": round(draw.uniform(0, .3), 3),
               **kinds[kind]}
              for kind in draw.sample(sorted(kinds), draw.randint(0, 4))]
    profile = {
        "requests": [
            {"name": "order", "method": "POST", "path": "/orders",
             "weight": 3, "headers": {"Content-Type": "application/json"},
             "body": '{"order": "{{op.id}}"}'},
            {"name": "refund", "method": "POST", "path": "/refunds",
             "headers": {"Content-Type": "application/json"},
             "body": '{"order": "{{op.id}}"}'}],
        "timeout": {"attempt": "150ms" if not QUICK else "1s"},
        "retry": {"max_attempts": draw.randint(1, 4),
                  "retry_on": ["timeout", "reset", "5xx", "busy"],
                  "backoff": {"type": "constant",
                              "initial": draw.choice(("0s", "3ms"))}},
        "idempotency": {
            "scope": draw.choice(("operation", "attempt", "none")),
            "effect_id": "/id"},
        "faults": faults,
        "ledger": {"url": "/ledger", "key": "{{op.id}}", "settle": "150ms"}}
    if draw.random() < .5:
        profile["hedge"] = {"max_extra": 1, "delay": "1ms"}
    service = {"workers": 0,
               "service_time": {"type": "exponential", "mean": "1ms"},
               "faults": [{"kind": kind, "ratio": .1, **more}
                          for kind, more in (("error", {"status": 503}),
                                             ("close_after", {}),
                                             ("reset_before", {}))
                          if draw.random() < .4]}
    keys = draw.choice(("no-keys", "exactly-once", "racy", "forgetful"))
    load = draw.choice((("-c", "20"), ("-c", "20", "-t", "2"),
                        ("-r", "1500/s", "-c", "200")))
    return profile, service, keys, load


def check_sums(t, run):
    """What a report owes to itself."""
    effects, table = run["effects"], run["effects.table"]
    for verdict in VERDICTS:
        t.equal(sum(table[verdict]), run["operations"][verdict], verdict)
    for name in set(CELLS.values()):
        t.equal(effects[name], sum(table[v][n] for (v, n), c in CELLS.items()
                                   if c == name), name)
    t.equal(effects["operations_checked"], run["operations.started"],
            "checked")
    single = sum(table[v][1] for v in VERDICTS)
    t.equal(effects["total_effects"], single + 2 * effects["duplicate"] +
            effects["extra_effects"] - effects["duplicate"], "effects")
    t.check(effects["named_twice"] <= effects["duplicate"],
            "answers name no more duplicates than there are")
    t.equal(effects["divergent"] > 0 and effects["duplicate"] == 0, False,
            "who was given two has two")


@test("over random worlds the figures and the target's ledger agree",
      limit=180)
def random_worlds(t):
    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    worlds = 1 if os.environ.get("SEED") else few(16, 4)
    for number in range(worlds):
        draw = random.Random(seed + number)
        profile, service, keys, load = draw_world(draw)
        t.note(f"SEED={seed + number}: {keys}, {load}, "
               f"{json.dumps(profile['faults'])}")
        target = t.target("-p", f"targets/{keys}", "-p",
                          t.profile({"service": service}, "service.json"))
        run = t.run(target.url, "-p", t.profile(profile), "-n",
                    few(400, 150), *load, "--seed", draw.getrandbits(31))
        counts = list(target.ledger().values())
        target.process.kill()
        check_sums(t, run)
        t.equal(run["effects.oracle"], "ledger", "oracle")
        t.equal(run["effects.total_effects"], sum(counts), "its effects")
        t.equal(run["effects.duplicate"], sum(c > 1 for c in counts),
                "its duplicates")
        t.equal(run["effects.foreign"], 0, "all are of this run")
        t.equal((run["effects.lost"], run["effects.phantom"]), (0, 0),
                "this service neither lies nor forgets what it did")


main()
