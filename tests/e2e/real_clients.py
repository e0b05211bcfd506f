# Real clients beside squall with their profiles: what the files that hold them
# have in common. A row of theirs is a Client.
#
# A wait is only that of the client while the machine has time for it. So the
# two sides play one after the other, operations start a step apart, and squall
# plays many cases in one process; its events say which operations succeeded.
#
# V=1 shows the figures side by side. A client that is not here is skipped.
# Those of the npm registry are installed into build/clients as
# tests/clients/package-lock.json says, and kept there.

import array
import collections
import ctypes
import dataclasses
import statistics

from harness import *

SLACK = 0.06 * PATIENCE       # of a wait, at least
SHARE = 0.05                  # of a wait, where that is more
SHARE_JITTERED = 0.25         # the same where waits have jitter
ALONE = 3                     # operations of a case; their median counts
SOME = 16                     # of one whose waits may have wide jitter
MANY = 100                    # where the distribution of waits is compared
NAME_WIDTH = 26               # of a case, in the table for a reader
UPSTREAMS = 3                 # ports of the failing server, for a proxy
STEP_MS = 25                  # between the starts of operations, so that none
                              # waits for another
LATE = 0.004                  # a client whose timers are later than that, in
                              # the mean, cannot be timed here
CLIENTS = ROOT / "build" / "clients"


@dataclasses.dataclass(frozen=True)
class Case:
    """What happens to an operation."""
    failure: str
    method: str
    path: str
    operations: int = ALONE

    @property
    def name(self):
        return f"{self.method}-{self.failure}".replace(" ", "-")

    @property
    def body(self):
        return "x" if self.method in ("POST", "PUT", "PATCH") else ""

    @property
    def group(self):
        """Cases of one group share a process of squall's. Those that break
        connections have some of their own, so that none meets a connection
        that another left open."""
        breaks = self.path in ("reset-after", "close-after")
        return f"{self.method}-breaks" if breaks else self.method


METHODS = ("GET", "POST")
MORE_METHODS = METHODS + ("PUT", "DELETE", "PATCH")
FAILURES = (
    ("503", "status/503", MORE_METHODS),
    ("429", "status/429", METHODS),
    ("500", "status/500", METHODS),
    ("reset", "reset-after", MORE_METHODS),
    ("closed", "close-after", METHODS),
    ("503 twice", "first/2/status/503", METHODS),
    ("503 in 2 s", "first/1/retry-after/2/503", METHODS),
    ("429 in 2 s", "first/1/retry-after/2/429", METHODS),
    ("500 in 2 s", "first/1/retry-after/2/500", METHODS),
    ("413 in 2 s", "first/1/retry-after/2/413", ("GET",)),
    ("503 in 0 s", "first/1/retry-after/0/503", ("GET",)),
) + tuple((str(status), f"first/1/status/{status}", ("GET",))
          for status in (404, 408, 409, 413, 425, 501, 502, 504, 507, 522))
CASES = [Case(failure, method, path)
         for failure, path, methods in FAILURES for method in methods]
# What a service may say of when to come back. A date to come is not here: it
# has whole seconds, so that each side would wait for another part of one.
HINTS = tuple((f"503 {words}", f"first/1/{path}/503") for words, path in (
    ("in 0", "retry-after/0"), ("in 1", "retry-after/1"),
    ("in 1 and a half", "retry-after/1.5"), ("in minus 1", "retry-after/-1"),
    ("in a word", "retry-after/soon"), ("in 2s", "retry-after/2s"),
    ("until a past date", "retry-after-date/-60")))
JITTER = [Case("503", "GET", "status/503", MANY)]
REFUSED = [Case("refused", method, "", 1) for method in METHODS]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the failing server is: one address, and several ports for who
    chooses among servers."""
    host: str
    ports: tuple

    @property
    def url(self):
        return f"http://{self.host}:{self.ports[0]}/"


# The real clients. Each `play` starts the operations of all cases, a step
# apart, and returns a function that waits for their end. Operation N of a case
# carries `X-Op: real.CASE.N`.

@dataclasses.dataclass
class Played:
    """What a real client says: its version, how many operations of each case
    ended well, and how late its timers were in the mean, where it knows."""
    version: str
    succeeded: dict
    late: float = 0.0


def program(name):
    path = shutil.which(name) or f"/usr/sbin/{name}"
    if not os.path.exists(path):
        raise Skip(f"{name} is not installed")
    return path


def version_of(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, timeout=20 * PATIENCE)
    return re.search(r"(\d+\.[\d.]+\d)", done.stdout.decode()).group(1)


def operation_ids(case):
    return [f"real.{case.name}.{n}" for n in range(case.operations)]


def curl_player(*options):
    """curl with --retry. Its output goes to files: one that writes to
    /dev/null with -o cannot start again and retries nothing."""
    def play(t, place, cases):
        curl = program("curl")
        started = []
        for case in cases:
            body = ["--data", case.body] if case.body else []
            for name in operation_ids(case):
                started.append((case.name, t.start(
                    [curl, "-q", "-s", "--noproxy", "*", *options, "-o",
                     t.path(f"{name}.body"), "-w", "%{http_code}", "-H",
                     f"X-Op: {name}", "-X", case.method, *body,
                     place.url + case.path], name)))
                time.sleep(STEP_MS / 1e3)

        def finish():
            good = collections.Counter()
            for name, process in started:
                process.wait(30 * PATIENCE)
                good[name] += process.out == "200"
            return Played("curl " + version_of(curl, "--version"), good)
        return finish
    return play


def play_proxied(front, cases, version):
    """Callers of a proxy, each with one request in one packet."""
    ended_well = []  # names of cases; threads add to a list without a lock

    def ask(case, name):
        length = f"Content-Length: {len(case.body)}\r\n" if case.body else ""
        with socket.create_connection(front) as sock:
            sock.sendall(f"{case.method} /{case.path} HTTP/1.1\r\n"
                         f"Host: failing\r\nX-Op: {name}\r\n{length}"
                         f"Connection: close\r\n\r\n{case.body}".encode())
            line = sock.makefile("rb").readline()
        if line.startswith(b"HTTP/1.1 200"):
            ended_well.append(case.name)
    threads = [threading.Thread(target=ask, args=(case, name), daemon=True)
               for case in cases for name in operation_ids(case)]
    for thread in threads:
        thread.start()
        time.sleep(STEP_MS / 1e3)

    def finish():
        for thread in threads:
            thread.join(30 * PATIENCE)
        return Played(version, collections.Counter(ended_well))
    return finish


def nginx_player(next_upstream):
    """nginx before three servers. None is ever marked as down, which is how
    nginx chooses a server and not whether it tries again."""
    def play(t, place, cases):
        nginx = program("nginx")
        servers = " ".join(f"server {place.host}:{port} max_fails=0;"
                           for port in place.ports)
        front = t.nginx(
            name=f"nginx{place.ports[0]}",
            http=f"upstream failing {{ {servers} }}",
            locations=f"location / {{ {next_upstream} "
                      "proxy_pass http://failing; }")
        return play_proxied(("127.0.0.1", front.port), cases,
                            "nginx " + version_of(nginx, "-v"))
    return play


def haproxy_player(options="", servers=1):
    """HAProxy before one server, or several."""
    def play(t, place, cases):
        haproxy = program("haproxy")
        sock = listening_socket()
        name = f"haproxy{place.ports[0]}"
        backend = "\n".join(f"  server s{port} {place.host}:{port}"
                            for port in place.ports[:servers])
        t.start([haproxy, "-db", "-f", t.write(f"{name}.cfg", f"""
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
{options}
frontend callers
  bind fd@{sock.fileno()}
  default_backend failing
backend failing
{backend}
""")], name, pass_fds=(sock.fileno(),))
        front = ("127.0.0.1", port_of(sock))
        sock.close()
        return play_proxied(front, cases,
                            "HAProxy " + version_of(haproxy, "-v"))
    return play


@functools.lru_cache(None)
def clients_missing():
    """Makes build/clients what the lock file says. A registry that does not
    answer is a reason to skip, which is returned; a package that is not the
    one that was locked is not."""
    source = ROOT / "tests" / "clients"
    stamp = CLIENTS / "installed.json"
    lock = (source / "package-lock.json").read_bytes()
    CLIENTS.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "operations.mjs"):
        shutil.copy(source / name, CLIENTS)
    if stamp.exists() and stamp.read_bytes() == lock:
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    try:
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund",
             "--fetch-retries=1"], cwd=CLIENTS, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=45,
            check=False)
    except subprocess.TimeoutExpired:
        return "the registry of npm does not answer"
    said = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        stamp.write_bytes(lock)
        return None
    code = re.search(r"npm \S+ code (\w+)", said)
    if code is None or code.group(1) in ("EINTEGRITY", "EUSAGE", "ETARGET",
                                         "E404"):
        raise Failed(f"npm ci:\n{tail(said)}")
    return f"the registry of npm cannot be reached: {code.group(1)}"


def npm_player(client, oldest=18):
    """A client of the npm registry, which needs that version of node."""
    def play(t, place, cases):
        node = program("node")
        version = version_of(node, "--version")
        if int(version.split(".")[0]) < oldest:
            raise Skip(f"{client} does not run on node {version}")
        missing = clients_missing()
        if missing:
            raise Skip(missing)
        name = f"{client}{place.ports[0]}".replace("/", "-")
        document = {"cases": [
            {"name": f"real.{case.name}", "method": case.method,
             "body": case.body or None,
             "url": place.url + case.path, "operations": case.operations,
             "step_ms": STEP_MS}
            for case in cases]}
        if all(case.path for case in cases):
            document["first"] = place.url + "ok"
        path = t.write(f"{name}.cases", json.dumps(document))
        with open(path, "rb") as stdin:
            process = t.start([node, CLIENTS / "operations.mjs", client],
                              name, stdin=stdin)

        def finish():
            if process.wait(40 * PATIENCE):
                raise Failed(f"{client}: {tail(process.err)}")
            reported = json.loads(process.out)
            return Played(reported["version"] + f" on node {version}",
                          {name[len("real."):]: count
                           for name, count in reported["succeeded"].items()},
                          reported["late_ms"] / 1e3)
        return finish
    return play


@dataclasses.dataclass(frozen=True)
class Client:
    """A row of the table: the profile, who it stands for, what of the profile
    is set as the real client was given on its command line, whether its waits
    have jitter, failures that older versions of the client treat in another
    way, with the first version of which they are asked, some that it is never
    asked, and whether only Retry-After is."""
    profile: str
    play: object
    settings: tuple = ()
    is_jittered: bool = False
    variant: str = ""
    since: dict = dataclasses.field(default_factory=dict)
    unasked: tuple = ()
    hints_only: bool = False

    @property
    def title(self):
        return self.profile + self.variant

    @property
    def path(self):
        return ROOT / "profiles" / "clients" / f"{self.profile}.json"

    @property
    def reads_hints(self):
        return '"server_hint"' in self.path.read_text()


# The other side: squall with the profile. Its operations carry `X-Op:
# squall.NAME.ID`, where the name is that of a case or a group.

def start_squall(t, client, url, name, request, *pace):
    """Starts it with one request; what is returned waits for its end and
    gives the verdicts of its operations, by their X-Op."""
    prefix = f"squall.{name}"
    profile = t.profile({"requests": [
        {"name": name, "headers": {"X-Op": prefix + ".{{op.id}}"}} |
        request]}, f"{prefix}.profile")
    report, events = t.path(f"{prefix}.report"), t.path(f"{prefix}.events")
    settings = [word for one in client.settings for word in ("--set", one)]
    process = t.launch("run", "-q", "-o", report, "--events", events, url,
                       "-p", f"clients/{client.profile}", "-p", profile,
                       *settings, *pace)

    def finish():
        run = t.finish(process, report=report)
        if run.report is None:
            raise Failed(f"no report: {' '.join(process.argv)}\n"
                         f"{tail(run.err)}")
        t.check_report(run.report)
        lines = map(json.loads, events.read_text().splitlines())
        verdicts = {f"{prefix}.{line['op']}": line["verdict"]
                    for line in lines if line["type"] == "operation"}
        t.equal(list(verdicts.values()).count("succeeded"),
                run["operations.succeeded"], f"{name}: events and report")
        return verdicts
    return finish


def asked(case):
    """The request of a case, without its path."""
    return {"method": case.method} | ({"body": case.body} if case.body else {})


def play_squall(t, client, server, cases):
    """Plays the cases, those of a group in one process, whose operation N
    asks for path N of the group's. Returns what was seen of each."""
    groups = collections.defaultdict(list)
    for case in cases:
        groups[case.group] += [case] * case.operations
    server.cases({name: [case.path for case in group]
                  for name, group in groups.items()})
    playing = [start_squall(
        t, client, server.url, name,
        asked(group[0]) | {"path": f"/case/{name}/" + "{{op.seq}}"},
        "-n", len(group), "-r", f"{1000 // STEP_MS}/s")
        for name, group in groups.items()]
    verdicts = {}
    for finish in playing:
        verdicts |= finish()
    by_case = collections.defaultdict(list)
    for entry in server.log():
        if entry["id"].startswith("squall."):
            _, name, number = entry["path"].rsplit("/", 2)
            by_case[groups[name][int(number)]].append(entry)
    return [seen(by_case[case], sum(
        verdicts[name] == "succeeded"
        for name in {entry["id"] for entry in by_case[case]}))
        for case in cases]


# What the books say.

@dataclasses.dataclass
class Seen:
    """One case of one side: the attempts and the waits of each operation,
    and how many operations ended well."""
    attempts: list
    waits: list
    succeeded: int

    def wait(self, index):
        """Wait `index` of every operation that waited so often."""
        return [w[index] for w in self.waits if len(w) > index]


def seen(entries, succeeded):
    """By the entries of a case in the log."""
    by_operation = collections.defaultdict(list)
    for entry in entries:
        by_operation[entry["id"]].append(entry)
    rows = list(by_operation.values())
    return Seen([len(row) for row in rows],
                [[after["at"] - before["ended"]
                  for before, after in zip(row, row[1:])] for row in rows],
                succeeded)


def differences(case, real, squall, share):
    """(of attempts, of waits), as sentences."""
    exact, timing = [], []
    if collections.Counter(real.attempts) != \
            collections.Counter(squall.attempts):
        exact.append(f"{case.name}: attempts {sorted(real.attempts)} against "
                     f"{sorted(squall.attempts)}")
    if real.succeeded != squall.succeeded:
        exact.append(f"{case.name}: {real.succeeded} against "
                     f"{squall.succeeded} operations ended well")
    most = max(real.attempts + squall.attempts, default=1)
    for index in range(0 if exact else most - 1):
        ours, theirs = squall.wait(index), real.wait(index)
        far = apart(theirs, ours) if case.operations == MANY \
            else near(theirs, ours, share)
        timing += [f"{case.name}: wait {index + 1}: {what}" for what in far]
    return exact, timing


def near(theirs, ours, share):
    """Two waits that should be one: their medians agree."""
    a, b = statistics.median(theirs), statistics.median(ours)
    if abs(a - b) <= max(SLACK, share * a):
        return []
    return [f"{a * 1e3:.0f} ms against {b * 1e3:.0f} ms"]


def apart(theirs, ours):
    """Two samples that should be of one distribution: the mean within 4
    standard errors, and the ends of the range, where the upper is the ninth
    decile because a busy machine makes some waits long."""
    found = []

    def hold(what, a, b, tolerance):
        if abs(a - b) > tolerance:
            found.append(f"{what} {a * 1e3:.0f} ms against {b * 1e3:.0f} ms, "
                         f"{tolerance * 1e3:.0f} ms allowed")
    error = math.sqrt(statistics.variance(theirs) / len(theirs) +
                      statistics.variance(ours) / len(ours))
    ends = [(min(w), statistics.quantiles(w, n=10)[-1])
            for w in (theirs, ours)]
    # Of 100 uniform draws the least is above an eighth of the range once in
    # 600,000 times; the tolerance of the decile is five deviations.
    width = max(high - low for low, high in ends)
    slack = SLACK / 6
    hold("mean", statistics.mean(theirs), statistics.mean(ours),
         4 * error + slack)
    hold("least", ends[0][0], ends[1][0], width / 8 + slack)
    hold("ninth decile", ends[0][1], ends[1][1], width * 0.21 + slack)
    return found


# The table, for a reader.

def shown(seen):
    attempts = "/".join(map(str, sorted(set(seen.attempts)))) or "0"
    waits = []
    for index in range(max(map(len, seen.waits), default=0)):
        of = sorted(w * 1e3 for w in seen.wait(index))
        middle = statistics.median(of)
        waits.append(f"{middle:.0f}" if len(of) < MANY else
                     f"{of[0]:.0f}-{of[-1]:.0f}")
    return attempts, str(seen.succeeded), " ".join(waits)


def show(t, client, version, rows):
    stands_for = re.search(r'"version": "([^"]*)"', client.path.read_text())
    t.note(f"{version} | clients/{client.title}, which stands for "
           f"{stands_for.group(1) if stands_for else 'no version'}")
    t.note(f"{'':{NAME_WIDTH}} {'attempts':>11} {'ended well':>11}  waits, ms")
    for case, real, squall in rows:
        a, b = shown(real), shown(squall)
        t.note(f"{case.method + ' ' + case.failure:{NAME_WIDTH}} "
               f"{a[0] + ' | ' + b[0]:>11} {a[1] + ' | ' + b[1]:>11}  "
               f"{a[2] or '-'} | {b[2] or '-'}")


def hold(t, client, measure):
    """Measures, shows, compares. What a busy machine can spoil, which is the
    waits alone, is measured again."""
    for left in range(2, -1, -1):
        played, rows = measure()
        version = tuple(map(int, re.findall(r"\d+", played.version)))
        rows = [row for row in rows
                if version >= client.since.get(row[0].failure, ())]
        timing = []
        for case, real, squall in rows:
            t.equal(len(real.attempts), case.operations,
                    f"{case.name}: operations of the real client")
            exact, more = differences(
                case, real, squall,
                SHARE_JITTERED if client.is_jittered else SHARE)
            t.failures += exact
            timing += more
        if timing and not t.failures:
            if left:
                t.note("measured again: " + "; ".join(timing))
                continue
            if played.late > LATE:
                raise Skip(f"the machine is too busy: {played.version} has "
                           f"timers {played.late * 1e3:.0f} ms late")
        t.failures += timing
        show(t, client, played.version, rows)
        return


def side_by_side(t, client, cases):
    def measure():
        server = t.hostile(ports=UPSTREAMS)
        place = Place("127.0.0.1", tuple(server.ports))
        played = client.play(t, place, cases)()
        log = server.log()
        ours = play_squall(t, client, server, cases)
        return played, [
            (case, seen([entry for entry in log if entry["id"].startswith(
                f"real.{case.name}.")], played.succeeded[case.name]), squall)
            for case, squall in zip(cases, ours)]
    hold(t, client, measure)


# Refused connections leave nothing in a server's books. The kernel shows those
# who may look every SYN that comes to an address.

class Knocks:
    """All SYNs to an address of the loopback network that nobody else uses,
    by port, with the times at which they came."""

    TIMESTAMPNS = 35  # SO_TIMESTAMPNS and SCM_TIMESTAMPNS
    ETHERTYPE_IP = 0x0800

    def __init__(self):
        pid = os.getpid()
        self.host = f"127.{33 + pid % 200}.{pid >> 8 & 255}.{1 + pid % 250}"
        try:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                        0)  # nothing before it is bound
        except PermissionError:
            raise Skip("only root can count refused connections") from None
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, self.TIMESTAMPNS, 1)
        self._filter(int.from_bytes(socket.inet_aton(self.host), "big"))
        self.socket.bind(("lo", self.ETHERTYPE_IP))
        self.by_port = collections.defaultdict(list)

    def _filter(self, address):
        """The kernel drops all but a SYN without ACK to the address."""
        program = array.array("Q")
        for code, if_true, if_false, value in (
                (0x30, 0, 0, 9),            # ldb [9]: the protocol
                (0x15, 0, 7, 6),            # TCP?
                (0x20, 0, 0, 16),           # ld [16]: where to
                (0x15, 0, 5, address),
                (0xb1, 0, 0, 0),            # x = length of the IP header
                (0x50, 0, 0, 13),           # ldb [x + 13]: the flags
                (0x54, 0, 0, 0x12),         # SYN and ACK
                (0x15, 0, 1, 0x02),         # SYN alone?
                (0x06, 0, 0, 0xffff),       # keep
                (0x06, 0, 0, 0)):           # drop
            program.frombytes(struct.pack("=HBBI", code, if_true, if_false,
                                          value))
        memory = (ctypes.c_ubyte * (8 * len(program))).from_buffer(program)
        self.socket.setsockopt(
            socket.SOL_SOCKET, 26,  # SO_ATTACH_FILTER
            struct.pack("@HP", len(program), ctypes.addressof(memory)))

    def read(self):
        """Takes what has come so far."""
        while True:
            try:
                data, ancillary, _, sender = self.socket.recvmsg(128, 256)
            except BlockingIOError:
                return
            if sender[2] == socket.PACKET_OUTGOING:
                continue  # loopback shows each packet going and coming
            port = int.from_bytes(data[(data[0] & 15) * 4 + 2:][:2], "big")
            seconds, ns = struct.unpack("qq", ancillary[0][2])
            self.by_port[port].append(seconds + ns / 1e9)

    def seen(self, ports, succeeded, since=0):
        """One operation's attempts and waits."""
        times = sorted(at for port in ports for at in self.by_port[port]
                       if at > since)
        return Seen([len(times)] if times else [],
                    [[b - a for a, b in zip(times, times[1:])]], succeeded)

    def close(self):
        self.socket.close()


class GoneServer:
    """Answers the first request, with the port closed when the answer comes:
    squall wants its target there at the start."""

    def __init__(self, t, host):
        self.since = 0.0
        self.server = t.server(self._answer, host=host)
        self.port = self.server.port
        self.url = self.server.url

    def _answer(self, _request):
        self.server.refuse()
        self.since = time.time()
        return reply(close=True)


def refused(t, client):
    """One operation a case, for each of which the ports are of its own."""
    def measure():
        knocks = t.keep(Knocks())
        real, ours = [], []
        for case in REFUSED:
            ports = tuple(t.refusing_port(host=knocks.host).port
                          for _ in range(UPSTREAMS))
            real.append((ports, client.play(
                t, Place(knocks.host, ports), [case])))
            gone = GoneServer(t, knocks.host)
            ours.append((gone, start_squall(
                t, client, gone.url, case.name, asked(case), "-c", 1,
                "-n", 2)))
        played = [finish() for _, finish in real]
        # The first operation, which was answered, is not of the case.
        succeeded = [list(finish().values()).count("succeeded") - 1
                     for _, finish in ours]
        knocks.read()
        return played[0], [
            (case, knocks.seen(ports, theirs.succeeded[case.name]),
             knocks.seen([gone.port], count, since=gone.since))
            for case, (ports, _), theirs, (gone, _), count in
            zip(REFUSED, real, played, ours, succeeded)]
    hold(t, client, measure)


def add(client):
    """The tests of one row."""
    if client.reads_hints:
        @test(f"{client.title}: what it makes of Retry-After", limit=60)
        def _hints(t):
            operations = SOME if client.is_jittered else ALONE
            side_by_side(t, client, [
                Case(failure, "GET", path, operations)
                for failure, path in HINTS if failure not in client.unasked])

    if client.hints_only:
        return

    @test(f"{client.title}: what a failing server sees", limit=90)
    def _failing(t):
        side_by_side(t, client, CASES)

    if client.is_jittered:
        @test(f"{client.title}: how its waits are spread", limit=60)
        def _jitter(t):
            side_by_side(t, client, JITTER)

    @test(f"{client.title}: what a refused connection brings", limit=40)
    def _refused(t):
        refused(t, client)


def hold_table(table):
    for client in table:
        add(client)
    main()
