#!/usr/bin/python3
# Proves: every command that the README shows works as it stands.

from documents import *


@test("every command in the README", limit=300)
def readme(t):
    execute(t, readme_commands(), readme_files())


main()
