#!/bin/bash
# What squall costs, measured and printed; nothing is decided here.
#
# nginx answers on the loopback with a body of three bytes. Every round runs
# each tool once, one after the other, so that a slow minute of the machine
# meets all of them; the figures are medians over the rounds. CPU is that of
# the whole process, start included, by the shell's own clock.
#
#   SQUALL     the program (build/plain/squall)
#   ROUNDS     rounds of each comparison (5)
#   REQUESTS   requests a round (200000)
#   SECONDS_OPEN  length of the open-model run (10)
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
squall=${SQUALL:-$root/build/plain/squall}
bare=$root/build/plain/tests/bench/bare_loop
rounds=${ROUNDS:-5}
requests=${REQUESTS:-200000}
seconds_open=${SECONDS_OPEN:-10}
connections=64
nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
dir=$(mktemp -d)
nginx_pid=

cleanup() {
    if [ -n "$nginx_pid" ]; then
        kill "$nginx_pid" 2>/dev/null
        wait "$nginx_pid" 2>/dev/null
    fi
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

have() {
    command -v "$1" >/dev/null
}

note() {
    printf '%s\n' "$*"
}

skip() {
    note "bench: skipped: $*"
    exit 0
}

# A port that was free a moment ago; nginx refuses to start if it no longer is.
free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# Threads of two processes on one core would measure the scheduler.
pin_server=()
pin_client=()
choose_cores() {
    if have taskset && [ "$(nproc)" -ge 2 ]; then
        pin_server=(taskset -c 1)
        pin_client=(taskset -c 0)
    fi
}

start_nginx() {
    local port
    port=$(free_port)
    url=http://127.0.0.1:$port/
    cat >"$dir/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $dir/pid;
error_log $dir/error.log error;
worker_rlimit_nofile $files;
events { worker_connections $((files > 20000 ? 20000 : files)); }
http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    server {
        listen 127.0.0.1:$port backlog=16384;
        location / { return 200 "ok\n"; }
    }
}
END
    "${pin_server[@]}" "$nginx" -c "$dir/nginx.conf" -p "$dir" \
        2>"$dir/nginx.log" &
    nginx_pid=$!
    for _ in $(seq 100); do
        if "$bare" -c 1 -n 1 "$url" >/dev/null 2>&1; then
            return
        fi
        kill -0 "$nginx_pid" 2>/dev/null || break
        sleep 0.05
    done
    skip "nginx did not start: $(cat "$dir/nginx.log")"
}

# measure NAME REQUESTS COMMAND...: appends "requests/s cpu-us" to a file.
measure() {
    local name=$1 count=$2
    shift 2
    local TIMEFORMAT='%R %U %S'
    { time "${pin_client[@]}" "$@" >"$dir/out" 2>"$dir/err"; } \
        2>"$dir/time"
    if [ "$count" = wrk ]; then
        count=$(awk '/requests in/ { print $1 }' "$dir/out")
    fi
    awk -v n="${count:-0}" \
        '{ if (n > 0) print n / $1, 1e6 * ($2 + $3) / n }' \
        "$dir/time" >>"$dir/$name.round"
}

median() { # of column $2 of file $1
    [ -s "$1" ] || return 1
    awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '
        { v[NR] = $1 }
        END { m = int((NR + 1) / 2)
              print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'
}

# The field of a report, or nothing.
field() { # FILE a.b.c
    python3 - "$1" "$2" <<'END' 2>/dev/null
import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."):
    value = value[name]
print(value)
END
}

# Everything on: retries with jitter and a budget, every layer that a client can
# have around them, a fresh key for every operation, figures by request, phase
# and second. GET, so that the other tools do the same.
everything=(-X GET -p "$here/everything.json" -q --json)
# The header lines that squall then sends, for the bare loop.
same_request=(-H "User-Agent: squall/0.1.0"
    -H "Idempotency-Key: 7a2e4d5c-1b0f-4c3d-9e8a-5f6071829304")
one_round() {
    measure lean "$requests" "$bare" -c $connections -n "$requests" "$url"
    measure bare "$requests" "$bare" -c $connections -n "$requests" \
        "${same_request[@]}" "$url"
    if [ "$has_squall" = 1 ]; then
        measure squall "$requests" "$squall" run "$url" -c $connections \
            -n "$requests" "${everything[@]}"
        measure plain "$requests" "$squall" run "$url" -c $connections \
            -n "$requests" -X GET -q --json
    fi
    if [ "$has_native" = 1 ]; then
        measure native "$requests" "$squall" run "$url" -c $connections \
            -n "$requests" --engine native "${everything[@]}"
        measure native_plain "$requests" "$squall" run "$url" \
            -c $connections -n "$requests" --engine native -X GET -q --json
    fi
    if have wrk; then
        measure wrk wrk wrk -t1 -c $connections -d "$wrk_seconds" "$url"
    fi
    if have hey; then
        GOMAXPROCS=1 measure hey "$requests" hey -c $connections \
            -n "$requests" "$url"
    fi
    if have ab; then
        measure ab "$requests" ab -q -k -c $connections -n "$requests" "$url"
    fi
}

row() { # NAME LABEL
    local rate cpu base
    rate=$(median "$dir/$1.round" 1) || return
    cpu=$(median "$dir/$1.round" 2)
    base=$(median "$dir/bare.round" 2)
    awk -v label="$2" -v rate="$rate" -v cpu="$cpu" -v base="$base" 'BEGIN {
        printf "  %-26s %12.0f %12.2f %10.2f\n", label, rate, cpu, cpu / base
    }'
}

# The median of the rounds' own ratios of CPU a request, and the least and the
# most of them: both tools of one round met the same machine.
ratio() { # NAME OF
    [ -s "$dir/$1.round" ] && [ -s "$dir/$2.round" ] || return
    paste -d' ' "$dir/$1.round" "$dir/$2.round" |
        awk '{ print $2 / $4 }' >"$dir/ratio.$1"
    printf '%s (%s to %s)' "$(median "$dir/ratio.$1" 1)" \
        "$(sort -n "$dir/ratio.$1" | head -1)" \
        "$(sort -n "$dir/ratio.$1" | tail -1)"
}

closed_model() {
    note "Closed model, one thread, $connections connections, GET," \
        "$requests requests, $rounds rounds"
    wrk_seconds=$(awk -v n="$requests" 'BEGIN {
        s = int(n / 60000 + 0.5); print s < 1 ? 1 : s }')
    for round in $(seq "$rounds"); do
        [ -t 2 ] && printf '\r  round %d of %d' "$round" "$rounds" >&2
        one_round
    done
    [ -t 2 ] && printf '\r\033[K' >&2
    printf '  %-26s %12s %12s %10s\n' tool requests/s 'CPU us/req' \
        'CPU/bare'
    row lean 'bare curl loop, no header'
    row bare 'the same request, bare'
    row squall 'squall, everything on'
    row plain 'squall, nothing on'
    row native 'native, everything on'
    row native_plain 'native, nothing on'
    row wrk wrk
    row hey hey
    row ab ab
    if [ -s "$dir/squall.round" ]; then
        note "  CPU a request over the bare loop's with the same request," \
            "median of the rounds: $(ratio squall bare) (everything on)"
    fi
    if [ -s "$dir/native.round" ] && [ -s "$dir/wrk.round" ]; then
        note "  CPU a request over wrk's, median of the rounds:" \
            "native $(ratio native_plain wrk)," \
            "everything on $(ratio native wrk)"
    fi
}

open_model() {
    note "Open model, one thread, 20,000/s for $seconds_open s"
    local status=0
    "${pin_client[@]}" "$squall" run "$url" -X GET -r 20000/s \
        -d "${seconds_open}s" -c $connections -t 1 -q --json \
        >"$dir/open.json" 2>"$dir/err" || status=$?
    note "  exit $status," \
        "offered $(field "$dir/open.json" rates.offered_per_s)/s," \
        "operations $(field "$dir/open.json" rates.operations_per_s)/s," \
        "dropped $(field "$dir/open.json" operations.dropped)"
    for name in p50 p99 p99_9 max; do
        note "  schedule lag $name:" \
            "$(field "$dir/open.json" "generator.schedule_lag.${name}_us") us"
    done
    note "  operation p99:" \
        "$(field "$dir/open.json" latency.operation.p99_us) us," \
        "attempt p99: $(field "$dir/open.json" latency.attempt.p99_us) us"
}

# The high-water mark only grows, so the last reading before the end is it.
many_connections() {
    local want=10000 pid high='' reading
    if [ "$files" -lt 11500 ]; then
        note "10,000 connections: skipped, this shell may open $files files"
        return
    fi
    note "Memory with $want connections, closed model, 100,000 requests"
    "$squall" run "$url" -X GET -c $want -n 100000 -q --json \
        >"$dir/many.json" 2>"$dir/err" &
    pid=$!
    while reading=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" \
        2>/dev/null) && [ -n "$reading" ]; do
        high=$reading
        sleep 0.02
    done
    wait "$pid"
    note "  exit $?, high-water mark $((${high:-0} / 1024)) MiB," \
        "succeeded $(field "$dir/many.json" operations.succeeded)"
}

# On a machine whose every core is busy with squall and the service together,
# requests/s cannot double; CPU a request shows whether threads cost each
# other anything.
two_threads() {
    local threads
    note "Threads, $connections connections, everything on" \
        "(squall and nginx share $(nproc) cores)"
    pin_client=()
    for _ in $(seq "$rounds"); do
        for threads in 1 2; do
            measure "threads$threads" "$requests" "$squall" run "$url" \
                -c $connections -n "$requests" -t "$threads" \
                "${everything[@]}"
        done
    done
    printf '  %-26s %12s %12s %10s\n' threads requests/s 'CPU us/req' \
        'CPU/bare'
    row threads1 1
    row threads2 2
}

# Which packages it wants, and which of them are not here.
say_packages() {
    local pair missing=''
    for pair in nginx:nginx-light python3:python3 taskset:util-linux \
        wrk:wrk hey:hey ab:apache2-utils; do
        PATH=$PATH:/usr/sbin have "${pair%:*}" || missing+=" ${pair#*:}"
    done
    note "bench: needs nginx-light and python3; pins with util-linux;" \
        "compares with wrk, hey and apache2-utils where they are installed"
    [ -z "$missing" ] || note "bench: not installed:$missing"
}

main() {
    say_packages
    [ -n "$nginx" ] || skip "there is no nginx (apt install nginx-light)"
    have python3 || skip "there is no python3 (apt install python3)"
    make -s -C "$root" "${bare#"$root"/}" || exit 1
    has_squall=0
    has_native=0
    ulimit -n "$(ulimit -H -n)" 2>/dev/null
    files=$(ulimit -n)
    [ "$files" = unlimited ] && files=65536
    choose_cores
    start_nginx
    note "$(nproc) cores," \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
    if "$squall" run "$url" -X GET -n 10 -c 1 "${everything[@]}" \
        >"$dir/out" 2>"$dir/err"; then
        has_squall=1
        "$squall" --version | grep -q 'native engine: llhttp' &&
            has_native=1
    else
        note "squall does not run here: $(head -3 "$dir/err")"
    fi
    closed_model
    if [ "$has_squall" = 1 ]; then
        open_model
        many_connections
        two_threads
    fi
}

main
