#!/usr/bin/python3
# Proves: what squall sends to a collector of OpenTelemetry is what the
# protocol's own definitions read; its figures are those of the report, its
# traces those that the service was told of; and a collector that is down, that
# hangs or refuses costs the run nothing and is said once.

from harness import *
from otlp import Collector, attributes, read_by_definitions, same

CLIENT, INTERNAL, ERROR = 3, 1, 2


def failing_service(t):
    """Every fourth request fails."""
    return t.server(lambda request: reply(503 if request.number % 4 == 3
                                          else 200))


def traced(t, collector, *arguments, **options):
    service = failing_service(t)
    run = t.run(service.url, "-n", "60", "-c", "4", "--traceparent",
                "--max-attempts", "2", "--set", "retry.retry_on=[\"5xx\"]",
                "--otlp", collector.url, *arguments, **options)
    return service, run


@test("the definitions of OpenTelemetry read all that is sent", limit=90)
def definitions(t):
    collector = Collector(t)
    traced(t, collector, "--sample", "1", "--fault", "lost_response:10%")
    requests = collector.server.requests
    t.equal({request.path for request in requests},
            {"/v1/metrics", "/v1/traces"}, "what was sent")
    for request, read in zip(requests, read_by_definitions(t, requests)):
        t.equal(same(json.loads(request.body), read), [], request.path)
        t.equal(request.header("Content-Type"), "application/json", "type")


def numbers(document, path=()):
    """Every number of a document outside lists, by its path."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from numbers(value, path + (name,))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield ".".join(path + (name,)), value


def figure_of(figures, name):
    """The number of the report that a metric is named after."""
    path = name.removeprefix("squall.")
    ends = (("", 1), (".total", 1), ("_us", 1e-6), ("_per_s", 1))
    if path.startswith("bytes.") and path.endswith("_rate"):
        path, ends = path.removesuffix("_rate"), ends[-1:]
    return next((figures[path + end] * factor for end, factor in ends
                 if path + end in figures), None)


@test("the metrics have the figures of the report")
def figures(t):
    collector = Collector(t)
    _, run = traced(t, collector)
    last = collector.metrics()[-1]
    named = dict(numbers(run.report))
    held = 0
    for name, metric in last.items():
        kind = next(iter(metric.keys() - {"name", "description", "unit"}))
        points = metric[kind]["dataPoints"]
        wanted = figure_of(named, name)
        if kind == "histogram":
            of = run["latency." + name.removeprefix("squall.duration.")]
            t.equal(int(points[0]["count"]), of["count"], name)
            t.equal(sum(map(int, points[0]["bucketCounts"])), of["count"],
                    f"{name}: in buckets")
        elif wanted is not None:
            value = points[0].get("asDouble", int(points[0].get("asInt", 0)))
            t.near(value, wanted, abs(wanted) * 1e-9, name)
        else:
            continue
        held += 1
    t.check(held > 50, f"{held} figures")
    by_status = {attributes(point)["status"]: int(point["asInt"]) for point in
                 last["squall.attempts.by_status"]["sum"]["dataPoints"]}
    t.equal(by_status, run["attempts.by_status"], "statuses")
    resource = json.loads(collector.requests("/v1/metrics")[-1].body)[
        "resourceMetrics"][0]["resource"]
    about = attributes(resource)
    t.equal((about["service.name"], about["service.instance.id"],
             about["squall.target"]),
            ("squall", run["run.id"], run["run.target"]), "resource")


@test("metrics are sent every ten seconds and at the end", limit=60)
def by_time(t):
    collector = Collector(t)
    run = t.run(t.server(lambda request: reply(200)).url, "-r", "40/s", "-d",
                "11s", "--otlp", collector.url)
    points = [metrics["squall.operations.started"]["sum"]["dataPoints"][0]
              for metrics in collector.metrics()]
    t.equal(len(points), 2, "so often")
    first, last = points
    t.equal(int(last["asInt"]), run["operations.started"], "at the end")
    t.between(int(first["asInt"]), 200, run["operations.started"] - 1,
              "before")
    t.equal(first["startTimeUnixNano"], last["startTimeUnixNano"],
            "of one beginning")
    t.between((int(first["timeUnixNano"]) -
               int(first["startTimeUnixNano"])) / 1e9, 9.5, 15, "when")


@test("spans are the attempts that the service saw, retries are linked")
def spans(t):
    collector = Collector(t)
    service, run = traced(t, collector, "--sample", "1")
    spans = {span["spanId"]: span for span in collector.spans()}
    attempts = [span for span in spans.values() if span["kind"] == CLIENT]
    operations = [span for span in spans.values() if span["kind"] == INTERNAL]
    t.equal(len(operations), run["operations.started"], "operations")
    t.equal(len(attempts), run["attempts.total"], "attempts")
    seen = {tuple(request.header("traceparent").split("-")[1:3])
            for request in service.requests}
    t.equal(seen, {(span["traceId"], span["spanId"]) for span in attempts},
            "ids as they were sent")
    retries = 0
    for span in attempts:
        parent = spans[span["parentSpanId"]]
        t.equal(parent["traceId"], span["traceId"], "trace of the parent")
        t.check(int(parent["startTimeUnixNano"]) <=
                int(span["startTimeUnixNano"]) <=
                int(span["endTimeUnixNano"]), "order of times")
        if attributes(span)["squall.attempt.kind"] == "retry":
            retries += 1
            linked = spans[span["links"][0]["spanId"]]
            t.equal(linked["parentSpanId"], span["parentSpanId"], "link")
            t.equal((linked["status"]["code"],
                     attributes(linked)["http.response.status_code"]),
                    (ERROR, 503), "what was tried again")
        else:
            t.check("links" not in span, "a first attempt has no link")
    t.equal(retries, run["attempts.retries"], "retries")
    t.check(retries > 5, "there are some")


@test("of a sample of nothing the offending operations are sent")
def offenders(t):
    collector = Collector(t)
    service = failing_service(t)
    run = t.run(service.url, "-n", "40", "--sample", "0", "--otlp",
                collector.url, status=0)
    operations = [span for span in collector.spans()
                  if span["kind"] == INTERNAL]
    t.equal(len(operations), run["operations.failed"], "operations")
    t.check(operations, "there are some")
    for span in operations:
        t.equal(span["status"]["code"], ERROR, "status")


@test("a collector that is down is said once, and costs nothing")
def down(t):
    port = t.refusing_port()
    service = t.server(lambda request: reply(200))
    run = t.squall("run", service.url, "-n", "20", "--otlp", port.url)
    t.equal(len(re.findall("OTLP", run.err)), 1, run.err)
    t.match(run.err, "OTLP: metrics could not be sent: .*onnect.*the run "
                     "goes on without it", "what is said")
    t.match(run.out, "DONE", "the report")
    t.check(run.seconds < 5, f"took {run.seconds:.1f} s")


@test("a collector that hangs holds up nothing but the very end", limit=60)
def hanging(t):
    collector = Collector(t, lambda request: HANG)
    service = t.server(lambda request: reply(200))
    report = t.path("report.json")
    process = t.launch("run", service.url, "-n", "20", "-o", report,
                       "--otlp", collector.url)
    t.wait_until("the report is there", report.exists)
    t.check(process.popen.poll() is None, "it still waits")
    run = t.finish(process, status=0)
    t.match(run.err, "OTLP: metrics could not be sent", "what is said")
    t.equal(json.loads(report.read_text())["run"]["exit"], 0, "exit")


@test("what the collector cannot take now is sent again")
def again(t):
    collector = Collector(t, lambda request:
                          reply(503) if request.number == 0 else None)
    _, run = traced(t, collector, "--sample", "1")
    first, second = collector.requests("/v1/metrics")
    t.equal(first.body, second.body, "the same again")
    t.check(collector.spans(), "and the rest")


@test("what it refuses is said with its reason, and not sent again")
def refused(t):
    def answer(request):
        if request.path == "/v1/metrics":
            return reply(400)
        return reply(200, json.dumps({"partialSuccess": {
            "rejectedSpans": "1", "errorMessage": "too old"}}))
    collector = Collector(t, answer)
    service = t.server(lambda request: reply(500))
    run = t.squall("run", service.url, "-n", "5", "--otlp", collector.url,
                   status=1)
    t.equal(len(collector.requests("/v1/metrics")), 1, "once")
    t.match(run.err, "the collector answered with 400", "the status")
    t.equal(len(collector.requests("/v1/traces")), 1, "spans")
    partly = Collector(t, lambda request: reply(200, json.dumps(
        {"partialSuccess": {"errorMessage": "too old"}})))
    run = t.squall("run", service.url, "-n", "5", "--otlp", partly.url,
                   status=1)
    t.match(run.err, "the collector says: too old", "a part")


@test("headers, the environment, and what of them is secret")
def headers(t):
    collector = Collector(t)
    service = t.server(lambda request: reply(200))
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url + "/",
           "OTEL_EXPORTER_OTLP_HEADERS": "x-team=fromenvironment%21"}
    report = t.path("report.json")
    run = t.squall("run", service.url, "-n", "5", "-o", report, "--otlp",
                   "env", "--otlp-header", "X-Tenant: fromoption", env=env)
    for request in collector.server.requests:
        t.equal((request.header("X-Team"), request.header("X-Tenant")),
                ("fromenvironment!", "fromoption"), request.path)
    t.absent(report.read_text() + run.out + run.err, "fromoption|fromenv",
             "a secret")
    # What the environment says goes nowhere else, and nowhere unasked.
    count = len(collector.server.requests)
    t.squall("run", service.url, "-n", "5", env=env)
    t.equal(len(collector.server.requests), count, "unasked")
    t.squall("run", service.url, "-n", "5", "--otlp", collector.url, env=env)
    t.equal(collector.server.requests[-1].header("X-Team"), None,
            "of another place")


@test("what is wrong is said before anything is sent")
def wrong(t):
    service = t.server(lambda request: reply(200))
    for arguments, text in (
            (["--otlp", "127.0.0.1:4318"], "--otlp: .*not an HTTP URL"),
            (["--otlp-header", "A: b"], "--otlp-header is one of --otlp"),
            (["--otlp", "http://127.0.0.1:1", "--otlp-header", "b"],
             "--otlp-header: not a header")):
        run = t.squall("run", service.url, "-n", "5", *arguments, status=2)
        t.match(run.err, text, "error")
    t.equal(service.requests, [], "nothing was sent")


main()
