"""E16: somebody who owns the database changes it, and `verify` must say so; of copies that nobody changed it says nothing.

Every trial is made on a copy of one small office (`lively.py`), on SQLite or on PostgreSQL. Single rows are changed at
random, the same number of times for each column that is vouched for or recomputed, and for each table a row is taken out
and put in as often; the change is looked at, undone, and the next one made. Then come the six attacks of somebody who
knows the format. Each is looked at without anchors, with an anchor older than some of the events, and with one that is
newer than all of them.
"""

import multiprocessing
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from ops.marks_anew import marks_anew
from tests.experiments import edits
from tests.experiments.attacks import ATTACKS
from tests.experiments.chance import chance
from tests.experiments.copies import DATABASES, FILES, Original, copied, original
from tests.experiments.lively import Lively, lively
from tests.experiments.owners import Owner, Refused, owner
from verify.anchors import check_anchors
from verify.checking import verify
from verify.notes import read_notes
from verify.office import MAY_GO
from verify.report import Notes
from verify.sources import KEPT, opened

PROCESSES = 2
EACH_COLUMN = 20
NAIVE_FLOOR = 0.999
CHUNK = 50
#: After so many changes that were undone, a look whether they were.
UNDONE_LOOK = 10

PUT_BACK = "one column, triggers put back"
LEFT_OFF = "one column, triggers left off"
TAKEN_OUT = "one row taken out, triggers put back"
PUT_IN = "one row put in, triggers put back"
NAIVE = (PUT_BACK, LEFT_OFF, TAKEN_OUT, PUT_IN)
EDITED_IN_PLACE = "one column, triggers in place"
TAKEN_OUT_IN_PLACE = "one row taken out, triggers in place"
IN_PLACE = (EDITED_IN_PLACE, TAKEN_OUT_IN_PLACE)
UNDONE = "a copy whose changes were undone"
UNTOUCHED = (*FILES, *DATABASES, UNDONE)
#: What only grows: the triggers refuse its owner too, as long as they stand.
PROTECTED = frozenset({"event", *KEPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`attacks` of each kind; `edits` in all, but never fewer than `each_column` of a column and of the rows of a table.
    A short run changes `one_in` so many columns, and rows of one in `one_in_tables`."""

    seed: int
    edits: int = 1000
    each_column: int = EACH_COLUMN
    one_in: int = 1
    one_in_tables: int = 1
    attacks: int = 200
    copies: int = 1000
    processes: int = PROCESSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is done to one copy of the office."""

    kind: str
    number: int
    seed: int
    table: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether the change was refused, and if not who would have noticed it."""

    trial: Trial
    what: str
    refused: bool = False
    without: bool = False
    older: bool = False
    newer: bool = False


@dataclass(slots=True, kw_only=True)
class Found:
    database: str
    office: Lively
    empty: list[str]
    columns: int
    tables: int
    outcomes: list[Outcome] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Outcome]:
        return [one for one in self.outcomes if one.trial.kind in kinds]

    @property
    def failures(self) -> list[str]:
        """What the experiment promises and was not so."""
        said = [
            f"false alarm: {one.trial.kind} {one.trial.number}: {one.what}" for one in self.of(*UNTOUCHED) if one.newer
        ]
        for kind in NAIVE:
            done = self.of(kind)
            if sum(one.without for one in done) < NAIVE_FLOOR * len(done):
                said.append(f"detection is below {NAIVE_FLOOR:.1%}: {kind}")
        said += [f"not seen with a newer anchor: {one.what}" for one in self.of(*ATTACKS) if not one.newer]
        return said + [f"not refused: {one.what}" for one in self.of(*IN_PLACE) if not one.refused]


def run(plan: Plan, *, server: str = "") -> Found:
    """Builds the office, on a PostgreSQL server if one is given, does everything that is planned, in `processes` processes,
    and says what was noticed."""
    with tempfile.TemporaryDirectory(prefix="huiyin-tamper-") as name:
        office = lively(Path(name), seed=plan.seed)
        with original(office.file, server) as kept:
            with copied(kept) as url, owner(url) as own:
                columns, empty = edits.vouched_with_rows(own)
            tables = list(dict.fromkeys(table for table, _ in columns))
            columns = columns[plan.seed % plan.one_in :: plan.one_in]
            found = Found(
                database="PostgreSQL" if server else "SQLite",
                office=office, empty=empty, columns=len(columns), tables=len(tables),
            )  # fmt: skip
            changes = [*_planned_edits(plan, columns), *_planned_rows(plan, columns, tables)]
            others = [*_planned_attacks(plan), *_planned_copies(plan, kept.ways)]
            chunks = [*_chunks(changes), *_chunks(others)]
            if plan.processes == 1:
                found.outcomes = list(chain.from_iterable(_chunk(office, kept, one) for one in chunks))
            else:
                context = multiprocessing.get_context("forkserver")
                with ProcessPoolExecutor(plan.processes, mp_context=context) as pool:
                    every = pool.map(_chunk, [office] * len(chunks), [kept] * len(chunks), chunks)
                    found.outcomes = list(chain.from_iterable(every))
    return found


# -- the plan ---------------------------------------------------------------------------------------------------------


def _planned_edits(plan: Plan, columns: Sequence[tuple[str, str]]) -> Iterable[Trial]:
    for table, column in columns:
        for number in range(_each(plan, columns)):
            # One in ten attackers does not take the trouble to put the triggers back.
            kind = LEFT_OFF if number % 10 == 9 else PUT_BACK
            yield Trial(kind=kind, number=number, seed=plan.seed, table=table, column=column)
        if table in PROTECTED:
            yield Trial(kind=EDITED_IN_PLACE, number=0, seed=plan.seed, table=table, column=column)


def _planned_rows(plan: Plan, columns: Sequence[tuple[str, str]], tables: Sequence[str]) -> Iterable[Trial]:
    changed = tables[plan.seed % plan.one_in_tables :: plan.one_in_tables]
    for table in tables:
        for number in range(_each(plan, columns) if table in changed else 0):
            yield Trial(kind=PUT_IN, number=number, seed=plan.seed, table=table)
            if table not in MAY_GO:
                yield Trial(kind=TAKEN_OUT, number=number, seed=plan.seed, table=table)
        if table in PROTECTED:
            yield Trial(kind=TAKEN_OUT_IN_PLACE, number=0, seed=plan.seed, table=table)


def _each(plan: Plan, columns: Sequence[tuple[str, str]]) -> int:
    return max(plan.each_column, -(-plan.edits // len(columns)))


def _planned_attacks(plan: Plan) -> Iterable[Trial]:
    return (Trial(kind=kind, number=number, seed=plan.seed) for kind in ATTACKS for number in range(plan.attacks))


def _planned_copies(plan: Plan, ways: Sequence[str]) -> Iterable[Trial]:
    return (Trial(kind=ways[n % len(ways)], number=n, seed=plan.seed) for n in range(plan.copies))


def _chunks(trials: Sequence[Trial]) -> Iterable[Sequence[Trial]]:
    return (trials[at : at + CHUNK] for at in range(0, len(trials), CHUNK))


# -- one trial --------------------------------------------------------------------------------------------------------


def _chunk(office: Lively, kept: Original, trials: Sequence[Trial]) -> list[Outcome]:
    """Changes that are undone share one copy; every attack has its own."""
    if trials[0].table:
        with copied(kept) as url, owner(url) as own:
            return list(_one_after_the_other(office, url, own, trials))
    heads = _heads(office.older)
    return [_on_a_copy(office, kept, trial, heads) for trial in trials]


def _one_after_the_other(office: Lively, url: str, own: Owner, trials: Sequence[Trial]) -> Iterator[Outcome]:
    for number, trial in enumerate(trials, start=1):
        yield _changed_and_undone(office, url, own, trial)
        if number % UNDONE_LOOK == 0 or number == len(trials):
            yield _looked_at(office, Trial(kind=UNDONE, number=trial.number, seed=trial.seed), url, "untouched")


def _changed_and_undone(office: Lively, url: str, own: Owner, trial: Trial) -> Outcome:
    triggers = own.triggers("" if trial.kind == LEFT_OFF else trial.table)
    own.execute("BEGIN")
    if trial.kind not in IN_PLACE:
        _execute(own, triggers)
    try:
        change = _change(own, trial)
    except Refused as error:
        own.execute("ROLLBACK")
        return Outcome(trial=trial, what=str(error), refused=True)
    if trial.kind not in (*IN_PLACE, LEFT_OFF):
        _execute(own, triggers.values())
    own.execute("COMMIT")
    outcome = _looked_at(office, trial, url, str(change))
    own.execute("BEGIN")
    _execute(own, triggers)
    edits.undo(own, change)
    _execute(own, triggers.values())
    own.execute("COMMIT")
    return outcome


def _change(own: Owner, trial: Trial) -> edits.Change:
    rng = chance(trial.seed, trial.kind, trial.table, trial.column, trial.number)
    if trial.column:
        return edits.edit(own, trial.table, trial.column, rng)
    return (edits.put_in if trial.kind == PUT_IN else edits.take_out)(own, trial.table, rng)


def _execute(own: Owner, statements: Iterable[str]) -> None:
    for statement in statements:
        own.execute(statement)


def _heads(older: Path) -> dict[int, int]:
    """How far each stream is in the older anchor."""
    return {stream: seq for note in read_notes([str(older)], [], Notes()) for stream, (seq, _) in note.heads.items()}


def _on_a_copy(office: Lively, kept: Original, trial: Trial, heads: dict[int, int]) -> Outcome:
    if trial.kind not in ATTACKS:
        with copied(kept, trial.kind) as url:
            return _looked_at(office, trial, url, "untouched")
    with copied(kept) as url:
        with owner(url) as own:
            triggers = own.triggers()
            own.execute("BEGIN")
            _execute(own, triggers)
            what = ATTACKS[trial.kind](own, heads, chance(trial.seed, trial.kind, trial.number))
            _execute(own, triggers.values())
            own.execute("COMMIT")
        return _looked_at(office, trial, url, f"{trial.kind}: {what}")


def _looked_at(office: Lively, trial: Trial, url: str, what: str) -> Outcome:
    report = verify(url, marks=marks_anew)
    noticed = not report.ok
    older, newer = (noticed or _against(url, kept) for kept in (office.older, office.newer))
    if noticed and trial.kind in UNTOUCHED:
        what = report.findings[0].line()
    return Outcome(trial=trial, what=what, without=noticed, older=older, newer=newer)


def _against(url: str, anchors: Path) -> bool:
    """Whether the anchors say something that the database does not."""
    notes = Notes()
    with opened(url) as source:
        check_anchors(source, [str(anchors)], [], notes)
    return bool(notes.findings)


# -- what it came to --------------------------------------------------------------------------------------------------


def figures(found: Found) -> str:
    kinds = (*NAIVE, *IN_PLACE, *ATTACKS)
    missed = Counter(one.what for one in found.of(*NAIVE) if not one.without)
    lines = [
        f"{found.database}: {found.office.cases} cases, {found.office.events} events",
        f"{found.columns} columns vouched for or recomputed, {found.tables} tables that have some",
        f"tables without rows: {', '.join(found.empty) or 'none'}",
        f"rows that may go, so none was taken out: {', '.join(sorted(MAY_GO))}: they end, and their events outlive them",
        *(f"not vouched for: {column}: {why}" for column, why in edits.not_covered()),
        f"{'':44}{'n':>6}{'refused':>9}{'no anchor':>11}{'older':>9}{'newer':>9}",
        *(_line(kind, found.of(kind)) for kind in kinds),
        *(f"{kind:44}{len(done):>6}{_alarms(done)}" for kind in UNTOUCHED if (done := found.of(kind))),
        *(f"  not noticed: {what}, {times} times" for what, times in missed.items()),
    ]
    return "\n".join(lines)


def _line(kind: str, outcomes: Sequence[Outcome]) -> str:
    done = [one for one in outcomes if not one.refused]
    seen = (sum(getattr(one, who) for one in done) for who in ("without", "older", "newer"))
    shares = "".join(f"{count / len(done):>{width}.1%}" if done else f"{'-':>{width}}" for count, width in zip(seen, (11, 9, 9), strict=True))  # fmt: skip
    return f"{kind:44}{len(outcomes):>6}{len(outcomes) - len(done):>9}{shares}"


def _alarms(outcomes: Sequence[Outcome]) -> str:
    return f"   {sum(one.newer for one in outcomes)} false alarms"
