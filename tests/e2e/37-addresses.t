#!/usr/bin/python3
# Proves: the check before a run and what connects mean the same, so that what
# cannot work is said before the load, by name: proxies, pinned addresses, names
# that are not ASCII, link-local addresses, certificates and keys.

from harness import *
import pty


def serve(t, **options):
    return t.keep(t.server(lambda request: reply(), **options))


def refused(t, status, pattern, *arguments, command="run"):
    count = ("-n", "1") if command == "run" else ()
    run = t.squall(command, *arguments, *count, status=status)
    t.match(run.err, pattern, f"{arguments}")
    t.absent(run.err + run.out, "connect_failed|did not succeed", "no load")


@test("addresses that are none")
def none(t):
    server = serve(t)
    port = server.port
    local = f"http://localhost:{port}/"
    refused(t, 2, "not an IP address", local, "--resolve",
            f"localhost:{port}:nonsense")
    refused(t, 2, "not an IP address", local, "--resolve",
            f"other.test:{port}:nonsense")
    refused(t, 2, "host:port:address", local, "--resolve", "a:x:127.0.0.1")
    refused(t, 3, "cannot be reached", local, "--resolve",
            f"localhost:{port}:127.0.0.77")
    refused(t, 2, "ASCII", f"http://b\u00fccher.test:{port}/")
    refused(t, 2, "ASCII", local, "--resolve",
            f"b\u00fccher.test:{port}:127.0.0.1")
    refused(t, 2, "needs its zone", "http://[fe80::1]/")
    refused(t, 2, "never sent", local + "a#b")
    refused(t, 2, "never sent", local, "--set", "requests[0].path=/a#b")
    refused(t, 2, "never sent", local + "a#b", "-X", "POST", "-b", "x",
            command="audit")
    refused(t, 2, "never sent", local, "-X", "POST", "-b", "{{op.id}}",
            "--ledger", "/l#x", "--ledger-key", "{{op.id}}")
    t.equal(len(server.requests), 0, "requests")


@test("pins for any host, and for several addresses")
def pins(t):
    server = serve(t)
    port = server.port
    for pin in (f"*:{port}:127.0.0.1", f"m.test:{port}:127.0.0.1,127.0.0.9",
                f"+m.test:{port}:127.0.0.1"):
        t.run(f"http://m.test:{port}/", "-n", "1", "--resolve", pin)
    t.equal(len(server.requests), 3, "requests")
    run = t.squall("run", f"http://m.test:{port}/", "-n", "1", "--resolve",
                   f"m.test:{port}:127.0.0.1,127.0.0.2")
    t.absent(run.err, "several", "one answers at this port")
    run = t.squall("run", f"http://m.test:{port}/", "-n", "1", "--resolve",
                   f"m.test:{port}:127.0.0.1,127.0.0.1")
    t.match(run.err, r"go to 127\.0\.0\.1, and to 127\.0\.0\.1 when", "told")


@test("proxies: schemes, ports, and who looks the name up")
def proxies(t):
    url = "http://orders.invalid/"
    refused(t, 2, "of no proxy", url, "--proxy", "ftp://127.0.0.1")
    refused(t, 3, r"proxy 127\.0\.0\.77 port 1080", url, "--proxy",
            "socks5h://127.0.0.77")
    refused(t, 3, r"proxy 127\.0\.0\.77 port 443", url, "--proxy",
            "https://127.0.0.77")
    server = serve(t)
    t.run(url, "-n", "1", "--proxy", f"127.0.0.1:{server.port}")
    t.equal(server.requests[0].path, url, "asked of the proxy")
    refused(t, 3, "orders.invalid does not resolve", url, "--proxy",
            f"socks5://127.0.0.1:{server.port}")


@test("queries and paths are encoded alike in run, audit, replay and ledger")
def encoded(t):
    seen = []

    def answer(request):
        seen.append(request.path)
        return reply(200 if "ledger" in request.path else 500, b"")

    server = t.keep(t.server(answer))
    letters = t.path("letters")
    url = server.url + "p\u00e4th?q=\u00e9"
    sent = "/p%C3%A4th?q=%C3%A9"
    t.run(url, "-n", "1", "-X", "POST", "-b", "{{op.id}}", "--ledger",
          "/ledger?\u00e9", "--ledger-key", "{{op.id}}", "--dead-letters",
          letters, status=None, checked=False)
    t.run(server.url, "-n", "1", "-p", t.profile(
        {"requests": [{"path": "/p\u00e4th?q=\u00e9"}]}))
    t.squall("replay", letters, "--max-attempts", "1", status=None)
    t.squall("audit", url, "-X", "POST", "-b", '{"o":"{{op.id}}"}',
             status=None)
    t.equal(set(seen), {sent, "/ledger?%C3%A9"}, "paths")


@test("certificates and keys are tried before the run, and nobody is asked")
def tls(t):
    folder = t.directory
    for command in (
            "req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem "
            "-subj /CN=own -days 2",
            "genpkey -algorithm RSA -out other.key",
            "pkcs8 -topk8 -in own.key -out enc.key -passout pass:secret",
            "rsa -aes256 -traditional -passout pass:secret -in own.key "
            "-out old.key"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True,
                       capture_output=True)
    t.write("garbage", "no PEM\n")
    url = "https://127.0.0.1:1/"

    def pair(cert, key):
        return ("--cert", folder / cert, "--cert-key", folder / key)

    for pattern, options in (
            ("enc.key: it is encrypted", pair("own.pem", "enc.key")),
            ("old.key: it is encrypted", pair("own.pem", "old.key")),
            ("not the key of the certificate", pair("own.pem", "other.key")),
            ("no private key", pair("own.pem", "garbage")),
            ("no private key", pair("own.pem", "own.pem")),
            ("no certificate", pair("garbage", "own.key")),
            ("no certificate", ("--cacert", folder / "garbage")),
            ("no certificate", ("--cacert", folder)),
            ("go together", ("--cert", folder / "own.pem")),
            ("cannot read", ("--cacert", folder / "none"))):
        for command in ("run", "audit"):
            refused(t, 2, pattern, url, "-k", *options, command=command)
    # On a terminal of its own, too.
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execv(str(SQUALL), [str(SQUALL), "run", url, "-n", "1", "-k",
                               *map(str, pair("own.pem", "enc.key"))])
    seen = b""
    try:
        while (piece := os.read(descriptor, 4096)):
            seen += piece
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    t.equal(os.waitstatus_to_exitcode(status), 2, "on a terminal")
    t.absent(seen.decode("utf8", "replace"), "(?i)enter|pass phrase",
             "no prompt")


main()
