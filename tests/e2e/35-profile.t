#!/usr/bin/python3
# Proves: squall profile shows what profiles there are and what they do.
# delays comes to the published figures of textbook backoffs and of the clients
# that are shipped, as JSON and as text within 80 columns; what is asked
# wrongly is refused with what was meant; names with folders are found in a
# folder of one's own, beside the program and in an installed tree; and every
# shipped profile keeps the schema that it points to.

from harness import *

# In milliseconds: for each retry, the waits for u = 0, 0.5 and 1.
VECTORS = [
    ("strategies/full-jitter", "transient",
     [(0, 50, 100), (0, 100, 200), (0, 200, 400), (0, 400, 800)]),
    ("strategies/equal-jitter", "timeout",
     [(50, 75, 100), (100, 150, 200), (200, 300, 400)]),
    ("strategies/decorrelated-jitter", "throttle",
     [(100, 200, 300), (100, 350, 900), (100, 575, 2700)]),
    ("strategies/fixed", "network", [(200, 200, 200)] * 6),
    ("strategies/immediate", "transient", [(0, 0, 0)] * 3),
    ("strategies/exponential", "transient",
     [(100,) * 3, (200,) * 3, (400,) * 3, (800,) * 3]),
]

# Of clients, where they are shipped; the last number is what the figures,
# published in whole milliseconds, may be off.
CLIENTS = [
    ("aws-standard-2026", "transient",
     [(0, 25, 50), (0, 50, 100), (0, 100, 200), (0, 200, 400)], 1e-6),
    ("botocore-standard-pre2026", "transient",
     [(0, 500, 1000), (0, 1000, 2000), (0, 2000, 4000), (0, 4000, 8000)],
     1e-6),
    ("aws-go-v2-pre2026", "transient",
     [(0, 1000, 2000), (0, 2000, 4000), (0, 4000, 8000), (0, 8000, 16000),
      (20000, 20000, 20000)], 1e-6),
    ("java-v2-legacy", "throttle",
     [(250, 375, 500), (500, 750, 1000), (1000, 1500, 2000)], 1e-6),
    ("envoy-5xx", "transient",
     [(0, 12.5, 25), (0, 25, 50), (0, 50, 100), (0, 100, 200), (0, 125, 250),
      (0, 125, 250)], 1e-6),
    ("grpc-example", "transient",
     [(80, 100, 120), (160, 200, 240), (320, 400, 480), (640, 800, 960),
      (800, 1000, 1200)], 1e-6),
    ("linkerd-annotation", "transient",
     [(25, 37.5, 50), (50, 75, 100), (100, 150, 200), (200, 250, 250)], 1e-6),
    ("stripe-node", "transient",
     [(500,) * 3, (500,) * 3, (500, 750, 1000), (1000, 1500, 2000)], 1e-6),
    ("stripe-python", "transient",
     [(500,) * 3, (500, 750, 1000), (1000, 1500, 2000), (2000, 3000, 4000)],
     1e-6),
    ("stripe-go", "transient",
     [(500,) * 3, (750, 875, 1000), (1875, 2187.5, 2500),
      (3750, 4375, 5000)], 1e-6),
    ("azure-net", "transient",
     [(640, 800, 960), (1280, 1600, 1920), (2560, 3200, 3840),
      (5120, 6400, 7680)], 1e-6),
    ("azure-go", "transient",
     [(640, 840, 1040), (1920, 2520, 3120), (4480, 5880, 7280),
      (9600, 12600, 15600)], 1e-6),
    ("azure-python", "transient",
     [(0,) * 3, (1600,) * 3, (3200,) * 3, (6400,) * 3], 1e-6),
    ("dotnet-standard-handler", "transient",
     [(0, 1795, 2754), (2754, 2186, 2920), (2920, 4071, 5732),
      (5732, 8092, 11436)], 0.5),
]

WIDE = {"LC_ALL": "C.UTF-8"}


def waits_of(t, *arguments, **options):
    run = t.squall("profile", "delays", "--json", *arguments, **options)
    return json.loads(run.out)


def hold(t, name, kind, expected, within):
    document = waits_of(t, name, "--class", kind, "--u", "0,0.5,1",
                        "--retries", len(expected))
    t.equal(list(document), ["name", "class", "delays_ms"], name)
    t.equal(document["name"], name.rpartition("/")[2], name)
    t.equal(document["class"], kind, name)
    t.equal(list(document["delays_ms"]), ["0", "0.5", "1"], name)
    for u, waits in enumerate(document["delays_ms"].values()):
        t.equal(len(waits), len(expected), f"{name}: retries")
        for retry, wait in enumerate(waits):
            t.check(abs(wait - expected[retry][u]) <= within,
                    f"{name}, {kind}, retry {retry + 1}, draw {u}: "
                    f"{wait} ms, not {expected[retry][u]}")


@test("waits are those that the backoffs promise")
def vectors(t):
    for name, kind, expected in VECTORS:
        hold(t, name, kind, expected, 1e-6)


@test("waits of shipped clients are the published ones")
def clients(t):
    shipped = [c for c in CLIENTS
               if (ROOT / f"profiles/clients/{c[0]}.json").exists()]
    if not shipped:
        raise Skip("no client is shipped")
    for name, kind, expected, within in shipped:
        hold(t, f"clients/{name}", kind, expected, within)


@test("waits follow merging, --set, files, and what is asked for")
def asking(t):
    own = t.write("own.json", json.dumps({
        "retry": {"max_attempts": 6, "retry_on": ["503"],
                  "backoff": {"type": "constant", "initial": "25ms",
                              "jitter": "equal"}}}))
    document = waits_of(t, own, "--u", "0,.50")
    t.equal(document["name"], str(own), "a profile without a name")
    t.equal(document["delays_ms"], {"0": [12.5] * 5, ".50": [18.75] * 5},
            "as many as the profile retries, keys as they were written")
    document = waits_of(t, "full-jitter", own, "--u", "1")
    t.equal(document["delays_ms"]["1"], [25] * 5, "the later one wins")
    document = waits_of(t, "full-jitter", "--u", "1", "--set",
                        "retry.backoff.initial=50ms", "--set",
                        "retry.max_attempts=3")
    t.equal(document["delays_ms"]["1"], [50, 100], "--set")
    document = waits_of(t, "none", "steady")
    t.equal(document["delays_ms"], {"0": [], "0.5": [], "1": []},
            "what never retries")
    t.match(t.squall("profile", "delays", "none").out,
            r"^none never retries: .*max_attempts 1", "said in words")


@test("the text is a table and a chart within 80 columns")
def text(t):
    run = t.squall("profile", "delays", "full-jitter", "--retries", "5",
                   "--set", "retry.max_attempts=3",
                   env=t.environment(WIDE))
    t.match(run.out, r"\bu=0 +u=0\.5 +u=1\n", "a column a draw")
    t.match(run.out, r"\n +3 +0 s +200 ms +400 ms\n", "a row a retry")
    t.match(run.out, r" 2 .*\n  the profile gives up here\n +3 ", "the limit")
    t.match(run.out, r"\n +5 ▕█{60,}\n", "the longest bar")
    t.match(run.out, "gives up after 2 retries", "said in words")
    t.match(run.out, "Retry-After, does not change", "hints")
    for line in run.out.splitlines():
        t.check(len(line) <= 80, f"{len(line)} columns: {line}")
    t.absent(run.out, "\033", "no colour off a terminal")
    many = ",".join(f"{i / 15:.4f}" for i in range(16))
    run = t.squall("profile", "delays", "decorrelated-jitter", "--u", many,
                   "--retries", "1000", env=t.environment({"LC_ALL": "C"}))
    t.check(all(len(line) <= 80 for line in run.out.splitlines()),
            "80 columns of 16 draws")
    t.check(run.out.isascii(), "ASCII in a locale that has no more")
    run = t.squall("profile", "delays", "fixed", "--color", "always")
    t.match(run.out, "\033\\[1mfixed\033\\[0m", "colour by request")


@test("what is asked wrongly is refused, with what was meant")
def refusals(t):
    for arguments, message in (
            (["full-jitter", "--u", "0,1.5"], r"1\.5.*from 0 to 1"),
            (["full-jitter", "--u", "half"], r"half.*from 0 to 1"),
            (["full-jitter", "--u", ""], r"from 0 to 1"),
            (["full-jitter", "--u", "1,1"], r"twice"),
            (["full-jitter", "--class", "throtle"], r"mean throttle\?"),
            (["full-jitter", "--class", "success"], r"network"),
            (["full-jitter", "--retries", "0"], r"from 1 to 1000"),
            (["full-jitter", "--retries", "1001"], r"from 1 to 1000"),
            (["full-jiter"], r"mean strategies/full-jitter\?"),
            (["strategies/full-jiter"], r"mean strategies/full-jitter\?"),
            (["full-jitter", "--set", "retry.max_atempts=2"],
             r"max_attempts"),
            ([], r"which profile")):
        run = t.squall("profile", "delays", *arguments, status=2)
        t.match(run.err, f"(?s){message}", " ".join(arguments))
        t.equal(run.out, "", "nothing on standard output")
    run = t.squall("profile", "delay", "x", status=2)
    t.match(run.err, r"mean squall profile delays\?", "subcommand")
    run = t.squall("profile", "show", "none", "--u", "1", status=2)
    t.match(run.err, r"profile show has no use for --u", "option")


@test("list shows one line each, by folder, and picks by pattern")
def listing(t):
    names = sorted(str(f.relative_to(ROOT / "profiles"))[:-5]
                   for f in profile_files())
    run = t.squall("profile", "list")
    t.equal([line.split(" ")[0] for line in run.out.splitlines()], names,
            "names")
    for name in names:
        t.squall("profile", "show", name)
    run = t.squall("profile", "list", "jitter", "TARGETS/n*")
    t.equal([line.split(" ")[0] for line in run.out.splitlines()],
            [n for n in names if "jitter" in n or n.startswith("targets/n")],
            "by pattern")
    run = t.squall("profile", "list", "xylophone", status=2)
    t.match(run.err, "no profile like", "no match")
    run = t.squall("profile", "list", "steadi", status=2)
    t.match(run.err, r"mean scenarios/steady\?", "no match")
    run = t.squall("profile", "list", "--long", "full-jitter")
    t.match(run.out, r"^strategies/full-jitter\n    \S.*\n", "long: name")
    t.match(run.out, r"\n    source +Brooker", "long: source")
    t.match(run.out, r"\n    file +/", "long: file")
    listed = json.loads(t.squall("profile", "list", "--json").out)
    t.equal([item["name"] for item in listed], names, "JSON")
    t.check(all(item["about"] and item["source"] for item in listed),
            "JSON: about and source")


@test("names with folders are found in a folder of one's own, and first")
def own_folder(t):
    own = t.path("own")
    (own / "team").mkdir(parents=True)
    for name, about in (("team/night", "Night."), ("team/full-jitter",
                                                   "Ours.")):
        (own / f"{name}.json").write_text(
            json.dumps({"name": name, "about": about}))
    env = t.environment({"SQUALL_PROFILES": str(own)})
    for asked, name in (("team/night", "team/night"), ("night", "team/night"),
                        ("full-jitter", "team/full-jitter"),
                        ("strategies/full-jitter", "full-jitter"),
                        ("steady", "steady")):
        run = t.squall("profile", "show", asked, env=env)
        t.equal(json.loads(run.out)["name"], name, asked)
    run = t.squall("profile", "list", env=env)
    t.match(run.out, r"^team/full-jitter +Ours\.\nteam/night +Night\.\n\w+/",
            "own ones first")
    t.match(run.out, r"\nstrategies/full-jitter ", "then shipped ones")


@test("an installed tree finds its profiles, and they their schema",
      limit=300)
def installed(t):
    root = t.path("root")
    env = {k: v for k, v in t.environment().items()
           if k not in ("MAKEFLAGS", "MAKELEVEL", "SQUALL_PROFILES")}
    done = t.start(["make", "-s", "install", f"DESTDIR={root}",
                    "PREFIX=/usr"], "install", env=env, cwd=ROOT)
    t.equal(done.wait(200 * PATIENCE), 0, f"make install: {tail(done.err)}")
    profiles = root / "usr/share/squall/profiles"
    files = profile_files(profiles)
    t.equal([f.relative_to(profiles) for f in files],
            [f.relative_to(ROOT / "profiles") for f in profile_files()],
            "files")
    for file in files:
        schema = json.loads(without_comments(file)).get("$schema")
        t.check(schema and (file.parent / schema).is_file(),
                f"{file.name}: {schema} is there")
    done = t.start([root / "usr/bin/squall", "profile", "check",
                    "strategies/full-jitter", "steady"], "found", env=env,
                   cwd="/")
    t.equal(done.wait(20 * PATIENCE), 0, "exit status")
    t.equal(done.out, "strategies/full-jitter: ok\nsteady: ok\n", "output")


def without_comments(file):
    return re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.M)


@test("every shipped profile keeps the schema that it points to")
def schema(t):
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed")
    printed = json.loads(t.squall("profile", "schema").out)
    jsonschema.Draft7Validator.check_schema(printed)
    validator = jsonschema.Draft7Validator(printed)
    for file in profile_files():
        document = json.loads(without_comments(file))
        path = file.parent / document["$schema"]
        t.equal(json.loads(path.read_text()), printed, f"{file.name}: schema")
        for error in validator.iter_errors(document):
            t.check(False, f"{file}: {error.json_path}: {error.message}")
    wrong = {"retry": {"max_atempts": 3}, "load": {"rate": 5}}
    t.equal(len(list(validator.iter_errors(wrong))), 2,
            "the schema refuses what is wrong")


main()
