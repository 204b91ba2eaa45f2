"""E16: somebody who owns the file changes it, and `verify` must say so; of files that nobody changed it says nothing.

Every trial is a copy of one small office (`lively.py`). Single columns are changed at random, the same number of times
for each column that is vouched for or recomputed; then come the six attacks of somebody who knows the format. Each is
looked at without anchors, with an anchor older than some of the events, and with one that is newer than all of them.
"""

import multiprocessing
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from ops.marks_anew import marks_anew
from ops.verify import verify
from ops.verify_anchors import check_anchors
from ops.verify_notes import read_notes
from ops.verify_report import Notes
from ops.verify_sources import opened
from tests.experiments import edits
from tests.experiments.attacks import ATTACKS
from tests.experiments.chance import chance
from tests.experiments.lively import Lively, lively

PROCESSES = 2
EACH_COLUMN = 20
NAIVE_FLOOR = 0.999
CHUNK = 50

PUT_BACK = "one column, triggers put back"
LEFT_OFF = "one column, triggers left off"
IN_PLACE = "one column, triggers in place"
COPIES = ("a copy byte by byte", "a copy by VACUUM INTO", "a copy by the backup API")
#: What only grows: the triggers refuse its owner too, as long as they stand.
PROTECTED = frozenset({"event", "policy_version", "anchor", "year_close", "year_cutoff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`attacks` of each kind; `edits` in all, but never fewer than `each_column` of a column."""

    seed: int
    edits: int = 1000
    each_column: int = EACH_COLUMN
    attacks: int = 200
    copies: int = 1000
    processes: int = PROCESSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One copy of the office and what is done to it."""

    kind: str
    number: int
    seed: int
    column: tuple[str, str] | None = None


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
    office: Lively
    empty: list[str]
    columns: int
    outcomes: list[Outcome] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Outcome]:
        return [one for one in self.outcomes if one.trial.kind in kinds]

    @property
    def failures(self) -> list[str]:
        """What the experiment promises and was not so."""
        said = [
            f"false alarm: {one.trial.kind} {one.trial.number}: {one.what}" for one in self.of(*COPIES) if one.newer
        ]
        naive = [one for one in self.of(PUT_BACK, LEFT_OFF) if not one.refused]
        if sum(one.without for one in naive) < NAIVE_FLOOR * len(naive):
            said.append(f"naive detection is below {NAIVE_FLOOR:.1%}")
        said += [f"not seen with a newer anchor: {one.what}" for one in self.of(*ATTACKS) if not one.newer]
        return said + [f"not refused: {one.what}" for one in self.of(IN_PLACE) if not one.refused]


def run(plan: Plan) -> Found:
    """Builds the office, does everything that is planned, in `processes` processes, and says what was noticed."""
    with tempfile.TemporaryDirectory(prefix="huiyin-tamper-") as name:
        office = lively(Path(name), seed=plan.seed)
        columns, empty = _columns(office)
        trials = [*_planned_edits(plan, columns), *_planned_attacks(plan), *_planned_copies(plan)]
        found = Found(office=office, empty=empty, columns=len(columns))
        chunks = [trials[at : at + CHUNK] for at in range(0, len(trials), CHUNK)]
        if plan.processes == 1:
            found.outcomes = list(chain.from_iterable(_chunk(office, one) for one in chunks))
        else:
            context = multiprocessing.get_context("forkserver")
            with ProcessPoolExecutor(plan.processes, mp_context=context) as pool:
                found.outcomes = list(chain.from_iterable(pool.map(_chunk, [office] * len(chunks), chunks)))
    return found


def _columns(office: Lively) -> tuple[list[tuple[str, str]], list[str]]:
    connection = edits.owner(office.file)
    try:
        return edits.columns_with_rows(connection)
    finally:
        connection.close()


# -- the plan ---------------------------------------------------------------------------------------------------------


def _planned_edits(plan: Plan, columns: Sequence[tuple[str, str]]) -> Iterable[Trial]:
    each = max(plan.each_column, -(-plan.edits // len(columns)))
    for column in columns:
        for number in range(each):
            # One in ten attackers does not take the trouble to put the triggers back.
            kind = LEFT_OFF if number % 10 == 9 else PUT_BACK
            yield Trial(kind=kind, number=number, seed=plan.seed, column=column)
        if column[0] in PROTECTED:
            yield Trial(kind=IN_PLACE, number=0, seed=plan.seed, column=column)


def _planned_attacks(plan: Plan) -> Iterable[Trial]:
    return (Trial(kind=kind, number=number, seed=plan.seed) for kind in ATTACKS for number in range(plan.attacks))


def _planned_copies(plan: Plan) -> Iterable[Trial]:
    return (Trial(kind=COPIES[n % len(COPIES)], number=n, seed=plan.seed) for n in range(plan.copies))


# -- one trial --------------------------------------------------------------------------------------------------------


def _chunk(office: Lively, trials: Sequence[Trial]) -> list[Outcome]:
    heads = _heads(office.older)
    with tempfile.TemporaryDirectory(prefix="huiyin-tampered-") as name:
        return [_try(office, trial, heads, Path(name) / "huiyin.db") for trial in trials]


def _heads(older: Path) -> dict[int, int]:
    """How far each stream is in the older anchor."""
    return {stream: seq for note in read_notes([str(older)], [], Notes()) for stream, (seq, _) in note.heads.items()}


def _try(office: Lively, trial: Trial, heads: dict[int, int], file: Path) -> Outcome:
    for old in file.parent.iterdir():
        old.unlink()
    if trial.kind in COPIES:
        _copy(office.file, file, trial.kind)
        return _looked_at(office, trial, file, "untouched")
    shutil.copyfile(office.file, file)
    rng = chance(trial.seed, trial.kind, trial.column, trial.number)
    connection = edits.owner(file)
    try:
        with_triggers = {} if trial.kind == IN_PLACE else edits.triggers(connection)
        connection.execute("BEGIN")
        edits.drop(connection, with_triggers)
        try:
            if trial.column:
                what = str(edits.edit(connection, *trial.column, rng))
            else:
                what = f"{trial.kind}: {ATTACKS[trial.kind](connection, heads, rng)}"
        except sqlite3.IntegrityError as error:
            if trial.kind != IN_PLACE:
                raise
            return Outcome(trial=trial, what=str(error), refused=True)
        if trial.kind != LEFT_OFF:
            for statement in with_triggers.values():
                connection.execute(statement)
        connection.execute("COMMIT")
    finally:
        connection.close()
    return _looked_at(office, trial, file, what)


def _looked_at(office: Lively, trial: Trial, file: Path, what: str) -> Outcome:
    report = verify(str(file), marks=marks_anew)
    noticed = not report.ok
    older, newer = (noticed or _against(file, kept) for kept in (office.older, office.newer))
    if noticed and trial.kind in COPIES:
        what = report.findings[0].line()
    return Outcome(trial=trial, what=what, without=noticed, older=older, newer=newer)


def _against(file: Path, anchors: Path) -> bool:
    """Whether the anchors say something that the file does not."""
    notes = Notes()
    with opened(str(file)) as source:
        check_anchors(source, [str(anchors)], [], notes)
    return bool(notes.findings)


def _copy(file: Path, to: Path, way: str) -> None:
    if way == COPIES[0]:
        shutil.copyfile(file, to)
        return
    source = sqlite3.connect(file)
    try:
        if way == COPIES[1]:
            source.execute("VACUUM INTO ?", (str(to),))
        else:
            target = sqlite3.connect(to)
            source.backup(target)
            target.close()
    finally:
        source.close()


# -- what it came to --------------------------------------------------------------------------------------------------


def figures(found: Found) -> str:
    lines = [
        f"{found.office.cases} cases, {found.office.events} events, {found.columns} columns vouched for or recomputed",
        f"tables without rows: {', '.join(found.empty) or 'none'}",
        *(f"not vouched for: {column}: {why}" for column, why in edits.not_covered()),
        f"{'':44}{'n':>6}{'refused':>9}{'no anchor':>11}{'older':>9}{'newer':>9}",
        *(_line(kind, found.of(kind)) for kind in (PUT_BACK, LEFT_OFF, IN_PLACE, *ATTACKS)),
        *(f"{kind:44}{len(found.of(kind)):>6}{_alarms(found.of(kind))}" for kind in COPIES),
    ]
    missed = Counter(one.trial.column for one in found.of(PUT_BACK) if not one.without)
    lines += [f"  not noticed: {table}.{column} {times} times" for (table, column), times in missed.items()]  # type: ignore[misc]  # edits have a column
    return "\n".join(lines)


def _line(kind: str, outcomes: Sequence[Outcome]) -> str:
    done = [one for one in outcomes if not one.refused]
    seen = (sum(getattr(one, who) for one in done) for who in ("without", "older", "newer"))
    shares = "".join(f"{count / len(done):>{width}.1%}" if done else f"{'-':>{width}}" for count, width in zip(seen, (11, 9, 9), strict=True))  # fmt: skip
    return f"{kind:44}{len(outcomes):>6}{len(outcomes) - len(done):>9}{shares}"


def _alarms(outcomes: Sequence[Outcome]) -> str:
    return f"   {sum(one.newer for one in outcomes)} false alarms"
