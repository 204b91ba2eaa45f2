"""What a page costs as it is served, beside the same page of the commit before: its CPU, and pages a second.

Work list and case page of a demo office, read by 1, 4 and 8 clients. Both programs are served at once, each on a copy of
one database, and are asked in turn. The database is the older program's: the newer one can read it, and not the other way
round. The processors are shared with the clients; CPU is that of the server alone, with its workers. Last, on more than
one processor, what `--workers 2` adds.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.copies import open_clocks
from benchmarks.databases import Bench, database, folded_up
from benchmarks.office import staff_of
from benchmarks.ratios import Compared, Finding, compare
from benchmarks.served import ROOT, Served, demo_of, served, tree_of
from infra.db import transaction
from people.links import make_link
from workflow.model import AccountId

CLIENTS = (1, 4, 8)
PAGES, ROUNDS = 40, 5
PAGES_SMALL, ROUNDS_SMALL, CASES_SMALL = 8, 1, 60
READER, READER_SMALL = "coordinator", AccountId(2)
#: The gates: CPU of a page beside the commit before, and pages a second with two workers beside one.
NO_DEARER, OF_TWO_WORKERS = 1.1, 1.7


def measure(bench: Bench) -> Iterator[Finding]:
    with ExitStack() as stack:
        tree, origin, link = _small(bench, stack) if bench.small else _of_commit(bench, stack)
        ours = stack.enter_context(served(ROOT, origin, bench.directory / "ours", link=link))
        before = (
            ours if tree == ROOT else stack.enter_context(served(tree, origin, bench.directory / "before", link=link))
        )
        for path in ("/work", _first_case(before)):
            for clients in CLIENTS:
                yield from _beside(bench, path, clients, ours, before)
        two = stack.enter_context(served(ROOT, origin, bench.directory / "two", link=link, workers=2))
        yield _workers(bench, two, ours)


def _of_commit(bench: Bench, stack: ExitStack) -> tuple[Path, Path, str]:
    """The tree of the commit before, the database of its demo, and the reader's sign-in link."""
    tree = stack.enter_context(tree_of(bench.before, bench.directory))
    origin, links = stack.enter_context(demo_of(tree, bench.directory / "demo-home"))
    return tree, origin, links[READER]


def _small(bench: Bench, stack: ExitStack) -> tuple[Path, Path, str]:
    """This tree as its own predecessor, on a small office."""
    engine = stack.enter_context(database(bench, "sqlite"))
    open_clocks(engine, staff_of(engine), count=CASES_SMALL, few=1, few_slots=1, many=1)
    with transaction(engine) as connection:
        link = make_link(connection, READER_SMALL, now=datetime.now(UTC), reusable=True)
    folded_up(engine)
    assert engine.url.database, "a file"
    return ROOT, Path(engine.url.database), link


def _first_case(of: Served) -> str:
    found = re.search(r'href="(/cases/[0-9a-f]+)"', of.page("/work"))
    assert found, "the list shows cases"
    return found[1]


def _beside(bench: Bench, path: str, clients: int, ours: Served, before: Served) -> Iterator[Finding]:
    name = f"{'work list' if path == '/work' else 'case page'}, {clients} client{'s' * (clients > 1)}"
    cpu, took = _compared(bench, path, clients, ours, before)
    pages = _pages(bench)
    yield Finding(
        name=f"CPU of {name}",
        ours=f"{cpu.ours_seconds / pages * 1e3:.1f} ms a page",
        limit=f"{cpu.other_seconds / pages * 1e3:.1f} ms before",
        ratio=cpu.ratio,
        gate=NO_DEARER,
    )
    yield _throughput(name, "before", pages, took)


def _workers(bench: Bench, two: Served, one: Served) -> Finding:
    _, took = _compared(bench, "/work", CLIENTS[-1], two, one)
    found = _throughput(f"two workers, {CLIENTS[-1]} clients", "of one", _pages(bench), took)
    return replace(found, gate=OF_TWO_WORKERS, at_least=True) if (os.cpu_count() or 1) > 1 else found


def _throughput(name: str, other: str, pages: int, took: Compared) -> Finding:
    return Finding(
        name=f"throughput of {name}",
        ours=f"{pages / took.ours_seconds:.0f} pages/s",
        limit=f"{pages / took.other_seconds:.0f} {other}",
        ratio=1 / took.ratio,
    )


def _compared(bench: Bench, path: str, clients: int, ours: Served, other: Served) -> tuple[Compared, Compared]:
    """CPU seconds and seconds of blocks of pages, one of each server a round."""
    rounds = ROUNDS_SMALL if bench.small else ROUNDS
    took: tuple[list[float], list[float]] = [], []

    def block(of: Served, noted: list[float]) -> float:
        begun = of.cpu_seconds()
        noted.append(of.pages(path, clients=clients, count=_pages(bench)))
        return of.cpu_seconds() - begun

    for one in (ours, other):  # each has compiled its templates and statements
        one.pages(path, clients=clients, count=_pages(bench))
    cpu = compare(lambda: block(ours, took[0]), lambda: block(other, took[1]), rounds=rounds)
    return cpu, compare(iter(took[0]).__next__, iter(took[1]).__next__, rounds=rounds)


def _pages(bench: Bench) -> int:
    return PAGES_SMALL if bench.small else PAGES
