#!/usr/bin/python3
# Proves: shipped profiles behave as the clients whose names they carry. The
# real client and `squall run -p clients/NAME` meet the same failing server,
# and its books show for both how many attempts each failure got, how long
# each wait was, from the answer to the next arrival, and how many operations
# ended well. Attempts must agree exactly; waits within what a timer and a busy
# machine need, and where there is jitter also in mean and range.
# Here: curl, nginx and HAProxy. V=1 shows the figures side by side; a client
# that is not installed is skipped.

from harness import *
from real_clients import *

# After a date that has passed, curl 7 and early versions of 8 sleep for ever.
FOR_EVER = ("503 until a past date",)

hold_table((
    # 522 and 524 joined the list in the last months of 2025.
    Client("curl", curl_player("--retry", 3), ("retry.max_attempts=4",),
           since={"522": (8, 18)}, unasked=FOR_EVER),
    Client("curl-retry-4-all-errors",
           curl_player("--retry", 2, "--retry-all-errors"),
           ("retry.max_attempts=3",), since={"522": (8, 18)},
           unasked=FOR_EVER),
    Client("nginx-default", nginx_player("")),
    Client("nginx-http-503", nginx_player(
        "proxy_next_upstream error timeout http_500 http_503;")),
    Client("haproxy-default", haproxy_player()),
    Client("haproxy-default", haproxy_player(
        "  option redispatch", servers=UPSTREAMS),
           ("retry.backoff.type=none",
            "retry.backoff.by_class.network.type=none"),
           variant=" with redispatch"),
    Client("haproxy-all-retryable",
           haproxy_player("  retry-on all-retryable-errors")),
))
