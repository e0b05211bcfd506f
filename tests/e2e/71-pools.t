#!/usr/bin/python3
# Proves: whose connections a client uses. Shared, they serve many clients and
# are fewer than these; with a pool a client, no connection ever carries two,
# each client has exactly its share, over any number of threads, and when a
# service drops its connections every client opens its own again: a storm of
# the size of the fleet, where a shared pool makes one of the size of what is
# in flight. And what a client costs.

from harness import *

NAMED = ("-H", "X-Client: {{client}}")


def is_open_for_long(t, server, *arguments):
    """Starts a run that the test ends itself, by an interrupt."""
    report = t.path("long.json")
    process = t.launch("run", "-q", "-o", report, server.url, "-X", "GET",
                       "-d", "300s", *NAMED, *arguments)
    return process, report


def end(t, process, report):
    process.signal(signal.SIGINT)
    run = t.finish(process, status=130, report=report)
    if run.report is None:
        raise Failed("no report\n" + tail(run.err))
    t.check_report(run.report)
    return run


def seen(server):
    return set().union(*server.users().values(), set())


def connections_of_clients(users):
    """How many connections carried each client."""
    count = {}
    for clients in users.values():
        for client in clients:
            count[client] = count.get(client, 0) + 1
    return count


def hold_apart(t, users):
    t.equal({n: c for n, c in users.items() if len(c) != 1}, {},
            "connections that carried more than one client")


@test("shared: few connections carry many clients")
def shared(t):
    server = t.hostile()
    for arguments in ((), ("--pool", "shared", "-t", "3")):
        before = set(server.users())
        run = t.run(server.url, "-X", "GET", "-r", "1000/s", "-n", "600",
                    "--clients", "30", "-c", "6", *NAMED, *arguments)
        t.equal(run["operations.succeeded"], 600, "succeeded")
        users = {n: c for n, c in server.users().items() if n not in before}
        t.between(len(users), 1, 6, "connections")
        t.equal(len(set().union(*users.values())), 30, "clients on them")
        t.equal(run["latency.connect.count"], len(users), "connects reported")


@test("shared: clients that outnumber connections all act, closed too")
def shared_closed(t):
    server = t.hostile()
    run = t.run(server.url, "-X", "GET", "-n", "400", "--clients", "40",
                "-c", "4", *NAMED)
    t.equal(run["operations.succeeded"], 400, "succeeded")
    users = server.users()
    t.between(len(users), 1, 4, "connections")
    t.equal(len(set().union(*users.values())), 40, "clients")


@test("per client, closed model: one connection each, its own")
def one_each(t):
    server = t.hostile()
    for arguments in (("--clients", "25"), ("-c", "25", "-t", "4")):
        before = set(server.users())
        run = t.run(server.url, "-X", "GET", "-n", "1000", "--pool",
                    "per_client", *NAMED, *arguments)
        t.equal(run["operations.succeeded"], 1000, "succeeded")
        users = {n: c for n, c in server.users().items() if n not in before}
        hold_apart(t, users)
        t.equal(connections_of_clients(users),
                {str(client): 1 for client in range(25)}, "connections")
        t.equal(run["latency.connect.count"], 25, "connects reported")
        t.equal(run.get("profile.load.pool"), "per_client", "in the report")


@test("per client, open model: exactly its share, and its own queue")
def shares(t):
    server = t.hostile()
    for threads in (1, 3):
        before = set(server.users())
        # 50 connections and 50 ms make 1000/s: 2000/s fill every pool.
        run = t.run(server.url + "/delay/50", "-X", "GET", "-r", "2000/s",
                    "-n", few(1000, 600), "--clients", "20", "-c", "50",
                    "-t", str(threads), "--pool", "per_client", *NAMED)
        t.equal(run["operations.succeeded"], few(1000, 600), "succeeded")
        users = {n: c for n, c in server.users().items() if n not in before}
        hold_apart(t, users)
        t.equal(connections_of_clients(users),
                {str(c): 3 if c < 10 else 2 for c in range(20)},
                f"connections, {threads} threads")
        t.check(run["latency.queue.p90_us"] > 20000, "waits are measured")


@test("a pool of more than 16 connections is still one client's")
def large_pools(t):
    server = t.hostile()
    run = t.run(server.url + "/delay/50", "-X", "GET", "-n", "700",
                "--clients", "3", "-c", "70", "--pool", "per_client", *NAMED)
    t.equal(run["operations.succeeded"], 700, "succeeded")
    users = server.users()
    hold_apart(t, users)
    t.equal(connections_of_clients(users), {"0": 24, "1": 23, "2": 23},
            "connections")


@test("a restart: every client opens its own connection again")
def storm(t):
    server = t.hostile()
    clients = 60
    process, report = is_open_for_long(
        t, server, "--pool", "per_client", "--clients", str(clients),
        "--think", "50ms")
    t.wait_until("every client was there",
                 lambda: len(seen(server)) == clients)
    first = server.users()
    t.equal(len(first), clients, "connections before")
    t.equal(server.drop(), clients, "dropped")
    t.wait_until("every client came back", lambda: len(
        connections_of_clients(server.users()).keys()) == clients and all(
            n == 2 for n in connections_of_clients(server.users()).values()))
    # Whatever else they would open, they have the time to.
    settled = server.counts()["whole"] + 4 * clients
    t.wait_until("it goes on", lambda: server.counts()["whole"] > settled)
    run = end(t, process, report)
    users = server.users()
    hold_apart(t, users)
    t.equal(len(set(users) - set(first)), clients,
            "connections opened in the storm")
    t.equal(connections_of_clients(users),
            {str(client): 2 for client in range(clients)}, "connections")
    # A request that crossed the close may have cost a connection of its own.
    lost = run["operations.started"] - run["operations.succeeded"]
    t.between(lost, 0, clients, "operations that met the close")
    t.between(run["latency.connect.count"], 2 * clients,
              2 * clients + lost, "connects reported")


@test("the same restart, shared: a storm of the size of what is in flight")
def no_storm(t):
    server = t.hostile()
    process, report = is_open_for_long(
        t, server, "--clients", "60", "-c", "4", "-r", "1000/s")
    t.wait_until("every client was there", lambda: len(seen(server)) == 60)
    first = server.users()
    t.between(len(first), 1, 4, "connections before")
    t.between(server.drop(), 1, 4, "dropped")
    settled = server.counts()["whole"] + 240
    t.wait_until("it goes on", lambda: server.counts()["whole"] > settled)
    end(t, process, report)
    again = {n: c for n, c in server.users().items() if n not in first}
    t.between(len(again), 1, 4, "connections opened again")
    t.equal(len(set().union(*again.values())), 60, "clients on them")


@test("cancelled attempts, held or waiting, leave their pool as it was")
def cancelled(t):
    # The first requests hang until their attempts are cut, and a connection
    # goes with each; behind them others wait for the client's only one, some
    # until their operation times out before it is ever sent. Then all is
    # well: a place that was lost would leave its client unserved.
    hanging = 60
    server = t.server(lambda request: HANG if request.number < hanging
                      else reply())
    profile = t.profile({
        "load": {"rate": "150/s", "operations": 300, "clients": 5,
                 "connections": 5, "pool": "per_client"},
        "timeout": {"attempt": "80ms", "operation": "200ms"},
        "retry": {"max_attempts": 3, "retry_on": ["timeout"],
                  "backoff": {"type": "none"}}})
    run = t.run(server.url, "-X", "GET", "-p", profile, *NAMED)
    t.check(run["attempts.by_outcome"].get("timeout", 0) >= hanging,
            "attempts were cut")
    t.check(run["attempts.total"] > run["attempts.on_wire"],
            "some were never sent")
    users, served = {}, {}
    for request in server.requests:
        client = request.header("X-Client")
        users.setdefault(request.connection, set()).add(client)
        if request.number >= hanging:
            served[client] = served.get(client, 0) + 1
    hold_apart(t, users)
    t.equal(set(served), {str(c) for c in range(5)}, "clients served")
    t.check(min(served.values(), default=0) >= 5, f"and go on so: {served}")


@test("HTTP/2: a connection a client, with all its streams")
def http2(t):
    certificates = t.certificates()
    nginx = t.nginx(tls=certificates, http2=True)
    port = urllib.parse.urlsplit(nginx.url).port
    run = t.run(nginx.url, "-X", "GET", "-n", "600", "--clients", "6", "-c",
                "24", "--http", "2", "--pool", "per_client", "-H",
                "X-Op: {{client}}", "--cacert", certificates.ca, "--resolve",
                f"localhost:{port}:127.0.0.1")
    t.equal(run["operations.succeeded"], 600, "succeeded")
    users = {}
    for row in nginx.log():
        users.setdefault(row["connection"], set()).add(row["op"])
    hold_apart(t, users)
    t.equal(connections_of_clients(users), {str(c): 1 for c in range(6)},
            "connections")


@test("more clients than connections is an error with both places")
def too_few(t):
    run = t.squall("run", "http://127.0.0.1:9/", "--pool", "per_client",
                   "--clients", "9", "-c", "8", status=2)
    t.match(run.err, r"load\.clients.*9 clients.*8 connections.*"
            r"load\.connections", "both places")
    t.match(run.err, r'write "connections": 9', "the remedy")


@test("descriptors that pools need are counted before the run")
def descriptors(t):
    server = t.hostile()

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))

    # libcurl needs some for each pool.
    run = t.squall("run", server.url, "-c", "60", "-n", "600", "-q",
                   "--engine", "curl", preexec=limit)
    t.equal(run.status, 0, "shared, they fit")
    run = t.squall("run", server.url, "-c", "60", "-n", "600", "-q",
                   "--engine", "curl", "--pool", "per_client",
                   preexec=limit, status=3)
    t.match(run.err, r"60 connections in pools of their own need \d+ desc",
            "named")
    t.match(run.err, r"ulimit -n \d+", "the remedy")
    process, report = is_open_for_long(
        t, server, "--pool", "per_client", "-c", "60", "--engine", "curl")
    t.wait_until("every client was there", lambda: len(seen(server)) == 60)
    used = len(os.listdir(f"/proc/{process.pid}/fd"))
    needed = int(re.search(r"need (\d+)", run.err).group(1))
    end(t, process, report)
    t.between(used, 60, needed, "descriptors in use")


def kib_in_use(t, arguments, clients, connections):
    """The most memory that a run had when all had been there."""
    server = t.hostile()
    process, report = is_open_for_long(
        t, server, "--clients", str(clients), "-c", str(connections),
        *arguments)
    t.wait_until("every client was there",
                 lambda: len(seen(server)) == clients)
    t.wait_until("the connections are open", lambda: len(
        server.users()) == connections or "-r" in arguments)
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    run = end(t, process, report)
    # What waited for a connection when the run was stopped is not sent then:
    # nothing else may have kept an operation from the service.
    t.equal(run["operations.shed"], run["operations.shed_reasons.abandoned"],
            "shed, all by the end of the run")
    return int(re.search(r"VmHWM:\s+(\d+) kB", text).group(1))


@test("1,000 clients cost less than 64 KiB each, pools included", limit=120)
def memory(t):
    if is_sanitized():
        raise Skip("a sanitizer has memory of its own")
    policy = ("-p", t.profile({
        "timeout": {"attempt": "20s"},
        "retry": {"max_attempts": 3, "retry_on": ["connect", "timeout"],
                  "backoff": {"type": "exponential", "initial": "100ms"}},
        "retry_budget": {"type": "ratio_window", "ratio": 0.2,
                         "window": "10s", "slots": 10}}))
    # One client has no use for a pool of its own: the second row is what a
    # thousand pools cost beyond the connections in them.
    for name, connections, load in (
            ("shared", 10, ("-r", "2000/s")),
            ("a pool each", 1000, ("--think", "200ms", "--pool",
                                   "per_client"))):
        least = kib_in_use(t, (*policy, *load), 1, connections)
        most = kib_in_use(t, (*policy, *load), 1000, connections)
        t.note(f"{name}: {least} KiB with 1 client, {most} with 1,000: "
               f"{(most - least) / 999:.1f} a client")
        t.check(most - least < 999 * 64, f"{name}: less than 64 KiB each")


main()
