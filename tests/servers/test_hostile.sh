#!/bin/bash
# The hostile server against curl: does it misbehave as it says, and are its
# books right? TAP on standard output.
set -u

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
dir=$(mktemp -d)
test_number=0
failures=0

# A pipe for standard input: the server ends when this script does.
coproc server { exec python3 "$here/hostile.py" --seed 7; }
trap 'rm -rf "$dir"' EXIT
read -r port <&"${server[0]}" || {
    echo "Bail out! the server did not start"
    exit 1
}
url=http://127.0.0.1:$port

# is LABEL GOT WANTED
is() {
    test_number=$((test_number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $test_number - $1"
    else
        echo "not ok $test_number - $1"
        echo "# got '$2', wanted '$3'"
        failures=$((failures + 1))
    fi
}

get() {
    curl -sS -m 10 "$@" 2>"$dir/err"
}

# What curl makes of a path: its exit status and the HTTP status.
sees() { # LABEL PATH EXIT HTTP [CURL OPTIONS]
    local label=$1 path=$2 wanted="$3 $4" status=0 code
    shift 4
    code=$(get -o "$dir/body" -D "$dir/head" -w '%{http_code}' "$@" \
        "$url$path") || status=$?
    is "$label" "$status $code" "$wanted"
}

# books a.b: a figure of the books, 0 when it is not there.
books() {
    get "$url/__counts" | python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1:]:
    value = value.get(name, 0)
print(value)' "$@"
}

# What was sent without waiting for an answer is counted a moment later.
becomes() { # LABEL WANTED BOOKS...
    local label=$1 wanted=$2 got
    shift 2
    for _ in $(seq 100); do
        got=$(books "$@")
        [ "$got" = "$wanted" ] && break
        sleep 0.05
    done
    is "$label" "$got" "$wanted"
}

clear_books() {
    get -o /dev/null -X POST "$url/__reset"
}

simple_answers() {
    sees 'a good answer' / 0 200
    sees 'an unknown path' /nope 0 404
    sees 'a path without its number' /status 0 404
    sees 'any status' /status/418 0 418
    sees 'a status without a body' /status/204 0 204
    sees 'Retry-After in seconds' /retry-after/7 0 503
    is 'its header' "$(grep -ci '^retry-after: 7.$' "$dir/head")" 1
    sees 'Retry-After with 429' /retry-after/7/429 0 429
    sees 'Retry-After as a date' /retry-after-date/60/429 0 429
    is 'its header' "$(grep -c '^Retry-After: .* GMT.$' "$dir/head")" 1
    sees 'any header' /with-header/X-Own/yes/418 0 418
    is 'its value' "$(grep -c '^X-Own: yes.$' "$dir/head")" 1
    sees 'a slow head' /slow-headers/1 0 200
    is 'its body' "$(cat "$dir/body")" ok
    sees 'a dripping body' /drip/1/30 0 200
    is 'its length' "$(wc -c <"$dir/body")" 30
    sees 'a delayed answer' /delay/1 0 200
    sees 'a huge body' /huge-body/1000000 0 200
    is 'its length' "$(wc -c <"$dir/body")" 1000000
}

the_log() {
    clear_books
    sees 'a request to remember' /ok 0 200 -H 'X-One: 1' -H 'X-Two: 2' \
        -H 'x-two: 3'
    is 'its headers are in the log' "$(get "$url/__log" | python3 -c '
import json, sys
headers = json.load(sys.stdin)[0]["headers"]
print(headers["x-one"], headers["x-two"])')" '1 2, 3'
}

broken_answers() {
    sees 'closed after the request' /close-after 52 000
    sees 'reset after the request' /reset-after 56 000
    sees 'closed after the request line' /early-close 52 000
    sees 'a length that lies' /lying-length 18 200
    sees 'chunks that break off' /chunked-cut 18 200
    sees 'no HTTP' /garbage 1 000
    sees 'an endless head' /huge-header/400000 27 200
    sees 'no answer' /hang 28 000 -m 0.2
    sees 'a body without end' /endless-body 28 200 -m 0.2
}

reused_connections() {
    clear_books
    get --no-keepalive -o /dev/null -o /dev/null "$url/ok" "$url/ok"
    is 'a connection is used again' "$(books reused)" 1
    clear_books
    # curl sends a request again when a reused connection dies silently:
    # the books show what its exit status does not.
    get -o /dev/null -o /dev/null "$url/close-reused" "$url/close-reused"
    is 'a silent re-send shows' "$(books whole)" 3
    clear_books
    get -o /dev/null -o /dev/null -d x "$url/close-reused" \
        "$url/close-reused"
    is 'a silent re-send of a POST shows' "$(books by_method POST)" 3
    clear_books
    get -o /dev/null -o /dev/null "$url/close-reused/idle/0" \
        "$url/close-reused/idle/0"
    is 'an idle connection is closed' "$(books whole)" 2
}

right_books() {
    clear_books
    for i in 1 2 3; do
        get -o /dev/null -H "Idempotency-Key: \"k$i\"" -H 'X-Op: op' \
            "$url/ok"
    done
    get -o /dev/null -d '{"op": "other"}' "$url/close-after"
    get -o /dev/null "$url/early-close"
    is 'whole requests' "$(books whole)" 4
    is 'partial requests' "$(books partial)" 1
    is 'by method' "$(books by_method GET) $(books by_method POST)" '3 1'
    is 'by id' "$(books by_id op) $(books by_id other)" '3 1'
    is 'by key, without quotes' "$(books by_key k2)" 1
    is 'by path' "$(books by_path /ok)" 3
    is 'ends' "$(books by_end 200) $(books by_end close)" '3 1'
    # Less body than promised: never whole.
    printf 'POST /ok HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc' \
        >"/dev/tcp/127.0.0.1/$port"
    becomes 'a torn body is partial' 1 partial_by_method POST
    # Open until both are counted: a client that is gone may cost the second.
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /ok HTTP/1.1\r\n\r\nGET /ok HTTP/1.1\r\n\r\n' >&3
    becomes 'pipelined requests are two' 5 by_path /ok
    exec 3>&-
    get -o /dev/null -H 'Transfer-Encoding: chunked' -d '{"op": "chunks"}' \
        "$url/ok"
    is 'a chunked request' "$(books by_id chunks)" 1
    clear_books
    get -o /dev/null -o /dev/null -H 'X-Client: 7' "$url/ok" "$url/delay/1"
    get -o /dev/null -H 'X-Client: 8' "$url/ok"
    is 'who used a connection' "$(get "$url/__counts" | python3 -c '
import json, sys
print(*json.load(sys.stdin)["by_connection"].values())')" \
        "{'7': 2} {'8': 1}"
    clear_books
    is 'cleared' "$(books whole)" 0
    get -o /dev/null -H 'X-Op: log' "$url/first/1/close-after"
    get -o /dev/null -H 'X-Op: log' "$url/first/1/close-after"
    is 'the first of an operation fails' \
        "$(books by_end close) $(books by_end 200)" '1 1'
    is 'the log has times and connections' "$(get "$url/__log" |
        python3 -c 'import json, sys
a, b = json.load(sys.stdin)
print(a["id"] == b["id"] == "log", a["connection"] != b["connection"],
      a["at"] <= a["ended"] <= b["at"] <= b["ended"])')" 'True True True'
}

cases_by_number() {
    clear_books
    get -o /dev/null -d '{"a": ["status/503", "close-after"]}' "$url/__cases"
    for path in a/0 a/1 a/1 a/2 b/0; do
        get -o /dev/null "$url/case/$path"
    done
    is 'a case is the path of its list' "$(books by_end 503
    books by_end close
    books by_end 404)" $'1\n2\n2'
}

effects_and_ledger() {
    clear_books
    for path in effects effects/close-after effects/status/503; do
        get -o /dev/null -H 'X-Op: a' "$url/$path"
    done
    for _ in 1 2 3; do
        get -o /dev/null -H 'Idempotency-Key: b' "$url/effects-once"
    done
    sees 'a key is required' /effects-once 0 400
    is 'effects' "$(books effects a) $(books effects b)" '3 1'
    is 'lines' "$(get "$url/ledger/lines")" $'a 3\nb 1'
    is 'an object' "$(get "$url/ledger/json")" '{"a": 3, "b": 1}'
    is 'effects in an object' "$(get "$url/ledger/effects")" \
        '{"effects": {"a": 3, "b": 1}}'
    is 'a negative count' "$(get "$url/ledger/negative" | tail -1)" \
        'negative -1'
    is 'twice the same' "$(get "$url/ledger/repeated" | wc -l)" 4
    sees 'no ledger' /ledger/500 0 500
    sees 'a ledger that breaks off' /ledger/truncated 18 200
    sees 'a slow ledger' /ledger/slow/1 0 200
    sees 'a ledger that resets' /ledger/reset-after 56 000
    is 'a ledger that never settles' \
        "$([ "$(get "$url/ledger/never-settles")" = \
            "$(get "$url/ledger/never-settles")" ]; echo $?)" 1
}

# A connection that serves is closed, one that is asked first answers.
drops() {
    local answered
    clear_books
    exec 3<>"/dev/tcp/127.0.0.1/$port" 4<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /ok HTTP/1.1\r\n\r\n' >&3
    printf 'GET /delay/300 HTTP/1.1\r\n\r\n' >&4
    becomes 'two are served' 2 whole
    is 'two are dropped' "$(get -X POST "$url/__drop")" '{"dropped": 2}'
    # Each ends by itself: a connection that stays would hold up its reader.
    answered=$(timeout 20 cat <&3 | head -1)
    is 'the idle one ends' "${answered%$'\r'}" 'HTTP/1.1 200 OK'
    answered=$(timeout 20 cat <&4 | tail -1)
    is 'the busy one answers and ends' "$answered" ok
    is 'they are gone' "$(get -X POST "$url/__drop")" '{"dropped": 0}'
    exec 3>&- 4>&-
}

# 400 draws at 0.25: 100 bad ones, with a standard deviation of 8.7.
flaky_answers() {
    clear_books
    get -o /dev/null "$url/flaky/0.25/503?[1-400]" >/dev/null
    local bad
    bad=$(books by_end 503)
    is "seed 7: $bad of 400 at 0.25" "$((bad > 65 && bad < 135))" 1
    sees 'never' /flaky/0/503 0 200
    sees 'always' /flaky/1/503 0 503
    sees 'another behaviour' /flaky/1/close-after 52 000
}

simple_answers
the_log
broken_answers
reused_connections
right_books
cases_by_number
drops
effects_and_ledger
flaky_answers
echo "1..$test_number"
[ "$failures" = 0 ]
