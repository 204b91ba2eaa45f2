"""Bulletin, closure report and sheets of an order that was closed, opened again and closed again: they agree, and what was
handed out does not change without a mark.

The order is answered on 4 March at 10:00 and closed on the 5th at 10:00. Thirty days after the answer is 3 April, 10:00.
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

import pytest

from infra.db import reading, transaction
from ledger.chain import NewEvent, append_to_office
from reports.bulletin.bulletin import Bulletin, ReopenedLater, bulletin
from reports.bulletin.periods import Period
from reports.bulletin.sheet import sheet_rows
from reports.closures.choice import Asked
from reports.closures.exports import Order, record, write_file
from reports.closures.report import Report, Written, count_closings, read
from reports.files.handed_out import BULLETIN, EXPORTED
from reports.years.assessment import assess, lines_of
from reports.years.sheet_files import line_words
from stories.story import Story, StoryStep, Teller
from tests.databases import SmallOffice, found
from tests.reports.hand_made import at
from tests.reports.told import closed, handed, in_hand, reopened, replied
from words import Words
from workflow.model import TIMERS, UnitId

ONCE = (*in_hand("2026-03-02"), *replied("2026-03-04T10:00"), *closed("2026-03-05T10:00"))
LATE = (*reopened("2026-05-12T10:00"), *replied("2026-05-13T10:00"), *closed("2026-05-14T10:00"))
MARCH, APRIL, MAY = (Period(year=2026, month=month) for month in (3, 4, 5))
NOW = at("2026-07-01T09:00")


def the_bulletin(office: SmallOffice, period: Period, *, unit: UnitId | None = None, now: datetime = NOW) -> Bulletin:
    with reading(office.engine) as connection:
        return bulletin(connection, period, actor=TIMERS, office=office.context, now=now, unit=unit)


def figures(made: Bulletin, *names: str) -> tuple[Any, ...]:
    of = {line.code: line.values[0] for line in made.lines}
    return tuple(of[f"petition.{name}"] for name in names)


CLOSED = ("answered", "closed", "in_time", "on_time_rate")
ALL, NONE = (1, 1, 1, Decimal("100.0")), (0, 0, 0, None)


def of_month(period: Period) -> Asked:
    return Asked(start=period.first, end=date.fromordinal(period.after.toordinal() - 1))


def rows(office: SmallOffice, asked: Asked) -> list[dict[str, Any]]:
    made = Report(choice=asked.choice(office.context))
    written = Written(made.columns, str)
    with reading(office.engine) as connection:
        found = [
            row
            for chunk in read(connection, made, actor=TIMERS, office=office.context)
            for row in written.objects(chunk)
        ]
        assert count_closings(connection, made.choice, actor=TIMERS, office=office.context) == len(found)
    return [{code: v["code"] if isinstance(v, dict) else v for code, v in row.items()} for row in found]


def some(row: dict[str, Any], *codes: str) -> tuple[Any, ...]:
    return tuple(row[code] for code in codes)


ROW = ("closed_at", "outcome", "reopened_at", "later", "clock_order_stopped_at", "days_in_hand")
#: Five working days from Monday 2 March end on the 9th: five days from the 4th.
FIRST = ("2026-03-05T10:00:00+08:00", "resolved", "2026-05-12T10:00:00+08:00", "reopened_later", "2026-03-04T10:00:00+08:00", 5)  # fmt: skip


def closings_of_sheet(office: SmallOffice) -> tuple[int, int]:
    """In time and all, as RATES-B counts them for the room."""
    with reading(office.engine) as connection:
        sheets = assess(connection, year=2026, scheme="RATES-B", actor=TIMERS, office=office.context).units
    line = next(one for sheet in sheets if sheet.unit == office.units["room"] for one in sheet.score.lines if one.item.code == "closed_on_time")  # fmt: skip
    return line.n, line.of


def hand_out(office: SmallOffice, asked: Asked, when: str) -> None:
    order = Order(asked=asked, format="csv", language="en")
    with TemporaryFile() as file:
        with reading(office.engine) as connection:
            made = write_file(connection, order, file, actor=TIMERS, office=office.context, now=at(when))
        with transaction(office.engine) as connection:
            record(connection, order, made, actor=TIMERS, now=at(when))


def hand_out_bulletin(office: SmallOffice, period: Period, when: str, *, unit: int | None = None, **more: Any) -> None:
    """As its page does; `figures` not given: as programs of before did."""
    choice = {"period": str(period), "unit": unit or office.units["upstream"]}
    data = {"report": BULLETIN, "format": "csv", "choice": choice, **more}
    event = NewEvent(code=EXPORTED, occurred_at=at(when), recorded_at=at(when), actor=TIMERS, data=data)
    with transaction(office.engine) as connection:
        append_to_office(connection, event)


# -- one rule ---------------------------------------------------------------------------------------------------------


def test_a_closing_that_was_opened_again_later_than_thirty_days_after_stays_in_its_month(engine: Any) -> None:
    office = found(engine)
    office.tell("hotline", *ONCE, *LATE)
    march, may = the_bulletin(office, MARCH), the_bulletin(office, MAY)
    assert (figures(march, *CLOSED), figures(may, *CLOSED)) == (ALL, ALL)
    assert figures(the_bulletin(office, APRIL), *CLOSED) == NONE
    assert (march.reopened_later, may.reopened_later) == ((ReopenedLater(on=date(2026, 5, 12), n=1),), ())
    assert [point.closed for point in may.by_month][-3:] == [1, 0, 1]
    (first,), (second,) = rows(office, of_month(MARCH)), rows(office, of_month(MAY))
    assert some(first, *ROW) == FIRST
    assert some(second, "closed_at", "reopened_at", "later") == ("2026-05-14T10:00:00+08:00", None, None)
    assert [row["closed_at"] for row in rows(office, Asked(start=date(2026, 1, 1), end=date(2026, 12, 31)))] == [
        first["closed_at"], second["closed_at"],
    ]  # fmt: skip
    assert closings_of_sheet(office) == (2, 2)


def test_the_sheet_says_beside_the_closing_that_it_was_opened_again(office: SmallOffice) -> None:
    """What cost nothing has no line; the reopening has one, with its day."""
    office.tell("hotline", *ONCE, *LATE)
    context = office.context
    with reading(office.engine) as connection:
        (line,) = lines_of(
            connection, year=2026, unit=office.units["room"], scheme=context.policy.schemes["RATES-B"], actor=TIMERS,
            office=context,
        )  # fmt: skip
    said = [line_words(line, context, Words(language)) for language in ("zh_CN", "en")]
    assert [(one.what, one.when) for one in said] == [
        ("重新办理", "2026年5月12日 10:00"), ("reopened", "12 May 2026 10:00"),
    ]  # fmt: skip


def test_nothing_of_the_month_moves_while_the_matter_is_in_hand_again(office: SmallOffice) -> None:
    told = Told(office, ONCE)
    for more in ((), LATE[:1]):
        told.tell(*more)
        assert figures(the_bulletin(office, MARCH), *CLOSED) == ALL
        (row,) = rows(office, of_month(MARCH))
        assert some(row, *ROW[:2], *ROW[4:]) == (*FIRST[:2], *FIRST[4:])
        assert closings_of_sheet(office) == (1, 1)


@pytest.mark.parametrize(
    ("again", "counts"), [("2026-04-03T09:59", 0), ("2026-04-03T10:00", 0), ("2026-04-03T10:01", 1)]
)
def test_within_thirty_days_of_the_answer_it_was_no_closing_in_any_of_the_three(
    again: str, counts: int, office: SmallOffice
) -> None:
    office.tell("hotline", *ONCE, *reopened(again), *replied("2026-05-13T10:00"), *closed("2026-05-14T10:00"))
    assert figures(the_bulletin(office, MARCH), "closed", "in_time") == (counts, counts)
    assert len(rows(office, of_month(MARCH))) == counts
    assert figures(the_bulletin(office, MAY), "closed", "in_time") == (1, 0)
    # Two deciding limits ended for the sheet; the one of May late, and the one of March counts if it was a closing.
    assert closings_of_sheet(office) == (counts, 2)


def test_a_closing_counts_for_the_unit_that_held_the_matter_then(office: SmallOffice) -> None:
    desk = handed("2026-05-12T10:10", "2026-05-12T10:20", "2026-05-12T10:30", unit="desk")
    again = (*reopened("2026-05-12T10:00"), *desk, *replied("2026-05-13T10:00", unit="desk"), *closed("2026-05-14T10:00", unit="desk"))  # fmt: skip
    office.tell("hotline", *ONCE, *again)
    room, of_desk = office.units["room"], office.units["desk"]
    for period, unit, counts in ((MARCH, room, 1), (MARCH, of_desk, 0), (MAY, room, 0), (MAY, of_desk, 1)):
        assert figures(the_bulletin(office, period, unit=unit), "closed") == (counts,)
        assert len(rows(office, replace(of_month(period), unit=unit))) == counts
    (first,), (second,) = rows(office, of_month(MARCH)), rows(office, of_month(MAY))
    assert first["unit"] != second["unit"]


def test_a_light_of_the_first_closing_costs_its_points_once(office: SmallOffice) -> None:
    """Answered on the 11th, two days after the last day: red since the 10th. The second answer is late as well, and the
    red is that of the same time limit."""
    late = (*in_hand("2026-03-02"), *replied("2026-03-11T10:00"), *closed("2026-03-12T10:00"))
    office.tell("hotline", *late, *LATE)
    found = rows(office, Asked(start=date(2026, 1, 1), end=date(2026, 12, 31)))
    assert [some(row, "light", "points") for row in found] == [("red", -1.0), ("green", 0.0)]
    assert figures(the_bulletin(office, MARCH), "closed", "in_time") == (1, 0)


def test_a_matter_closed_three_times_has_three_rows_in_their_order_among_others(office: SmallOffice) -> None:
    third = (*reopened("2026-06-20T10:00"), *replied("2026-06-21T10:00"), *closed("2026-06-22T10:00"))
    office.tell("hotline", *ONCE, *LATE, *third)
    office.tell("hotline", *in_hand("2026-03-02"), *replied("2026-03-05T08:00"), *closed("2026-03-05T09:00"))
    office.tell("hotline", *in_hand("2026-05-20"), *replied("2026-05-21T08:00"), *closed("2026-05-22T09:00"))
    found = rows(office, Asked(start=date(2026, 1, 1), end=date(2026, 12, 31)))
    assert [row["closed_at"][5:10] for row in found] == ["03-05", "03-05", "05-14", "05-22", "06-22"]
    assert [row["later"] for row in found] == [None, "reopened_later", "reopened_later", None, None]
    assert [figures(the_bulletin(office, period), "answered", "closed") for period in (MARCH, MAY)] == [(2, 2), (2, 2)]


# -- what was handed out ----------------------------------------------------------------------------------------------

SOON = (*reopened("2026-04-02T10:00"), *replied("2026-04-02T15:00"))


def test_a_closing_that_was_handed_out_and_is_none_any_more_keeps_its_row_with_a_mark(engine: Any) -> None:
    office = found(engine)
    teller = Told(office, ONCE)
    hand_out(office, of_month(MARCH), "2026-04-01T09:00")
    teller.tell(*SOON)
    (row,) = rows(office, of_month(MARCH))
    assert some(row, "later", "reopened_at", "points") == ("withdrawn", "2026-04-02T10:00:00+08:00", 0.0)
    assert figures(the_bulletin(office, MARCH), "closed") == (0,)


@pytest.mark.parametrize(
    ("period", "when"), [(APRIL, "2026-04-01T09:00"), (MARCH, "2026-04-02T10:00"), (MARCH, "2026-03-05T09:59")]
)
def test_what_nobody_was_given_has_no_row(period: Period, when: str, office: SmallOffice) -> None:
    """Of another month; after it had been opened again; before it was closed."""
    office.tell("hotline", *ONCE, *SOON)
    hand_out(office, of_month(period), when)
    assert rows(office, of_month(MARCH)) == []


def test_a_month_handed_out_as_a_bulletin_says_what_is_not_as_it_was(engine: Any) -> None:
    office = found(engine)
    teller = Told(office, ONCE)
    given = the_bulletin(office, MARCH, now=at("2026-04-01T09:00"))
    hand_out_bulletin(office, MARCH, "2026-04-01T09:00", figures=given.figures())
    assert the_bulletin(office, MARCH).changes == ()
    teller.tell(*SOON)
    march = the_bulletin(office, MARCH)
    # Answered and opened again: the answer is April's, and nothing of March was closed.
    told = {(one.code, one.then, one.now) for one in march.changes}
    assert told == {
        ("petition.answered", 1, 0), ("petition.closed", 1, 0), ("petition.in_time", 1, 0),
        ("petition.on_time_rate", "100.0", None),
    }  # fmt: skip
    assert {(one.period, one.handed_out_on) for one in march.changes} == {(MARCH, date(2026, 4, 1))}
    # April's bulletin shows March beside its own figures, and says the same of it.
    assert {(one.code, one.then, one.now) for one in the_bulletin(office, APRIL).changes} == told
    said = [row[1] for row in sheet_rows(march, str)]
    assert said.count("bulletin.mark.changed") == len(told)
    (row,) = rows(office, of_month(MARCH))  # the bulletin had it, and the report says what became of it
    assert row["later"] == "withdrawn"


def test_a_late_reopening_changes_nothing_that_was_handed_out(office: SmallOffice) -> None:
    teller = Told(office, ONCE)
    given = the_bulletin(office, MARCH, now=at("2026-04-01T09:00"))
    hand_out_bulletin(office, MARCH, "2026-04-01T09:00", figures=given.figures())
    teller.tell(*LATE)
    assert the_bulletin(office, MARCH).changes == ()


def test_bulletins_of_before_kept_no_figures_and_are_still_read(office: SmallOffice) -> None:
    office.tell("hotline", *ONCE, *SOON)
    hand_out_bulletin(office, MARCH, "2026-04-01T09:00")
    assert the_bulletin(office, MARCH).changes == ()


def test_the_bulletin_of_another_unit_or_month_is_not_compared(office: SmallOffice) -> None:
    office.tell("hotline", *ONCE)
    hand_out_bulletin(office, MAY, "2026-06-01T09:00", figures={"petition.closed": 7})
    room = office.units["room"]
    of_room = the_bulletin(office, MARCH, unit=room).figures()
    hand_out_bulletin(office, MARCH, "2026-06-01T09:00", unit=room, figures={**of_room, "petition.closed": 7})
    assert the_bulletin(office, MARCH).changes == ()
    (change,) = the_bulletin(office, MARCH, unit=room).changes
    assert (change.code, change.then, change.now) == ("petition.closed", 7, 1)


class Told:
    """A case that goes on."""

    def __init__(self, office: SmallOffice, steps: tuple[StoryStep, ...]) -> None:
        self._made = lambda steps: Teller(office.engine, office.context, office.stage, Story(case="told", matter="hotline", steps=steps))  # fmt: skip
        self._steps, self._teller = steps, self._made(steps)
        for index in range(len(steps)):
            self._teller.tell(index)

    def tell(self, *more: StoryStep) -> None:
        begun, self._steps = len(self._steps), (*self._steps, *more)
        after = self._made(self._steps)
        after.case_id, after.opened = self._teller.case_id, self._teller.opened
        for index in range(begun, len(self._steps)):
            after.tell(index)
        self._teller = after
