#!/usr/bin/python3
# Proves: each of the twelve cells of verdicts by effects is reached by a real
# run and counted right: acked, refused, ambiguous and shed, with no effect,
# one, and two; with one attempt, and with retries that had other answers.

from harness import *

ID = "job-{{op.seq}}"
VERDICTS = ("acked", "refused", "ambiguous", "shed")
CELLS = {("acked", 0): "lost", ("acked", 1): "exactly_once",
         ("acked", 2): "duplicate",
         ("refused", 0): "clean", ("refused", 1): "phantom",
         ("refused", 2): "duplicate",
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
    t.check(("lost", "acked") in shown, f"examples show {shown}")


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
    script = Script(t, {"acked": [reply(200)], "refused": [reply(404)],
                        "ambiguous": [reply(500)]}, 81, 108)
    run = t.run(script.url, "-p", profile(t, 81, 1), "-n", "108", "-c", "1")
    check_table(t, run, script)
    t.equal(run["attempts.on_wire"], 81, "the shed were never sent")
    t.equal(run["effects.single_attempt"], run["effects.duplicate"],
            "no retry made any of the duplicates")


@test("all twelve cells, after retries")
def after_retries(t):
    script = Script(t, {"acked": [reply(503), RESET, reply(200)],
                        "refused": [reply(503), reply(422)],
                        "ambiguous": [RESET, reply(503), reply(500)]},
                    81, 108)
    run = t.run(script.url, "-p", profile(t, 81, 3), "-n", "108", "-c", "1")
    check_table(t, run, script)
    t.equal(run["attempts.on_wire"], 27 * (3 + 2 + 3), "on the wire")
    t.equal(run["effects.single_attempt"], 9, "of the shed")


@test("operations that share an id are told so, and nothing is blamed twice")
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


main()
