#!/usr/bin/python3
# Proves: while a run goes on its figures can be read over HTTP, by a person,
# a program and a real Prometheus, whose quantile is that of the report within
# a bucket; the dashboard and the alerts that are shipped name nothing that is
# not there; and whoever reads, however badly, holds up nothing.

from harness import *

OPENMETRICS = "application/openmetrics-text"
DASHBOARDS = ROOT / "profiles" / "dashboards"


def begin(t, url, *arguments, listen="127.0.0.1:0"):
    """Starts a run; it, and where its figures are."""
    process = t.launch("run", url, "-o", t.path("report.json"), "--listen",
                       listen, *arguments)
    place = process.wait_for_text(r"figures at (http://\S+)").group(1)
    return process, place


def get(url, **headers):
    """(status, type, text) of an answer."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return (answer.status, answer.headers["Content-Type"],
                    answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def sample(text, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text,
                           re.M).group(1))


def steady(t):
    return t.server(lambda request: reply(200))


@test("a page, a report and metrics while it runs")
def pages(t):
    process, place = begin(t, steady(t).url, "-r", "100/s", "-d", "4s")
    t.wait_until("there are figures", lambda: get(place + "/metrics")[0] == 200)
    status, kind, text = get(place + "/metrics", Accept=f"{OPENMETRICS};q=1")
    t.equal((status, kind.split(";")[0]), (200, OPENMETRICS), "OpenMetrics")
    t.check(text.endswith("# EOF\n"), "it is whole")
    _, kind, older = get(place + "/metrics")
    t.equal(kind, "text/plain; version=0.0.4; charset=utf-8", "the older form")
    report = json.loads(get(place + "/report.json")[2])
    t.equal(schema_problems(report), [], "by the schema")
    t.equal(report["run"]["complete"], False, "not over")
    t.check(report["run"]["id"] in text, "the number of the run")
    _, kind, html = get(place + "/")
    t.equal(kind, "text/html; charset=utf-8", "HTML")
    t.match(html, "(?s)<!DOCTYPE html>.*</html>", "a page")
    before = sample(older, "squall_operations_started_total")
    t.wait_until("they go on", lambda: sample(
        get(place + "/metrics")[2], "squall_operations_started_total") > before)
    t.equal([get(place + path)[0] for path in ("/x", "/metrics/")], [404, 404],
            "what there is not")
    request = urllib.request.Request(place + "/", data=b"x")
    try:
        urllib.request.urlopen(request, timeout=20).close()
        t.check(False, "a POST is refused")
    except urllib.error.HTTPError as error:
        t.equal((error.code, error.headers["Allow"]), (405, "GET, HEAD"),
                "POST")
    t.finish(process, status=0)
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"],
                              input=older.encode(), capture_output=True,
                              check=False)
        t.equal((done.returncode, done.stdout + done.stderr), (0, b""),
                "promtool")


@test("the three say the same at one time")
def alike(t):
    process, place = begin(t, steady(t).url, "-r", "200/s", "-d", "3s")
    found = []

    def are_of_one():
        """Figures are a second old at most, then there are others."""
        report = json.loads(get(place + "/report.json")[2])
        text = get(place + "/metrics")[2]
        found[:] = [report, text]
        return report["operations"]["succeeded"] > 0 and \
            sample(text, "squall_run_measured_seconds") == \
            report["run"]["measured_us"] / 1e6
    t.wait_until("both are of one time", are_of_one)
    report, text = found
    for path in ("operations.started", "operations.succeeded",
                 "attempts.on_wire"):
        group, member = path.split(".")
        t.equal(sample(text, f"squall_{group}_{member}_total"),
                report[group][member], path)
    buckets = sample(text, 'squall_duration_operation_seconds_bucket{le="+Inf"}')
    t.equal(buckets, report["latency"]["operation"]["count"], "in buckets")
    t.finish(process, status=0)


@test("who connects and says nothing, or reads nothing, holds up nothing")
def rude(t):
    process, place = begin(t, steady(t).url, "-r", "100/s", "-d", "2s")
    port = int(place.rsplit(":", 1)[1])
    held = [t.keep(socket.create_connection(("127.0.0.1", port)))
            for _ in range(40)]
    for sock in held[20:]:
        try:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        except OSError:
            pass  # there are more than it serves
    started = time.monotonic()
    run = t.finish(process, status=0, report=t.path("report.json"))
    t.check(time.monotonic() - started < 10, "it ends in time")
    t.near(run["operations.started"], 200, 1, "operations")


@test("where it listens, and what is wrong")
def places(t):
    service = steady(t)
    process, place = begin(t, service.url, "-n", "5", listen="0.0.0.0:0")
    t.finish(process, status=0)
    t.match(process.err, "warning: whoever can reach that address", "warning")
    process, place = begin(t, service.url, "-n", "5", listen="0")
    t.finish(process, status=0)
    t.match(place, r"^http://127\.0\.0\.1:\d+$", "without a host")
    t.absent(process.err, "warning", "on the loopback")
    count = len(service.requests)
    taken = t.keep(listening_socket())
    run = t.squall("run", service.url, "--listen", f":{port_of(taken)}",
                   "-n", "5", status=3)
    t.match(run.err, "cannot listen on 127.0.0.1 port", "taken")
    for wrong in ("", "127.0.0.1", "127.0.0.1:x", ":70000", "http://a:1/",
                  "::1:80"):
        run = t.squall("run", service.url, "--listen", wrong, "-n", "5",
                       status=2)
        t.match(run.err, "--listen: .* is no place", wrong)
    t.equal(len(service.requests), count, "nothing was sent")


class Prometheus:
    """A real one, which scrapes a place each second."""

    def __init__(self, t, place, rules=()):
        program = shutil.which("prometheus")
        if not program:
            raise Skip("prometheus is not installed")
        config = {"global": {"scrape_interval": "1s",
                             "scrape_timeout": "1s"},
                  "rule_files": [str(path) for path in rules],
                  "scrape_configs": [{
                      "job_name": "squall", "static_configs": [
                          {"targets": [place.removeprefix("http://")]}]}]}
        process = t.start(
            [program, f"--config.file={t.write('p.yml', json.dumps(config))}",
             f"--storage.tsdb.path={t.path('tsdb')}",
             "--web.listen-address=127.0.0.1:0"], "prometheus")
        port = process.wait_for_text(
            r'msg="Listening on" address=127\.0\.0\.1:(\d+)').group(1)
        base = f"http://127.0.0.1:{port}"
        t.wait_until("Prometheus is ready", lambda: get(base + "/-/ready")[
            0] == 200)
        self.url = base + "/api/v1/"

    def query(self, expression, at=None):
        """[(labels, value)], now or at a time."""
        status, _, text = get(self.url + "query?" + urllib.parse.urlencode(
            {"query": expression} | ({"time": at} if at else {})))
        answer = json.loads(text)
        if status != 200:
            raise Failed(f"{expression}: {answer}")
        return [(one["metric"], float(one["value"][1]))
                for one in answer["data"]["result"]]

    def problems(self):
        targets = json.loads(get(self.url + "targets")[2])["data"]
        return [one["lastError"] for one in targets["activeTargets"]
                if one["lastError"]]


def bucket_of(bounds, value):
    """The bounds of the bucket that a value is in."""
    return (max([bound for bound in bounds if bound < value], default=0),
            next(bound for bound in bounds if value <= bound))


@test("the p99 of a real Prometheus is that of the report, within a bucket",
      limit=90)
def prometheus(t):
    # One in ten takes 420 ms, in the midst of a bucket of 150 ms.
    def answer(request):
        time.sleep(0.42 if request.number % 10 == 0 else 0.002)
        return reply(200)
    process, place = begin(t, t.server(answer).url, "-r", "100/s", "-d", "8s",
                           "-c", "30")
    scraper = Prometheus(t, place)
    name = "squall_duration_operation_seconds"
    t.wait_until("it has scraped often enough", lambda: scraper.query(
        f"{name}_count > 500"), timeout=40)
    t.equal(scraper.problems(), [], "what it says of the page")
    now = time.time()  # all of one scrape
    last = scraper.query(f"{name}_count", now)[0][1]
    bounds = sorted(float(labels["le"]) for labels, _ in
                    scraper.query(f"{name}_bucket", now))
    for share in (0.5, 0.9, 0.99, 0.999):
        quantile = scraper.query(
            f"histogram_quantile({share}, {name}_bucket)", now)[0][1]
        exact = scraper.query(
            f'squall_latency_operation_seconds{{quantile="{share}"}}',
            now)[0][1]
        low, high = bucket_of(bounds, exact)
        t.check(low <= quantile <= high, f"{share}: {quantile} by buckets, "
                f"{exact} in fact, which is between {low} and {high}")
        if share == 0.99:
            seen = quantile
    run = t.finish(process, status=0, report=t.path("report.json"))
    t.check(last >= 500, f"{last} operations")
    low, high = bucket_of(bounds, run["latency.operation.p99_us"] / 1e6)
    t.check(low <= seen <= high, f"p99: {seen} by Prometheus, "
            f"{run['latency.operation.p99_us']} us by the report, which is "
            f"between {low} and {high} s")


# What is shipped for it.

def expressions():
    """(place, expression) of the dashboard and the rules."""
    dashboard = json.loads((DASHBOARDS / "grafana/squall.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]
    rules = (DASHBOARDS / "prometheus/squall.rules.yml").read_text()
    for alert, expression in re.findall(
            r"- alert: (\w+)\n +expr: (?:>-\n)?(.*?)\n +(?:for|labels):",
            rules, re.S):
        yield alert, " ".join(expression.split())


@test("the dashboard and the alerts name what there is", limit=60)
def shipped(t):
    target = t.target("--keys", "none")
    process, place = begin(
        t, target.url + "/orders", "-X", "POST", "-b",
        '{"order": "{{op.id}}"}', "-r", "100/s", "-d", "4s", "-p",
        "full-jitter", "--fault", "lost_response:30%", "--ledger", "/ledger",
        "--ledger-key", "{{op.id}}", "--slo", "p99 < 1us", "--openmetrics",
        t.path("metrics.txt"))
    live = []
    t.wait_until("there are figures", lambda: live.append(
        get(place + "/metrics")[2]) or "squall_attempts_total" in live[-1])
    t.finish(process, status=1)
    samples = re.findall(r"^(\w+)(?:\{(.*)\})? \S+$",
                         live[-1] + t.path("metrics.txt").read_text(), re.M)
    there = {name for name, _ in samples}
    labels = {"job", "instance", "le"}
    for _, text in samples:
        labels |= set(re.findall(r'(\w+)="', text or ""))
    count = 0
    for where, expression in expressions():
        names = set(re.findall(r"\bsquall_\w+", expression))
        t.equal(names - there, set(), f"{where}: names that are not there")
        used = set(re.findall(r"(\w+)=~?\"", expression)) | {
            one for by in re.findall(r"by \(([^)]*)\)", expression)
            for one in by.split(", ")}
        t.equal(used - labels, set(), f"{where}: labels that are not there")
        t.check(names, f"{where}: no name in {expression}")
        count += 1
    t.check(count > 25, f"{count} expressions")
    profiles = t.squall("profile", "list").out
    t.absent(profiles, "dashboards", "no profile")


@test("Prometheus takes every expression, and the alerts fire", limit=90)
def alerts(t):
    rules = DASHBOARDS / "prometheus/squall.rules.yml"
    if not shutil.which("promtool"):
        raise Skip("promtool is not installed")
    done = subprocess.run(["promtool", "check", "rules", rules],
                          capture_output=True, check=False)
    t.equal(done.returncode, 0, (done.stdout + done.stderr).decode())

    def series(name, values):
        return {"series": name, "values": values}
    labels = 'job="squall",instance="a"'
    fails = {"exp_labels": {"job": "squall", "instance": "a",
                            "severity": "critical"}}
    tests = {"rule_files": [str(rules)], "evaluation_interval": "10s",
             "tests": [{
                 "interval": "10s",
                 "input_series": [
                     series(f"squall_operations_started_total{{{labels}}}",
                            "0+100x30"),
                     series(f"squall_operations_failed_total{{{labels}}}",
                            "0+5x30"),
                     series(f"squall_attempts_on_wire_total{{{labels}}}",
                            "0+110x30")],
                 "alert_rule_test": [
                     {"eval_time": "3m", "alertname": "SquallOperationsFail",
                      "exp_alerts": [fails | {"exp_annotations": {
                          "summary": "5% of the operations fail",
                          "description": "What callers see, after all "
                                         "retries."}}]},
                     {"eval_time": "3m", "alertname": "SquallRetryStorm",
                      "exp_alerts": []}]}]}
    path = t.write("tests.yml", json.dumps(tests))
    done = subprocess.run(["promtool", "test", "rules", path],
                          capture_output=True, check=False)
    t.equal(done.returncode, 0, (done.stdout + done.stderr).decode())
    process, place = begin(t, steady(t).url, "-r", "50/s", "-d", "4s")
    scraper = Prometheus(t, place)
    for where, expression in expressions():
        if expression.startswith("label_values"):
            continue
        scraper.query(expression.replace("$__rate_interval", "1m")
                      .replace("$job", ".*"))
    t.finish(process, status=0)


main()
