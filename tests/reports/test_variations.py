"""Each variation comes to its points on both databases; and years, persons, levels and rates beside the score."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from cases.office import OfficeContext
from cases.sweep import sweep
from infra.db import reading
from reports.years.assessment import Assessment, Sheet, YearWithoutCalendar, YearWithoutData, assess
from tests.databases import ZONE, SmallOffice, found, step
from tests.reports.told import (
    WORDS,
    Steps,
    came_in,
    extended,
    handed,
    in_hand,
    not_ours,
    rated,
    replied,
)
from tests.reports.variations import DAY, SCHEMES, VARIATIONS, Change, Points, as_it_is, by_post
from workflow.model import TIMERS
from workflow.policy import NoSuchScheme


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE)


class Told(NamedTuple):
    office: SmallOffice
    context: OfficeContext

    def assessed(self, scheme: str, year: int) -> Assessment:
        with reading(self.office.engine) as connection:
            return assess(connection, year=year, scheme=scheme, actor=TIMERS, office=self.context)

    def units(self, scheme: str, year: int) -> dict[str, Sheet]:
        names = {number: name for name, number in self.office.units.items()}
        return {names[sheet.unit]: sheet for sheet in self.assessed(scheme, year).units}


def told(engine: Engine, matters: Iterable[tuple[str, Steps]], *, until: str, change: Change = as_it_is) -> Told:
    """The office after it all, with the timers as late as they can be: every step settles its own case."""
    office = found(engine)
    context = change(office.context)
    office = replace(office, context=context)
    for matter, steps in matters:
        office.tell(matter, *steps)  # type: ignore[arg-type]  # a profile's own name is a matter too
    assert not sweep(engine, now=local(until)).failed
    return Told(office, context)


def total(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _figure(text: str) -> str | None:
    return None if text == "-" else f"{Decimal(text):.2f}"


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_variation_comes_to_the_points_worked_out_by_hand(engine: Engine, name: str) -> None:
    case = VARIATIONS[name]
    story = told(engine, case.told, until=case.until, change=case.change)
    before = case.before or {}
    for scheme, column in zip(SCHEMES, Points._fields, strict=True):
        sheets = story.units(scheme, case.year)
        assert {unit: total(sheet.score.total) for unit, sheet in sheets.items()} == {
            unit: _figure(getattr(points, column)) for unit, points in case.expected.items()
        }, scheme
        if scheme == "LIGHTS-A":
            assert {unit: total(sheet.before.total) for unit, sheet in sheets.items()} == {
                unit: _figure(before.get(unit, points.lights_a)) for unit, points in case.expected.items()
            }


# -- years ------------------------------------------------------------------------------------------------------------

#: A mediation applied for on Friday 26 December 2025: three working days (MED-01), Monday 29, 30 and 31 December. Yellow
#: on 31 December at 00:00, red on 1 January at 00:00, which in UTC is 16:00 of 31 December.
AT_THE_TURN = (step("2025-12-26T09:00", "clerk", "Apply", **WORDS, respondents=["乙某"]),)


def test_a_red_of_the_first_of_january_supersedes_the_yellow_of_the_day_before(engine: Engine) -> None:
    story = told(engine, [("mediation", AT_THE_TURN)], until="2026-01-01T00:00")
    # 2025: the yellow is superseded, before and after waivers. 2026: 100 - 1.
    for year, expected in ((2025, "100.00"), (2026, "99.00")):
        sheet = story.units("LIGHTS-A", year)["centre"]
        assert (total(sheet.score.total), total(sheet.before.total)) == (expected, expected)
    # Nothing has ended yet, so that no rate has any data in either year.
    for scheme in ("RATES-B", "DACHUAN", "JINHUA"):
        assert [story.units(scheme, year)["centre"].score.total for year in (2025, 2026)] == [None, None]


def test_a_minute_before_the_new_year_of_the_office_the_yellow_is_the_old_years(engine: Engine) -> None:
    story = told(engine, [("mediation", AT_THE_TURN)], until="2025-12-31T23:59")
    assert total(story.units("LIGHTS-A", 2025)["centre"].score.total) == "99.50"  # 100 - 0.5
    with pytest.raises(YearWithoutData):
        story.units("LIGHTS-A", 2026)


def test_what_is_the_old_year_in_greenwich_is_the_new_one_in_the_office(engine: Engine) -> None:
    # 1 January 2026, 07:30 in the office, is 23:30 of 31 December in UTC. The order is contacted and answered then.
    at = datetime(2025, 12, 31, 23, 30, tzinfo=UTC).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
    assert at == "2026-01-01T07:30"
    steps = (*in_hand("2025-12-31"), *replied(at), *rated(at))
    story = told(engine, [("hotline", steps)], until="2026-01-02T09:00")
    assert story.units("RATES-B", 2025)["room"].score.total == 100  # the contact alone: 20 x 5
    lines = story.units("RATES-B", 2026)["room"].score.lines
    assert [(line.n, line.of) for line in lines] == [(0, 0), (1, 1), (1, 1)]


# -- beside the score -------------------------------------------------------------------------------------------------


def test_extension_and_return_rates_stand_beside_the_score(engine: Engine) -> None:
    story = told(
        engine,
        (
            ("hotline", (*in_hand(DAY), *extended("2026-03-04T09:00", "2026-03-05T09:00", to=15), *replied("2026-03-06T10:00"))),
            ("hotline", (*in_hand(DAY), *replied("2026-03-05T10:00"))),
            ("hotline", (*came_in(f"{DAY}T09:00"), *not_ours("2026-03-03T09:00", "out_of_scope"))),
        ),
        until="2026-04-01T09:00",
    )  # fmt: skip
    sheets = story.units("LIGHTS-A", 2026)
    # The room: one extension granted, two time limits ended. The centre: one returned of three taken in.
    assert (sheets["room"].extension_share, sheets["room"].return_share) == (Decimal("0.5"), None)
    assert (sheets["centre"].extension_share, sheets["centre"].return_share) == (None, Decimal("0.3333"))


def test_a_person_has_a_sheet_of_what_they_held(engine: Engine) -> None:
    story = told(engine, [("hotline", (*in_hand(DAY), *replied("2026-03-09T15:00")))], until="2026-04-01T09:00")
    people = {(sheet.unit, sheet.person): sheet for sheet in story.assessed("LIGHTS-A", 2026).people}
    units, accounts = story.office.units, story.office.accounts
    assert {key: total(sheet.score.total) for key, sheet in people.items()} == {
        (units["room"], accounts["mediator"]): "99.50"
    }


def test_a_level_holds_what_was_counted_below_it(engine: Engine) -> None:
    story = told(engine, VARIATIONS["the unit changes before the red"].told, until="2026-04-01T09:00")
    levels = {sheet.unit: total(sheet.score.total) for sheet in story.assessed("LIGHTS-A", 2026).levels}
    units = story.office.units
    assert levels == {units["centre"]: "99.00", units["upstream"]: "99.00"}


def test_a_year_without_data_or_without_a_calendar_has_no_sheets(engine: Engine) -> None:
    story = told(engine, VARIATIONS["no pause"].told, until="2026-04-01T09:00")
    with pytest.raises(YearWithoutData) as empty:
        story.units("LIGHTS-A", 2025)
    assert empty.value.year == 2025
    for year in (2024, 2027, 2030):
        with pytest.raises(YearWithoutCalendar):
            story.units("LIGHTS-A", year)
    with pytest.raises(NoSuchScheme):
        story.units("LIGHTS-Z", 2026)


# -- overdue and open ------------------------------------------------------------------------------------------------


def test_what_is_overdue_and_open_is_counted_to_whoever_held_it_when_it_became_so(engine: Engine) -> None:
    # Overdue on the 10th at the room (yellow under `post`); with the desk since the 11th; red there on the 17th.
    steps = (*in_hand(DAY), *handed("2026-03-11T09:00", "2026-03-11T09:30", "2026-03-11T10:00", unit="desk"))
    story = told(engine, [("hotline", steps)], until="2026-04-01T09:00", change=by_post)
    due = {unit: sheet.score.lines[0].of for unit, sheet in story.units("JINHUA", 2026).items()}
    assert due == {"centre": 0, "room": 1, "desk": 0}
