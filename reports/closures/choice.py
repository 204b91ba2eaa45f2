"""What somebody asked of the closure report, as it was typed or saved in an address, and what is wrong with it.

A choice that cannot be read is refused with every fault at once, each with its field, so that a page can show it beside
what was typed. A fault is a code of the catalogues with the value that it is about.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cases.office import OfficeContext
from reports.closures.columns import COLUMNS
from reports.closures.query import Choice
from workflow.model import Json, UnitId
from workflow.procedures import PROCEDURES

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
#: The fields of the form, which are those of the address and of the options of the command line.
FIELDS = ("start", "end", "unit", "procedure", "profile", "columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a choice is refused: a code, the field it belongs to, and the value if the words name it."""

    code: str
    field: str
    value: str = ""


class ChoiceIsWrong(Exception):
    """What was asked for cannot be given. `faults` are all the reasons."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Cases closed on the local days `start` to `end`, both included; None is every unit, procedure or profile."""

    start: date
    end: date
    unit: UnitId | None = None
    procedure: str | None = None
    profile: str | None = None
    columns: tuple[str, ...] = tuple(COLUMNS)

    def choice(self, office: OfficeContext) -> Choice:
        calendar = office.policy.calendar
        return Choice(
            since=calendar.start_of(self.start), until=calendar.end_of(self.end), unit=self.unit,
            procedure=self.procedure, profile=self.profile,
        )  # fmt: skip

    def as_json(self) -> dict[str, Json]:
        """The choice as an event of the office keeps it. Every column is said as `all`."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "unit": self.unit,
            "procedure": self.procedure,
            "profile": self.profile,
            "columns": "all" if self.columns == tuple(COLUMNS) else list(self.columns),
        }


def read_choice(
    typed: Mapping[str, Sequence[str]], *, units: Collection[int], office: OfficeContext, today: date
) -> Asked:
    """The choice behind the fields. An empty field is all there is; days not given are this year so far; no column is
    every column. `units` are those that the asker may see. Raises `ChoiceIsWrong`."""
    one = {name: next(iter(typed.get(name, ())), "").strip() for name in FIELDS}
    columns = tuple(dict.fromkeys(typed.get("columns", ())))
    faults = [fault for name in ("start", "end") if (fault := _day_fault(name, one[name]))]
    known: Mapping[str, Collection[Any]] = {
        "unit": {str(unit) for unit in units}, "procedure": PROCEDURES, "profile": office.policy.profiles,
    }  # fmt: skip
    faults += [
        Fault(code=f"closures.no_such_{name}", field=name, value=one[name])
        for name, there in known.items()
        if one[name] and one[name] not in there
    ]
    faults += [Fault(code="closures.no_such_column", field="columns", value=c) for c in columns if c not in COLUMNS]
    if faults:
        raise ChoiceIsWrong(*faults)
    start = date.fromisoformat(one["start"]) if one["start"] else date(today.year, 1, 1)
    end = date.fromisoformat(one["end"]) if one["end"] else today
    if not EARLIEST <= start <= end <= LATEST:
        raise ChoiceIsWrong(Fault(code="closures.days_in_wrong_order", field="start"))
    return Asked(
        start=start,
        end=end,
        unit=UnitId(int(one["unit"])) if one["unit"] else None,
        procedure=one["procedure"] or None,
        profile=one["profile"] or None,
        columns=tuple(code for code in COLUMNS if code in columns) or tuple(COLUMNS),
    )


def _day_fault(name: str, text: str) -> Fault | None:
    try:
        date.fromisoformat(text or "2000-01-01")
    except ValueError:
        return Fault(code="closures.not_a_day", field=name, value=text)
    return None
