"""The year-end assessment: the sheets of a year under a scheme, by unit, by person and by level of the tree.

Sheets are made from the tallies (`cases/tally.py`), their lines from the marks. A unit's sheet holds what was counted
while it held the case, wherever the case is now. What a year that is closed came to is in `closing.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from cases.appeals import names_of_charged
from cases.history import histories
from cases.office import OfficeContext
from cases.tally import NOBODY, CaseMark, Key, counted_marks, counts, fresh
from cases.visibility import case, visible_cases
from infra.among import is_among
from people.directory import units_above
from workflow.marks import Mark, marks
from workflow.model import AccountId, Actor, Light, UnitId
from workflow.policy import Scheme
from workflow.scoring import Counts, Score, of_lights, score

#: Outcomes that a sheet names case by case: what cost something or was waived, and what stands beside the score.
NAMED = frozenset({"yellow", "red", "late", "reopened", "closed_late", "open", "dissatisfied"})


class YearCannotBeAssessed(Exception):
    """There is no sheet for this year. Carries the year."""

    def __init__(self, year: int) -> None:
        super().__init__(year)
        self.year = year


class YearWithoutCalendar(YearCannotBeAssessed):
    """Its working days are not published."""


class YearWithoutData(YearCannotBeAssessed):
    """Nothing was counted in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a unit, a person of it (`person`) or a unit with all below it (`level`) comes to.

    `before` is the same without any waiver. `extension_share` is granted extensions by deciding limits that ended,
    `return_share` matters found not ours by matters taken in; None: there were none to divide by.
    """

    unit: UnitId
    person: AccountId | None
    level: bool
    score: Score
    before: Score
    extension_share: Decimal | None
    return_share: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All sheets of a year that the actor may see, in the order of the units."""

    year: int
    scheme: Scheme
    units: tuple[Sheet, ...]
    people: tuple[Sheet, ...]
    levels: tuple[Sheet, ...]


def assess(
    connection: Connection, *, year: int, scheme: str = "", actor: Actor, office: OfficeContext, by_person: bool = True
) -> Assessment:
    """The sheets of a year in the office's own zone, under its own scheme unless one is named; without those of people if
    they are not asked for. Raises `YearWithoutCalendar`, `YearWithoutData`, `NoSuchScheme`."""
    chosen = office.scheme(scheme)
    check_year(year, office)
    beside = fresh(connection, office.policy.calendar)
    found = counts(connection, year=year, beside=beside, by_person=by_person)
    return assessed(connection, found, year=year, scheme=chosen, actor=actor)


def assessed(
    connection: Connection, found: Mapping[Key, int], *, year: int, scheme: Scheme, actor: Actor
) -> Assessment:
    """The sheets that counts of one year make, those that the actor may see. Raises `YearWithoutData`."""
    if not found:
        raise YearWithoutData(year)
    mine = {key: n for key, n in found.items() if actor.account is None or key[1] in actor.units}
    return Assessment(
        year=year,
        scheme=scheme,
        units=sheets_of(mine, scheme, by_person=False),
        people=sheets_of(mine, scheme, by_person=True),
        levels=_levels(connection, mine, scheme),
    )


def check_year(year: int, office: OfficeContext) -> None:
    """Raises `YearWithoutCalendar` for a year whose notice is not published."""
    if year not in office.policy.calendar.published:
        raise YearWithoutCalendar(year)


def sheets_of(found: Mapping[Key, int], scheme: Scheme, *, by_person: bool) -> tuple[Sheet, ...]:
    """One sheet for each unit, or for each person in each unit that they held cases for."""
    gathered: defaultdict[tuple[int, int], Counter[tuple[str, str]]] = defaultdict(Counter)
    for (_, unit, person, measure, outcome), n in found.items():
        if by_person and person == NOBODY:
            continue
        gathered[unit, person if by_person else NOBODY][measure, outcome] += n
    return tuple(
        _sheet(UnitId(unit), AccountId(person) if person else None, own, scheme)
        for (unit, person), own in sorted(gathered.items())
    )


def _levels(connection: Connection, found: Mapping[Key, int], scheme: Scheme) -> tuple[Sheet, ...]:
    """Units with others below them, each with all that was counted at or below it."""
    above = units_above(connection)
    gathered: dict[int, Counter[tuple[str, str]]] = {}
    members: dict[int, set[int]] = {}
    for (_, unit, _, measure, outcome), n in found.items():
        for level in above.get(unit, ()):
            gathered.setdefault(level, Counter())[measure, outcome] += n
            members.setdefault(level, set()).add(unit)
    return tuple(
        _sheet(UnitId(level), None, own, scheme, level=True)
        for level, own in sorted(gathered.items())
        if members[level] - {level}
    )


def _sheet(unit: UnitId, person: AccountId | None, own: Counts, scheme: Scheme, *, level: bool = False) -> Sheet:
    counted = score(own, scheme)
    return Sheet(
        unit=unit,
        person=person,
        level=level,
        score=counted,
        before=score(without_waivers(own), scheme)
        if any(item.measure == "light" for item in scheme.all_items())
        else counted,
        extension_share=_share(own, ("extended",), ("closed",)),
        return_share=_share(own, ("returned",), ("taken",)),
    )


def without_waivers(own: Counts) -> Counts:
    """The counts as they would be if no light had been waived."""
    before = dict(own)
    for outcome in ("yellow", "red"):
        before.pop(("light", outcome), None)
        if lit := own.get(("lit", outcome)):
            before["light", outcome] = lit
    return before


def _share(own: Counts, some: Iterable[str], of: Iterable[str]) -> Decimal | None:
    whole = part = 0
    for (measure, _), n in own.items():
        if measure in of:
            whole += n
        elif measure in some:
            part += n
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None


# -- the lines of a sheet ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One light or one missed duty: its case, and what it cost. A unit is told the number of a case that has moved on
    since, for it answers for the light, but the case itself is within its reach no longer."""

    case_id: int
    number: tuple[str, int, int] | None  #: series, year, serial; None: the reader is recused from it
    public_id: str | None
    within_reach: bool
    mark: Mark
    points: Decimal | None  #: None for what costs by its share


def lines_of(
    connection: Connection, *, year: int, unit: UnitId, scheme: Scheme, actor: Actor, office: OfficeContext
) -> tuple[SheetLine, ...]:
    """What the sheet of a unit names: each light with its points, each late, reopened or unsatisfied matter. Whoever asks
    must be entitled to the sheet of that unit."""
    found = marks_of_sheet(connection, year=year, unit=unit, scheme=scheme, office=office)
    return lines_from(connection, found, scheme=scheme, actor=actor)


def marks_of_sheet(
    connection: Connection, *, year: int, unit: UnitId, scheme: Scheme, office: OfficeContext
) -> list[CaseMark]:
    """The marks behind these lines, without the names of their cases."""
    beside = fresh(connection, office.policy.calendar)
    return named_marks(counted_marks(connection, year=year, units=[unit], beside=beside, outcomes=NAMED), scheme)


def named_marks(marked: Iterable[CaseMark], scheme: Scheme) -> list[CaseMark]:
    """Of the marks of one unit those that its sheet names, in their order: of what the scheme counts, and what stands beside
    it."""
    counted = {item.measure for item in scheme.all_items()}
    if "light" in counted:
        counted.add("lit")  # what was waived is shown too
    if "closed" in counted or "due" in counted:
        counted.add("reopened")  # a closing that was followed by one stands, and both are shown
    return _once_a_light([one for one in marked if one.mark.outcome in NAMED and one.mark.measure in counted])


def lines_from(
    connection: Connection, marked: Sequence[CaseMark], *, scheme: Scheme, actor: Actor
) -> tuple[SheetLine, ...]:
    """These marks as lines: each with the name of its case, as far as the actor is told it, and what it cost."""
    ids = {one.case_id for one in marked}
    named = names_of_charged(connection, ids, actor=actor)
    within = set(connection.execute(visible_cases(actor, case.id).where(is_among(case.id, ids))).scalars())
    return tuple(_line(one, named.get(one.case_id), scheme, within_reach=one.case_id in within) for one in marked)


def _once_a_light(found: list[CaseMark]) -> list[CaseMark]:
    """A light that counts stands twice among the marks, before and after waivers; a sheet shows it once."""
    counted = {(one.case_id, one.mark.seq) for one in found if one.mark.measure == "light"}
    return [one for one in found if one.mark.measure != "lit" or (one.case_id, one.mark.seq) not in counted]


def _line(
    one: CaseMark, named: tuple[str, tuple[str, int, int]] | None, scheme: Scheme, *, within_reach: bool
) -> SheetLine:
    points = None
    if one.mark.measure == "light":
        points = of_lights([Light(one.mark.outcome)], scheme)
    elif one.mark.measure == "lit":
        points = Decimal(0)  # waived, or superseded by a worse one of the same time limit
    public_id, number = named or (None, None)
    return SheetLine(
        case_id=one.case_id, number=number, public_id=public_id, within_reach=within_reach, mark=one.mark, points=points
    )


def counts_of_case(connection: Connection, case_id: int, *, actor: Actor, office: OfficeContext) -> Counts:
    """The marks of one case, whichever years they are of."""
    return Counter(
        (mark.measure, mark.outcome)
        for history in histories(connection, actor=actor, cases=[case_id])
        for mark in marks(history, office.policy.calendar)
    )


def points_of(own: Counts, scheme: Scheme) -> Decimal:
    """What the lights among these cost under a scheme, before floor and ceiling."""
    lights = (Light(outcome) for (measure, outcome), n in own.items() for _ in range(n) if measure == "light")
    return of_lights(lights, scheme)
