#!/usr/bin/python3
# Proves: what else the documents say is so. Every example of --help works, and so does
# every step of the jobs for CI;
# every shipped profile is well formed and listed; help, man pages and
# completion know the same options.

from documents import *


@test("every example of --help", limit=120)
def help_examples(t):
    execute(t, help_commands(t))


@test("the jobs for CI, step by step", limit=180)
def jobs(t):
    found = [(place, command) for place, text in ci_jobs()
             for command in job_commands(text)]
    for place, least in (("README.md", 3), ("squall-ci.7", 9)):
        t.check(sum(p == place for p, _ in found) >= least,
                f"{place}: {[c for p, c in found if p == place]}")
    execute_jobs(t)


@test("what the jobs for CI leave behind: statuses, files and summaries",
      limit=180)
def left_behind(t):
    good = t.server(lambda request: reply(200))
    bad = t.server(lambda request: reply(503, b"no"))
    t.check(len(gates()) >= 4, f"{gates()}")
    for place, command in gates():
        for url, wanted in ((good.url, 0), (bad.url, 1),
                            ("http://127.0.0.1:1/", 3)):
            open_gate(t, place, command, url.rstrip("/"), wanted)


@test("every shipped profile passes the check and is listed")
def profiles(t):
    files = profile_files()
    t.check(len(files) >= 17, f"{len(files)} profiles")
    t.squall("profile", "check", *files)
    listed = t.squall("profile", "list").out
    for file in files:
        name = str(file.relative_to(ROOT / "profiles"))[:-5]
        t.match(listed, re.escape(name), "listed")
        t.squall("profile", "check", name)
        document = re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.M)
        about = json.loads(document).get("about", "")
        t.match(about, r"\S.*\.$", f"{name}: about is a sentence")
    for name in ("none", "immediate", "fixed", "exponential", "full-jitter",
                 "equal-jitter", "decorrelated-jitter", "broken-keys",
                 "budgeted", "hedged", "breaker", "adaptive-limit", "sre-throttle",
                 "token-bucket", "deadline-only",
                 "steady", "lost-responses", "brownout", "outage", "spike",
                 "exactly-once", "no-keys", "racy", "forgetful"):
        t.match(listed, rf"(^|[\s/]){name}\b", "shipped")


@test("profiles are found beside the executable, from any folder")
def found(t):
    env = t.environment()
    del env["SQUALL_PROFILES"]
    process = t.start([SQUALL, "profile", "check", "full-jitter"], "found",
                      env=env, cwd="/")
    t.equal(process.wait(20 * PATIENCE), 0, "exit status")
    t.match(process.err, r"^$", "message")


def options_of_help(text):
    return set(re.findall(r"^  (?:-\w, |    )(--[a-z][a-z-]*)", text, re.M))


@test("help, man pages and completion know the same options")
def agreement(t):
    scripts = {shell: t.squall("completion", shell).out
               for shell in ("bash", "zsh", "fish")}
    for shell, script in scripts.items():
        program = shutil.which(shell)
        if program and shell != "fish":
            path = t.write(f"completion.{shell}", script)
            done = subprocess.run([program, "-n", path],
                                  stderr=subprocess.PIPE, check=False)
            t.equal(done.returncode, 0, f"{shell} reads its completion")
    for command in ("run", "compare", "replay", "audit", "target", "profile",
                    "report"):
        options = options_of_help(t.squall(command, "--help").out)
        t.check(len(options) >= 5, f"{command}: {len(options)} options")
        for option in options:
            for shell, script in scripts.items():
                t.check(option.lstrip("-") in script,
                        f"{option} in the completion of {shell}")
        page = ROOT / "man" / f"squall-{command}.1"
        if t.check(page.exists(), f"there is {page.name}"):
            text = unroff(page.read_text())
            named = set("-" + w for w in re.findall(
                r"Fl (-[a-z][a-z-]*)", text))
            t.equal(options - named, set(), f"{page.name} lacks")
            shown = set("-" + w for line in text.splitlines()
                        if line.startswith(".It ")
                        for w in re.findall(r"Fl (-[a-z][a-z-]*)", line))
            t.equal(shown - options, set(), f"{page.name} has beyond help")


@test("man pages are clean")
def man_lint(t):
    if not shutil.which("mandoc"):
        raise Skip("mandoc is not installed")
    for page in PAGES:
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                              stdout=subprocess.PIPE, check=False)
        t.equal(done.stdout.decode(), "", page.name)
        t.equal(done.returncode, 0, page.name)


main()
