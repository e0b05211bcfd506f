# How the commands of the documents are found and executed, for 90 to 92.
#
# What is taken from the documents: the lines of ```sh blocks in README.md,
# the .Dl lines of man/*.[157], and the examples of --help. A line
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
# There are dead.ndjson, with one letter to that target, access.log, of two
# requests, and shop.yaml, which says what that target can do.
# The block after the line `<!-- file: NAME -->` is put into the file that the
# commands after it use.
# The jobs for CI (```yaml in README.md, .Bd -literal in squall-ci.7) are taken
# apart into the commands of their steps. Beside the changes above, squall/ is
# this tree; what needs a machine of its own (docker compose, apt-get) is left
# out and said.
# A block after the line `<!-- not run: why -->`, or a .Dl after
# `.\" not run: why`, is left out, and the test prints why.

from harness import *

import shlex
import xml.etree.ElementTree

README = ROOT / "README.md"
PAGES = sorted((ROOT / "man").glob("*.[157]"))


def was_busy(text):
    """Whether a report says that squall came too late to judge."""
    return re.search(r"operations\s+late|own\s+lateness", text)


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


def literal_blocks(page):
    """The blocks that a page shows as they are."""
    return [unroff(block) for block in re.findall(
        r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", page.read_text(), re.M | re.S)]


def ci_jobs():
    """Where each stands, and its text."""
    page = ROOT / "man" / "squall-ci.7"
    return [("README.md", block) for block in re.findall(
        r"^```yaml\n(.*?)^```$", README.read_text(), re.M | re.S)] + \
        [(page.name, block) for block in literal_blocks(page)]


def indent_of(line):
    return len(line) - len(line.lstrip())


def folded(lines, at):
    """The lines below lines[at] that are indented deeper, and where they
    end."""
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or
                                indent_of(lines[end]) > indent_of(lines[at])):
        end += 1
    return [line.strip() for line in lines[at + 1:end]], end


def job_commands(text):
    """The commands of a job: `run:` of GitHub Actions, `script:` of GitLab,
    `sh` of Jenkins; of what is none of them, its lines."""
    if "steps {" in text:
        found = re.findall(r"\bsh '(?:''(.*?)''|(.*?))'", text, re.S)
        return joined([line for long, short in found
                       for line in (long or short).splitlines()])
    if not re.search(r"^\s*(- run|script):", text, re.M):
        return [text] if text.startswith("job()") else joined(
            text.splitlines())
    commands, at = [], 0
    lines = text.splitlines()
    in_script = -1
    while at < len(lines):
        line = lines[at]
        if indent_of(line) <= in_script:
            in_script = -1
        below, end = folded(lines, at)
        if match := re.match(r"\s*- run: (.*)", line):
            commands += joined(below) if match.group(1) == "|" \
                else [" ".join([match.group(1), *below])]
            at = end
        elif in_script >= 0 and line.lstrip().startswith("- "):
            commands.append(" ".join([line.strip()[2:], *below]))
            at = end
        else:
            in_script = indent_of(line) if line.strip() == "script:" \
                else in_script
            at += 1
    return commands


def execute_jobs(t):
    """Each job in a folder of its own that has squall in a folder, as a
    checkout with a submodule has."""
    target = t.target("-p", "targets/exactly-once")
    shell = shutil.which("bash") or "sh"
    for number, (place, text) in enumerate(ci_jobs()):
        work = t.path(f"job{number}")
        work.mkdir()
        (work / "squall").symlink_to(ROOT)
        ours = t.path(f"bin{number}")
        ours.mkdir()
        (ours / "squall").symlink_to(SQUALL)
        commands = job_commands(text)
        t.check(commands, f"{place}: there are commands in {text}")
        env = t.environment({"PATH": f"{ours}:{os.environ['PATH']}"})
        for command in commands:
            if re.match(r"(docker|apt-get) ", command):
                t.note(f"not run: it changes the machine: {command}")
                continue
            execute_step(t, place, command, target.url, work, env, shell)


def execute_step(t, place, command, url, work, env, shell):
    if match := re.match(r"make -C squall (.*)", command):
        done = t.start(["make", "-n", *match.group(1).split()], "make",
                       env=env, cwd=ROOT)
        t.equal(done.wait(60 * PATIENCE), 0, f"{place}: {command}")
        return
    changed = adapted(re.sub(r"http://service:8080", url, command), url)
    changed = re.sub(r"\bsquall/squall\b", "squall", changed)
    if changed.startswith("job()"):
        for arguments, wanted in ((f"{url}/healthz", 0), (f"{url}/nothing", 1),
                                  ("http://127.0.0.1:1/", 3)):
            done = t.start([shell, "-c", f"{changed}job {arguments} -n 5 -q"],
                           "job", env=env, cwd=work)
            t.equal(done.wait(60 * PATIENCE), wanted,
                    f"{place}: job {arguments}")
        t.equal(len(re.findall("cannot be reached", done.err)), 2,
                "what could not be measured is repeated once")
        return
    done = t.start([shell, "-c", changed], "step", env=env, cwd=work)
    status = done.wait(60 * PATIENCE)
    if status == 3 and was_busy(done.out):
        t.note(f"the machine was too busy for: {command}")
        return
    t.check(status in (0, 1), f"{place}: exit status {status} of: {command}\n"
            f"{tail(done.err)}")


def gates():
    """The runs of the jobs for CI: where each stands, and the command."""
    return [(place, command) for place, text in ci_jobs()
            for command in job_commands(text) if "squall/squall " in command]


def open_gate(t, place, command, url, wanted):
    """Runs what a job runs, against a service that is good, bad or not there,
    as the exit status `wanted` says, and holds what it leaves behind."""
    t.runs += 1
    work = t.path(f"gate{t.runs}")
    work.mkdir()
    (work / "squall").mkdir()
    (work / "squall" / "squall").symlink_to(SQUALL)
    summary = work / "summary.md"
    is_github = "--html" in command
    env = t.environment({"GITHUB_ACTIONS": "true",
                         "GITHUB_STEP_SUMMARY": str(summary)}
                        if is_github else {})
    changed = adapted(re.sub(r"http://(service|localhost):8080", url, command),
                      url)
    done = t.start([shutil.which("bash") or "sh", "-c", changed], "gate",
                   env=env, cwd=work)
    status = done.wait(60 * PATIENCE)
    what = f"{place}: {changed}\n{done.out}{tail(done.err)}"
    if wanted == 3:
        t.equal(status, wanted, what)
        t.match(done.err, "cannot be reached", what)
        t.check(not (work / "report.json").exists(), f"a report: {what}")
        return
    report = json.loads((work / "report.json").read_text())
    if status == 3 and report["generator"]["invalid"]:
        t.note(f"the machine was too busy for: {command}")
        return
    t.equal(status, wanted, what)
    t.equal(report["verdict"], {0: "pass", 1: "fail"}[wanted],
            what)
    slos = re.findall(r"--slo '([^']*)'", command)
    t.equal([slo["expr"] for slo in report["slo"]], slos, what)
    junit = xml.etree.ElementTree.parse(work / "report.xml").getroot()
    judged = {case.get("name"): [part.tag for part in case]
              for case in junit.iter("testcase")}
    for slo in report["slo"]:
        ends = [tags for name, tags in judged.items() if slo["expr"] in name]
        t.equal(len(ends), 1, f"{what}: {slo['expr']} in {judged}")
        t.equal([tag for tag in ends[0] if tag in ("failure", "error")],
                ["failure"] * wanted, what)
    if is_github:
        t.match(summary.read_text(),
                {0: "PASS", 1: "FAIL"}[wanted], what)
        t.match((work / "report.html").read_text(),
                {0: "PASS", 1: "FAIL"}[wanted], what)
        said = re.findall(r"^::error .*$", done.out + done.err, re.M)
        t.equal([slo for slo in slos if any(slo in line for line in said)],
                slos if wanted == 1 else [], f"{what}: {said}")
    if "--openmetrics" in command:
        held = re.findall(r"^squall_slo_met\{.*\} (\d)$",
                          (work / "metrics.txt").read_text(), re.M)
        t.equal(held, [str(1 - wanted)] * len(slos), what)


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


ACCESS_LOG = """\
127.0.0.1 - - [03/Nov/2026:10:00:00 +0000] "GET /items HTTP/1.1" 200 12
127.0.0.1 - - [03/Nov/2026:10:00:01 +0000] "GET /orders HTTP/1.1" 200 40
"""


def openapi(url):
    return f"""\
openapi: 3.0.3
info: {{title: shop, version: "1"}}
servers: [{{url: "{url}"}}]
components:
  securitySchemes: {{token: {{type: http, scheme: bearer}}}}
security: [{{token: []}}]
paths:
  /orders:
    post:
      requestBody:
        content: {{application/json: {{example: {{item: tea}}}}}}
      responses: {{"201": {{description: made}}}}
"""


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
    (work / "access.log").write_text(ACCESS_LOG)
    (work / "shop.yaml").write_text(openapi(target.url))
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
        if status == 3 and was_busy(done.out):
            t.note(f"the machine was too busy for: {shown}")
            continue
        t.check(status in wanted,
                f"exit status {status} of: {shown}\n{tail(done.err)}")
    t.check(commands, "there are commands")
