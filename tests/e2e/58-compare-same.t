#!/usr/bin/python3
# Proves: on sockets, with all the noise of a machine, whole comparisons of a
# policy with itself claim a difference in no more than 5 %: of 40, at most 6
# may, more than which chance would bring in 3 of 1,000 such tests.

from harness import *

COMPARISONS, MOST = 40, 6


@test("a policy beside itself, 40 times", limit=1200)
def same(t):
    claimed = []
    service = {"faults": [{"kind": "error", "ratio": "10%"}]}
    for number in range(COMPARISONS):
        path = t.path("comparison.json")
        t.squall("compare", "immediate", "--variant", "again=immediate", "-n",
                 "100", "-c", "4", "--settle", "10ms", "--rounds", "7",
                 "--judge", "p50,success_rate,amplification", "-q", "-o", path,
                 "--seed", str(number + 1), "--set",
                 "service=" + json.dumps(service))
        document = json.loads(path.read_text())
        claims = [row["measure"] for row in document["rows"]
                  if row["finding"] in ("better", "worse")]
        if claims:
            claimed.append((number + 1, claims))
    print(f"# {len(claimed)} of {COMPARISONS} claim a difference: {claimed}")
    t.check(len(claimed) <= MOST, f"{len(claimed)} claim a difference")


main()
