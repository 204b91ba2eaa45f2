"""What our work list costs beside that of django-helpdesk 2.6, with 100,000 open tickets in each: CPU of a list of fifty rows.

Both on SQLite, both asked in their own process without a network, in turn. Theirs is the page and the rows that it fetches, as a browser
shows them; ours is one page. The reader sees all of them on both sides.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from api.app import create_app
from benchmarks.copies import open_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import staff_of
from benchmarks.pages import COORDINATOR, asked, clock_of, link_for, signed_in
from benchmarks.ratios import Block, Finding, compare
from cases.reading import PAGE
from infra.settings import Settings

#: A process of its own: it needs a Django that is set up for it alone.
SITE = Path(__file__).with_name("django_helpdesk_site.py")
TICKETS, TICKETS_SMALL = 100_000, 200
PAGES_A_BLOCK, ROUNDS, ROUNDS_SMALL = 5, 10, 1
#: Theirs to ours.
TIMES = 15.0


def measure(bench: Bench) -> Iterator[Finding]:
    tickets, rounds = (TICKETS_SMALL, ROUNDS_SMALL) if bench.small else (TICKETS, ROUNDS)
    with ExitStack() as stack:
        theirs = stack.enter_context(_helpdesk(bench.directory, tickets))
        engine = stack.enter_context(database(bench, "sqlite"))
        open_clocks(engine, staff_of(engine), count=tickets, few=1, few_slots=1, many=1)
        app = create_app(engine, Settings(home=bench.directory))
        client = stack.enter_context(signed_in(app, link_for(engine, COORDINATOR)))
        rows = client.get("/work").text.count('<a class="title"')
        assert rows == PAGE, "both show as many rows"
        found = compare(theirs, asked(client, "/work", PAGES_A_BLOCK, clock_of("sqlite")), rounds=rounds)
        yield Finding(
            name=f"django-helpdesk's list beside ours, {tickets:,} tickets",
            ours=f"{found.other_seconds / PAGES_A_BLOCK * 1000:.1f} ms",
            limit=f"{found.ours_seconds / PAGES_A_BLOCK * 1000:.1f} ms of theirs",
            ratio=found.ratio,
            gate=TIMES,
            at_least=True,
        )


@contextmanager
def _helpdesk(directory: Path, tickets: int) -> Iterator[Block]:
    """Theirs, filled and ready to be asked."""
    folder = directory / "helpdesk"
    folder.mkdir()
    command = [sys.executable, str(SITE), str(folder), str(tickets), str(PAGE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin, "a pipe was asked for"
        assert process.stdout, "a pipe was asked for"
        said, come = process.stdin, process.stdout
        assert come.readline().split() == ["ready", str(PAGE)], "it shows a page of tickets"

        def block() -> float:
            print(PAGES_A_BLOCK, file=said, flush=True)
            return float(come.readline())

        try:
            yield block
        finally:
            said.close()
