"""`python -m tests.experiments mutation [--children N]`,
`python -m tests.experiments tamper [--seed N] [--edits 1000] [--attacks 200] [--copies 1000] [--database sqlite|postgresql]`,
`python -m tests.experiments stalls [--seconds 60] [--database sqlite|postgresql]`,
`python -m tests.experiments stop [--clocks 100000] [--database sqlite|postgresql]`,
`python -m tests.experiments fleet [--seconds 60] [--database sqlite|postgresql]`,
`python -m tests.experiments backup [--backups 10] [--database sqlite|postgresql]`,
`python -m tests.experiments kill [--kills 200] [--seed N] [--database sqlite|postgresql] [--power]`,
`python -m tests.experiments fuzz [--requests 20000] [--seed N]`,
`python -m tests.experiments interface [--examples 300] [--seed N]` and
`python -m tests.experiments crowd [SCENARIO=CLIENTS ...] [--seconds 60] [--addresses N] [--workers N] [--descriptors 1024]`

`kill` kills the processes of the program at random and looks whether anything was lost, doubled or left half done.
`tamper` changes the database as its owner could and looks whether `verify` says so.
`stalls` serves pages and mails while somebody else does not come to an end. `fuzz` asks the program as it is served for
what no browser asks, `interface` sends whatever the description of the interface allows, and `crowd` keeps it waiting, on this machine only. Exits 1 on any violation. With `--power` the same experiment is given programs with seeded defects and must find every one of them.
"""

import argparse
import secrets
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from tests.experiments import backup, crowd, fleet, fuzz, idlers, interface, stop
from tests.experiments.kill import Plan, figures, run
from tests.experiments.mutation import cores
from tests.experiments.mutation import run as mutate
from tests.experiments.places import NoPostgres, empty_place, place, running_postgres
from tests.experiments.seeded import DEFECTS
from tests.experiments.stalls import Plan as Stalling
from tests.experiments.stalls import figures as went_on
from tests.experiments.stalls import run as stall
from tests.experiments.tamper import Plan as Tampering
from tests.experiments.tamper import figures as noticed
from tests.experiments.tamper import run as tamper

#: A thousand who have sent half a post, and two hundred who send a byte at a time.
CROWD = [("half_a_post", 1000), ("dribbled_header", 100), ("dribbled_body", 100)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.experiments", description=__doc__)
    experiments = parser.add_subparsers(required=True, metavar="experiment")
    kill = experiments.add_parser("kill", help="SIGKILL at random moments")
    kill.add_argument("--kills", type=int, default=200)
    kill.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    kill.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    kill.add_argument("--power", action="store_true", help="seeded defects, each of which must be found")
    kill.set_defaults(run=_kill)
    mutation = experiments.add_parser("mutation", help="every small change of the counting must make a test fail")
    mutation.add_argument("--children", type=int, default=cores())
    mutation.set_defaults(run=_mutation)
    tampering = experiments.add_parser("tamper", help="whoever owns the database changes it; verify must say so")
    tampering.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    tampering.add_argument("--edits", type=int, default=1000, help="of single columns, 20 or more of each, and of rows")
    tampering.add_argument("--attacks", type=int, default=200, help="of each of the six kinds")
    tampering.add_argument("--copies", type=int, default=1000, help="that nobody has changed")
    tampering.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    tampering.set_defaults(run=_tamper)
    fuzzing = experiments.add_parser("fuzz", help="requests that no browser sends")
    fuzzing.add_argument("--requests", type=int, default=20_000)
    fuzzing.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    fuzzing.set_defaults(run=_fuzz)
    describing = experiments.add_parser("interface", help="whatever the description of the interface allows")
    describing.add_argument("--examples", type=int, default=300, help="of each operation")
    describing.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    describing.set_defaults(run=_interface)
    crowding = experiments.add_parser("crowd", help="clients that keep the program waiting")
    crowding.add_argument(
        "clients", nargs="*", type=_clients, default=CROWD, help=f"SCENARIO=CLIENTS, of {', '.join(idlers.SCENARIOS)}"
    )
    crowding.add_argument("--seconds", type=float, default=60.0)
    crowding.add_argument("--addresses", type=int, default=1, help="that the clients come from")
    crowding.add_argument("--workers", type=int, default=1)
    crowding.add_argument("--descriptors", type=int, default=1024, help="files that the program may open")
    crowding.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    crowding.set_defaults(run=_crowd)
    stalling = experiments.add_parser("stalls", help="a stopped process, a held lock, an endless mail server")
    stalling.add_argument("--seconds", type=float, default=60.0, help="that each of them lasts")
    stalling.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    stalling.set_defaults(run=_stalls)
    ending = experiments.add_parser("stop", help="SIGTERM in the middle of an answer, a sweep, a report and a delivery")
    ending.add_argument("--clocks", type=int, default=100_000, help="that are due")
    ending.add_argument("--mails", type=int, default=40)
    ending.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    ending.set_defaults(run=_stop)
    together = experiments.add_parser(
        "fleet", help="four processes of pages and two of timers, and a policy applied meanwhile"
    )
    together.add_argument("--seconds", type=float, default=60.0, help="that people work")
    together.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    together.set_defaults(run=_fleet)
    backing = experiments.add_parser("backup", help="backups made under load, each put on an empty machine")
    backing.add_argument("--backups", type=int, default=10)
    backing.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    backing.set_defaults(run=_backup)
    asked = parser.parse_args()
    begun = time.monotonic()
    try:
        status: int = asked.run(asked)
    except NoPostgres:
        print("!!! NO POSTGRESQL: set TEST_PG_URL or HUIYIN_PG_BIN")
        return 2
    print(f"{time.monotonic() - begun:.0f} s")
    return status


def _kill(asked: argparse.Namespace) -> int:
    if asked.power:
        return _power(asked)
    print(f"kill: {asked.database}, seed {asked.seed}", flush=True)
    with place(asked.database) as here:
        found = run(here, Plan(kills=asked.kills, seed=asked.seed))
    print(figures(found))
    return 1 if found.violations else 0


def _mutation(asked: argparse.Namespace) -> int:
    return mutate(children=asked.children)


def _stalls(asked: argparse.Namespace) -> int:
    print(f"stalls: {asked.database}, {asked.seconds:.0f} s each", flush=True)
    with place(asked.database) as here:
        found = stall(here, Stalling(seconds=asked.seconds))
    print(went_on(found))
    return 1 if found.violations else 0


def _stop(asked: argparse.Namespace) -> int:
    print(f"stop: {asked.database}, {asked.clocks} clocks", flush=True)
    with empty_place(asked.database) as (url, home):
        found = stop.run(url, home, stop.Plan(clocks=asked.clocks, closed=asked.clocks // 2, mails=asked.mails))
    print(stop.figures(found))
    return 1 if found.violations else 0


def _fleet(asked: argparse.Namespace) -> int:
    print(f"fleet: {asked.database}, {asked.seconds:.0f} s", flush=True)
    with empty_place(asked.database) as (url, home):
        found = fleet.run(url, home, fleet.Plan(seconds=asked.seconds))
    print(stop.figures(found))
    return 1 if found.violations else 0


def _backup(asked: argparse.Namespace) -> int:
    print(f"backup: {asked.database}, {asked.backups} backups", flush=True)
    with (
        nullcontext(None) if asked.database == "sqlite" else running_postgres() as server,
        tempfile.TemporaryDirectory(prefix="huiyin-backup-") as directory,
    ):
        found = backup.run(asked.database, server, Path(directory), backup.Plan(backups=asked.backups))
    print(stop.figures(found))
    return 1 if found.violations else 0


def _tamper(asked: argparse.Namespace) -> int:
    print(f"tamper: {asked.database}, seed {asked.seed}", flush=True)
    plan = Tampering(seed=asked.seed, edits=asked.edits, attacks=asked.attacks, copies=asked.copies)
    with nullcontext("") if asked.database == "sqlite" else running_postgres() as server:
        found = tamper(plan, server=server)
    print(noticed(found))
    return _said(found.failures)


def _fuzz(asked: argparse.Namespace) -> int:
    print(f"fuzz: seed {asked.seed}", flush=True)
    found = fuzz.run(fuzz.Plan(requests=asked.requests, seed=asked.seed))
    print(fuzz.figures(found))
    return _said(found.failures)


def _interface(asked: argparse.Namespace) -> int:
    print(f"interface: seed {asked.seed}, {asked.examples} examples", flush=True)
    found = interface.run(interface.Plan(examples=asked.examples, seed=asked.seed))
    print(interface.figures(found))
    return _said(found.failures)


def _crowd(asked: argparse.Namespace) -> int:
    print(f"crowd: seed {asked.seed}, {dict(asked.clients)}", flush=True)
    found = crowd.run(
        crowd.Plan(
            clients=dict(asked.clients), seconds=asked.seconds, addresses=asked.addresses, workers=asked.workers,
            descriptors=asked.descriptors, seed=asked.seed,
        )
    )  # fmt: skip
    print(crowd.figures(found))
    return _said(found.failures)


def _clients(text: str) -> tuple[str, int]:
    name, _, clients = text.partition("=")
    if name not in idlers.SCENARIOS:
        raise argparse.ArgumentTypeError(f"{name}: none of {', '.join(idlers.SCENARIOS)}")
    return name, int(clients)


def _said(failures: list[str]) -> int:
    print("\n".join(failures[:40]) or "every promise is kept")
    return 1 if failures else 0


def _power(asked: argparse.Namespace) -> int:
    """The kills are shared out among the defects; a run ends at its first violation."""
    missed = []
    for name in DEFECTS:
        with place(asked.database) as here:
            found = run(here, Plan(kills=asked.kills, seed=asked.seed, defect=name))
        first = found.violations[0].splitlines()[0] if found.violations else "NOT FOUND"
        print(f"{name}: {first} (after {found.kills} kills)", flush=True)
        if not found.violations:
            missed.append(name)
    print(f"{len(DEFECTS) - len(missed)} of {len(DEFECTS)} seeded defects found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
