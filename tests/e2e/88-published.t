#!/usr/bin/python3
# Proves: a run that is watched on a terminal, scraped, sent to a collector and
# keeps sampled events costs little more CPU a request than one beside it that
# does none of it, and needs no more memory than its report grows by.
#
# Both run at one time, so that a busy machine meets both alike.
#
# SQUALL_TEST_SECONDS: how long they run (60). `make bench-published` runs ten
# minutes, in which it may cost 3 %; in one minute a tenth, since the busiest
# second of a machine is then a larger part.

from harness import *
from otlp import Collector

import pty
import termios

SECONDS = int(os.environ.get("SQUALL_TEST_SECONDS", "60"))
RATE = 1000
SCRAPED_EVERY = 15  # seconds, as Prometheus does where nothing else is said
SETTLED = min(60, SECONDS // 3)  # memory is held to account from here on
MOST_SHARE = 0.03 if SECONDS >= 600 else 0.1
# The report has a row more each second, of about 3 KiB, until it has 1024; up
# to three reports are held at a time: one that is shown, one that is made, and
# what is written of it. In its first minute a run also still comes to use the
# buckets of rare latencies.
MOST_GROWTH_KIB = (1024 if SETTLED >= 60 else 4096) + 12 * (SECONDS - SETTLED)


class Measured:
    """A process of squall with its CPU time and, by second, its memory."""

    def __init__(self, t, name, terminal, *arguments):
        self.report = t.path(f"{name}.json")
        self.rss_kib = []
        self.said = b""
        self.terminal = terminal
        master, slave = pty.openpty() if terminal else (None, None)
        if terminal:
            termios.tcsetwinsize(slave, (24, 80))
        with open(t.path(f"{name}.err"), "wb") as err:
            self.popen = subprocess.Popen(
                [SQUALL, "run", "-o", self.report, *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=slave if terminal else err, env=t.environment(
                    {"TERM": "xterm"}), start_new_session=True)
        if terminal:
            os.close(slave)
            threading.Thread(target=self._read, args=(master,),
                             daemon=True).start()
        t.keep(self)
        self.usage = None
        self.thread = threading.Thread(target=self._wait, daemon=True)
        self.thread.start()

    def _read(self, master):
        """A terminal is slow: it reads what there is ten times a second."""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                return
            if not part:
                return
            self.said = (self.said + part)[:1 << 20]
            time.sleep(0.1)

    def _wait(self):
        _, status, self.usage = os.wait4(self.popen.pid, 0)
        self.popen.returncode = os.waitstatus_to_exitcode(status)

    def look(self):
        try:
            text = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        except OSError:
            return
        found = re.search(r"VmRSS:\s+(\d+)", text)
        if found:
            self.rss_kib.append(int(found.group(1)))

    def finish(self, timeout):
        self.thread.join(timeout)
        if self.usage is None:
            raise Failed(f"still running after {timeout} s")
        self.cpu_s = self.usage.ru_utime + self.usage.ru_stime
        self.run = json.loads(self.report.read_text())
        self.requests = self.run["attempts"]["on_wire"]
        self.us = self.cpu_s / self.requests * 1e6

    def close(self):
        if self.usage is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.thread.join(10)


def place_of(t, measured):
    found = []
    t.wait_until("it says where its figures are", lambda: found.append(
        re.search(rb"figures at (http://\S+)", measured.said)) or found[-1])
    return found[-1].group(1).decode()


def measure(t):
    t.runs += 1
    nginx = t.nginx(extra="access_log off;", name=f"nginx{t.runs}")
    collector = Collector(t)
    load = (nginx.url, "-r", f"{RATE}/s", "-d", f"{SECONDS}s", "-c", "32",
            "-X", "POST", "-b", '{"order": "{{op.id}}"}')
    plain = Measured(t, "plain", False, *load)
    published = Measured(
        t, "published", True, *load, "--listen", "127.0.0.1:0", "--otlp",
        collector.url, "--events", t.path("events.ndjson"), "--sample",
        "0.01")
    place = place_of(t, published)
    begin = time.monotonic()
    scrapes = 0
    while time.monotonic() < begin + SECONDS - 2:
        published.look()
        plain.look()
        if len(published.rss_kib) % SCRAPED_EVERY == 1:
            for path in ("/metrics", "/"):
                with urllib.request.urlopen(place + path, timeout=20) as page:
                    scrapes += len(page.read()) > 1000
        time.sleep(1)
    plain.finish(60)
    published.finish(120)
    return plain, published, scrapes, collector


def mib(kib):
    return f"{kib / 1024:.1f} MiB"


@test("it costs little and does not grow", limit=4 * SECONDS + 120)
def cheap(t):
    if is_sanitized():
        raise Skip("a sanitizer has other costs")

    def one():
        plain, published, scrapes, collector = measure(t)
        more = published.us / plain.us - 1
        settled = published.rss_kib[SETTLED - 1:]
        growth = max(settled) - settled[0]
        alone = plain.rss_kib[SETTLED - 1:]
        t.note(f"{SECONDS} s at {RATE}/s: {plain.us:.2f} us of CPU a request "
               f"alone, {published.us:.2f} us published: {100 * more:+.2f} %")
        t.note(f"memory after {SETTLED} s {mib(settled[0])}, at most "
               f"{mib(max(settled))} later, {mib(settled[-1])} at the end; "
               f"alone {mib(alone[0])}, {mib(max(alone))}")
        t.note("published, MiB by tenths: " + " ".join(
            f"{kib / 1024:.1f}" for kib in
            published.rss_kib[::max(1, len(published.rss_kib) // 10)]))
        t.note(f"{scrapes} pages read, {len(collector.server.requests)} "
               f"requests of OTLP")
        t.equal(published.popen.returncode, plain.popen.returncode, "exit")
        t.check(scrapes >= SECONDS // SCRAPED_EVERY, f"{scrapes} pages")
        t.check(len(collector.metrics()) >= SECONDS // 12, "metrics")
        t.check(more <= MOST_SHARE, f"{100 * more:.2f} % more CPU a request")
        t.check(growth <= MOST_GROWTH_KIB, f"memory grew by {mib(growth)}")
    if SECONDS > 100:
        one()
    else:
        t.patiently(one)


main()
