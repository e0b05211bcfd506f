"""A collector of OTLP that keeps what it is sent, and what of it the
protocol's own definitions read."""

from harness import *
from real_clients import CLIENTS, clients_missing


class Collector:
    """`answer(request)` as for a server; None accepts."""

    def __init__(self, t, answer=None):
        self.server = t.server(
            lambda request: (answer and answer(request)) or
            reply(200, "{}", [("Content-Type", "application/json")]))
        self.url = self.server.url.rstrip("/")

    def requests(self, path):
        return [request for request in self.server.requests
                if request.path == path]

    def metrics(self):
        """Of each request: {name: metric}."""
        return [{metric["name"]: metric for metric in items_of(
            request, "resourceMetrics", "scopeMetrics", "metrics")}
            for request in self.requests("/v1/metrics")]

    def spans(self):
        return [span for request in self.requests("/v1/traces")
                for span in items_of(request, "resourceSpans", "scopeSpans",
                                     "spans")]


def items_of(request, resources, scopes, items):
    return [item for resource in json.loads(request.body)[resources]
            for scope in resource[scopes] for item in scope[items]]


def attributes(of):
    """{key: value}; numbers as such."""
    read = {"stringValue": str, "intValue": int, "boolValue": bool}
    return {one["key"]: read[kind](value) for one in of["attributes"]
            for kind, value in one["value"].items()}


def same(ours, theirs, path=""):
    """What of ours the other lacks or has otherwise, as sentences; numbers
    may be written otherwise."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [what for name in ours.keys() | theirs.keys()
                for what in same(ours.get(name), theirs.get(name),
                                 f"{path}.{name}")]
    if isinstance(ours, list) and isinstance(theirs, list) and \
            len(ours) == len(theirs):
        return [what for i, (a, b) in enumerate(zip(ours, theirs))
                for what in same(a, b, f"{path}[{i}]")]
    if ours == theirs or (
            isinstance(ours, (int, float)) and isinstance(theirs, (int, float))
            and abs(ours - theirs) <= 1e-12 * abs(ours)):
        return []
    return [f"{path}: {ours!r} was read as {theirs!r}"]


def read_by_definitions(t, requests):
    """Each request as the definitions of OpenTelemetry read it."""
    if not shutil.which("node"):
        raise Skip("node is not installed")
    missing = clients_missing()
    if missing:
        raise Skip(missing)
    script = CLIENTS / "otlp.mjs"
    shutil.copy(ROOT / "tests/clients/otlp.mjs", script)
    lines = "".join(json.dumps({"path": request.path,
                                "body": request.body.decode()}) + "\n"
                    for request in requests)
    done = subprocess.run(["node", script], input=lines.encode(), timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise Failed(done.stderr.decode())
    return [json.loads(line) for line in done.stdout.decode().splitlines()]
