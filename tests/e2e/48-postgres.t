#!/usr/bin/python3
# Proves: in front of a real database the report agrees with the database.
# A service in four variants (tests/servers/orders_pg.py) is hit by lost
# responses and by hedges that overlap; each figure of the report equals what
# SQL counts in the tables, with the ledger read by psql and over HTTP. The two
# variants that use the database rightly have no duplicate and lose nothing,
# the two naive ones have as many as the database says, which is more than
# none. The same through a queue with a worker that dies between the effect
# and its acknowledgement, so that duplicates come of single attempts; and with
# a table of states that a trigger fills, in which every fifth job skips one.
#
# Chance: a naive variant would have to survive about 0.3 n lost responses
# and as many hedges without one duplicate. With `plain` nearly each of them is
# one, and with `check` those hedges that come, 1 ms after the first attempt,
# within the 4 ms that the service works.

import glob
import pwd

from harness import *

N = 300
RIGHT = ("unique", "keyed")
NAIVE = ("plain", "check")


def programs():
    """The folder of initdb and postgres."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    on_path = shutil.which("postgres")
    if on_path:
        found.append(on_path)
    if not found or not shutil.which("psql"):
        raise Skip("PostgreSQL is not installed")
    try:
        import psycopg2  # pylint: disable=unused-import,import-outside-toplevel
    except ImportError:
        raise Skip("python3-psycopg2 is not installed") from None
    return pathlib.Path(found[-1]).parent


def unprivileged():
    """PostgreSQL does not run as root: who it is run as then, or None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Skip("there is no user to run PostgreSQL as")


class Postgres:
    """A cluster of the test's own, on a socket in the test's folder."""

    def __init__(self, test):
        folder = programs()
        user = unprivileged()
        self.directory = test.path("pg")
        self.directory.mkdir()
        if user:
            # The way to its folder must be open; what lies in it is not.
            test.directory.chmod(0o711)
            os.chown(self.directory, user.pw_uid, user.pw_gid)

        def become():
            if user:
                os.setgroups([])
                os.setgid(user.pw_gid)
                os.setuid(user.pw_uid)

        data = self.directory / "data"
        options = {"preexec": become, "cwd": self.directory,
                   "env": dict(os.environ, LC_ALL="C.UTF-8",
                               HOME=str(self.directory))}
        made = test.start([folder / "initdb", "-D", data, "-U", "postgres",
                           "-A", "trust", "-E", "UTF8", "--no-sync"],
                          "initdb", **options)
        if made.wait(60):
            raise Failed(f"initdb: {tail(made.err)}")
        self.process = test.start(
            [folder / "postgres", "-D", data, "-k", self.directory, "-c",
             "listen_addresses=", "-c", "fsync=off", "-c",
             "synchronous_commit=off"], "postgres", **options)
        test.keep(self)
        self.process.wait_for_text("ready to accept connections")
        self.dsn = f"host={self.directory} user=postgres dbname=postgres"

    def psql(self, sql):
        """The words of a command that prints what SQL selects."""
        return ["psql", "-X", "-h", str(self.directory), "-U", "postgres",
                "-At", "-F", " ", "-c", sql]

    def number(self, sql):
        done = subprocess.run(self.psql(sql), stdout=subprocess.PIPE,
                              check=True)
        return int(done.stdout)

    def close(self):
        """In good order: killed, it would leave shared memory behind."""
        if self.process.popen.poll() is None:
            self.process.signal(signal.SIGINT)
            self.process.wait(20)


class Orders:
    """The service, and what its database says of it."""

    def __init__(self, test):
        self.database = Postgres(test)
        sock = listening_socket()
        self.url = f"http://127.0.0.1:{port_of(sock)}"
        self.process = test.start(
            [sys.executable, ROOT / "tests" / "servers" / "orders_pg.py",
             "--fd", sock.fileno(), "--dsn", self.database.dsn], "orders",
            pass_fds=(sock.fileno(),))
        sock.close()
        self.process.wait_for_text("serving")

    def command(self, sql):
        return {"command": " ".join(f"'{w}'" for w in self.database.psql(sql))}

    def by_psql(self, variant):
        return self.command(
            f"SELECT key, count(*) FROM {variant}_orders GROUP BY key")

    def by_http(self, variant):
        return {"url": f"/ledger/{variant}"}

    def empty(self, variant):
        self.database.number(f"WITH gone AS (DELETE FROM {variant}_orders "
                             "RETURNING 1) SELECT count(*) FROM gone")

    def compare(self, t, run, variant):
        """Each figure against SQL; returns the number of duplicates."""
        table = f"{variant}_orders"
        number = self.database.number
        rows = number(f"SELECT count(*) FROM {table}")
        keys = number(f"SELECT count(DISTINCT key) FROM {table}")
        twice = number(f"SELECT count(*) FROM (SELECT 1 FROM {table} "
                       "GROUP BY key HAVING count(*) > 1) AS d")
        t.equal(run["effects.oracle"], "ledger", f"{variant}: oracle")
        t.equal(run["effects.operations_checked"], N, f"{variant}: checked")
        t.equal(run["effects.total_effects"], rows, f"{variant}: rows")
        t.equal(run["effects.duplicate"], twice, f"{variant}: duplicates")
        t.equal(run["effects.extra_effects"], rows - keys,
                f"{variant}: surplus rows")
        t.equal(run["effects.foreign"], 0, f"{variant}: foreign")
        t.equal(run["effects.lost"], 0, f"{variant}: lost")
        t.equal(run["effects.phantom"], 0, f"{variant}: phantom")
        t.equal(run["effects.exactly_once"] + run["effects.unresolved_done"],
                keys - twice, f"{variant}: done once")
        return twice


def profile(t, variant, **sections):
    document = {
        "requests": [{"name": variant, "method": "POST",
                      "path": f"/{variant}", "body": "{}",
                      "expect": {"status": [201, 202]}}],
        "idempotency": {"effect_id": "/id"},
        "timeout": {"attempt": "20s"},
        "retry": {"max_attempts": 5, "retry_on": ["timeout", "reset"],
                  "backoff": {"type": "none"}},
        # The second attempt comes while the service works on the first.
        "hedge": {"max_extra": 1, "delay": "1ms"},
        "faults": [{"kind": "lost_response", "ratio": 0.3, "as": "reset"},
                   {"kind": "duplicate", "ratio": 0.1}]}
    document.update(sections)
    document = {k: v for k, v in document.items() if v is not None}
    return t.profile(document, f"{variant}.json")


@test("four services: the report and the database count the same", limit=90)
def variants(t):
    orders = Orders(t)
    for variant in RIGHT + NAIVE:
        for name, ledger in (("psql", orders.by_psql(variant)),
                             ("HTTP", orders.by_http(variant))):
            orders.empty(variant)
            run = t.run(orders.url, "-p",
                        profile(t, variant,
                                ledger=dict(ledger, settle="200ms")),
                        "-n", str(N), "-c", "16", "--seed", "48",
                        "--allow-exec")
            twice = orders.compare(t, run, variant)
            what = f"{variant} by {name}"
            t.check(run["effects.delivered_lost_responses"] > N / 10,
                    f"{what}: responses were lost after delivery")
            t.check(run["attempts.duplicates_injected"] > N / 50,
                    f"{what}: requests were delivered twice")
            t.check(run["effects.named_twice"] <= twice,
                    f"{what}: answers name no more than the database has")
            t.equal(run["effects.single_attempt"], 0,
                    f"{what}: retries did it")
            if variant in RIGHT:
                t.equal(twice, 0, f"{what}: duplicates")
                t.equal(run["effects.replay_mismatch"], 0,
                        f"{what}: a replay is the same answer")
            else:
                t.check(twice > 0, f"{what}: duplicates were made")
                t.note(f"{what}: {twice} duplicates")


@test("a queue and a worker that dies before it acknowledges", limit=60)
def at_least_once(t):
    orders = Orders(t)
    for ledger in (orders.by_psql("queue"), orders.by_http("queue")):
        orders.empty("queue")
        # Nothing is lost on the way: what is double is the worker's doing.
        # A worker that is gone is missed for the time that Python starts in.
        run = t.run(orders.url, "-p", profile(
            t, "queue", faults=[], hedge=None,
            ledger=dict(ledger, settle="1s", timeout="60s")),
            "-n", str(N), "-c", "16", "--allow-exec")
        twice = orders.compare(t, run, "queue")
        t.check(twice > 0, "the worker made duplicates")
        t.equal(run["effects.single_attempt"], twice,
                "duplicates that no retry can have made")
        t.check(all("single_attempt" in e["flags"]
                    for e in run["effects.examples"]), "flags")
        t.equal(run["operations.succeeded"], N, "succeeded")
        t.equal(orders.database.number(
            "SELECT count(*) FROM jobs WHERE NOT done"), 0, "settled")


HISTORY = """
CREATE TABLE history (key text, state text,
                      at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO history VALUES (NEW.key, 'PENDING');
    ELSIF NEW.done AND NOT OLD.done THEN
        IF NEW.id % 5 <> 0 THEN
            INSERT INTO history VALUES (NEW.key, 'RUNNING');
        END IF;
        INSERT INTO history VALUES (NEW.key, 'COMPLETED');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON jobs
    FOR EACH ROW EXECUTE FUNCTION note();
"""


@test("a table of states: jobs that complete without running are reported",
      limit=60)
def states(t):
    orders = Orders(t)
    subprocess.run(orders.database.psql(HISTORY), stdout=subprocess.DEVNULL,
                   check=True)
    run = t.run(orders.url, "-p", profile(
        t, "queue", faults=[{"kind": "lost_response", "ratio": .2,
                             "as": "reset"}], hedge=None,
        ledger=dict(orders.by_psql("queue"), settle="1s", timeout="60s",
                    transitions={"PENDING": ["RUNNING"],
                                 "RUNNING": ["COMPLETED"]},
                    history=orders.command(
                        "SELECT key, state, at FROM history"))),
        "-n", str(N), "-c", "16", "--allow-exec", "--slo",
        "illegal_transitions == 0", status=1)
    number = orders.database.number
    skipped = number("SELECT count(*) FROM jobs WHERE id % 5 = 0")
    found = run["effects.transitions"]
    t.equal(found["checked"], number("SELECT count(*) FROM history"), "steps")
    t.equal(found["illegal"], skipped, "illegal steps")
    t.equal(found["operations"], skipped, "operations")
    t.check(skipped > N / 10, f"{skipped} jobs skipped a state")
    t.equal({(e["from"], e["to"]) for e in found["examples"]},
            {("PENDING", "COMPLETED")}, "which")
    keys = set(subprocess.run(
        orders.database.psql("SELECT key FROM jobs WHERE id % 5 = 0"),
        stdout=subprocess.PIPE, check=True).stdout.decode().split())
    t.check({e["key"] for e in found["examples"]} <= keys, "whose")


main()
