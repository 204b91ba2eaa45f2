"""What a year came to, as bytes: the same record up to the same cut-off gives the same bytes on any machine, in any time
zone and language.

Worked out from the events alone, case by case in the order of their ids; no table of the present is looked at. Units and
people stand as their ids and cases as their numbers, so that renaming a unit changes nothing. Figures are text.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reports.years.assessment import NAMED, Sheet, sheets_of
from workflow.calendar import WorkCalendar
from workflow.history import History
from workflow.marks import ADDED, Mark, marks
from workflow.policy import Scheme
from workflow.scoring import Line
from workflow.spelling import stamp

FORMAT = 1
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_PRETTY = json.JSONEncoder(ensure_ascii=False, indent=1, sort_keys=True)


@dataclass(slots=True)
class Year:
    """The marks of one year while they are gathered. `named` are those that a sheet names; `digest` covers them all."""

    year: int
    cases: int = 0
    counts: Counter[tuple[int, int, int, str, str]] = field(default_factory=Counter)
    named: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, history: History, calendar: WorkCalendar) -> None:
        """A case that left no mark in the year is no part of it: matters that come in while two people sign change nothing."""
        found = [mark for mark in marks(history, calendar) if mark.year == self.year]
        self.cases += bool(found)
        for mark in found:
            self.counts[mark.year, mark.unit, mark.person or 0, mark.measure, mark.outcome] += 1
            line = _said(mark, history)
            if mark.measure not in ADDED:
                self._digest.update(_JSON.encode(line).encode() + b"\n")
            if mark.outcome in NAMED:
                self.named.setdefault(mark.unit, []).append(line)

    def marks_hash(self) -> str:
        """SHA-256 over a line of JSON for each mark of the year but those of `ADDED` measures, in the order of the cases."""
        return str(self._digest.hexdigest())


def gathered(histories: Iterable[History], *, year: int, calendar: WorkCalendar) -> Year:
    found = Year(year)
    for history in histories:
        found.add(history, calendar)
    return found


def result_of(found: Year, scheme: Scheme, *, zone: str) -> bytes:
    """The sheets of the year as canonical JSON, keys sorted, a line each, ending with a newline. A measure that came after
    years had been closed is in it if the scheme counts it."""
    left_out = ADDED - {item.measure for item in scheme.all_items()}
    people = sheets_of(found.counts, scheme, by_person=True)
    units = [
        {
            **_sheet(sheet),
            "people": [_sheet(one) for one in people if one.unit == sheet.unit],
            "counts": {
                f"{measure}.{outcome}": n
                for (measure, outcome), n in sorted(_of_unit(found, sheet.unit).items())
                if measure not in left_out
            },
            "marks": [line for line in found.named.get(sheet.unit, []) if line["measure"] not in left_out],
        }
        for sheet in sheets_of(found.counts, scheme, by_person=False)
    ]
    whole = {
        "format": FORMAT,
        "year": found.year,
        "zone": zone,
        "scheme": scheme.id,
        "cases": found.cases,
        "marks_sha256": found.marks_hash(),
        "units": units,
    }
    return _PRETTY.encode(whole).encode() + b"\n"


def _of_unit(found: Year, unit: int) -> Counter[tuple[str, str]]:
    own: Counter[tuple[str, str]] = Counter()
    for (_, holder, _, measure, outcome), n in found.counts.items():
        if holder == unit:
            own[measure, outcome] += n
    return own


def _sheet(sheet: Sheet) -> dict[str, Any]:
    said: dict[str, Any] = {
        "total": _figure(sheet.score.total),
        "total_before_waivers": _figure(sheet.before.total),
        "base": _figure(sheet.score.base),
        "lines": [_item(line) for line in sheet.score.lines],
        "extension_share": _figure(sheet.extension_share),
        "return_share": _figure(sheet.return_share),
    }
    return said | ({"unit": sheet.unit} if sheet.person is None else {"person": sheet.person})


def _item(line: Line) -> dict[str, Any]:
    return {"code": line.item.code, "n": line.n, "of": line.of, "points": _figure(line.points)}


def _said(mark: Mark, history: History) -> dict[str, Any]:
    """One mark, so that anyone can find the event that says so."""
    series, year, serial = history.number
    return {
        "case": [series, year, serial],
        "measure": mark.measure,
        "outcome": mark.outcome,
        "at": stamp(mark.at),
        "unit": mark.unit,
        "person": mark.person,
        "event": mark.seq,
        "clock": mark.clock,
        "rule": mark.rule,
        "ground": mark.ground,
        "decided_by_event": mark.decided,
    }


def _figure(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
