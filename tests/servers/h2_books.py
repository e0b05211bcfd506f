#!/usr/bin/python3
"""An HTTP/2 server that keeps honest books of its streams.

    h2_books.py --fd N --books-fd N [--cert FILE --key FILE] [--streams N]

It serves HTTP/2 on the first socket, with prior knowledge or, given a
certificate, over TLS; GET on the second returns the books as JSON (HTTP/1.1).
README.md beside this file lists the paths. A stream that the client resets
before its request was there whole is counted as partial, one that it resets
later as cancelled; a connection that ends takes its streams with it.
"""

import argparse
import asyncio
import collections
import json
import os
import signal
import socket
import ssl
import stat
import sys
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings


class Books:
    def __init__(self, room):
        self.room = room        # streams at once, as clients are offered
        self.connections = 0
        self.closed = 0         # of the connections
        self.whole = 0
        self.partial = 0
        self.cancelled = 0
        self.answered = 0
        self.refused = 0        # streams that were not processed, and refused
        self.at_once = 0        # most streams at once on a connection
        self.lost = 0           # connections that ended with streams open
        self.by_id = collections.Counter()
        self.by_key = collections.Counter()
        self.effects = collections.Counter()
        self.by_connection = collections.Counter()
        self.read_ms = []       # from the answer's head to its last byte

    def counts(self):
        return dict(self.__dict__)


class Stream:
    def __init__(self, headers):
        self.headers = {n.decode().lower(): v.decode() for n, v in headers}
        self.body = b""
        self.is_whole = False
        self.rest = None        # of the answer, while it is sent
        self.began = 0.0

    def id(self):
        try:
            return str(json.loads(self.body)["op"])
        except (ValueError, KeyError, TypeError):
            return self.headers.get("x-op", "")


class Connection(asyncio.Protocol):
    def __init__(self, books):
        self.books = books
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding=None))
        self.streams = {}
        self.transport = None
        self.number = 0
        self.requests = 0
        self.last_stream = None  # of those that a GOAWAY lets end
        self.is_over = False    # nothing that still comes is served

    def connection_made(self, transport):
        self.transport = transport
        self.books.connections += 1
        self.number = self.books.connections
        self.h2.initiate_connection()
        self.h2.update_settings(
            {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.books.room})
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data and not self.transport.is_closing():
            self.transport.write(data)

    def connection_lost(self, _error):
        self.books.closed += 1
        self.books.lost += bool(self.streams)
        for number in list(self.streams):
            self.gone(number)

    def data_received(self, data):
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.flush()
            self.transport.close()
            return
        for event in events:
            self.handle(event)
        self.flush()

    def handle(self, event):
        if self.is_over:
            if isinstance(event, h2.events.PingAckReceived):
                self.transport.close()
        elif isinstance(event, h2.events.RequestReceived):
            self.streams[event.stream_id] = Stream(event.headers)
            self.books.at_once = max(self.books.at_once, len(self.streams))
        elif isinstance(event, h2.events.DataReceived):
            stream = self.streams.get(event.stream_id)
            if stream:
                stream.body += event.data
            self.h2.acknowledge_received_data(
                event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.serve(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.gone(event.stream_id)
        elif isinstance(event, h2.events.WindowUpdated):
            for number in [event.stream_id] if event.stream_id else \
                    list(self.streams):
                self.send_rest(number)

    def gone(self, number):
        stream = self.streams.pop(number, None)
        if stream:
            self.books.partial += not stream.is_whole
            self.books.cancelled += stream.is_whole

    def serve(self, number):
        stream = self.streams[number]
        stream.is_whole = True
        words = stream.headers[":path"].split("/")[1:]
        self.requests += 1
        if self.is_unwelcome(number, words):
            return
        books = self.books
        books.whole += 1
        books.by_id[stream.id()] += 1
        books.by_key[stream.headers.get("idempotency-key", "")] += 1
        books.by_connection[self.number] += 1
        self.behave(number, stream, words)

    def is_unwelcome(self, number, words):
        """It is not processed, and nothing of it is in the books but that."""
        hit = words[0] == "refuse" and self.requests % int(words[1]) == 0
        if hit:
            self.h2.reset_stream(number, h2.errors.ErrorCodes.REFUSED_STREAM)
        if hit or (self.last_stream is not None and
                   number > self.last_stream):
            self.books.refused += 1
            del self.streams[number]
            return True
        return False

    def write_frame(self, kind, payload):
        """One that python3-h2 does not send, or not without ending."""
        self.flush()
        self.transport.write(len(payload).to_bytes(3, "big") + kind +
                             b"\0" + (0).to_bytes(4, "big") + payload)

    def send_goaway(self, number):
        self.last_stream = number
        self.write_frame(b"\x07", number.to_bytes(4, "big") +
                         (0).to_bytes(4, "big"))

    def end(self):
        """Closes as servers do that want their last words read: when the
        client has answered what was sent after them. Bytes that meet a closed
        socket would bring a reset, which overtakes them."""
        self.is_over = True
        self.h2.ping(b"the last")

    def spoil(self, words, number):
        """What is done to the connection at every Nth request, after the
        effect of this one."""
        if self.requests % int(words[1]):
            return
        if words[0] == "goaway":
            self.send_goaway(number)
        elif words[0] == "goaway-close":
            self.send_goaway(number)
            self.end()
        elif words[0] == "goaway-reset":
            self.send_goaway(number)
            self.transport.abort()
        elif words[0] == "close":
            self.transport.close()
        elif words[0] == "nonsense":
            self.write_frame(b"\x06", b"short")  # PING has eight bytes

    def behave(self, number, stream, words):
        if words[0] in ("refuse", "goaway", "goaway-close", "goaway-reset",
                        "close", "nonsense"):
            self.behave(number, stream, words[2:])
            if words[0] != "refuse":
                self.spoil(words, number)
        elif words[0] == "reset":
            self.h2.reset_stream(number, h2.errors.ErrorCodes.INTERNAL_ERROR)
            del self.streams[number]
        elif words[0] == "effects":
            self.books.effects[stream.id()] += 1
            self.behave(number, stream, words[1:] or ["ok"])
        elif words[0] == "delay":
            asyncio.get_running_loop().call_later(
                float(words[1]) / 1000, self.answer, number, b"ok\n")
        elif words[0] == "body":
            self.answer(number, b"b" * int(words[1]))
        else:
            self.answer(number, b"ok\n")

    def answer(self, number, body):
        stream = self.streams.get(number)
        if not stream or self.is_over:
            return
        stream.rest = body
        stream.began = time.monotonic()
        try:
            self.h2.send_headers(number, [(b":status", b"200"), (
                b"content-length", str(len(body)).encode())])
            self.send_rest(number)
        except h2.exceptions.ProtocolError:
            pass  # its reset came in the same read, and is handled next
        self.flush()

    def send_rest(self, number):
        stream = self.streams.get(number)
        if not stream or stream.rest is None:
            return
        while stream.rest:
            room = min(self.h2.local_flow_control_window(number),
                       self.h2.max_outbound_frame_size)
            if room <= 0:
                return
            self.h2.send_data(number, stream.rest[:room])
            stream.rest = stream.rest[room:]
        self.h2.end_stream(number)
        self.books.answered += 1
        self.books.read_ms.append((time.monotonic() - stream.began) * 1000)
        del self.streams[number]


async def write_books(books, reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    body = json.dumps(books.counts()).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()


async def run(arguments):
    loop = asyncio.get_running_loop()
    books = Books(arguments.streams)
    stop = loop.create_future()

    def end():
        if not stop.done():
            stop.set_result(None)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        loop.add_reader(0, lambda: os.read(0, 65536) or end())
    tls = None
    if arguments.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.cert, arguments.key)
        tls.set_alpn_protocols(["h2"])
    # A client that was told the end of TLS's session has to close by itself.
    await loop.create_server(lambda: Connection(books), ssl=tls,
                             ssl_shutdown_timeout=600 if tls else None,
                             sock=socket.socket(fileno=arguments.fd))
    await asyncio.start_server(
        lambda r, w: write_books(books, r, w),
        sock=socket.socket(fileno=arguments.books_fd))
    await stop


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--books-fd", type=int, required=True)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
