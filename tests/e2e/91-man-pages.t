#!/usr/bin/python3
# Proves: every command that the man pages show works as it stands, and stands
# in the rendered page as it does in the source.

from documents import *


@test("every command in the man pages", limit=300)
def pages(t):
    t.check(len(PAGES) > 5, f"{len(PAGES)} pages")
    execute(t, [c for page in PAGES for c in page_commands(page)])


RENDERERS = (["mandoc", "-T", "ascii", "-O", "width=400"],
             ["groff", "-mdoc", "-T", "ascii", "-P", "-cbou", "-rLL=400n"])


@test("pages show commands and titles as they are written", limit=60)
def rendered(t):
    renderers = [r for r in RENDERERS if shutil.which(r[0])]
    if not renderers:
        raise Skip("neither mandoc nor groff is there")
    for renderer in renderers:
        for page in PAGES:
            done = t.start([*renderer, str(page)], renderer[0])
            t.equal(done.wait(20 * PATIENCE), 0, f"{renderer[0]} {page.name}")
            text = " ".join(re.sub(".\b", "", done.out).split())
            for line in page.read_text().splitlines():
                match = re.match(r"\.(Dl|S[hs]) (.*)", line)
                if match:
                    wanted = " ".join(unroff(match.group(2)).split())
                    t.check(wanted in text,
                            f"{renderer[0]}: {page.name} shows: {wanted}")


main()
