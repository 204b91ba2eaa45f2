"""The columns of a closure report: which there are, in which order, and how each is made from what the statement read.

Worked out a column at a time for some hundred rows, not a row at a time: most of the work is then done by loops of the
interpreter's own. What a reader of the columns must know is in `report.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from cases.numbers import case_number
from reports.closures.query import LIT, NEXT, PART
from reports.files.local_times import LocalTimes
from workflow.marks import Mark
from workflow.model import LIGHT_ORDER, Light
from workflow.policy import Scheme
from workflow.procedure import Part
from workflow.procedures import DECIDING, clocks_that
from workflow.scoring import of_lights

#: The clocks that have columns, in the order of the procedures.
CLOCKS = clocks_that(Part.LISTED)


class Shape(StrEnum):
    """What the values of a column are. A label is one of a few texts, an own one a code of the program's as it
    stands, a code has words; an instant is a text in UTC, a day
    one like 2026-03-11, a figure a number."""

    TEXT = "text"
    LABEL = "label"
    OWN = "own"
    CODE = "code"
    INSTANT = "instant"
    DAY = "day"
    FIGURE = "figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `heading`: the codes of its words, one or two; `words`: what stands before a code in the catalogue."""

    code: str
    heading: tuple[str, ...]
    shape: Shape
    parts: tuple[str, ...]  #: of the statement
    values: "Callable[[Chunk], Sequence[Any]]"
    words: str = ""


#: A clock of a closed case as the statement gives it: number, rule, due and stopped. A plain tuple: there are millions.
Kept = tuple[str, str, str, str]
NUMBER, RULE, DUE_AT, STOPPED_AT = range(4)


class Lights(NamedTuple):
    """The worst light of a case that counts, the worst that was waived, and what they cost."""

    light: Light
    waived: Light | None
    points: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a report says instead of numbers. `handlers` are masked already, if they are to be."""

    office: str  #: the short name, in every case number
    units: Mapping[int, str]
    handlers: Mapping[int, str]


class Chunk:
    """Some rows of the report, column by column; what several columns are made from is worked out once."""

    def __init__(
        self,
        parts: Mapping[str, Sequence[Any]],
        *,
        names: Names,
        times: LocalTimes,
        scheme: Scheme | None,
        fresh: Mapping[int, Sequence[Mark]] | None = None,
        withdrawn: bool = False,
    ) -> None:
        """`fresh` are the marks of cases whose stored ones are not those that belong to their row. `withdrawn`: the rows
        tell of closings that no longer count, and nothing of them costs points. Without a scheme there are lights, and no
        points."""
        self._parts, self._names, self.times, self._scheme = parts, names, times, scheme
        self._fresh, self._withdrawn = fresh or {}, withdrawn
        self._green = _lights((), scheme)

    def __len__(self) -> int:
        return len(next(iter(self._parts.values())))

    def part(self, name: str) -> Sequence[Any]:
        return self._parts[name]

    @property
    def numbers(self) -> list[str]:
        office = self._names.office
        named = zip(self.part("series"), self.part("year"), self.part("serial"), strict=True)
        return [case_number(office, *one) for one in named]

    @property
    def units(self) -> list[str]:
        return [self._names.units[unit] for unit in self.part("holder_unit")]

    @property
    def handlers(self) -> list[str | None]:
        return [None if one is None else self._names.handlers[one] for one in self.part("holder_person")]

    @cached_property
    def clocks(self) -> list[Mapping[str, Kept]]:
        """Of each case its clocks by name; of several of one name the last that was started."""
        return [_clocks(text) if text else {} for text in self.part("clocks")]

    @cached_property
    def deciding(self) -> list[str | None]:
        """The name of the clock that says how long each case took."""
        return [_deciding(kept) for kept in self.clocks]

    @property
    def days_in_hand(self) -> list[int | None]:
        day, last_day = self.times.day, self.times.last_day
        decided = ((name and kept[name]) or None for name, kept in zip(self.deciding, self.clocks, strict=True))
        return [one and (last_day(one[DUE_AT]) - day(one[STOPPED_AT])).days for one in decided]

    @cached_property
    def lights(self) -> list[Lights]:
        if self._withdrawn:
            return [one._replace(points=self._green.points) for one in self._fresh_lights()]
        if self._fresh:
            return self._fresh_lights()
        return [self._stored(text) for text in self.part("marks")]

    def _fresh_lights(self) -> list[Lights]:
        return [self._light(*one) for one in zip(self.part("id"), self.part("marks"), strict=True)]

    def _light(self, case_id: int, text: str | None) -> Lights:
        if case_id not in self._fresh:
            return self._stored(text)
        lit = (one for one in self._fresh[case_id] if one.measure in LIT)
        return _lights(((one.measure, one.outcome, one.ground or "") for one in lit), self._scheme)

    def _stored(self, text: str | None) -> Lights:
        return _lights(_read(text), self._scheme) if text else self._green


def _clocks(text: str) -> Mapping[str, Kept]:
    found: dict[str, Kept] = {}
    for one in text.split(NEXT):
        number, name, rule, due_at, stopped_at = one.split(PART)
        if name not in found or int(found[name][NUMBER]) < int(number):  # numbers rise within a case
            found[name] = number, rule, due_at, stopped_at
    return found


def _deciding(kept: Mapping[str, Kept]) -> str | None:
    for name in DECIDING:
        if name in kept:
            return name
    return None


def _read(text: str) -> Iterator[tuple[str, str, str]]:
    for one in text.split(NEXT):
        measure, outcome, ground = one.split(PART)
        yield measure, outcome, ground


def _lights(lit: Iterable[tuple[str, str, str]], scheme: Scheme | None) -> Lights:
    """What the marks of a case come to; each is its measure, its light and why it does not count."""
    marks = [(measure, Light(outcome), ground) for measure, outcome, ground in lit]
    counted = [light for measure, light, _ in marks if measure == "light"]
    waived = [light for measure, light, ground in marks if measure == "lit" and ground]
    worst = LIGHT_ORDER.__getitem__
    return Lights(
        max(counted, key=worst, default=Light.GREEN),
        max(waived, key=worst, default=None),
        of_lights(counted, scheme) if scheme else None,
    )


# -- the table of columns ---------------------------------------------------------------------------------------------


def _plain(code: str, shape: Shape, *parts: str, words: str = "", of: Any = None) -> tuple[Column, ...]:
    part = parts[0]
    values = of or (lambda chunk: chunk.part(part))
    return (Column(code=code, heading=(f"closure.column.{code}",), shape=shape, parts=parts, values=values, words=words),)  # fmt: skip


def _clock_columns(name: str) -> tuple[Column, ...]:
    def rules(chunk: Chunk) -> list[str | None]:
        return [kept[name][RULE] if name in kept else None for kept in chunk.clocks]

    def days(chunk: Chunk) -> list[str | None]:
        last_day = chunk.times.last_day_text
        return [last_day(kept[name][DUE_AT]) if name in kept else None for kept in chunk.clocks]

    def stops(chunk: Chunk) -> list[str | None]:
        return [kept[name][STOPPED_AT] if name in kept else None for kept in chunk.clocks]

    made = (("rule", Shape.OWN, rules), ("due_on", Shape.DAY, days), ("stopped_at", Shape.INSTANT, stops))
    return tuple(
        Column(
            code=f"clock_{name}_{what}", heading=(f"clock.{name}", f"closure.column.clock_{what}"), shape=shape,
            parts=("clocks",), values=values,
        )
        for what, shape, values in made
    )  # fmt: skip


_LIT = ("id", "marks")
_PLAIN = (
    _plain("number", Shape.TEXT, "series", "year", "serial", of=lambda chunk: chunk.numbers),
    _plain("procedure", Shape.CODE, "procedure", words="procedure"),
    _plain("profile", Shape.CODE, "profile", words="profile"),
    _plain("dispute_type", Shape.OWN, "dispute_type"),
    _plain("dispute", Shape.CODE, "dispute_type", words="dispute"),
    _plain("title", Shape.TEXT, "title"),
    _plain("applicants", Shape.TEXT, "applicant"),
    _plain("respondents", Shape.TEXT, "respondent"),
    _plain("channel", Shape.CODE, "channel", words="channel"),
    _plain("received_at", Shape.INSTANT, "received_at"),
    _plain("registered_at", Shape.INSTANT, "registered_at"),
    _plain("closed_at", Shape.INSTANT, "closed_at"),
    _plain("unit", Shape.LABEL, "holder_unit", of=lambda chunk: chunk.units),
    _plain("handler", Shape.LABEL, "holder_person", of=lambda chunk: chunk.handlers),
    _plain("outcome", Shape.CODE, "outcome", words="outcome"),
    _plain("reopened_at", Shape.INSTANT, "reopened_at"),
    _plain("later", Shape.CODE, "later", words="closure.later"),
    _plain("light", Shape.CODE, *_LIT, words="light", of=lambda chunk: [one.light.value for one in chunk.lights]),
    _plain("waived_light", Shape.CODE, *_LIT, words="light", of=lambda chunk: [one.waived and one.waived.value for one in chunk.lights]),
    _plain("deciding", Shape.CODE, "clocks", words="clock", of=lambda chunk: chunk.deciding),
    _plain("days_in_hand", Shape.FIGURE, "clocks", of=lambda chunk: chunk.days_in_hand),
    _plain("rating", Shape.CODE, "rating", words="rating"),
    _plain("points", Shape.FIGURE, *_LIT, of=lambda chunk: [one.points for one in chunk.lights]),
)  # fmt: skip
#: What may be chosen, in the order in which it stands in every report. A clock has three columns.
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    **{columns[0].code: columns for columns in _PLAIN},
    **{f"clock_{name}": _clock_columns(name) for name in CLOCKS},
}
#: Columns that can tell who somebody is: masked unless a ground was given.
PERSONAL = frozenset({"title", "applicants", "respondents", "handler"})


def columns_of(chosen: Sequence[str]) -> tuple[Column, ...]:
    """The columns behind these codes, in the order of every report. Raises `KeyError` for a code there is not."""
    if unknown := set(chosen) - set(COLUMNS):
        raise KeyError(*unknown)
    return tuple(column for code, columns in COLUMNS.items() if code in chosen for column in columns)


def parts_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """What the statement has to read for them, each once."""
    return tuple(dict.fromkeys(part for column in columns for part in column.parts))
