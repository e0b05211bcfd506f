#!/usr/bin/python3
# Proves: a terminal shows a run in lines that fit it, at every size and when
# that changes, with the four golden signals by name; at most ten times a
# second; it is left as it was, whatever ends the run; one that takes nothing
# holds up neither the load nor its end; elsewhere there are plain lines.

from harness import *

import fcntl
import pty
import select
import termios

RATE = 200
GOLDEN = ("Latency", "Traffic", "Errors", "Saturation")


class Terminal:
    """A shell in a tmux of its own, which is a terminal as people have it."""

    def __init__(self, t, columns, rows):
        if not shutil.which("tmux"):
            raise Skip("tmux is not installed")
        self.t = t
        self.socket = t.path("tmux")
        environment = t.environment()
        environment.pop("TMUX", None)
        environment["HOME"] = str(t.directory)
        self.env = environment
        self.tmux("new-session", "-d", "-x", columns, "-y", rows,
                  "bash --norc --noprofile")
        t.keep(self)
        self.type("PS1='$ '; clear")
        self.wait_for(r"^\$ ?$")

    def tmux(self, *arguments):
        return subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null",
             *map(str, arguments)],
            env=self.env, check=True, stdout=subprocess.PIPE, text=True,
            timeout=20).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def key(self, name):
        self.tmux("send-keys", name)

    def lines(self):
        return self.tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def wait_for(self, pattern):
        found = []

        def holds():
            found[:] = ["\n".join(self.lines()).rstrip("\n")]
            return re.search(pattern, found[0], re.MULTILINE)
        try:
            self.t.wait_until(f"{pattern} on the terminal", holds)
        except Exception:
            self.t.note(found[0])
            raise
        return found[0]

    def left(self):
        """The seconds that the run has left, as it says."""
        return int(re.search(r"(\d+) s left",
                             self.wait_for(r"\d+ s left")).group(1))

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"],
                       stderr=subprocess.DEVNULL, timeout=20)


def command(*words):
    return " ".join([str(SQUALL), "run", "--seed", "1", "-r", f"{RATE}/s",
                     *words])


def hold_frame(t, lines, columns, what):
    """There is one frame on it, of lines that did not wrap."""
    for signal_name in GOLDEN:
        count = sum(line.startswith(signal_name) for line in lines)
        t.equal(count, 1, f"{what}: lines of {signal_name}")
    first = next((i for i, line in enumerate(lines) if " s left" in line), 0)
    for line in lines[first:]:
        t.check(len(line) < columns, f"{what}: too long: {line!r}")
    for pattern in (r"\d+ s left", r"^Traffic +\d+/s", r"of 200/s", "p99",
                    r"succeeded|^Errors +\d", "Amplification", "in flight",
                    "queueing|503", "server_error 503"):
        t.match("\n".join(lines), f"(?m){pattern}", what)


@test("the lines fit terminals of both sizes, also when they change", limit=90)
def sizes(t):
    terminal = Terminal(t, 80, 24)
    terminal.type(command(
        "-d", "60s", "--set", "'service.faults=[{\"kind\": \"error\", "
        "\"ratio\": 0.3}]'"))
    terminal.wait_for("server_error 503")
    hold_frame(t, terminal.lines(), 80, "80x24")
    for columns, rows in ((60, 20), (120, 30), (80, 24), (60, 20)):
        left = terminal.left()
        terminal.resize(columns, rows)
        # Frames come within a quarter of a second: one of two seconds later
        # is of the new size.
        t.wait_until("a frame of the new size",
                     lambda: terminal.left() <= left - 2)
        hold_frame(t, terminal.lines(), columns, f"{columns}x{rows}")
        t.match("\n".join(terminal.lines()), r"(?m)^Traffic .*[▁-█]",
                f"{columns}x{rows}: courses")
    terminal.key("C-c")
    text = terminal.wait_for("exit status 130")
    t.absent(text, "(?m)^Traffic", "what was drawn is gone")


@test("whatever ends it, the terminal is as it was", limit=120)
def left_as_it_was(t):
    terminal = Terminal(t, 80, 24)
    terminal.type(f"stty -a >{t.path('before')}")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT,
                   signal.SIGKILL):
        name = signal.Signals(number).name
        terminal.type("clear; " + command("-d", "60s"))
        terminal.wait_for("^Traffic +[0-9]+/s")
        pid = int(terminal.tmux("list-panes", "-F", "#{pane_pid}"))
        child = int(subprocess.run(["pgrep", "-P", str(pid)], text=True,
                                   stdout=subprocess.PIPE).stdout.split()[0])
        os.kill(child, number)
        text = terminal.wait_for(r"^\$ ?$")
        if number in (signal.SIGTERM, signal.SIGINT):
            t.absent(text, "(?m)^Traffic", f"{name}: what was drawn is gone")
        terminal.type(f"clear; stty -a >{t.path('after')}; echo ok {name}")
        terminal.wait_for(f"^ok {name}$")
        t.equal(t.path("after").read_text(), t.path("before").read_text(),
                f"{name}: modes")
        t.equal(terminal.tmux(
            "display-message", "-p", "#{cursor_flag} #{alternate_on} "
            "#{mouse_any_flag} #{keypad_flag}").split(),
                ["1", "0", "0", "0"], f"{name}: the terminal")


@test("a run that is stopped and goes on draws below the shell's lines",
      limit=60)
def stopped(t):
    terminal = Terminal(t, 80, 24)
    terminal.type(command("-d", "60s"))
    terminal.wait_for("^Traffic +[0-9]+/s")
    terminal.key("C-z")
    terminal.wait_for("Stopped")
    terminal.type("clear; echo between; fg")
    text = terminal.wait_for("(?s)between.*^Traffic")
    t.equal(text.count("Traffic"), 1, "frames")
    terminal.key("C-c")
    terminal.wait_for("exit status 130")


class Pty:
    """A terminal that the test reads, or does not."""

    def __init__(self, t, *arguments, env=None, columns=80, rows=24):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.report = t.path("pty.json")
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [str(SQUALL), "run", "--seed", "1", "-r", f"{RATE}/s",
             "-o", str(self.report), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
            env=t.environment({"TERM": "xterm", **(env or {})}),
            start_new_session=True)
        os.close(slave)
        t.keep(self)

    def read(self, until=None):
        """All that is written to it, until the end, or these bytes."""
        text = b""
        while not until or until not in text:
            if not select.select([self.master], [], [], 30)[0]:
                return text.decode()
            try:
                got = os.read(self.master, 65536)
            except OSError:  # nobody has it open any more
                got = b""
            if not got:
                self.process.wait(30)
                return text.decode()
            text += got
        return text.decode()

    def stop(self):
        """It takes nothing any more, as after Ctrl-S."""
        os.write(self.master, b"\x13")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        os.close(self.master)


@test("at most ten drawings a second, without colours where none are wanted",
      limit=60)
def drawings(t):
    plain = Pty(t, "-d", "3s", env={"NO_COLOR": "1"})
    text = plain.read()
    frames = text.count("\033[J")
    t.between(frames, 3, 10 * (time.monotonic() - plain.begin) + 1, "frames")
    t.absent(text, r"\033\[[0-9;]*m", "colours")
    t.absent(text, r"\033\[\?", "modes of the terminal")
    t.check(text.endswith("A\033[J"), "what was drawn is gone")
    t.equal(plain.process.returncode, 0, "exit status")
    t.match(Pty(t, "-d", "1s").read(), r"\033\[[0-9;]*m", "colours")


@test("other views: one line, plain lines, none; and off a terminal",
      limit=60)
def views(t):
    line = re.sub(r"\033\[[0-9]*m", "",
                  Pty(t, "-d", "1s", "--progress", "line").read())
    t.match(line, r"\d+ s left  [\d.]+/s", "line")
    t.absent(line, "Traffic", "line")
    for arguments, env in ((("--progress", "plain"), {}), ((), {"TERM": "dumb"}),
                           ((), {"TERM": ""})):
        text = Pty(t, "-n", "200", *arguments, env=env).read()
        t.absent(text, r"\033\[[0-9]*[AJK]", f"plain {arguments} {env}")
    for option in ("--progress=none", "-q"):
        text = Pty(t, "-d", "1s", option).read()
        t.absent(text, "left|Traffic", option)
    run = t.squall("run", "-d", "6s", "-r", "50/s", "--progress", "live")
    t.match(run.err, r"squall: main +\d+% +\d s left +[\d.]+/s", "off a terminal")
    t.absent(run.err, "\033", "off a terminal")
    run = t.squall("run", "-d", "1s", "--progress", "loud", status=2)
    t.match(run.err, '"loud" is not live, line, plain or none', "another word")


@test("a terminal that takes nothing holds up neither load nor end", limit=60)
def nobody_reads(t):
    seconds = 4
    stuck = Pty(t, "-d", f"{seconds}s")
    stuck.read(until=b"Traffic")
    stuck.stop()
    t.wait_until("it ends", lambda: stuck.process.poll() is not None)
    took = time.monotonic() - stuck.begin
    t.equal(stuck.process.returncode, 0, "exit status")
    # The end waits for the terminal for a second.
    t.check(took < seconds + 6, f"it took {took:.1f} s")
    report = json.loads(stuck.report.read_text())
    t.equal(report["operations"]["started"], RATE * seconds, "started")
    t.equal(report["operations"]["dropped"], 0, "dropped")


main()
