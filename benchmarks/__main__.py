"""Runs the measures and prints one table: `python -m benchmarks [names] [--small]`. Exits 1 if a gate is missed.

Sizes: 40 rounds of 60 committed steps a side (`execute`); 1,000,000 and 100,000 open clocks, 50,000 and 1,000 newly due
(`sweep`, `wait`, `worklist`), as many cases (`finding`, `desks`), 1,000,000 and 10,000 running clocks (`plan`), 100,000
open tickets on either side (`helpdesk`), a year of 1,000,000 closed cases (`sheets`,
`exports`; `--closed-cases` says otherwise), 200,000 events in 4,000 streams (`chains`), an office of 50,000 cases (`large`;
`--cases` says otherwise). `reports` stands for these four.
About twenty minutes on two cores. `web` serves this tree beside a commit (`--before`) on the demo that the commit builds.

`--small` takes a hundredth or less, and `web` this tree alone. It judges that every measure runs to its end and that both
sides of it do the same work, and says nothing of speed: no gate counts in it.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from benchmarks import (
    count,
    desks,
    django_helpdesk,
    execute,
    finding,
    interface,
    large_office,
    plan,
    reports_export,
    sheets,
    sweep,
    verify_chain,
    wait,
    web,
    worklist,
)
from benchmarks.databases import bench
from benchmarks.ratios import Finding, table

#: What can be measured, in the order of the table. A new measure is one module with `measure` and one line here.
MEASURES = {
    "execute": execute.measure,
    "sweep": sweep.measure,
    "wait": wait.measure,
    "worklist": worklist.measure,
    "finding": finding.measure,
    "desks": desks.measure,
    "interface": interface.measure,
    "helpdesk": django_helpdesk.measure,
    "web": web.measure,
    "count": count.measure,
    "plan": plan.measure,
    "sheets": sheets.measure,
    "exports": reports_export.measure,
    "chains": verify_chain.measure,
    "large": large_office.measure,
}
#: Names that stand for several.
GROUPS = {"reports": ("sheets", "exports", "chains", "large")}
CLOSED_CASES, CLOSED_CASES_SMALL = 1_000_000, 1_000


def main(arguments: Sequence[str] | None = None) -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument(
        "names", nargs="*", metavar="name", help=f"of {', '.join((*MEASURES, *GROUPS))}; all if none is given"
    )
    asked.add_argument("--small", action="store_true", help="a quick run that proves nothing about speed")
    asked.add_argument("--closed-cases", type=int, metavar="N", help=f"in a year; {CLOSED_CASES:,} if not given")
    asked.add_argument(
        "--cases", type=int, metavar="N", default=large_office.CASES, help="of a large office; %(default)s"
    )
    asked.add_argument("--before", default="HEAD~1", metavar="COMMIT", help="that `web` serves beside this tree")
    wanted = asked.parse_args(arguments)
    names = [one for name in wanted.names or MEASURES for one in GROUPS.get(name, (name,))]
    if unknown := set(names) - set(MEASURES):
        asked.error(f"no such measure: {', '.join(sorted(unknown))}")
    findings: list[Finding] = []
    closed_cases = wanted.closed_cases or (CLOSED_CASES_SMALL if wanted.small else CLOSED_CASES)
    with bench(small=wanted.small, closed_cases=closed_cases, before=wanted.before, cases=wanted.cases) as place:
        for name in names:
            begun = time.monotonic()
            for found in MEASURES[name](place):
                findings.append(found)
                print(f"  {found.name}: {found.ours}; {found.limit}", file=sys.stderr, flush=True)
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    print(table(findings))
    return 0 if wanted.small or all(found.holds for found in findings) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers and databases end with the run
    sys.exit(main())
