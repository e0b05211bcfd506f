#!/usr/bin/python3
"""A service as people write it, in front of a real PostgreSQL.

POST /VARIANT with an Idempotency-Key performs one order and answers 201 with
{"id": N}, or, from the queue, 202. The variants differ in what they do with
the key:

  plain    inserts; keys are stored and never looked at
  check    looks for the key, works for a moment, inserts
  unique   a unique constraint, on conflict do nothing
  keyed    a table of keys, written in the transaction of the order
  queue    puts a job into a table (once a key); a worker of its own performs
           it at least once: effect first, acknowledgement after. The worker
           dies between the two every so often, and another one is started

GET /ledger/VARIANT returns `key count` lines. The listening socket is handed
over by number (--fd), so that nobody waits for a port.
"""

import argparse
import http.server
import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time

import psycopg2

VARIANTS = ("plain", "check", "unique", "keyed", "queue")
WORK = 0.004           # s: between a check and what follows from it
CONNECTIONS = 24
DIES_EVERY = 40        # effects of one worker

SCHEMA = "".join(
    f"CREATE TABLE {name}_orders (id bigserial, key text NOT NULL);"
    for name in VARIANTS) + """
ALTER TABLE unique_orders ADD UNIQUE (key);
CREATE INDEX ON check_orders (key);
CREATE TABLE keys (key text PRIMARY KEY, id bigint);
CREATE TABLE jobs (id bigserial PRIMARY KEY, key text UNIQUE,
                   done boolean NOT NULL DEFAULT false);
"""


def one(cursor, sql, *values):
    cursor.execute(sql, values)
    row = cursor.fetchone()
    return row[0] if row else None


def plain(cursor, key):
    return one(cursor,
               "INSERT INTO plain_orders (key) VALUES (%s) RETURNING id", key)


def check(cursor, key):
    known = one(cursor, "SELECT min(id) FROM check_orders WHERE key = %s",
                key)
    if known:
        return known
    time.sleep(WORK)
    return one(cursor,
               "INSERT INTO check_orders (key) VALUES (%s) RETURNING id", key)


def unique(cursor, key):
    time.sleep(WORK)
    made = one(cursor, "INSERT INTO unique_orders (key) VALUES (%s) "
                       "ON CONFLICT (key) DO NOTHING RETURNING id", key)
    return made or one(cursor,
                       "SELECT id FROM unique_orders WHERE key = %s", key)


def keyed(cursor, key):
    """Whoever comes second waits for the first one's commit, then reads."""
    if one(cursor, "INSERT INTO keys (key) VALUES (%s) "
                   "ON CONFLICT (key) DO NOTHING RETURNING key", key):
        time.sleep(WORK)
        made = one(cursor, "INSERT INTO keyed_orders (key) VALUES (%s) "
                           "RETURNING id", key)
        cursor.execute("UPDATE keys SET id = %s WHERE key = %s", (made, key))
        return made
    return one(cursor, "SELECT id FROM keys WHERE key = %s", key)


def enqueue(cursor, key):
    cursor.execute("INSERT INTO jobs (key) VALUES (%s) "
                   "ON CONFLICT (key) DO NOTHING", (key,))
    return one(cursor, "SELECT id FROM jobs WHERE key = %s", key)


PERFORM = {"plain": plain, "check": check, "unique": unique, "keyed": keyed,
           "queue": enqueue}


class Pool:
    """Connections of the database, one a request at a time."""

    def __init__(self, dsn):
        self.free = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self.free.put(psycopg2.connect(dsn))

    def transaction(self, work, *arguments):
        connection = self.free.get()
        try:
            with connection, connection.cursor() as cursor:
                return work(cursor, *arguments)
        finally:
            self.free.put(connection)


def ledger_lines(cursor, table):
    cursor.execute(f"SELECT key, count(*) FROM {table}_orders GROUP BY key")
    return "".join(f"{key} {count}\n" for key, count in cursor)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_arguments):
        pass

    def answer(self, status, body, media_type):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        variant = self.path.strip("/")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers.get("Idempotency-Key")
        if variant not in PERFORM or not key:
            self.answer(404, "what is this?\n", "text/plain")
            return
        # A caller who has hung up is not noticed: the order is made.
        made = self.server.pool.transaction(PERFORM[variant], key)
        self.answer(202 if variant == "queue" else 201,
                    json.dumps({"id": made}), "application/json")

    def do_GET(self):
        variant = self.path.rpartition("/")[2]
        if variant not in PERFORM:
            self.answer(404, "what is this?\n", "text/plain")
            return
        self.answer(200, self.server.pool.transaction(ledger_lines, variant),
                    "text/plain")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sock, dsn):
        super().__init__(sock.getsockname(), Handler,
                         bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.pool = Pool(dsn)

    def handle_error(self, request, client_address):
        """Callers hang up on purpose; anything else is printed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def work(dsn):
    """At least once: the job is acknowledged when its effect is done, and the
    worker may be gone before that. Its effect is in another system, which
    here is a connection of its own."""
    jobs = psycopg2.connect(dsn)
    effects = psycopg2.connect(dsn)
    effects.autocommit = True
    performed = 0
    while os.getppid() != 1:
        with jobs, jobs.cursor() as cursor:
            cursor.execute("SELECT id, key FROM jobs WHERE NOT done "
                           "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
            job = cursor.fetchone()
            if job:
                with effects.cursor() as effect:
                    effect.execute("INSERT INTO queue_orders (key) "
                                   "VALUES (%s)", (job[1],))
                performed += 1
                if performed == DIES_EVERY:
                    os._exit(1)
                cursor.execute("UPDATE jobs SET done = true WHERE id = %s",
                               (job[0],))
        if not job:
            select.select([], [], [], 0.005)


def supervise(dsn):
    while True:
        subprocess.call([sys.executable, __file__, "--worker", "--dsn", dsn])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--fd", type=int)
    parser.add_argument("--worker", action="store_true")
    options = parser.parse_args()
    if options.worker:
        work(options.dsn)
        return
    with psycopg2.connect(options.dsn) as connection:
        connection.cursor().execute(SCHEMA)
    connection.close()
    threading.Thread(target=supervise, args=(options.dsn,),
                     daemon=True).start()
    server = Server(socket.socket(fileno=options.fd), options.dsn)
    print("serving", flush=True)
    server.serve_forever()


main()
