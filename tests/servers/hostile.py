#!/usr/bin/python3
"""An HTTP/1.1 server that misbehaves on purpose and keeps honest books.

The path says what happens to a request; README.md beside this file lists the
paths. Every request that was read whole is counted before anything else is
done with it, every one that broke off is counted apart, and GET /__counts
reports, so that a client's own account can be held against it to the last
request.

    hostile.py [--host 127.0.0.1] [--port 0] [--fd N]... [--seed 1]
               [--cert FILE --key FILE]

The port is printed on standard output, alone on a line, once it listens.
--fd takes over a socket that listens already; several make one server with
several ports and one set of books. With a certificate all but the first
speak TLS. The server ends with its standard input
when that is a pipe, or on SIGTERM.
"""

import argparse
import asyncio
import collections
import email.utils
import http.client
import json
import os
import random
import resource
import signal
import socket
import ssl
import stat
import struct
import sys
import time

HEADERS_MAX = 1 << 20
LOG_MAX = 100000


class Books:
    """What the server saw and did."""

    def __init__(self):
        self.connections = 0
        self.open = 0
        self.clear()

    def clear(self):
        self.whole = 0
        self.partial = 0
        self.reused = 0
        self.connections = 0
        self.by_method = collections.Counter()
        self.partial_by_method = collections.Counter()
        self.by_path = collections.Counter()
        self.by_id = collections.Counter()
        self.by_key = collections.Counter()
        self.by_end = collections.Counter()
        self.by_connection = {}
        self.effects = collections.Counter()
        self.once = set()
        self.readings = 0
        self.log = collections.deque(maxlen=LOG_MAX)

    def counts(self):
        return {
            "whole": self.whole,
            "partial": self.partial,
            "reused": self.reused,
            "connections": self.connections,
            "open": self.open,
            "by_method": self.by_method,
            "partial_by_method": self.partial_by_method,
            "by_path": self.by_path,
            "by_id": self.by_id,
            "by_key": self.by_key,
            "by_end": self.by_end,
            "by_connection": self.by_connection,
            "effects": self.effects,
        }


class Request:
    """One request that was read whole. `on_connection` counts from 0."""

    def __init__(self, method, path, headers, body, on_connection):
        self.method = method
        self.path = path.partition("?")[0]
        self.headers = headers
        self.body = body
        self.on_connection = on_connection
        key = headers.get("idempotency-key", "")
        if len(key) > 1 and key[0] == key[-1] == '"':
            key = key[1:-1]
        self.key = key
        self.id = headers.get("x-op") or self._id_in_body() or key
        self.client = headers.get("x-client", "")

    def _id_in_body(self):
        if not self.body.startswith(b"{"):
            return ""
        try:
            value = json.loads(self.body)
        except ValueError:
            return ""
        for name in ("op", "order", "id", "key"):
            if isinstance(value.get(name), (str, int)):
                return str(value[name])
        return ""


def answer(status=200, body=b"ok\n", headers=(), length=None):
    """The bytes of an answer; length lies when it is given."""
    reason = http.client.responses.get(status, "Whatever")
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if status == 204 or status == 304 or status < 200:
        body = b""
    else:
        lines.append(
            f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class Connection(asyncio.Protocol):
    """Reads requests one at a time; one that is being answered holds up those
    that are pipelined behind it."""

    def __init__(self, server):
        self.server = server
        self.books = server.books
        self.transport = None
        self.buffer = bytearray()
        self.is_busy = False
        self.is_closed = False
        self.served = 0
        self.number = server.next_number()
        self.is_counted = False
        self.is_dropped = False
        self.has_continued = False
        self.entry = None

    # What asyncio calls.

    def connection_made(self, transport):
        self.transport = transport
        self.books.connections += 1
        self.books.open += 1
        self.server.open.add(self)

    def data_received(self, data):
        if not self.is_closed:
            self.buffer += data
            self.work()

    def connection_lost(self, _error):
        self.books.open -= 1
        self.server.open.discard(self)
        if self.buffer and not self.is_busy and not self.is_closed:
            self.count_partial()
        self.is_closed = True

    # Reading.

    def count_partial(self):
        line = bytes(self.buffer[:200]).split(b"\r\n", 1)[0]
        words = line.split(b" ")
        if len(words) > 1 and words[1].startswith(b"/__"):
            return
        self.books.partial += 1
        method = words[0].decode("latin-1") if len(words) > 1 else "?"
        self.books.partial_by_method[method] += 1

    def work(self):
        while self.buffer and not self.is_busy and not self.is_closed:
            try:
                request = self.read_request()
            except ValueError as problem:
                self.count_partial()
                self.send(answer(400, f"{problem}\n".encode()))
                self.close()
                return
            if request is None:
                return
            self.serve(request)

    def read_request(self):
        """The next request when it is here whole; what it took is removed."""
        end_of_line = self.buffer.find(b"\r\n")
        if end_of_line < 0:
            return None
        words = bytes(self.buffer[:end_of_line]).decode("latin-1").split(" ")
        if len(words) != 3:
            raise ValueError("not a request line")
        if words[1].startswith("/early-close"):
            self.count_partial()
            self.close()
            return None
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > HEADERS_MAX:
                raise ValueError("headers too long")
            return None
        headers = {}
        for line in bytes(self.buffer[end_of_line + 2:end]).split(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" \
                if name in headers else value
        body = self.read_body(headers, end + 4)
        if body is None:
            return None
        request = Request(words[0], words[1], headers, body, self.served)
        self.served += 1
        self.has_continued = False
        return request

    def read_body(self, headers, start):
        if headers.get("expect", "").lower() == "100-continue" and \
                not self.has_continued:
            self.has_continued = True
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self.read_chunks(start)
        length = int(headers.get("content-length", "0"))
        if len(self.buffer) < start + length:
            return None
        body = bytes(self.buffer[start:start + length])
        del self.buffer[:start + length]
        return body

    def read_chunks(self, at):
        body = b""
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end < 0:
                return None
            size = int(bytes(self.buffer[at:end]).split(b";")[0], 16)
            at = end + 2
            if len(self.buffer) < at + size + 2:
                return None
            body += self.buffer[at:at + size]
            at += size + 2
            if size == 0:
                del self.buffer[:at]
                return bytes(body)

    # Answering.

    def serve(self, request):
        if request.path.startswith("/__"):
            self.serve_books(request)
            return
        books = self.books
        self.is_counted = True
        books.whole += 1
        books.reused += request.on_connection > 0
        books.by_method[request.method] += 1
        books.by_path[request.path] += 1
        if request.id:
            books.by_id[request.id] += 1
        if request.key:
            books.by_key[request.key] += 1
        if request.client:
            books.by_connection.setdefault(
                self.number, collections.Counter())[request.client] += 1
        self.entry = {
            "at": round(time.monotonic(), 6), "ended": None,
            "method": request.method, "path": request.path,
            "id": request.id, "key": request.key,
            "connection": self.number,
            "on_connection": request.on_connection,
            "port": self.transport.get_extra_info("sockname")[1],
            "headers": request.headers}
        books.log.append(self.entry)
        self.behave(request, request.path.split("/")[1:])

    def serve_books(self, request):
        if request.path == "/__counts":
            value = self.books.counts()
        elif request.path == "/__log":
            value = list(self.books.log)
        elif request.path == "/__reset" and request.method == "POST":
            self.books.clear()
            value = {}
        elif request.path == "/__drop" and request.method == "POST":
            value = {"dropped": self.server.drop()}
        elif request.path == "/__cases" and request.method == "POST":
            self.server.cases = value = json.loads(request.body)
        else:
            self.send(answer(404, b"no such page\n"))
            return
        self.send(answer(body=json.dumps(value).encode() + b"\n",
                         headers=[("Content-Type", "application/json")]))

    def behave(self, request, words):
        behaviour = BEHAVIOURS.get(words[0])
        if behaviour is None:
            self.finish(answer(404, b"no such behaviour\n"))
            return
        try:
            behaviour(self, request, words[1:])
        except (IndexError, ValueError):
            self.finish(answer(404, b"no such form of this behaviour\n"))

    def send(self, data):
        if not self.is_closed and not self.transport.is_closing():
            self.transport.write(data)

    def finish(self, data):
        """A whole answer; the connection stays."""
        self.send(data)
        self.finished(data[9:12].decode("latin-1"))

    def finished(self, end):
        self.ends_as(end)
        if self.is_dropped:
            self.close()
        elif self.is_busy:
            self.is_busy = False
            self.work()

    def drop(self):
        """Closes: at once, or when what was asked for is answered."""
        self.is_dropped = True
        if not self.is_busy and not self.buffer:
            self.close()

    def close(self, end=None):
        """Closes after what was sent has gone out."""
        self.ended(end)
        self.transport.close()

    def reset(self, end="reset"):
        self.ended(end)
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.transport.abort()

    def ended(self, end):
        if end:
            self.ends_as(end)
        self.is_closed = True

    def ends_as(self, end):
        """Into the books: how the request ended, and when."""
        self.books.by_end[end] += 1
        if self.entry:
            self.entry["ended"] = round(time.monotonic(), 6)
            self.entry = None

    def later(self, ms, action):
        """Holds the connection, then acts unless it is gone."""
        self.is_busy = True

        def act():
            if not self.is_closed:
                action()
        asyncio.get_running_loop().call_later(ms / 1000, act)

    def drip(self, data, ms, then):
        """Sends byte by byte."""
        if not data:
            then()
            return
        self.send(data[:1])
        self.later(ms, lambda: self.drip(data[1:], ms, then))


def number(words, index, default):
    return float(words[index]) if len(words) > index else default


# The behaviours, by the first word of the path.

def ok(connection, _request, _words):
    connection.finish(answer())


def delay(connection, _request, words):
    """/delay/MS: a good answer after a while."""
    connection.later(number(words, 0, 100),
                     lambda: connection.finish(answer()))


def close_reused(connection, request, words):
    """/close-reused: answers the first request of a connection, reads the
    second whole and closes. /close-reused/reset: resets instead.
    /close-reused/idle/MS: closes MS ms after every answer, as a server does
    whose keep-alive time is over."""
    how = words[0] if words else "silent"
    if how == "idle":
        connection.finish(answer())
        asyncio.get_running_loop().call_later(
            number(words, 1, 0) / 1000, connection.transport.close)
    elif request.on_connection == 0:
        connection.finish(answer())
    elif how == "reset":
        connection.reset()
    else:
        connection.close("close")


def close_after(connection, _request, _words):
    connection.close("close")


def reset_after(connection, _request, _words):
    connection.reset()


def slow_headers(connection, _request, words):
    """/slow-headers/MS: one byte of the head every MS ms."""
    data = answer()
    connection.drip(data[:-3], number(words, 0, 50),
                    lambda: finish_drip(connection, data[-3:]))


def drip(connection, _request, words):
    """/drip/MS/BYTES: the head at once, the body byte by byte."""
    body = b"x" * int(number(words, 1, 20))
    data = answer(body=body)
    connection.send(data[:len(data) - len(body)])
    connection.drip(body, number(words, 0, 50),
                    lambda: finish_drip(connection, b""))


def finish_drip(connection, rest):
    connection.send(rest)
    connection.finished("200")


def lying_length(connection, _request, _words):
    connection.send(answer(length=1000))
    connection.close("cut")


def chunked_cut(connection, _request, _words):
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nhello\r\n5\r\nwo")
    connection.close("cut")


def headers_cut(connection, _request, _words):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    connection.close("cut")


def garbage(connection, _request, _words):
    connection.send(b"\x00\xff\x1b[31mthis is not HTTP\r\n\r\n")
    connection.close("garbage")


def huge_header(connection, _request, words):
    """/huge-header/BYTES."""
    size = int(number(words, 0, 400000))
    connection.finish(answer(headers=[("X-Huge", "h" * size)]))


def huge_body(connection, _request, words):
    """/huge-body/BYTES."""
    connection.finish(answer(body=b"b" * int(number(words, 0, 4 << 20))))


def endless_body(connection, _request, _words):
    """A body that never ends, 64 KiB every 10 ms."""
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n")

    def more():
        connection.send(b"e" * 65536)
        connection.later(10, more)
    more()


def status(connection, _request, words):
    """/status/N."""
    connection.finish(answer(int(words[0]), b"status\n"))


def with_header(connection, _request, words):
    """/with-header/NAME/VALUE/STATUS: an answer with this header, too."""
    connection.finish(answer(int(number(words, 2, 200)), b"header\n",
                             [(words[0], words[1])]))


def retry_after(connection, _request, words):
    """/retry-after/SECONDS/STATUS; SECONDS is sent as it stands, so that it
    can be anything."""
    connection.finish(answer(int(number(words, 1, 503)), b"later\n",
                             [("Retry-After", words[0])]))


def retry_after_date(connection, _request, words):
    """/retry-after-date/SECONDS/STATUS: that far from now, as a date."""
    date = email.utils.formatdate(time.time() + number(words, 0, 1),
                                  usegmt=True)
    connection.finish(answer(int(number(words, 1, 503)), b"later\n",
                             [("Retry-After", date)]))


def first(connection, request, words):
    """/first/K/...: the first K requests of an operation fare as the rest
    says, the others get a good answer."""
    if connection.books.by_id[request.id] <= int(words[0]):
        connection.behave(request, words[1:])
    else:
        connection.finish(answer())


def case(connection, request, words):
    """/case/NAME/N: as path N, counted from 0, of the list that POST /__cases
    gave that name, so that one client with a counter plays them all."""
    paths = connection.server.cases.get(words[0], [])
    connection.behave(request, paths[int(words[1])].split("/"))


def hang(connection, _request, _words):
    connection.books.by_end["hang"] += 1
    connection.is_busy = True


def flaky(connection, request, words):
    """/flaky/P/N: with probability P the status N, or the behaviour N (with
    what follows it in the path); else a good answer."""
    if connection.server.random.random() >= float(words[0]):
        connection.finish(answer())
    elif words[1].isdigit():
        connection.finish(answer(int(words[1]), b"flaky\n"))
    else:
        connection.behave(request, words[1:])


def effects(connection, request, words):
    """/effects/...: performs the operation, every time, then behaves."""
    connection.books.effects[request.id] += 1
    connection.behave(request, words or ["created"])


def effects_once(connection, request, words):
    """/effects-once/...: performs it once for each idempotency key, or not
    at all without one."""
    books = connection.books
    if not request.key:
        connection.finish(answer(400, b"a key is required\n"))
        return
    if request.key not in books.once:
        books.once.add(request.key)
        books.effects[request.id] += 1
    connection.behave(request, words or ["created"])


def created(connection, request, _words):
    body = json.dumps({"id": request.id, "state": "created"}).encode()
    connection.finish(answer(201, body + b"\n",
                             [("Content-Type", "application/json")]))


def ledger(connection, request, words):
    """/ledger/FORM: the effects, well written or badly."""
    form = words[0] if words else "lines"
    books = connection.books
    books.readings += 1
    lines = "".join(f"{name} {count}\n"
                    for name, count in books.effects.items()).encode()
    table = json.dumps(books.effects).encode()
    bodies = {
        "lines": lines,
        "json": table,
        "effects": b'{"effects": ' + table + b"}",
        "garbage": b"<html>\x00 this is no ledger {\n",
        "negative": lines + b"negative -1\n",
        "words": lines + b"alpha beta gamma\n",
        "json-negative": b'{"negative": -1}',
        "json-text": b'{"text": "one"}',
        "json-cut": table[:-1] + b', "cut": ',
        "repeated": lines + lines,
        "empty": b"",
        "huge-count": lines + b"huge 99999999999999999999999\n",
        "never-settles": lines + b"x%d 1\n" % books.readings,
    }
    if form == "slow":
        connection.later(number(words, 1, 2000),
                         lambda: connection.finish(answer(body=lines)))
    elif form == "truncated":
        connection.send(answer(body=lines, length=len(lines) + 100))
        connection.close("cut")
    elif form in bodies:
        connection.finish(answer(body=bodies[form]))
    elif form.isdigit():
        connection.finish(answer(int(form), lines))
    else:
        connection.behave(request, words)


BEHAVIOURS = {
    "": ok,
    "ok": ok,
    "delay": delay,
    "close-reused": close_reused,
    "close-after": close_after,
    "reset-after": reset_after,
    "slow-headers": slow_headers,
    "drip": drip,
    "lying-length": lying_length,
    "chunked-cut": chunked_cut,
    "headers-cut": headers_cut,
    "garbage": garbage,
    "huge-header": huge_header,
    "huge-body": huge_body,
    "endless-body": endless_body,
    "status": status,
    "with-header": with_header,
    "retry-after": retry_after,
    "retry-after-date": retry_after_date,
    "first": first,
    "case": case,
    "hang": hang,
    "flaky": flaky,
    "effects": effects,
    "effects-once": effects_once,
    "created": created,
    "ledger": ledger,
}


class Server:
    def __init__(self, seed):
        self.books = Books()
        self.random = random.Random(seed)
        self.open = set()
        self.accepted = 0
        self.cases = {}

    def next_number(self):
        self.accepted += 1
        return self.accepted

    def drop(self):
        """Every connection that has served ends, as in a restart; those that
        ask for the books do not count."""
        serving = [c for c in self.open if c.is_counted and not c.is_closed]
        for connection in serving:
            connection.drop()
        return len(serving)

    async def run(self, sockets, tls=None):
        loop = asyncio.get_running_loop()
        stop = loop.create_future()

        def end():
            if not stop.done():
                stop.set_result(None)
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, end)
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            loop.add_reader(0, lambda: os.read(0, 65536) or end())
        servers = [await loop.create_server(lambda: Connection(self),
                                            sock=sock, backlog=4096,
                                            ssl=tls if sock != sockets[0]
                                            else None)
                   for sock in sockets]
        for sock in sockets:
            print(sock.getsockname()[1], flush=True)
        await stop
        for server in servers:
            server.close()
        for connection in list(self.open):
            connection.transport.abort()


def listening_sockets(arguments):
    if arguments.fd:
        return [socket.socket(fileno=fd) for fd in arguments.fd]
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((arguments.host, arguments.port))
    return [sock]


def tls_context(arguments):
    if not arguments.cert:
        return None
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(arguments.cert, arguments.key)
    return tls


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fd", type=int, action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    asyncio.run(Server(arguments.seed).run(listening_sockets(arguments),
                                           tls_context(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
