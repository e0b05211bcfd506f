#!/usr/bin/python3
# Proves: every command that the man pages show works as it stands.

from documents import *


@test("every command in the man pages", limit=300)
def pages(t):
    t.check(len(PAGES) > 5, f"{len(PAGES)} pages")
    execute(t, [c for page in PAGES for c in page_commands(page)])


main()
