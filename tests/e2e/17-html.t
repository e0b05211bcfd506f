#!/usr/bin/python3
# Proves: the page of HTML is well-formed, has no script and asks for nothing;
# every figure on it is the document's, in its value and in its text, and every
# figure of the document is on it; what is missing is said; nothing that a
# service or a profile says begins markup; it stays small, whatever the report
# has, and says what it left out. In a browser, at two widths, light, dark and
# printed: no word covers another, nothing overflows, every word has a contrast
# of 4.5, nothing is requested and nothing complained of.

from harness import *

import html.parser
from xml.etree import ElementTree

from browser import Browser

PAGE_MAX = 500 * 1024
DATA_MIN = 60

# Elements and attributes that load or do something.
ACTIVE = {"script", "link", "img", "iframe", "object", "embed", "form",
          "input", "button", "video", "audio", "base", "foreignobject",
          "image", "use", "animate", "set", "template"}
ATTRIBUTES = {"src", "srcset", "xlink:href", "action", "formaction", "data",
              "poster", "background", "ping", "manifest"}


class Page(html.parser.HTMLParser):
    """What a page holds; as browsers read it, not as XML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.handlers = [], [], []
        self.data, self.tips, self.text = [], [], []
        self.inside = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.handlers += [name for name in attributes
                          if name.startswith("on") or name in ATTRIBUTES]
        if "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "data":
            self.data.append([attributes["title"],
                              float(attributes["value"]), ""])
        if tag == "title":
            self.tips.append("")
        if tag not in ("meta", "br"):
            self.inside.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in ("meta", "br"):
            self.inside.pop()

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag, f"</{tag}> is not in its place"

    def handle_data(self, text):
        if "style" in self.inside:
            return
        self.text.append(text)
        if self.inside[-1:] == ["data"]:
            self.data[-1][2] += text
        if self.inside[-1:] == ["title"]:
            self.tips[-1] += text


def page_of(t, path):
    """The page, which is held to what all are."""
    text = path.read_text()
    doctype, rest = text.split("\n", 1)
    t.equal(doctype, "<!DOCTYPE html>", "its first line")
    ElementTree.fromstring(rest)
    page = Page(text)
    t.equal(page.inside, [], "all is closed")
    t.equal(ACTIVE & set(page.tags), set(), "elements that do something")
    t.equal(page.handlers, [], "attributes that do something")
    t.equal([link for link in page.links if not link.startswith("#")], [],
            "links to outside")
    t.check(not re.search(r"url\(|@import|http-equiv=.refresh", text),
            "nothing is loaded by the style")
    ids = re.findall(r' id="([^"]*)"', text)
    t.equal(len(ids), len(set(ids)), "ids are unique")
    t.equal([link for link in page.links if link[1:] not in ids], [],
            "links that lead nowhere")
    t.check(len(text.encode()) < PAGE_MAX, f"{len(text)} bytes")
    return page


def look_up(document, path):
    """The value at a path such as requests[0].latency.p50_us."""
    for part in re.findall(r"[^.\[\]]+", path):
        document = document[int(part) if isinstance(document, list) else part]
    return document


UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "B": 1, "kB": 1e3, "MB": 1e6,
         "GB": 1e9, "%": 0.01, "m": 60e6, "h": 3600e6}


def read_figure(text):
    """The number that a text of the page says."""
    text = text.replace(",", "")
    change = re.fullmatch(r"(?:x ([\d.]+)|([+-][\d.]+) pt|([+-]\d+))", text)
    if change:
        ratio, points, count = change.groups()
        return float(ratio or count or float(points) / 100)
    both = re.fullmatch(r"(\d+) m (\d+) s", text)
    if both:
        return (int(both[1]) * 60 + int(both[2])) * 1e6
    match = re.fullmatch(r"([\d.]+)(?: ?(us|ms|s|B|kB|MB|GB|%))?(?:/s)?", text)
    if not match:
        raise Failed(f"no figure: {text!r}")
    return float(match[1]) * UNITS.get(match[2], 1)


def hold_figures(t, page, document, least=DATA_MIN):
    """Every figure of the page against the document: its value, to the last digit,
    and its text, to the digits that it shows."""
    wrong = []
    for path, value, text in page.data:
        truth = look_up(document, path)
        shown = read_figure(text)
        # A saved report has 15 digits.
        if abs(value - truth) > 1e-14 * abs(truth) or abs(shown - truth) > 0.006 * abs(truth) + 5e-5:
            wrong.append((path, truth, value, text))
    t.equal(wrong, [], "figures that are not the document's")
    t.check(len(page.data) >= least, f"only {len(page.data)} figures")
    return {path for path, _, _ in page.data}


SHOWN = ("success_rate", "operations.started", "operations.failed",
         "rates.goodput_per_s", "attempts.on_wire", "attempts.retries",
         "amplification.attempts_per_operation", "amplification.peak_1s",
         "herd.peak_to_mean_100ms", "herd.dispersion_10ms",
         "amplification.histogram[0]", "generator.cpu_share", "run.exit",
         "latency.time_to_success.p50_us", "latency.attempt_ok.p99_us",
         "latency.attempt_ok.max_us", "run.duration_us",
         "effects.operations_checked", "effects.table.succeeded[1]",
         "faults.lost_response.injected", "slo[0].value",
         "requests[0].success_rate", "phases[0].operations.started",
         "operation_histogram[0].count", "policy.retry_budget.granted")

LOSSES = ("-p", "lost-responses", "-p", "full-jitter", "-p",
          "targets/no-keys", "--set",
          'retry_budget={"type": "token_bucket", "capacity": 100}',
          "--set", 'breaker={"any_of": [{"type": "consecutive", "failures": '
          '4}], "open": {"type": "constant", "initial": "300ms"}}',
          "--slo", "success_rate >= 1%", "--slo", "duplicates == 0",
          "--slo", "p99.99 < 1us")


@test("every figure is the document's, and the saved report has the same page",
      limit=60)
def figures(t):
    first, again = t.path("first.html"), t.path("again.html")
    run = t.run("-n", "1000", *LOSSES, "--html", first, status=None)
    page = page_of(t, first)
    paths = hold_figures(t, page, run.report)
    for path in SHOWN:
        t.check(path in paths, f"{path} is not shown")
    saved = next(t.directory.glob("report*.json"))
    t.squall("report", saved, "--html", again)
    t.check(again.read_text() == first.read_text(), "made again")
    words = " ".join(page.text)
    for slo in run["slo"]:
        t.check(slo["expr"] in words, f"{slo['expr']} is not shown")
    for example in run["effects.examples"][:8]:
        t.check(example["id"] in words, f"{example['id']} is not shown")
    t.check(run["effects.duplicate"] > 0, "there are duplicates to show")
    t.check(any(path.startswith("effects.examples[0].trace[0].")
                for path in paths), "the story of a duplicate")
    t.check("--html" in words and str(run["run.seed"]) in words,
            "how to run it again")


def figures_of(value, path=""):
    """Every number in objects below a value, by its path; lists apart."""
    for name, member in value.items():
        if isinstance(member, dict):
            yield from figures_of(member, f"{path}{name}.")
        elif isinstance(member, (int, float)) and not isinstance(member, bool):
            yield f"{path}{name}", member


# Objects that are no figures of the run, or whose sizes the data decide: those
# that are 0 are not shown. All else is held, whatever will be added.
APART = re.compile(
    r"(profile|latency_by_time|herd\.arrivals|merge|replay)\.|"
    r"(operations\.(shed_)?reasons|attempts\.by_(outcome|status)|faults)\.|"
    r"run\.threads|errors_omitted|.*transitions_omitted|"
    r".*\.at_least\.|effects\.looked_us")


@test("no figure of the document is missing", limit=60)
def complete(t):
    html = t.path("page.html")
    run = t.run("-n", "400", "-r", "400/s", *LOSSES, "--set",
                "concurrency.limit=50", "--set", 'rate_limit={"type": '
                '"token_bucket", "rate": "1000/s", "burst": 10}', "--set",
                'throttle={"type": "sre", "k": 2, "window": "120s"}', "--set",
                'hedge={"max_extra": 1, "delay": "50ms"}', "--html", html,
                status=None)
    shown = hold_figures(t, page_of(t, html), run.report)
    wanted = {path: value for path, value in figures_of(run.report)
              if not APART.match(path)}
    empty = {path.rsplit(".", 1)[0] + "." for path, value in wanted.items()
             if path.endswith(".count") and value == 0}
    # That none was found says nothing of what nothing could have shown.
    unjudged = tuple(f"effects.{part}{name}"
                     for name, why in run["effects.unjudged"].items() if why
                     for part in ("", "ratios.", "upper_bound_95."))
    missing = [path for path in wanted if path not in shown
               and path not in unjudged
               and not path.startswith(tuple(empty))]
    t.equal(missing, [], "figures that the page does not have")
    t.check(len(wanted) > 200, f"{len(wanted)} figures")
    # Of those apart, what is not 0.
    counts = re.compile(r"(operations\.reasons|attempts\.by_|faults\.).*")
    t.equal([path for path, value in figures_of(run.report)
             if counts.match(path) and value and path not in shown], [],
            "counts that the page does not have")


@test("what plots say when they are pointed at is the series", limit=60)
def tips(t):
    html = t.path("page.html")
    run = t.run("-n", "1000", *LOSSES, "--html", html, status=None)
    said = [tip for tip in page_of(t, html).tips if "\ndue " in tip]
    t.equal(len(said), len(run["series"]), "a tip for each interval")
    for tip, point in zip(said, run["series"]):
        lines = dict(line.rsplit(" ", 1) for line in tip.split("\n")[1:])
        lines = {name: read_figure(text) for name, text in lines.items()}
        t.equal(lines.pop("due"), point["offered"], "due")
        for name, count in lines.items():
            t.equal(count, point[name], name)
        start = tip.split(" ")[0]
        t.equal(read_figure(start), point["t_s"] * 1e6, "when")
    times = [tip for tip in page_of(t, html).tips if "\np99 " in tip]
    for tip, point in zip(times, run["series"]):
        value = re.search(r"\np99 (.*)", tip)[1]
        if value == "never":
            t.equal(point["success_p99_us"], None, "never")
        else:
            truth = point["success_p99_us"]
            t.check(abs(read_figure(value) - truth) <= 0.006 * truth,
                    f"{value} is not {truth}")


    herd = run["herd.arrivals"]
    said = [tip for tip in page_of(t, html).tips if "\nbusiest 10 ms " in tip]
    t.equal([[read_figure(line.rsplit(" ", 1)[1])
              for line in tip.split("\n")[1:]] for tip in said],
            [list(column) for column in zip(
                herd["attempts"], herd["most_100ms"], herd["most_10ms"])],
            "arrivals")
    mean = sum(herd["attempts"]) / len(herd["attempts"])
    t.equal(herd["interval_us"], 100000, "bins of a short run")
    t.check(abs(max(herd["most_100ms"]) / mean -
                run["herd.peak_to_mean_100ms"]) < 1e-9, "the peak")
    heat = run["latency_by_time"]
    said = [tip for tip in page_of(t, html).tips
            if re.search(r"^\S+ to \S+\n[\d.]+ \w+: \d", tip)]
    t.equal(len(said), len(heat["counts"]), "a tip for each column")
    for tip, counts in zip(said, heat["counts"]):
        t.equal([read_figure(line.split(": ")[1])
                 for line in tip.split("\n")[1:]],
                [count for count in reversed(counts) if count], "a column")
    t.equal(sum(map(sum, heat["counts"])), run["latency.operation.count"],
            "all operations are in the map")


EVIL = "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>" \
       "\"'&amp;]]><!--"


# The length of names is bounded.
EVIL_NAME = "\"'></h3><script>alert(1)</script><!--"


@test("nothing that a service or a profile says begins markup")
def hostile(t):
    html = t.path("page.html")
    server = t.server(lambda request: reply(503, EVIL))
    profile = t.profile({
        "name": EVIL, "about": "Hostile.", "headers": {"X-Evil": EVIL},
        "requests": [{"name": EVIL_NAME, "method": "POST", "path": "/",
                      "body": EVIL},
                     {"name": "b" + EVIL_NAME, "method": "GET", "path": "/"}],
        "load": {"stages": [{"name": EVIL_NAME, "for": "200ms", "rate": "50/s"},
                            {"name": "2", "for": "100ms", "rate": "50/s"}]}})
    run = t.run(server.url, "-p", profile, "--html", html, status=None)
    page = page_of(t, html)
    hold_figures(t, page, run.report)
    words = "".join(page.text)
    t.check(words.count("<script>alert(1)</script>") >= 5,
            "it is shown as text")
    t.check("never" in words, "nothing succeeded: the time is never")
    t.match(html.read_text(), "<span class=\"verdict bad\">FAIL", "verdict")


MOST = 110
MARKUP = "&<>\"'"


def maximal(d):
    """More of everything than a page has room for, in characters that take
    the most of it."""
    d["series"] = [{name: i if name == "t_s" else
                    123456789012 + i * 7919 % 1000003
                    for name in d["series"][0]} for i in range(1024)]
    d["run"].update(measured_us=1024 * 10**6, argv=[MARKUP * 100] * 500,
                    profiles=[MARKUP * 60] * 500, problem=MARKUP * 1000,
                    target=MARKUP * 1000)
    for parts in ("requests", "phases"):
        d[parts] = [dict(d[parts][0], name=MARKUP * 60 + str(i))
                    for i in range(MOST)]
    d["errors"] = [{"outcome": "timeout", "status": 500, "count": 10**9,
                    "text": MARKUP * 100 + str(i), "first_us": 1,
                    "last_us": 2} for i in range(MOST)]
    d["windows"] = [{"kind": kind, "name": MARKUP * 60, "opened": True,
                     "from_us": i * 1000, "until_us": i * 1000 + 500,
                     "every_us": None}
                    for i in range(MOST) for kind in ("fault", "stage")]
    example = d["effects"]["examples"][0]
    example.update(id=MARKUP * 60, key=MARKUP * 60, flags=[MARKUP * 20] * 50,
                   trace=example["trace"][:1] * 500)
    d["effects"]["examples"] = [example] * 20
    action = {"planned_us": 1, "started_us": 2, "ended_us": 3, "late_us": 4,
              "outcome": "failed", "status": 1, "reason": MARKUP * 100,
              "output": MARKUP * 400, "output_bytes": 10**9}
    d["timeline"] = [{"name": MARKUP * 60, "kind": "run", "begin": action,
                      "end": action}] * MOST
    d["recovery"] = [{
        "after": MARKUP * 100, "triggers": 5, "from_us": 1, "until_us": 2,
        "outcome": "recovered", "baseline_goodput_per_s": 1e9,
        "baseline_share": .5, "in_time_us": 5, "depth": 1, "window_us": 4,
        "time_to_recover_us": 10**9, "metastable": True,
        "watched_us": 4}] * MOST
    d["slo"] = [dict(d["slo"][0], expr=MARKUP * 60, reason=MARKUP * 100)] \
        * MOST
    d["generator"]["warnings"] = [MARKUP * 100] * MOST
    d["policy"]["breaker"]["transitions"] = [
        {"at_us": i, "client": 10**9 + i, "from": "closed", "to": "open"}
        for i in range(MOST)]
    d["operation_histogram"] = [{"low_us": i, "high_us": i + 1,
                                 "count": 10**9} for i in range(MOST)]
    d["amplification"]["histogram"] = [10**9] * MOST
    d["latency_by_time"] = {
        "interval_us": 10**6, "edges_us": list(range(0, 30100, 100)),
        "counts": [[10**9 + i for i in range(300)]] * 600}
    d["herd"]["arrivals"] = {"interval_us": 100000, "attempts": [10**9] * 900,
                             "most_100ms": [10**8] * 900,
                             "most_10ms": [10**7] * 900}
    d["profile"] = {f"k{i}": MARKUP * 100 for i in range(400)}
    d["attempts"]["by_status"] = {str(i): 10**9 for i in range(100, 999)}
    d["faults"] = {f"fault-{i}": {"injected": 10**9,
                                  "delivered": 10**9}
                   for i in range(MOST)}
    d["merge"] = {
        "covered_us": 10**9, "overlap_us": 10**9,
        "differences": [MARKUP * 100] * MOST,
        "not_merged": [{"path": MARKUP * 60, "reason": MARKUP * 100}] * MOST,
        "reports": [{"file": MARKUP * 60, "target": MARKUP * 60, "exit": 3,
                     "offset_us": 10**9, "measured_us": 10**9,
                     "verdict": "fail"}] * MOST}
    return d


@test("the largest report has a page that is short, and says what it left out")
def largest(t):
    run = t.run("-n", "300", *LOSSES, status=None)
    saved = t.write("largest.json", json.dumps(maximal(run.report)))
    html = t.path("page.html")
    t.squall("report", saved, "--html", html)
    page = page_of(t, html)
    t.note(f"{html.stat().st_size} bytes")
    words = "".join(page.text)
    more = [int(count) for count in
            re.findall(r"and (\d+) more in the JSON report", words)]
    t.check(len(more) >= 12, f"what was left out: {more}")
    # Each list has some of what it is to show.
    for section in ("slo", "time", "load", "effects", "timeline", "errors",
                    "policy", "parts", "generator", "merge"):
        t.check(section in re.findall(r'<section id="([^"]*)"',
                                      html.read_text()), section)
    shown = {path.split("[")[0] for path, _, _ in page.data}
    t.check({"slo", "errors", "requests", "phases", "recovery", "timeline",
             "merge.reports", "policy.breaker.transitions"} <= shown,
            f"lists that are shown: {shown}")
    hold_figures(t, page, json.loads(saved.read_text()))


@test("a run without a ledger and a replay say what they did not measure")
def not_measured(t):
    html = t.path("page.html")
    server = t.server(lambda request: reply(200))
    run = t.run(server.url, "-n", "20", "--html", html)
    page = page_of(t, html)
    paths = hold_figures(t, page, run.report)
    t.check(not any(path.startswith("effects.") for path in paths),
            "no figure of effects")
    t.match(" ".join(page.text), "no ledger to read", "it is said")
    letters = t.path("dead.ndjson")
    broken = t.server(lambda request: reply(503))
    t.run(broken.url, "-X", "POST", "-n", "5", "--dead-letters", letters,
          status=None)
    report, html = t.path("replay.json"), t.path("replay.html")
    process = t.launch("replay", letters, server.url, "-o", report, "--html",
                       html)
    run = t.finish(process, status=None, report=report)
    paths = hold_figures(t, page_of(t, html), run.report)
    t.check("replay.dead_letters" in paths, "dead letters")


@test("the pages of a comparison and of an audit say what these found",
      limit=60)
def others(t):
    saved, html = t.path("compared.json"), t.path("compared.html")
    t.finish(t.launch("compare", "none", "immediate", "--rounds", "7", "-n",
                      "40", "--set", 'service.faults=[{"kind": "error", '
                      '"ratio": "20%"}]', "--fail-if", "success_rate worse",
                      "-o", saved, "--html", html), status=None)
    document = json.loads(saved.read_text())
    page = page_of(t, html)
    paths = hold_figures(t, page, document, 20)
    for index, row in enumerate(document["rows"]):
        t.equal(f"rows[{index}].estimate" in paths,
                isinstance(row["estimate"], (int, float)), "a row")
    words = " ".join(page.text)
    for sentence in document["summary"] + ["success_rate worse"]:
        t.check(sentence in words, f"{sentence} is not shown")
    saved, html = t.path("audit.json"), t.path("audit.html")
    t.finish(t.launch("audit", "-q", "-o", saved, "--html", html), status=None)
    document = json.loads(saved.read_text())
    page = page_of(t, html)
    hold_figures(t, page, document, 1)
    words = " ".join(page.text)
    for check in document["checks"]:
        for member in ("id", "title", "verdict", "observed"):
            t.check(check[member] in words, f"{check[member]} is not shown")


@test("the page of a capacity has every run of the search", limit=120)
def capacities(t):
    saved, html = t.path("capacity.json"), t.path("capacity.html")
    t.finish(t.launch("capacity", "--slo", "p99 < 120ms", "--arrival",
                      "constant", "--warmup", "0s", "-d", "200ms", "--workers",
                      "4", "--service-time", "20ms", "-r", "150/s", "-o",
                      saved, "--html", html), status=None, limit=100)
    document = json.loads(saved.read_text())
    page = page_of(t, html)
    paths = hold_figures(t, page, document, 10)
    search, = document["searches"]
    for index, run in enumerate(search["runs"][:100]):
        t.check(f"searches[0].runs[{index}].rate_per_s" in paths, "a run")
    points = [tip for tip in page.tips if ", in time " in tip]
    t.equal(len(points), sum(run["in_time_per_s"] is not None
                             for run in search["runs"]), "a point each")
    words = " ".join(page.text)
    for sentence in search["summary"] + document["summary"]:
        t.check(sentence in words, f"{sentence} is not shown")


# What is wrong with a page as it is shown: words that cover each other or
# leave the page, are too small, or too near to their ground in colour.
MEASURE = r"""(() => {
for (const d of document.querySelectorAll('details')) d.open = true;
const wrong = [];
const shown = e => e.getClientRects().length &&
  getComputedStyle(e).visibility != 'hidden';
const root = document.documentElement;
if (root.scrollWidth > innerWidth)
  wrong.push('overflow: ' + root.scrollWidth);
const texts = [...document.querySelectorAll('figure svg text')].filter(shown)
  .map(e => [e, e.getBoundingClientRect(), e.textContent]);
for (const [e, box, words] of texts)
  if (box.left < -0.5 || box.right > innerWidth + 0.5)
    wrong.push('leaves the page: ' + words);
for (let i = 0; i < texts.length; i++)
  for (let j = i + 1; j < texts.length; j++) {
    const [, a, one] = texts[i], [, b, other] = texts[j];
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
      wrong.push('covers: ' + one + ' | ' + other);
  }
const canvas = document.createElement('canvas').getContext('2d',
  {willReadFrequently: true});
const numbers = color => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const light = color => {
  const [r, g, b] = numbers(color).slice(0, 3).map(v => {
    v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = e => {
  for (; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (numbers(color)[3] == 255) return color;
  }
  return 'white';
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let words = 0, least = 99;
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || e.closest('title') || !shown(e))
    continue;
  words++;
  const style = getComputedStyle(e);
  if (parseFloat(style.fontSize) < 12) wrong.push('small: ' + e.textContent);
  const a = light(e.closest('svg') ? style.fill : style.color);
  const b = light(ground(e));
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  least = Math.min(least, contrast);
  if (contrast < 4.5)
    wrong.push('contrast ' + contrast.toFixed(2) + ': ' + e.textContent);
}
for (const e of document.querySelectorAll('svg[role=img]'))
  if (!e.getAttribute('aria-label')) wrong.push('a plot without a name');
for (const e of document.querySelectorAll('svg.area path')) {
  const box = e.getBoundingClientRect();
  const plot = e.closest('svg.area').getBoundingClientRect();
  if (box.width && (box.left < plot.left - 2 || box.right > plot.right + 2 ||
      box.top < plot.top - 2 || box.bottom > plot.bottom + 2))
    wrong.push('a curve leaves its plot: ' + e.getAttribute('class'));
}
return {wrong: [...new Set(wrong)].slice(0, 20), words, least,
        paper: getComputedStyle(document.body).backgroundColor,
        plots: document.querySelectorAll('svg.area').length};
})()"""

# Width, scheme and medium; paper is as wide as A4 between its margins.
LOOKS = [(320, "light", ""), (400, "light", ""), (400, "dark", ""),
         (1400, "light", ""), (1400, "dark", ""), (700, "dark", "print")]

STAGES = json.dumps([
    {"name": "a base of the load", "for": "300ms", "rate": "200/s"},
    {"name": "spike", "for": "100ms", "rate": "800/s"},
    {"name": "a rather long name of the rest", "for": "600ms",
     "rate": "200/s"}])


def pages(t):
    """Runs with everything on, of which nothing succeeded, and of the main
    job; a comparison and an audit."""
    every, nothing, main = (t.path(name + ".html")
                            for name in ("every", "nothing", "main"))
    t.run("-p", "targets/exactly-once", "-p", "full-jitter", "--set",
          "load.stages=" + STAGES, "--set", "load.model=open", "--set",
          "timeout.attempt=100ms", "--set",
          'faults=[{"kind": "lost_response", "ratio": 0.3, "from": "300ms", '
          '"for": "200ms"}, {"kind": "delay", "delay": "20ms", "ratio": 0.5, '
          '"from": "700ms", "for": "200ms"}]', *LOSSES[6:], "--html", every,
          status=None)
    server = t.keep(t.server(lambda request: reply(
        500, '{"error": "' + "an answer that goes on " * 20 + '"}')))
    t.run(server.url, "-X", "POST", "-n", "40", "-p", "immediate", "--html",
          nothing, status=None)
    t.run("-n", "1000", *LOSSES, "--html", main, status=None)
    compared, audit = t.path("compared.html"), t.path("audit.html")
    t.finish(t.launch("compare", "none", "immediate", "--rounds", "7", "-n",
                      "40", "--html", compared), status=None)
    t.finish(t.launch("audit", "-q", "--html", audit), status=None)
    return every, nothing, main, compared, audit


@test("at two widths, light, dark and printed, all can be read", limit=120)
def seen(t):
    if not Browser.find():
        raise Skip("there is no Chromium (.ci/setup full)")
    paths = pages(t)
    browser = t.keep(Browser(t.path("chromium")))
    for path in paths:
        papers = set()
        for width, scheme, medium in LOOKS:
            found, requests, said = browser.page(path, width, scheme, MEASURE,
                                                 medium)
            where = f"{path.name}, {width}, {scheme} {medium}"
            t.equal(found["wrong"], [], where)
            t.equal(requests, [f"file://{path}"], f"requests: {where}")
            t.equal(said, [], f"the console: {where}")
            is_run = path.name not in ("compared.html", "audit.html")
            t.check(found["words"] > (150 if is_run else 60) and
                    found["plots"] >= (4 if is_run else 0),
                    f"{found} is little: {where}")
            papers.add((scheme, medium, found["paper"]))
        t.equal({paper for scheme, medium, paper in papers
                 if scheme == "light" or medium},
                {"rgb(255, 255, 255)"}, "light, and on paper")
        t.equal(len({paper for _, _, paper in papers}), 2, "dark is dark")


main()
