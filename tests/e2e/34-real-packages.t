#!/usr/bin/python3
# Proves: shipped profiles behave as the clients whose names they carry. The
# real client and `squall run -p clients/NAME` meet the same failing server,
# and its books show for both how many attempts each failure got, how long
# each wait was, from the answer to the next arrival, and how many operations
# ended well. Attempts must agree exactly; waits within what a timer and a busy
# machine need, and where there is jitter also in mean and range.
# Here: packages of the npm registry, installed into build/clients as
# tests/clients/package-lock.json says, and kept there. V=1 shows the figures
# side by side.

from harness import *
from real_clients import *

hold_table((
    Client("anthropic-node", npm_player("@anthropic-ai/sdk", oldest=20),
           is_jittered=True, hints_only=True),
    Client("axios-retry", npm_player("axios-retry")),
    Client("axios-retry-exponential", npm_player("axios-retry-exponential"),
           is_jittered=True),
    Client("azure-js", npm_player("@azure/core-rest-pipeline", oldest=20),
           is_jittered=True, hints_only=True),
    Client("got", npm_player("got", oldest=20), is_jittered=True),
    Client("ky", npm_player("ky")),
    Client("openai-node", npm_player("openai", oldest=20), is_jittered=True),
    Client("undici-retryagent", npm_player("undici", oldest=22),
           hints_only=True),
))
