"""The tallies of the assessment against the marks of the cases: each is the number of marks of its kind.

Whether the marks are those that the events give needs the rules of the program: `ops/marks_anew.py`.
"""

import re
from collections import Counter
from typing import Any

from verify.report import Finding, Notes
from verify.sources import Source

#: In place of a person: no one in particular, and all of a unit together.
NOBODY, EVERYBODY = 0, -1
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
KEY = ("year", "unit", "person", "measure", "outcome")


def check_tallies(source: Source, notes: Notes) -> None:
    """Every tally is the count of its marks, and every kind of mark has its tally."""
    notes.begin("marks")
    counted: Counter[tuple[Any, ...]] = Counter()
    for *kind, case_id, at in source.rows("mark", (*KEY, "case_id", "at"), ("case_id", "position")):
        if not INSTANT.fullmatch(str(at)):  # the program would read it all the same, as the instant that it was
            notes.add(Finding(code="marks.differs", table="mark", stream=case_id, column="at", stored=at))
        counted[tuple(kind)] += 1
    expected: Counter[tuple[Any, ...]] = Counter()
    for (year, unit, person, measure, outcome), n in counted.items():
        expected[year, unit, NOBODY if person is None else person, measure, outcome] += n
        expected[year, unit, EVERYBODY, measure, outcome] += n
    for row in source.rows("tally", (*KEY, "n"), KEY):
        *_, n = row
        wanted = expected.pop(row[:-1], 0)
        if n != wanted:
            notes.add(_finding(row[:-1], n, wanted))
    for key, wanted in expected.items():
        notes.add(_finding(key, None, wanted))


def _finding(key: tuple[Any, ...], stored: Any, expected: Any) -> Finding:
    named = " ".join(map(str, key))
    return Finding(code="marks.tally", table="tally", number=named, column="n", stored=stored, expected=expected)
