"""The ground of the end-to-end tests: real processes on real sockets.

A test file holds functions marked @test("what holds") and ends with main().
Each runs with a folder of its own and a time limit; whatever it started is
killed when it ends, however it ends. Ports are chosen by the kernel. Nothing
sleeps in order to synchronise: servers are handed a socket that listens
already, or are waited for by reading what they print.

Environment:
  SQUALL       the program under test (default build/plain/squall)
  QUICK=1      fewer operations in the slow tests, longer limits: for builds
               with sanitizers
  KEEP=1       the folders of the tests are kept
  ONLY=word    runs only the tests whose name contains the word
  ENGINE=name  the engine of every run that names none: native, curl or auto
"""

import email.utils
import functools
import http.client
import json
import math
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SQUALL = os.path.abspath(
    os.environ.get("SQUALL") or ROOT / "build" / "plain" / "squall")
QUICK = os.environ.get("QUICK") == "1"
KEEP = os.environ.get("KEEP") == "1"
ONLY = os.environ.get("ONLY", "")
ENGINE = os.environ.get("ENGINE", "")
PATIENCE = 4 if QUICK else 1
NOTHING_LISTENS = 9  # the discard port; see unused_port for a better choice


def profile_files(folder=ROOT / "profiles"):
    """The profiles that are shipped, or installed there; the dashboards beside
    them are for other programs."""
    return sorted(f for f in folder.rglob("*.json")
                  if f.relative_to(folder).parts[0] != "dashboards")


def is_sanitized():
    """Whether squall was built with a sanitizer: many times slower, and with
    an allocator of its own."""
    program = pathlib.Path(SQUALL).read_bytes()
    return any(name in program for name in (b"__asan_init", b"__tsan_init"))


def has_native():
    """Whether squall was built with its own engine."""
    done = subprocess.run([SQUALL, "--version"], stdout=subprocess.PIPE,
                          check=True)
    return b"native engine: llhttp" in done.stdout


class Skip(Exception):
    """The test cannot run here; the reason is its text."""


class Failed(Exception):
    """The test cannot go on."""


class TimeLimit(Exception):
    """The test took too long."""


TESTS = []


def test(name, limit=30):
    """Marks a test; limit is in seconds."""
    def mark(function):
        TESTS.append((name, limit * PATIENCE, function))
        return function
    return mark


def few(count, quick_count):
    """How many operations: fewer for the slow builds."""
    return quick_count if QUICK else count


# Sockets that the kernel chose.

def listening_socket(backlog=1024, host="127.0.0.1"):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, 0))
    sock.listen(backlog)
    return sock


def port_of(sock):
    return sock.getsockname()[1]


class RefusingPort:
    """A port on which connections are refused for as long as this is held:
    bound, so that nobody else gets it, and not listening."""

    def __init__(self, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}/"

    def close(self):
        self.socket.close()


# A server whose every answer the test decides.

class Request:
    """One request as it was read: `number` counts all requests of the server
    from 0, `on_connection` those of this connection."""

    def __init__(self):
        self.number = 0
        self.connection = 0
        self.on_connection = 0
        self.at = 0.0
        self.method = ""
        self.path = ""
        self.headers = []
        self.body = b""

    def header(self, name):
        values = self.header_values(name)
        return values[0] if values else None

    def header_values(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]


RESET = object()   # resets the connection without an answer
CLOSE = object()   # closes it without an answer
HANG = object()    # never answers; holds the connection


def reply(status=200, body=b"ok\n", headers=(), close=False):
    """The bytes of a complete answer."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'X')}",
             f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def reset_socket(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


class ScriptedServer:
    """HTTP/1.1, one thread a connection. `answer(request)` returns bytes (see
    reply), RESET, CLOSE or HANG, or a pair of bytes and one of these; or an
    iterator over bytes. It may wait with `pause` first. Every request that
    was read whole is kept in `requests` in order of arrival."""

    def __init__(self, answer, tls=None, host="127.0.0.1"):
        self.answer = answer
        self.host = host
        self.requests = []
        self.connections = 0
        self.peers = set()  # addresses that connections came from
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open = set()
        self._tls = tls
        self._listener = listening_socket(host=host)
        self.port = port_of(self._listener)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{host}:{self.port}/"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def pause(self, seconds):
        """Service time; ends early when the test does."""
        self.stopping.wait(seconds)

    def refuse(self):
        """From now on connections are refused; the port stays ours."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, self.port))

    def close(self):
        self.stopping.set()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self._thread.join(5)

    def _accept(self):
        listener = self._listener
        while not self.stopping.is_set():
            try:
                sock, peer = listener.accept()
            except OSError:
                return
            with self._lock:
                self.peers.add(peer[0])
                self._open.add(sock)
                number = self.connections
                self.connections += 1
            threading.Thread(target=self._serve, args=(sock, number),
                             daemon=True).start()

    def _serve(self, raw, number):
        sock = raw
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            stream = sock.makefile("rb")
            index = 0
            while True:
                request = read_request(stream)
                if request is None:
                    break
                with self._lock:
                    request.number = len(self.requests)
                    request.connection = number
                    request.on_connection = index
                    self.requests.append(request)
                index += 1
                answer = self.answer(request)
                if isinstance(answer, tuple):
                    sock.sendall(answer[0])
                    answer = answer[1]
                if answer is RESET:
                    reset_socket(sock)
                    return
                if answer is CLOSE:
                    break
                if answer is HANG:
                    self.stopping.wait()
                    break
                if not isinstance(answer, bytes):
                    for part in answer:
                        sock.sendall(part)
                    break
                sock.sendall(answer)
                if b"\r\nConnection: close\r\n" in answer:
                    break
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(raw)
            try:
                sock.close()
            except OSError:
                pass


def read_request(stream):
    """Reads one request from a binary stream, None at the end."""
    line = stream.readline(65536)
    if not line:
        return None
    request = Request()
    request.method, request.path, _ = line.decode("latin-1").split(" ", 2)
    length = 0
    while True:
        line = stream.readline(65536)
        if not line:
            return None
        line = line.decode("latin-1").rstrip("\r\n")
        if not line:
            break
        name, _, value = line.partition(":")
        request.headers.append((name, value.strip()))
        if name.lower() == "content-length":
            length = int(value)
    request.body = stream.read(length) if length else b""
    if len(request.body) != length:
        return None
    request.at = time.monotonic()
    return request


# Processes.

class Process:
    """A child in a session of its own, with its output in files."""

    def __init__(self, argv, directory, name, env=None, pass_fds=(),
                 preexec=None, cwd=None, stdin=subprocess.DEVNULL):
        self.argv = [str(a) for a in argv]
        self.out_path = directory / f"{name}.out"
        self.err_path = directory / f"{name}.err"
        with open(self.out_path, "wb") as out, \
                open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(
                self.argv, stdin=stdin, stdout=out, stderr=err,
                env=env, pass_fds=pass_fds, preexec_fn=preexec,
                start_new_session=True, cwd=cwd or directory)

    @property
    def out(self):
        return self.out_path.read_text(errors="replace")

    @property
    def err(self):
        return self.err_path.read_text(errors="replace")

    @property
    def pid(self):
        return self.popen.pid

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout):
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"still running after {timeout:.0f} s: "
                         f"{' '.join(self.argv)}\n{tail(self.err)}") from None

    def kill(self):
        if self.popen.poll() is None:
            try:
                os.killpg(self.popen.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.popen.wait(10)

    def wait_for_text(self, pattern, timeout=20):
        """Waits until what it prints matches; returns the match."""
        end = time.monotonic() + timeout * PATIENCE
        while True:
            match = re.search(pattern, self.out + "\n" + self.err)
            if match:
                return match
            if self.popen.poll() is not None:
                raise Failed(f"ended with {self.popen.returncode} before it "
                             f"printed {pattern!r}: {' '.join(self.argv)}\n"
                             f"{tail(self.err)}")
            if time.monotonic() > end:
                raise Failed(f"did not print {pattern!r} in {timeout} s: "
                             f"{' '.join(self.argv)}\n{tail(self.err)}")
            try:
                self.popen.wait(0.01)
            except subprocess.TimeoutExpired:
                pass

    close = kill


def tail(text, lines=15):
    return "\n".join(text.splitlines()[-lines:])


class Target:
    """A separately started `squall target`, and its own account of things."""

    def __init__(self, process, url):
        self.process = process
        self.url = url

    def get(self, path, accept=None):
        request = urllib.request.Request(self.url + path)
        if accept:
            request.add_header("Accept", accept)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()

    def ledger(self, by=None):
        """Effects by id, read from the text form."""
        path = "/ledger" + (f"?by={by}" if by else "")
        effects = {}
        for line in self.get(path).splitlines():
            if line.strip():
                name, count = line.rsplit(None, 1)
                effects[name] = effects.get(name, 0) + int(count)
        return effects

    def health(self):
        return json.loads(self.get("/healthz"))

    def reset(self):
        request = urllib.request.Request(self.url + "/reset", method="POST",
                                         data=b"")
        urllib.request.urlopen(request, timeout=20).close()


class Hostile:
    """The hostile server, and its books."""

    def __init__(self, ports):
        self.ports = ports
        self.url = f"http://127.0.0.1:{ports[0]}"

    def counts(self):
        return self._get("/__counts")

    def log(self):
        """All requests in order of arrival; see the servers' README."""
        return self._get("/__log")

    def _get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def headers(self):
        """Of each request, in order of arrival; names are in lower case."""
        return [row["headers"] for row in self.log()]

    def users(self):
        """Of each connection that carried requests with X-Client: the set of
        these."""
        return {int(number): set(clients) for number, clients in
                self.counts()["by_connection"].items()}

    def drop(self):
        """Closes what has served, as a restart does; returns how many."""
        return self._post("/__drop", b"")["dropped"]

    def cases(self, lists):
        """What /case/NAME/N stands for: lists of paths, by name."""
        self._post("/__cases", json.dumps(lists).encode())

    def _post(self, path, body):
        request = urllib.request.Request(self.url + path, method="POST",
                                         data=body)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


class H2Books:
    """The HTTP/2 server, and its books."""

    def __init__(self, port, books_port, tls):
        self.url = f"https://localhost:{port}" if tls \
            else f"http://127.0.0.1:{port}"
        self.books_url = f"http://127.0.0.1:{books_port}/"

    def counts(self):
        with urllib.request.urlopen(self.books_url, timeout=20) as answer:
            return json.load(answer)

    def final_counts(self, test):
        """Once the client is gone, and the server knows it."""
        def is_over():
            counts = self.counts()
            return counts["closed"] == counts["connections"]
        test.wait_until("the server sees its connections closed", is_over)
        return self.counts()


class Nginx:
    """nginx with one worker, on a socket that listened before it started."""

    LOG = ("log_format e2e '$msec|$connection|$connection_requests|"
           "$request_method|$request_uri|$status|$server_protocol|"
           "$http_x_op|$ssl_protocol';")

    def __init__(self, test, locations=None, tls=None, unix=False,
                 http2=False, extra="", http="", name="nginx"):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(program):
            raise Skip("nginx is not installed")
        self.directory = test.path(name)
        self.directory.mkdir()
        if locations is None:
            locations = 'location / { return 200 "ok\\n"; }'
        if unix:
            self.socket_path = self.directory / "http.sock"
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.bind(str(self.socket_path))
            sock.listen(1024)
            listen = f"unix:{self.socket_path}"
            self.url = "http://localhost/"
        else:
            sock = listening_socket()
            self.port = port_of(sock)
            listen = f"127.0.0.1:{self.port}"
            scheme = "https" if tls else "http"
            host = "localhost" if tls else "127.0.0.1"
            self.url = f"{scheme}://{host}:{self.port}/"
        if tls:
            listen += " ssl"
            extra += (f"ssl_certificate {tls.cert}; "
                      f"ssl_certificate_key {tls.key};")
        if http2:
            listen += " http2"
        (self.directory / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {self.directory}/pid;
{"user root root;" if os.geteuid() == 0 else ""}
error_log {self.directory}/error.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  {self.LOG}
  access_log {self.directory}/access.log e2e;
  client_body_temp_path {self.directory}/body;
  proxy_temp_path {self.directory}/proxy;
  fastcgi_temp_path {self.directory}/fastcgi;
  uwsgi_temp_path {self.directory}/uwsgi;
  scgi_temp_path {self.directory}/scgi;
  keepalive_requests 10000000; keepalive_timeout 600s;
  {http}
  server {{ listen {listen}; {extra} {locations} }}
}}
""")
        env = dict(os.environ, NGINX=f"{sock.fileno()};")
        self.process = test.start(
            [program, "-p", self.directory, "-c",
             self.directory / "nginx.conf"],
            name=name, env=env, pass_fds=(sock.fileno(),))
        sock.close()

    def stop(self):
        if self.process.popen.poll() is None:
            self.process.signal(signal.SIGTERM)
            self.process.wait(20)

    def log(self):
        """Stops nginx, so that its log is complete, and reads it."""
        self.stop()
        names = ("at", "connection", "on_connection", "method", "uri",
                 "status", "protocol", "op", "tls")
        path = self.directory / "access.log"
        rows = []
        for line in path.read_text().splitlines() if path.exists() else ():
            rows.append(dict(zip(names, line.split("|"))))
        return rows


class RawServer:
    """A server that decides about every byte: `serve(sock)` of a subclass has
    a thread for each connection, and ends when an OSError says so."""

    def __init__(self):
        self.listener = listening_socket()
        self.port = port_of(self.listener)
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(sock)
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        try:
            self.serve(sock)
        except (OSError, ValueError):
            pass  # the connection, or a file made of it, is closed
        finally:
            sock.close()

    def close(self):
        for sock in [self.listener, *self.open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()


class Certificates:
    """A certificate authority and a server certificate for localhost, made
    by openssl; `stranger` is an authority that signed nothing."""

    def __init__(self, directory):
        self.directory = directory
        self.ca, ca_key = self._authority("ca")
        self.stranger, _ = self._authority("stranger")
        self.cert, self.key = self._signed(
            "server", ca_key, "DNS:localhost,IP:127.0.0.1")
        self.other_cert, self.other_key = self._signed(
            "other", ca_key, "DNS:elsewhere.test")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)],
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise Failed("openssl: " + done.stderr.decode())

    def _authority(self, name):
        cert, key = self.directory / f"{name}.pem", \
            self.directory / f"{name}.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", f"/CN={name} of the tests", "-keyout", key,
                      "-out", cert)
        return cert, key

    def _signed(self, name, ca_key, names):
        cert, key, ask = (self.directory / f"{name}.{end}"
                          for end in ("pem", "key", "csr"))
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                      f"/CN={name}", "-keyout", key, "-out", ask)
        self._openssl("x509", "-req", "-in", ask, "-CA", self.ca, "-CAkey",
                      ca_key, "-CAcreateserial", "-days", "2", "-extfile",
                      extensions, "-out", cert)
        return cert, key


# Dead letters, as squall run --dead-letters writes them.

LETTERS_RUN = "00c0ffee33445566"


def letter(number, **members):
    """One order that nobody knows the end of; members replace its own."""
    op = f"{LETTERS_RUN[-10:]}-{number}"
    key = members.pop("key", f"key-of-{number}")
    sent = {"key": key, "attempt": 1, "kind": "first", "sent": True,
            "outcome": "timeout", "status": None}
    headers = [("Content-Type", "application/json")]
    headers += [("Idempotency-Key", key)] if key else []
    return {"type": "dead_letter", "op": op, "key": key, "client": 0,
            "request": "order", "method": "POST", "url": "/orders",
            "url_form": "plain",
            "headers": [{"name": n, "value": v, "form": "plain"}
                        for n, v in headers],
            "body": json.dumps({"order": op}), "body_form": "plain",
            "attempts": [sent], "verdict": "ambiguous", "reason": "gave_up",
            **members}


def dead_letters(url, letters, **head):
    """The text of a file. Paths of dead letters are completed with the URL."""
    first = {"schema": "squall.dead_letters/1", "type": "run",
             "run": LETTERS_RUN, "seed": "7", "url": url, "profile": None,
             "target": {"url": url}, "idempotency": {},
             "ledger": {"url": "/ledger", "key": "{{op.id}}",
                        "settle": "50ms"},
             "requests": [{"name": "order"}], **head}
    lines = [first]
    for one in letters:
        path = one["url"]
        full = url + path if path and path.startswith("/") else path
        lines.append({**one, "url": full})
    lines.append({"type": "end", "dead_letters": len(letters), "complete": True})
    return "".join(json.dumps(line) + "\n" for line in lines)


class Run:
    """A finished squall: status, output, and the report when one was
    written."""

    def __init__(self, process, status, report_path, seconds):
        self.status = status
        self.out = process.out
        self.err = process.err
        self.argv = process.argv
        self.seconds = seconds
        self.report = None
        if report_path and os.path.exists(report_path):
            with open(report_path, encoding="utf-8") as file:
                self.report = json.load(file)

    def __getitem__(self, path):
        """run["operations.succeeded"] of the report."""
        value = self.report
        for part in path.split("."):
            value = value[int(part)] if isinstance(value, list) \
                else value[part]
        return value

    def get(self, path, default=None):
        try:
            return self[path]
        except (KeyError, TypeError, IndexError):
            return default


# Equations that hold in every report, from the manual.

def broken_equations(report):
    """The sentences that a report does not keep."""
    operations, attempts = report["operations"], report["attempts"]
    latency, outcomes = report["latency"], attempts["by_outcome"]
    broken = []

    def hold(name, left, right):
        if left != right:
            broken.append(f"{name}: {left} is not {right}")

    hold("offered = started + dropped", operations["offered"],
         operations["started"] + operations["dropped"])
    hold("started = succeeded + failed", operations["started"],
         operations["succeeded"] + operations["failed"])
    hold("failed = rejected + unanswered + ambiguous + shed",
         operations["failed"],
         sum(operations[v] for v in ("rejected", "unanswered", "ambiguous",
                                     "shed")))
    hold("attempts = first + retries + hedges + redirects + auth + duplicates",
         attempts["total"],
         attempts["first"] + attempts["retries"] + attempts["hedges"] +
         attempts["redirects"] + attempts["auth"] +
         attempts["duplicates_injected"])
    hold("attempts = sum of by_outcome", attempts["total"],
         sum(outcomes.values()))
    hold("latency.operation.count = started - shed",
         latency["operation"]["count"],
         operations["started"] - operations["shed"])
    hold("latency.succeeded.count = succeeded",
         latency["succeeded"]["count"], operations["succeeded"])
    hold("latency.failed.count = failed - shed", latency["failed"]["count"],
         operations["failed"] - operations["shed"])
    hold("latency.time_to_success.count = offered",
         latency["time_to_success"]["count"], operations["offered"])
    hold("latency.attempt.count = on_wire", latency["attempt"]["count"],
         attempts["on_wire"])
    hold("latency.attempt_ok.count = ok", latency["attempt_ok"]["count"],
         outcomes.get("ok", 0))
    hold("started = amplification.histogram + not_sent",
         sum(report["amplification"]["histogram"]) +
         report["amplification"]["not_sent"], operations["started"])
    for name, figures in latency.items():
        order = [figures.get(k) for k in (
            "min_us", "p50_us", "p75_us", "p90_us", "p95_us", "p99_us",
            "p99_9_us", "p99_99_us", "max_us")]
        order = [v for v in order if v is not None]
        if order != sorted(order):
            broken.append(f"latency.{name}: percentiles out of order {order}")
    return broken


@functools.lru_cache(None)
def report_schema():
    """The JSON Schema of the report, as squall publishes it."""
    done = subprocess.run([SQUALL, "report", "schema"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=20 * PATIENCE,
                          check=False)
    if done.returncode != 0:
        raise Failed("squall report schema: " +
                     done.stderr.decode(errors="replace"))
    return json.loads(done.stdout)


def schema_problems(report):
    try:
        import jsonschema
    except ImportError:
        return None
    schema = report_schema()
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
            for e in kind(schema).iter_errors(report)]


# One test.

AS_COUNTED = "as counted"


def counted_status(report):
    """What a whole run with these counts ends with, where no SLO was missed:
    none is good in which nothing was sent or nothing succeeded, unless an SLO
    speaks of success."""
    if not report or not report["run"]["complete"]:
        return 0
    operations = report["operations"]
    if operations["started"] == 0:
        return 3
    if any(re.match(r"(success_rate|error_rate|succeeded|goodput)\b",
                    slo["expr"].strip()) for slo in report["slo"]):
        return 0
    if report["attempts"]["on_wire"] == 0:
        return 3
    return 0 if operations["succeeded"] > 0 else 1


class Test:
    def __init__(self, name):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="squall-e2e-"))
        self.failures = []
        self.notes = []
        self.closers = []
        self.runs = 0
        self.last_run = None

    # What is believed.

    def check(self, condition, what):
        if not condition:
            self.failures.append(what)
        return bool(condition)

    def equal(self, got, wanted, what):
        return self.check(got == wanted,
                          f"{what}: got {got!r}, wanted {wanted!r}")

    def near(self, got, wanted, tolerance, what):
        if got is None:
            return self.check(False, f"{what}: not measured")
        # What never ends is as long as what never ends.
        return self.check(got == wanted or abs(got - wanted) <= tolerance,
                          f"{what}: got {got:.6g}, wanted {wanted:.6g} "
                          f"+- {tolerance:.3g}")

    def between(self, got, low, high, what):
        if got is None:
            return self.check(False, f"{what}: not measured")
        return self.check(low <= got <= high,
                          f"{what}: got {got:.6g}, wanted {low:.6g} to "
                          f"{high:.6g}")

    def match(self, text, pattern, what):
        return self.check(re.search(pattern, text),
                          f"{what}: no {pattern!r} in\n{tail(text)}")

    def absent(self, text, pattern, what):
        return self.check(not re.search(pattern, text),
                          f"{what}: {pattern!r} in\n{tail(text)}")

    def note(self, text):
        self.notes.append(text)

    def patiently(self, measure, tries=3):
        """For measurements that a busy machine can only make worse, and that
        have no chance in them: the first good one of a few counts."""
        for left in range(tries - 1, -1, -1):
            before = len(self.failures)
            measure()
            if len(self.failures) == before or left == 0:
                return
            self.note("measured again: " + "; ".join(self.failures[before:]))
            del self.failures[before:]

    # Files.

    def path(self, name):
        return self.directory / name

    def write(self, name, text):
        path = self.path(name)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        return path

    def profile(self, document, name="profile.json"):
        return self.write(name, json.dumps(document, indent=2))

    # Processes and servers.

    def keep(self, thing):
        """Closed when the test ends."""
        self.closers.append(thing)
        return thing

    def start(self, argv, name, **options):
        return self.keep(Process(argv, self.directory, name, **options))

    def environment(self, extra=None):
        env = dict(os.environ)
        for name in ("NO_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
            env.pop(name, None)
        env["SQUALL_PROFILES"] = str(ROOT / "profiles")
        env["LC_ALL"] = "C.UTF-8"
        env.update(extra or {})
        return env

    def launch(self, *arguments, env=None, **options):
        """Starts squall and returns at once."""
        self.runs += 1
        if ENGINE and arguments[0] in ("run", "compare", "capacity", "tip") \
                and "--engine" not in arguments:
            arguments += ("--set", f"target.engine={ENGINE}")
        return self.start([SQUALL, *arguments], f"squall{self.runs}",
                          env=self.environment(env), **options)

    def squall(self, *arguments, status=0, limit=120, **options):
        """Runs any squall command to its end; checks the exit status (None:
        any)."""
        begin = time.monotonic()
        process = self.launch(*arguments, **options)
        return self.finish(process, status=status, limit=limit, begin=begin)

    def finish(self, process, status=AS_COUNTED, limit=120, report=None,
               begin=None):
        got = process.wait(limit * PATIENCE)
        run = Run(process, got, report,
                  time.monotonic() - (begin or time.monotonic()))
        self.last_run = run
        if status == AS_COUNTED:
            status = counted_status(run.report)
        for word in ("AddressSanitizer", "runtime error:",
                     "ThreadSanitizer", "LeakSanitizer"):
            self.absent(run.err, word, "sanitizer")
        if status in (0, 1) and got == 3 and \
                run.get("generator.saturated"):
            # The figures are those of a machine too busy to measure; what
            # is counted is still held to account.
            self.note("the machine was too busy: "
                      + "; ".join(run["generator.warnings"]))
        elif status is not None and got != status:
            self.failures.append(
                f"exit status {got}, wanted {status}: "
                f"{' '.join(process.argv)}\n{tail(run.err)}")
        if got < 0:
            self.failures.append(f"killed by signal {-got}")
        return run

    def run(self, *arguments, status=AS_COUNTED, limit=120, checked=True,
            **options):
        """`squall run` with a report, which is held against its own
        equations, and its exit status against its counts; the test goes on
        only when there is one."""
        self.runs += 1
        path = self.path(f"report{self.runs}.json")
        begin = time.monotonic()
        process = self.launch("run", "-q", "--full", "-o", path, *arguments,
                              **options)
        run = self.finish(process, status=status, limit=limit, report=path,
                          begin=begin)
        if run.report is None:
            raise Failed(f"no report: {' '.join(process.argv)}\n"
                         f"{tail(run.err)}")
        if checked:
            self.check_report(run.report)
        return run

    def check_report(self, report):
        for sentence in broken_equations(report):
            self.failures.append("equation broken: " + sentence)

    def target(self, *arguments):
        """A `squall target` of its own, on a port of the kernel's choice."""
        process = self.launch("target", "--port", "0", *arguments)
        url = process.wait_for_text(r"http://127\.0\.0\.1:\d+").group(0)
        return Target(process, url)

    def hostile(self, ports=1, tls=None):
        """tests/servers/hostile.py, on sockets that listen already; with
        certificates the last port speaks TLS."""
        sockets = [listening_socket() for _ in range(ports + bool(tls))]
        argv = [sys.executable, ROOT / "tests" / "servers" / "hostile.py"]
        if tls:
            argv += ["--cert", tls.cert, "--key", tls.key]
        for sock in sockets:
            argv += ["--fd", sock.fileno()]
        self.start(argv, "hostile",
                   pass_fds=[sock.fileno() for sock in sockets])
        server = Hostile([port_of(sock) for sock in sockets])
        for sock in sockets:
            sock.close()
        return server

    def h2_books(self, tls=None, streams=1000):
        """tests/servers/h2_books.py, on sockets that listen already."""
        try:
            import h2  # noqa: F401, only looked for
        except ImportError:
            raise Skip("python3-h2 is not installed") from None
        serving, books = listening_socket(), listening_socket()
        argv = [sys.executable, ROOT / "tests" / "servers" / "h2_books.py",
                "--fd", serving.fileno(), "--books-fd", books.fileno(),
                "--streams", str(streams)]
        if tls:
            argv += ["--cert", tls.cert, "--key", tls.key]
        self.start(argv, "h2_books",
                   pass_fds=[serving.fileno(), books.fileno()])
        server = H2Books(port_of(serving), port_of(books), tls)
        serving.close()
        books.close()
        return server

    def server(self, answer, **options):
        return self.keep(ScriptedServer(answer, **options))

    def nginx(self, **options):
        return Nginx(self, **options)

    def certificates(self):
        directory = self.path("tls")
        directory.mkdir(exist_ok=True)
        return Certificates(directory)

    def refusing_port(self, **options):
        return self.keep(RefusingPort(**options))

    def wait_until(self, what, holds, timeout=20):
        """Asks again until it holds."""
        end = time.monotonic() + timeout * PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise Failed(f"not in {timeout * PATIENCE} s: {what}")
            time.sleep(0.02)

    def close(self):
        for thing in reversed(self.closers):
            try:
                thing.close()
            except Exception as error:  # clean-up goes on whatever happens
                print(f"# clean-up: {error!r}")
        if not KEEP:
            shutil.rmtree(self.directory, ignore_errors=True)


def on_alarm(_signal, _frame):
    raise TimeLimit()


def run_one(name, limit, function):
    """Runs a test; returns ("ok" | "not ok", directive, diagnostics)."""
    this = Test(name)
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        function(this)
    except Skip as reason:
        return "ok", f" # SKIP {reason}", []
    except Failed as reason:
        this.failures.append(str(reason))
    except TimeLimit:
        this.failures.append(f"not done after {limit} s")
    except Exception:
        this.failures.append(traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        this.close()
    diagnostics = list(this.notes)
    if this.failures:
        diagnostics += this.failures
        if this.last_run is not None:
            diagnostics.append("last run: " + " ".join(this.last_run.argv))
            diagnostics.append(tail(this.last_run.err))
        if KEEP:
            diagnostics.append(f"folder: {this.directory}")
    return ("not ok" if this.failures else "ok"), "", diagnostics


def main():
    chosen = [t for t in TESTS if ONLY in t[0]]
    print(f"1..{len(chosen)}", flush=True)
    if not os.access(SQUALL, os.X_OK):
        print(f"Bail out! {SQUALL} is not there: run make first")
        sys.exit(1)
    failed = 0
    for number, (name, limit, function) in enumerate(chosen, 1):
        begin = time.monotonic()
        verdict, directive, diagnostics = run_one(name, limit, function)
        print(f"{verdict} {number} - {name}{directive}")
        for text in diagnostics:
            for line in text.splitlines():
                print(f"# {line}")
        print(f"# {time.monotonic() - begin:.1f} s", flush=True)
        failed += verdict != "ok"
    sys.exit(1 if failed else 0)
