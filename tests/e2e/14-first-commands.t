#!/usr/bin/python3
# Proves: the first commands that users of curl, wrk, wrk2, hey, oha, vegeta,
# k6, ab and h2load type do what they say, or say in one line what to type
# instead. Each row is a command as its user would type it.

from harness import *

import shlex

# RUNS: it runs. `sent` must hold of the requests that arrived.
# SAYS: it is refused with exit status 2, in one error whose words are these.
RUNS, SAYS = "runs", "says"


def every(**wanted):
    """All requests have this method, body, path or header."""
    def holds(requests):
        for request in requests:
            for name, value in wanted.items():
                got = (getattr(request, name) if hasattr(request, name)
                       else request.header(name.replace("_", "-")))
                if got != value:
                    return f"{name} is {got!r}, not {value!r}"
        return None if requests else "nothing was sent"
    return holds


def count(low, high=None):
    def holds(requests):
        high_or_low = low if high is None else high
        return (None if low <= len(requests) <= high_or_low
                else f"{len(requests)} requests")
    return holds


JSON_BODY = '{"a": 1}'
COMMANDS = [
    # curl
    ("curl", "URL -n 2", RUNS, every(method="GET")),
    ("curl", "HOST -n 2", RUNS, every(method="GET", path="/")),
    ("curl", "HOST/a/b -n 2", RUNS, every(path="/a/b")),
    ("curl", "-X POST URL -n 2", RUNS, every(method="POST",
                                             Content_Type=None)),
    ("curl", f"--data '{JSON_BODY}' URL -n 2", RUNS,
     every(method="POST", body=JSON_BODY.encode(),
           Content_Type="application/json")),
    ("curl", f"--json '{JSON_BODY}' URL -n 2", RUNS,
     every(Accept="application/json", Content_Type="application/json")),
    ("curl", "-F a=1 -F b=2 URL -n 2", RUNS, every(body=b"a=1&b=2")),
    ("curl", "-I URL -n 2", RUNS, every(method="HEAD")),
    ("curl", "--request DELETE --url URL -n 2", RUNS,
     every(method="DELETE")),
    ("curl", "-H 'X-A: 1' --max-time 5 --connect-timeout 2 URL -n 2", RUNS,
     every(X_A="1")),
    ("curl", f"-d '{JSON_BODY}' URL", SAYS, "-b here"),
    ("curl", "-s URL", SAYS, "-q here"),
    ("curl", "-L URL -n 2", RUNS, count(2)),
    ("curl", "-kL --max-redirs 3 URL -n 2", RUNS, count(2)),
    ("curl", "--digest -u me:secret URL -n 2", RUNS,
     every(Authorization=None)),
    ("curl", "-v URL", SAYS, "--show-failed"),
    ("curl", "--compressed -A me/1 URL -n 2", RUNS, every(User_Agent="me/1")),
    ("curl", "--retry 3 URL -n 2", RUNS, count(2)),
    ("curl", "--oauth2-bearer tok URL -n 2", RUNS,
     every(Authorization="Bearer tok")),
    ("curl", "-G URL", SAYS, "query"),
    ("curl", "-L --location-trusted URL", SAYS, "no other origin"),
    ("curl", "-w '%{http_code}' URL", SAYS, "--json"),
    # wrk, wrk2
    ("wrk", "-t2 -c4 -d1s URL", RUNS, count(1, 10**9)),
    ("wrk", "-t1 -c2 -d1s --timeout 2s URL", RUNS, count(1, 10**9)),
    ("wrk", "-c2 -d1s --latency URL", SAYS, "distribution"),
    ("wrk", "-c2 -d1s -s post.lua URL", SAYS, "profile"),
    ("wrk2", "-t1 -c2 -d1s -R50 URL", RUNS, count(50)),
    # hey
    ("hey", "-n 20 -c 2 URL", RUNS, count(20)),
    ("hey", "-z 5s -c 2 URL", SAYS, "-d here"),
    ("hey", "-n 20 -q 10 URL", SAYS, "-r here"),
    ("hey", "-n 20 -t 20s URL", SAYS, "--timeout here"),
    ("hey", "-m POST URL", SAYS, "-X here"),
    ("hey", "-n 5 -a me:secret URL", SAYS, "-u user:password here"),
    ("hey", "-host foo -n 5 URL", SAYS, "-H 'Host"),
    ("hey", "-n 5 -o csv URL", SAYS, "--events FILE here"),
    ("hey", "-n 5 -x PROXY URL", RUNS, every(method="GET")),
    # oha
    ("oha", "-n 20 -c 2 --no-tui URL", SAYS, "--progress line"),
    ("oha", "-n 20 -c 2 --json URL", RUNS, count(20)),
    ("oha", "--latency-correction -n 5 URL", SAYS, "intended start"),
    # vegeta
    ("vegeta", "-rate=50 -duration=1s URL", RUNS, count(50)),
    ("vegeta", "-rate=50/1s -duration=1s URL", RUNS, count(50)),
    ("vegeta", "-redirects=3 -rate=20 -duration=1s URL", RUNS, count(20)),
    ("vegeta", "attack -duration=1s", SAYS, "squall run"),
    ("vegeta", "-targets=targets.txt -rate=50", SAYS, "profile"),
    # k6
    ("k6", "run --vus 2 --duration 1s URL", RUNS, count(1, 10**9)),
    ("k6", "run --iterations 7 --vus 2 URL", RUNS, count(7)),
    ("k6", "run --insecure-skip-tls-verify -n 3 URL", RUNS, count(3)),
    ("k6", "run --http-debug URL", SAYS, "--show-failed"),
    ("k6", "run script.js", SAYS, "profile"),
    ("k6", "run --stage 10s:5 URL", SAYS, "load.stages"),
    # ab
    ("ab", "-n 20 -c 2 URL", RUNS, count(20)),
    ("ab", "-n 20 -T application/json URL", SAYS, "Content-Type"),
    # h2load
    ("h2load", "-n20 -c2 --h1 URL", RUNS, count(20)),
    ("h2load", "-n20 -c2 -m10 URL", SAYS, "--streams"),
    # anybody
    ("any", "URL -d 1 -r 20", RUNS, count(20)),
    ("any", "URL -d 1 --rps 20 --concurrency 3", RUNS, count(20)),
    ("any", "--requests 9 --concurrency 3 URL", RUNS, count(9)),
    ("any", "URL -n 5 --timeout 5 --retries 3", RUNS, count(5)),
    ("any", "URL -n 5 --backoff exponential", RUNS, count(5)),
    ("any", "URL -n 5 --jitter full", RUNS, count(5)),
    ("any", "URL -n 5 --fault lost_response:10%", RUNS, count(5, 50)),
    ("any", "run -p stripe URL", SAYS, "clients/stripe-node"),
    ("any", "run URL --frobnicate 5", SAYS, "--help"),
    ("any", "run URL --operation 5", SAYS, "--operations"),
    ("any", "run URL -d 5x", SAYS, "-d 5x: error"),
    ("any", "bench", SAYS, "squall run"),
    ("any", "run /orders", SAYS, "http://"),
]


def words_of(command, server):
    url = server.url.rstrip("/")
    words = []
    for word in shlex.split(command):
        word = re.sub("^URL", url, word)
        word = re.sub("^PROXY", url, word)
        words.append(re.sub("^HOST", url.removeprefix("http://"), word))
    return words


@test("the first commands of users of other tools", limit=240)
def first_commands(t):
    server = t.server(lambda request: reply(200))
    t.check(len(COMMANDS) >= 40, "there are 40 commands")
    for tool, command, what, wanted in COMMANDS:
        before = len(server.requests)
        run = t.squall(*words_of(command, server), status=None)
        # A busy machine may be too late for a rate; it says so, with 3.
        late = run.status == 3 and "operations late" in run.out
        t.check(late or run.status == (0 if what == RUNS else 2),
                f"{tool}: squall {command}: exit status {run.status}")
        sent = server.requests[before:]
        shown = f"{tool}: squall {command}"
        if what == RUNS:
            problem = wanted(sent)
            t.check(not problem, f"{shown}: {problem}")
            continue
        t.equal(len(sent), 0, f"{shown}: requests")
        t.check(wanted in run.err, f"{shown}: says {run.err!r}")
        t.equal(run.err.count("error:"), 1, f"{shown}: errors")
        t.check(len(run.err.splitlines()) <= 2, f"{shown}: lines")


@test("what can be asked leads on")
def asked(t):
    for topic, words in (("slo", "time to success"),
                         ("faults", "lost_response"),
                         ("templates", "{{op.id}}"),
                         ("exit-status", "130"),
                         ("profiles", "squall profile list"),
                         ("scenarios", "retry-storm"),
                         ("run", "Examples:")):
        text = t.squall("help", topic).out
        t.check(words in text, f"help {topic}: {words}")
        t.check(all(len(line) <= 80 for line in text.splitlines()),
                f"help {topic}: 80 columns")
    text = t.squall("profile", "explain", "full-jitter").out
    t.match(text, "squall profile delays full-jitter", "leads on")
    t.match(t.squall("help", "slos", status=2).err, "help slo", "near")
    t.match(t.squall("--help").out, "exit-status", "topics in the overview")
    text = t.squall("run", "--help").out
    t.match(text, r"Also --data", "synonyms in help")


main()
