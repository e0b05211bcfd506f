#!/usr/bin/python3
# Proves: when squall itself was stopped, what came meanwhile goes before what
# the time has brought. Answers that came in time are answers: no timeout, no
# retry, no hedge, no end of a drain is made of them, and a connection that was
# there in time is used.

import ssl

from harness import *

STOPPED = 2 * PATIENCE  # seconds; every limit of these tests is shorter, and
LIMIT = f"{1500 * PATIENCE}ms"  # answers come as soon as squall is stopped


def is_stopped(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


class Stopper:
    """Stops squall once `count` requests are there, lets them be answered,
    and lets it go on when their time is over."""

    def __init__(self, t, count):
        self.test = t
        self.count = count
        self.there = 0
        self.lock = threading.Lock()
        self.all_there = threading.Event()
        self.may_answer = threading.Event()

    def wait(self):
        with self.lock:
            self.there += 1
            if self.there == self.count:
                self.all_there.set()
        self.may_answer.wait(20)

    def run(self, *arguments, **options):
        t = self.test
        path = t.path(f"report-of-{t.runs}.json")
        process = t.launch("run", "-q", "-o", path, *arguments, **options)
        if not self.all_there.wait(20):
            raise Failed(f"{self.there} of {self.count} requests came")
        process.signal(signal.SIGSTOP)
        t.wait_until("squall is stopped", lambda: is_stopped(process))
        self.may_answer.set()
        time.sleep(STOPPED)  # the time that squall is away: the subject
        process.signal(signal.SIGCONT)
        return t.finish(process, status=None, report=path)


def expect_answers(t, run, count, what):
    t.equal(run["operations.succeeded"], count, f"{what}: answered")
    t.equal(run["attempts.by_outcome"]["ok"], count, f"{what}: answers")
    t.equal(run["attempts.total"], count, f"{what}: nothing is sent again")


RETRY = {"max_attempts": 3, "retry_on": ["timeout"],
         "backoff": {"type": "none"}}
LIMITS = [
    ("attempt timeout", {"timeout": {"attempt": LIMIT}, "retry": RETRY}),
    ("operation timeout", {"timeout": {"operation": LIMIT}, "retry": RETRY}),
    ("hedge", {"hedge": {"delay": LIMIT, "max_extra": 2}}),
    ("hedge at the timeout", {
        "timeout": {"attempt": LIMIT, "operation": "1m"}, "hedge": {
            "trigger": "attempt_timeout", "max_extra": 1}}),
    ("drain", {"load": {"duration": "50ms", "drain": LIMIT}}),
]


@test("an answer that came while squall was stopped is an answer", limit=90)
def answers(t):
    # More than a look reports at once: all must be read before a timer.
    count = 50
    for what, profile in LIMITS:
        stopper = Stopper(t, count)

        def answer(_request, stopper=stopper):
            stopper.wait()
            return reply()
        server = t.server(answer)
        run = stopper.run(server.url, "-p", t.profile(profile),
                          "-c", str(count), "-n", str(count))
        expect_answers(t, run, count, what)
        t.equal(len(server.requests), count, f"{what}: requests at the server")


@test("a connection that was there in time is used", limit=90)
def connections(t):
    certificates = Certificates(t.directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    stopper = Stopper(t, 3)
    listener = listening_socket()
    served = []

    def serve(sock):
        # A client that has said hello waits for the server's part.
        with sock:
            if not sock.recv(1, socket.MSG_PEEK):
                return
            stopper.wait()
            with context.wrap_socket(sock, server_side=True) as tls:
                stream = tls.makefile("rb")
                while read_request(stream):
                    served.append(1)
                    tls.sendall(reply())

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    t.keep(listener)
    run = stopper.run(f"https://localhost:{port_of(listener)}/", "--cacert",
                      certificates.ca, "--set", f"timeout.connect={LIMIT}",
                      "-c", "3", "-n", "3")
    expect_answers(t, run, 3, "TLS")
    t.equal(len(served), 3, "requests at the server")


@test("what had not come when its time was up is late")
def too_late(t):
    server = t.server(lambda request: HANG)
    run = t.run(server.url, "-n", "3", "-c", "3", "--set",
                "timeout.attempt=100ms", status=None)
    t.equal(run["attempts.by_outcome"]["timeout"], 3, "timeouts")


main()
