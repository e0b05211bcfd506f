# How the commands of the documents are found and executed, for 90 to 92.
#
# What is taken from the documents: the lines of ```sh blocks in README.md,
# the .Dl lines of man/*.[15], and the examples of --help. A line
# may start with "$ ". Where a command cannot be run as it stands, the test
# changes it in these ways only:
#   - http://localhost:8080 and http://127.0.0.1:8080 become an embedded
#     target that the test has started, and `--port 8080` becomes `--port 0`;
#   - a service that only its owner has (http*://their-service..., and hosts
#     in example.com, .org, .net) becomes that same target;
#   - -d and --duration are cut to 1 s; `squall target` is ended once it
#     listens;
#   - a run that calls itself invalid, since this machine was too busy to start
#     operations in time, counts as one that worked;
#   - `make demo` is run as it is, of other make targets it is proven with
#     `make -n` that they exist.
# The file dead.ndjson is there, with one letter to that target.
# The block after the line `<!-- file: NAME -->` is put into the file that the
# commands after it use.
# A block after the line `<!-- not run: why -->`, or a .Dl after
# `.\" not run: why`, is left out, and the test prints why.

from harness import *

import shlex

README = ROOT / "README.md"
PAGES = sorted((ROOT / "man").glob("*.[15]"))


def readme_commands():
    commands, reason, inside = [], None, False
    for line in README.read_text().splitlines():
        if inside:
            if line.startswith("```"):
                inside, reason = False, None
            elif reason is None:
                commands.append(line)
            else:
                commands.append(f"# not run: {reason}: {line}")
        elif line.startswith("```sh"):
            inside = True
        elif match := re.match(r"<!-- not run: (.*) -->", line):
            reason = match.group(1)
    return joined(commands)


def readme_files():
    """By name, the content of the files that the README shows."""
    return dict(re.findall(r"^<!-- file: (\S+) -->\n```\w*\n(.*?)^```$",
                           README.read_text(), re.M | re.S))


def page_commands(page):
    commands, reason = [], None
    for line in page.read_text().splitlines():
        if match := re.match(r'\.\\" not run: (.*)', line):
            reason = match.group(1)
        elif line.startswith(".Dl "):
            text = unroff(line[4:])
            commands.append(text if reason is None
                            else f"# not run: {reason}: {text}")
            reason = None
    return joined(commands)


def unroff(text):
    """The few escapes of roff that a command line needs."""
    for escape, plain in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'),
                          ("\\(lq", '"'), ("\\(rq", '"'), ("\\(ha", "^"),
                          ("\\(ti", "~"), ("\\&", ""), ("\\e", "\\")):
        text = text.replace(escape, plain)
    return text


def joined(lines):
    """Continued lines as one; no comments of the shell, no empty lines."""
    commands, held = [], ""
    for line in lines:
        line = held + line.strip()
        held = ""
        if line.endswith("\\"):
            held = line[:-1]
            continue
        line = re.sub(r"^\$ ", "", line)
        if line.startswith("# not run") or (line and line[0] != "#"):
            commands.append(line)
    return commands


def help_commands(t):
    commands = []
    for command in ("run", "replay", "audit", "target", "profile",
                    "completion"):
        text = t.squall(command, "--help").out
        commands += [line.strip() for line in text.splitlines()
                     if re.match(r"\s+squall \S", line)
                     and not re.search(r"\[|<|\bPROFILE\.\.\.| \| [a-z]+$",
                                       line)]
    return commands


def adapted(command, url):
    command = re.sub(r"http://(localhost|127\.0\.0\.1):8080", url, command)
    command = re.sub(r"https?://(their-service|[\w.-]*example\.(com|org|net))"
                     r"(:\d+)?", url, command)
    command = re.sub(r"--port 8080", "--port 0", command)
    command = re.sub(r"((?:^|\s)(?:-d|--duration)[ =])\d+(ms|s|m|h)",
                     r"\g<1>1s", command)
    return re.sub(r"(^|[|&;]\s*)\./squall\b", r"\1squall", command)


def execute(t, commands, files=()):
    binaries = t.path("bin")
    binaries.mkdir()
    (binaries / "squall").symlink_to(SQUALL)
    env = t.environment({"PATH": f"{binaries}:{os.environ['PATH']}"})
    work = t.path("work")
    work.mkdir()
    (work / "profiles").symlink_to(ROOT / "profiles")
    (work / "order.json").write_text('{"order": "{{op.id}}"}')
    for name, content in dict(files).items():
        (work / name).write_text(content)
    target = t.target("-p", "targets/exactly-once")
    (work / "dead.ndjson").write_text(dead_letters(target.url, [letter(0)]))
    shell = shutil.which("bash") or "sh"
    for command in commands:
        if command.startswith("# not run"):
            t.note(command[2:])
            continue
        shown, command = command, adapted(command, target.url)
        words = shlex.split(command, comments=True)
        words = [w for w in words if "=" not in w or w != words[0]]
        if words[0] == "make" and "demo" not in words:
            done = t.start(["make", "-n", *words[1:]], "make", env=env,
                           cwd=ROOT)
            status, wanted = done.wait(60 * PATIENCE), (0,)
        elif words[0] == "make":
            done = t.start(words, "make", env=env, cwd=ROOT)
            status, wanted = done.wait(120 * PATIENCE), (0, 1)
        elif words[:2] == ["squall", "target"] and "--help" not in words:
            done = t.start([shell, "-c", "exec " + command.rstrip("& ")],
                           "shown", env=env, cwd=work)
            done.wait_for_text(r"http://127\.0\.0\.1:\d+")
            done.signal(signal.SIGINT)
            status, wanted = done.wait(20 * PATIENCE), (0, 130)
        else:
            done = t.start([shell, "-c", command], "shown", env=env, cwd=work)
            status, wanted = done.wait(60 * PATIENCE), (0, 1)
        if status == 3 and "operations late" in done.out:
            t.note(f"the machine was too busy for: {shown}")
            continue
        t.check(status in wanted,
                f"exit status {status} of: {shown}\n{tail(done.err)}")
    t.check(commands, "there are commands")
