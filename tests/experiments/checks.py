"""What must be true of the database after any kill, looked at from outside: acknowledgements, states, crossings, mails.

`verify.checking` recomputes everything from the ledger; the rest here is asked in plain SQL of the rows themselves.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledger.outbox import DAILY
from tests.cases.records import World
from tests.experiments.sink import Sink
from verify.checking import verify

#: A clock may be paused twice, and each pause ends at an instant of its own.
MANY_TIMES = "pause_over"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a writer was told: this event is in the record, with this hash."""

    case: int
    seq: int
    hash: str
    again: bool  #: the answer to a form that had been taken before a restart


def read_acknowledged(files: list[Path]) -> list[Acknowledged]:
    """Read before the database is looked at, so that nothing can be acknowledged in between."""
    lines = [line.split() for file in files if file.exists() for line in file.read_text().splitlines()]
    return [Acknowledged(int(case), int(seq), hash_, word == "again") for case, seq, hash_, word in lines]


def while_running(world: World, acknowledged: list[Acknowledged]) -> list[str]:
    """Violations that no kill may lead to, at any moment."""
    return [*_lost(world, acknowledged), *_apart(world), *_doubled(world), *_unproved(world)]


def at_the_end(world: World, sink: Sink, *, now: datetime) -> list[str]:
    """Violations that show once everything due has been recorded and everything waiting was sent."""
    return [*_unnoticed(world, now), *_mails(world, sink)]


def _lost(world: World, acknowledged: list[Acknowledged]) -> Iterator[str]:
    events = {(row["stream"], row["seq"]): row["hash"] for row in world.rows("SELECT stream, seq, hash FROM event")}
    for told in acknowledged:
        if events.get((told.case, told.seq)) != told.hash:
            yield f"acknowledged and lost: case {told.case} seq {told.seq}"
    twice = world.rows("SELECT key FROM event WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1")
    yield from (f"one form, two events: {row['key']}" for row in twice)


def _apart(world: World) -> Iterator[str]:
    """A state without its event, or an event without its state."""
    query = """
        SELECT c.id, c.version, (SELECT count(*) FROM event e WHERE e.stream = c.id AND e.code <> 'clock:crossed') AS steps
        FROM cases c
    """
    for row in world.rows(query):
        if row["version"] != row["steps"]:
            yield f"state and events apart: case {row['id']} has version {row['version']} and {row['steps']} steps"
    heads = """
        SELECT h.stream, h.seq, (SELECT max(e.seq) FROM event e WHERE e.stream = h.stream) AS last FROM stream_head h
    """
    yield from (
        f"head and events apart: stream {row['stream']}" for row in world.rows(heads) if row["seq"] != row["last"]
    )


def _doubled(world: World) -> Iterator[str]:
    for crossing, count in _crossings(world).items():
        if count > 1:
            yield f"crossed twice: {crossing}"
    mails = "SELECT stream, seq, recipient FROM message GROUP BY stream, seq, recipient HAVING count(*) > 1"
    yield from (f"told twice: {row}" for row in world.rows(mails))


def _crossings(world: World) -> Counter[tuple[object, ...]]:
    found: Counter[tuple[object, ...]] = Counter()
    for row in world.rows("SELECT stream, occurred_at, data FROM event WHERE code = 'clock:crossed'"):
        data = json.loads(row["data"])
        when = row["occurred_at"] if data["rung"] == MANY_TIMES else None
        found[row["stream"], data["clock"], data["rung"], when] += 1
    return found


def _unproved(world: World) -> Iterator[str]:
    report = verify(world.url)
    yield from (f"verify: {finding}" for finding in report.findings)


def _unnoticed(world: World, now: datetime) -> Iterator[str]:
    """Rungs that time has reached and nobody has recorded."""
    known = {(stream, clock, rung) for stream, clock, rung, _ in _crossings(world)}
    for row in world.rows("SELECT case_id, number, rungs FROM clock WHERE stopped_at IS NULL"):
        for rung, _, at, _ in json.loads(row["rungs"]):
            if datetime.fromisoformat(at) <= now and (row["case_id"], row["number"], rung) not in known:
                yield f"not noticed: case {row['case_id']} clock {row['number']} {rung}"


def _mails(world: World, sink: Sink) -> Iterator[str]:
    """Each mail at least once, under one Message-ID, to one person; none given up, for the server refuses none for good."""
    columns = "stream, seq, recipient, bundle, attempts, dead_at, next_try_at, last_error"
    posted = {
        f"<{row['bundle'] or '.'.join(str(row[key]) for key in ('stream', 'seq', 'recipient'))}@kill.invalid>": row
        for row in world.rows(f"SELECT {columns} FROM message")
        if row["bundle"] != DAILY  # waits for the next morning's digest, and that is no fault
    }
    for name, row in posted.items():
        if row["dead_at"] is not None:
            yield f"given up by mistake: {name} after {row['attempts']} tries ({row['last_error']})"
        elif row["next_try_at"] is not None:
            yield f"still waiting: {name} after {row['attempts']} tries ({row['last_error']})"
        elif name not in sink.copies:
            yield f"never arrived: {name}"
    yield from (f"nobody posted this: {name}" for name in sink.copies if name not in posted)
    yield from (f"one Message-ID, two people: {name}" for name, people in sink.recipients.items() if len(people) > 1)
