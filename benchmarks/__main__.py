"""Runs the measures and prints one table: `python -m benchmarks [names] [--small]`. Exits 1 if a gate is missed.

Sizes: 40 rounds of 60 committed steps a side (`execute`); 1,000,000 and 100,000 open clocks, 50,000 and 1,000 newly due
(`sweep`, `wait`, `worklist`), 1,000,000 and 10,000 running clocks (`plan`). About ten minutes on two cores. `--small` takes a fiftieth: it proves that the measures still run and
says nothing of speed, so that no gate counts in it.
"""

import argparse
import sys
import time

from benchmarks import count, execute, plan, sweep, wait, worklist
from benchmarks.databases import bench
from benchmarks.ratios import Finding, table

#: What can be measured, in the order of the table. A new measure is one module with `measure` and one line here.
MEASURES = {
    "execute": execute.measure,
    "sweep": sweep.measure,
    "wait": wait.measure,
    "worklist": worklist.measure,
    "count": count.measure,
    "plan": plan.measure,
}


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(MEASURES)}; all if none is given")
    asked.add_argument("--small", action="store_true", help="a quick run that proves nothing about speed")
    wanted = asked.parse_args()
    if unknown := set(wanted.names) - set(MEASURES):
        asked.error(f"no such measure: {', '.join(sorted(unknown))}")
    findings: list[Finding] = []
    with bench(small=wanted.small) as place:
        for name in wanted.names or MEASURES:
            begun = time.monotonic()
            findings += MEASURES[name](place)
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    print(table(findings))
    return 0 if wanted.small or all(found.holds for found in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
