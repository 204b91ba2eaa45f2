"""The bulletin of a quarter told by hand (`quarter.py`): every figure is a literal, worked out beside it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from cases.tables import Case
from infra.db import reading, transaction
from reports.bulletin.bulletin import BEGAN, Bulletin, bulletin
from reports.bulletin.crises import Hidden
from reports.bulletin.periods import NotAPeriod, Period, PeriodHasNotBegun, period_from
from reports.bulletin.sheet import sheet_header, sheet_rows
from tests.databases import SmallOffice, found
from tests.reports.hand_made import a_case, at
from tests.reports.quarter import a_quarter
from workflow.commands import Channel
from workflow.model import TIMERS, Actor, UnitId

MARCH, YEAR = Period(year=2026, month=3), Period(year=2026)
NOW = at("2027-02-01T09:00")
NOTHING, ALL = Decimal("0.0"), Decimal("100.0")


def made(
    told: SmallOffice, period: Period = MARCH, *, actor: Actor = TIMERS, unit: UnitId | None = None, now: Any = NOW
) -> Bulletin:
    with reading(told.engine) as connection:
        return bulletin(connection, period, actor=actor, office=told.context, now=now, unit=unit)


def figures(found: Bulletin) -> dict[str, tuple[Any, ...]]:
    return {line.code: line.values for line in found.lines}


def some(found: Bulletin, *codes: str) -> dict[str, tuple[Any, ...]]:
    return {code: figures(found)[code] for code in codes}


def first(found: Bulletin) -> dict[str, Any]:
    """The figures of the period itself that are not nothing."""
    return {code: values[0] for code, values in figures(found).items() if values[0]}


def test_every_figure_of_a_month_beside_the_month_before_and_the_year_before(engine: Engine) -> None:
    told = found(engine)
    a_quarter(told)
    #: March 2026, February 2026, March 2025.
    assert figures(made(told)) == {
        "mediation.registered": (3, 2, 0),  # visit, court, refused; patrol and call in February
        "mediation.accepted": (3, 1, 0),  # visit, patrol, court; call
        "mediation.mediated": (2, 1, 0),  # a second session on the same day counts no second time
        "mediation.settled": (2, 1, 0),
        "mediation.settled_written": (1, 0, 0),
        "mediation.settled_oral": (0, 1, 0),  # after a part of it: one case, settled once
        "mediation.settled_in_part": (1, 0, 0),
        "mediation.terminated": (1, 0, 0),
        "mediation.success_rate": (Decimal("66.7"), ALL, None),  # 2 of 2 + 1; 1 of 1
        "mediation.amount_yuan": (5800, 300, 0),  # 5000 + 800; the part of February
        "began.application": (1, 1, 0),
        "began.application_share": (Decimal("33.3"), ALL, None),
        "began.own": (1, 0, 0),
        "began.own_share": (Decimal("33.3"), NOTHING, None),
        "began.entrusted": (1, 0, 0),
        "began.entrusted_share": (Decimal("33.3"), NOTHING, None),
        "performance.followed_up": (1, 0, 0),
        "performance.in_full": (1, 0, 0),  # the word of 9 March, and not that of the 5th
        "performance.in_part": (0, 0, 0),
        "performance.not_performed": (0, 0, 0),
        "petition.registered": (5, 0, 1),
        "petition.accepted": (2, 0, 1),  # the one of 31 March, 23:30 was accepted in April
        "petition.not_accepted": (1, 0, 0),
        "petition.not_ours": (1, 0, 0),
        "petition.answered": (2, 0, 0),
        "petition.closed": (2, 0, 0),
        "petition.in_time": (1, 0, 0),
        "petition.on_time_rate": (Decimal("50.0"), None, None),
        "rating.petition.satisfied": (0, 0, 0),
        "rating.petition.fairly_satisfied": (0, 0, 0),
        "rating.petition.dissatisfied": (1, 0, 0),
        "rating.mediation.satisfied": (1, 0, 0),
        "rating.mediation.fairly_satisfied": (0, 0, 0),
        "rating.mediation.dissatisfied": (0, 0, 0),
    }


def test_a_month_by_type_by_channel_by_kind_and_by_month(engine: Engine) -> None:
    told = found(engine)
    a_quarter(told)
    march = made(told)
    assert {one.section: dict(one.rows) for one in march.breakdowns} == {
        # registered, accepted, settled, yuan, petitions
        "dispute": {
            "10": (1, 0, 0, 0, 0), "11": (2, 2, 1, 5000, 0), "17": (0, 0, 0, 0, 2), "18": (0, 0, 0, 0, 2),
            "25": (0, 1, 1, 800, 0), "99": (0, 0, 0, 0, 1),
        },
        "channel": {"visit": (2, 1), "letter": (0, 2), "hotline": (0, 2), "court_police": (1, 0)},
        "matter": {"hotline": (2,), "petition": (3,)},
    }  # fmt: skip
    # Thirteen months to March 2026. Registered 3 + 5 in March; closed: the settled one, the two orders, the two refused,
    # the duplicate: 6.
    points = {str(point.month): (point.registered, point.closed) for point in march.by_month}
    assert len(points) == 13
    assert {month: counts for month, counts in points.items() if any(counts)} == {
        "2025-03": (1, 0), "2026-02": (2, 0), "2026-03": (8, 6),
    }  # fmt: skip


def test_a_year_is_the_sum_of_its_months(engine: Engine) -> None:
    told = found(engine)
    a_quarter(told)
    year = figures(made(told, YEAR))
    months = [first(made(told, Period(year=2026, month=month))) for month in range(1, 13)]
    for code, values in year.items():
        if not code.endswith(("rate", "share")):
            assert values[0] == sum(month.get(code, 0) for month in months), code
    assert year["petition.accepted"] == (3, 1)  # with the one of April; and that of 2025
    assert year["mediation.success_rate"] == (Decimal("75.0"), None)  # 3 of 3 + 1


def test_a_unit_counts_what_it_and_those_below_it_hold(office: SmallOffice) -> None:
    a_quarter(office)
    room, desk, centre = (made(office, unit=office.units[name]) for name in ("room", "desk", "centre"))
    # The refused mediation stays at the centre, like the duplicate, the refused and the late petition.
    codes = ("mediation.registered", "mediation.settled", "petition.registered", "petition.closed")
    assert [values[0] for values in some(room, *codes).values()] == [2, 2, 0, 0]
    assert [values[0] for values in some(desk, *codes).values()] == [0, 0, 2, 2]
    assert [values[0] for values in some(centre, *codes).values()] == [3, 2, 5, 2]


def test_nobody_counts_what_they_may_not_see(office: SmallOffice) -> None:
    a_quarter(office)
    seen = {
        login: first(made(office, actor=office.actors[login])).get("petition.closed", 0)
        for login in ("auditor", "assessor", "desk_supervisor", "supervisor", "administrator")
    }
    # The two orders are the desk's; the head of the room next door and the administrator have none of them.
    assert seen == {"auditor": 2, "assessor": 2, "desk_supervisor": 2, "supervisor": 0, "administrator": 0}


def test_a_case_that_was_opened_again_is_not_closed_and_counts_by_its_last_answer(office: SmallOffice) -> None:
    a_quarter(office)
    cases = Case.__table__.c  # type: ignore[attr-defined]
    with transaction(office.engine) as connection:
        of_the_desk = (cases.holder_unit == office.units["desk"], cases.closed_at < at("2026-03-06T00:00"))
        connection.execute(update(Case).where(*of_the_desk).values(closed_at=None, state="handling"))
    codes = ("petition.closed", "petition.in_time", "petition.on_time_rate", "petition.answered")
    # The order that was in time is open again: one closed, late.
    assert [values[0] for values in some(made(office), *codes).values()] == [1, 0, NOTHING, 2]


def test_a_period_that_is_not_over_says_up_to_when(office: SmallOffice) -> None:
    assert made(office).until is None
    assert made(office, now=at("2026-03-31T23:59")).until == date(2026, 3, 31)
    assert made(office, now=at("2026-04-01T00:00")).until is None
    assert made(office, YEAR, now=at("2026-04-01T00:00")).until == date(2026, 4, 1)


def test_an_office_without_a_single_case_has_a_bulletin_of_noughts(office: SmallOffice) -> None:
    assert first(made(office)) == {}
    assert figures(made(office))["mediation.success_rate"] == (None, None, None)


def test_every_channel_says_how_a_mediation_began() -> None:
    assert set(BEGAN) == set(Channel.__args__)  # type: ignore[attr-defined]  # of a Literal


def test_there_are_as_many_statements_however_many_cases_there_are(office: SmallOffice) -> None:
    counts = []
    for _ in range(2):
        statements: list[str] = []

        def note(*said: Any, into: list[str] = statements) -> None:
            into.append(said[2])

        event.listen(office.engine, "before_cursor_execute", note)
        made(office)
        event.remove(office.engine, "before_cursor_execute", note)
        counts.append(len(statements))
        a_quarter(office)
    # Eight tables' worth, the two lines of the picture, what was opened again, what was handed out.
    assert counts == [12, 12]


# -- crises -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_crises(office: SmallOffice) -> SmallOffice:
    """Crises of 2026: five in January, four in February, one in March, six in April; of 2025: seven in May."""
    with transaction(office.engine) as connection:
        for month, count in (("2026-01", 5), ("2026-02", 4), ("2026-03", 1), ("2026-04", 6), ("2025-05", 7)):
            for _ in range(count):
                a_case(
                    connection, office, profile="crisis", series="急字", registered_at=at(f"{month}-10T09:00"),
                    closed_at=at(f"{month}-11T09:00"), outcome="resolved", channel="call", dispute_type="10",
                )  # fmt: skip
    return office


def taking_crises_in(told: SmallOffice) -> SmallOffice:
    return replace(told, context=replace(told.context, profiles=(*told.context.profiles, "crisis")))


def crises(told: SmallOffice, period: Period, **asked: Any) -> tuple[Any, ...]:
    return figures(made(taking_crises_in(told), period, **asked))["crisis.registered"]


def test_crises_are_in_no_other_figure_type_channel_or_month(with_crises: SmallOffice) -> None:
    for period in (Period(year=2026, month=1), YEAR):
        told = made(taking_crises_in(with_crises), period)
        assert set(first(told)) == {"crisis.registered"}
        assert all(not one.rows for one in told.breakdowns)
        assert not any(point.registered or point.closed for point in told.by_month)


def test_fewer_than_five_crises_of_a_month_are_not_told(with_crises: SmallOffice) -> None:
    small = Hidden.SMALL
    assert crises(with_crises, Period(year=2026, month=1)) == (5, small, small)
    assert crises(with_crises, Period(year=2026, month=2)) == (small, 5, small)
    assert crises(with_crises, Period(year=2026, month=3)) == (small, small, small)
    assert crises(with_crises, Period(year=2026, month=4)) == (6, small, small)


def test_a_year_is_told_when_what_its_told_months_leave_over_is_not_small(with_crises: SmallOffice) -> None:
    # 2026: 16, of which 5 + 6 are told of January and April, and 5 are left for all the others together.
    # 2025: 7, all of them in May, which is told: nothing is left.
    assert crises(with_crises, YEAR) == (16, 7)


def test_a_year_is_not_told_when_it_would_give_a_hidden_month_away(with_crises: SmallOffice) -> None:
    with transaction(with_crises.engine) as connection:
        a_case(connection, with_crises, profile="crisis", series="急字", registered_at=at("2025-09-01T09:00"))
    # 2025: 8 less the 7 of May is the one of September.
    assert crises(with_crises, YEAR) == (16, Hidden.REST_IS_SMALL)


def test_crises_of_a_part_of_the_office_or_of_what_is_not_over_are_not_told(with_crises: SmallOffice) -> None:
    units, withheld = with_crises.units, Hidden.WITHHELD
    january = Period(year=2026, month=1)
    assert crises(with_crises, january, unit=units["room"]) == (withheld,) * 3
    assert crises(with_crises, january, unit=units["centre"]) == (withheld,) * 3
    assert crises(with_crises, january, unit=units["upstream"])[0] == 5
    assert crises(with_crises, january, now=at("2026-01-31T09:00"))[0] is withheld
    assert crises(with_crises, YEAR, now=at("2026-12-31T09:00")) == (withheld, 7)


def test_an_office_that_takes_no_crises_in_says_nothing_of_them(office: SmallOffice) -> None:
    assert "crisis.registered" not in figures(made(office))


# -- periods and sheets -----------------------------------------------------------------------------------------------


def test_a_month_is_read_with_what_it_is_compared_with() -> None:
    january = period_from("2026-01", today=date(2026, 1, 1))
    assert [str(one) for one in january.compared()] == ["2026-01", "2025-12", "2025-01"]
    assert [str(one) for one in january.months()][::6] == ["2025-01", "2025-07", "2026-01"]
    assert [str(one) for one in period_from("2026", today=date(2026, 1, 1)).compared()] == ["2026", "2025"]
    assert (january.first, january.after) == (date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-3", "26", "März", "1999", "2060", "2026-03-01", "２０２６"]
)
def test_what_is_no_month_and_no_year_is_refused(text: str) -> None:
    with pytest.raises(NotAPeriod):
        period_from(text, today=date(2026, 11, 1))


def test_the_sheet_has_a_row_for_every_line_and_every_cell_of_the_breakdowns(office: SmallOffice) -> None:
    a_quarter(office)
    march = made(office)
    assert sheet_header(march, str, "en") == (
        "bulletin.head.section", "bulletin.head.figure", "March 2026", "February 2026", "March 2025",
    )  # fmt: skip
    rows = list(sheet_rows(march, str))
    assert rows[9] == ("bulletin.section.mediation", "bulletin.mediation.amount_yuan", 5800, 300, 0)
    # 34 lines; six types with five columns, four channels with two, two kinds with one: 30 + 8 + 2.
    assert len(rows) == 34 + 40
    assert ("bulletin.section.dispute", "dispute.11 · bulletin.column.amount_yuan", 5000, None, None) in rows
    assert {len(row) for row in rows} == {5}


def test_a_month_that_is_still_to_come_is_refused() -> None:
    with pytest.raises(PeriodHasNotBegun):
        period_from("2026-12", today=date(2026, 11, 30))
