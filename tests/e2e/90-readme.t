#!/usr/bin/python3
# Proves: every command that the README shows works as it stands, and the report
# that it quotes has the rows that squall prints today.

from documents import *


@test("every command in the README", limit=300)
def readme(t):
    execute(t, readme_commands(), readme_files())


def rows(report):
    """The words of each row, without its figures and ids. Left out is what
    depends on how busy the machine was: the generator, and the row of failures
    over time, which is there where an interval had one."""
    found, generator = set(), False
    for line in report.splitlines():
        if line[:1].strip():
            generator = line.startswith("Generator")
        words = re.findall(r"\b[A-Za-z][\w/-]{2,}",
                           re.sub(r"\b[0-9a-f]+(-[0-9a-f]+)+\b", "", line))
        if words and not generator and not line.startswith("  failed"):
            found.add(" ".join(words))
    return found


@test("the report in the README", limit=120)
def report(t):
    text = README.read_text()
    quoted = re.search(r"^```text\n(squall  .*?)^```$", text, re.M | re.S)
    command = next(line for line in readme_commands() if "--seed 42" in line)
    arguments = shlex.split(command.removesuffix(" || true"))[1:]
    t.equal(arguments[0], "run", "the command before it")
    done = t.squall(*arguments, status=None)
    if done.status == 3:
        t.note("the machine was too busy to judge the run")
        return
    t.equal(done.status, 1, "exit status")
    printed, shown = rows(done.out), rows(quoted.group(1))
    t.equal(sorted(shown - printed), [], "only in the README")
    t.equal(sorted(printed - shown), [], "not in the README")


main()
