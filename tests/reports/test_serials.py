"""Every number of a series is accounted for, or it is said which is not."""

from sqlalchemy import Engine

from cases.tables import Recusal
from infra.db import reading, transaction
from reports.record import serials
from reports.record.serials import FATES, Range, SeriesYear, serial_completeness
from tests.databases import SmallOffice, found, step
from tests.reports.hand_made import a_case, at, issued
from workflow.model import TIMERS, Actor

CLOSED = at("2026-03-20T09:00")
NOTHING = dict.fromkeys((*FATES, "elsewhere", "missing", "beyond"), 0)


def numbered(made: SmallOffice, *serials: int, unit: str = "room", **values: object) -> None:
    with transaction(made.engine) as connection:
        for serial in serials:
            a_case(connection, made, unit=unit, serial=serial, **values)


def told(made: SmallOffice, actor: Actor = TIMERS, year: int | None = None) -> tuple[SeriesYear, ...]:
    with reading(made.engine) as connection:
        return serial_completeness(connection, actor=actor, year=year)


def the_only(made: SmallOffice, actor: Actor = TIMERS) -> dict[str, object]:
    (one,) = told(made, actor)
    return {name: getattr(one, name) for name in ("last", *NOTHING)} | {"gaps": one.gaps, "strays": one.strays}


def test_each_number_is_told_by_what_became_of_it(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        issued(connection, "访字", 2026, 9)
    numbered(made, 1, 2)
    numbered(made, 3, closed_at=CLOSED, outcome="resolved")
    numbered(made, 4, closed_at=CLOSED, outcome="terminated.no_agreement")
    numbered(made, 5, closed_at=CLOSED, outcome="not_ours.duplicate")
    numbered(made, 6, closed_at=CLOSED, outcome="not_ours.out_of_scope")
    numbered(made, 7, closed_at=CLOSED, outcome="not_ours.returned_with_consent")
    numbered(made, 8, closed_at=CLOSED, outcome="not_accepted.statutory_route")
    # Opened again: there is an outcome from before, and it is open all the same.
    numbered(made, 9, closed_at=None, outcome="explained")
    # 3 open (1, 2, 9), 2 closed, 1 merged, 2 void, 1 not accepted: 9.
    assert the_only(made) == NOTHING | {
        "last": 9, "open": 3, "closed": 2, "merged": 1, "void": 2, "not_accepted": 1, "gaps": (), "strays": (),
    }  # fmt: skip
    assert told(made)[0].complete


def test_missing_numbers_are_named_as_ranges_at_the_start_in_the_middle_and_at_the_end(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        issued(connection, "访字", 2026, 12)
    numbered(made, 3, 4, 8, 10)
    # 1-2, 5-7, 9 and 11-12 are missing: 2 + 3 + 1 + 2 = 8, and 4 open: 12.
    assert the_only(made) == NOTHING | {
        "last": 12, "open": 4, "missing": 8, "gaps": (Range(1, 2), Range(5, 7), Range(9, 9), Range(11, 12)), "strays": (),
    }  # fmt: skip
    assert not told(made)[0].complete


def test_a_number_beyond_the_last_one_issued_is_no_gap_but_a_stray(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        issued(connection, "访字", 2026, 2)
    numbered(made, 1, 2, 0, 5, 6, 9)
    assert the_only(made) == NOTHING | {
        "last": 2, "open": 6, "beyond": 4, "gaps": (), "strays": (Range(0, 0), Range(5, 6), Range(9, 9)),
    }  # fmt: skip


def test_a_series_of_which_every_case_is_gone_and_one_that_was_never_issued_are_both_seen(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        issued(connection, "访字", 2026, 3)
    numbered(made, 1, series="热线字")
    by_series = {one.series: one for one in told(made)}
    assert by_series["访字"].gaps == (Range(1, 3),)
    assert by_series["热线字"].last == 0
    assert by_series["热线字"].strays == (Range(1, 1),)


def test_cases_out_of_reach_are_one_count_and_no_number(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        issued(connection, "访字", 2026, 7)
    numbered(made, 1, 2, 9)
    numbered(made, 3, 4, 8, unit="desk")
    of_the_room = Actor(
        account=made.accounts["auditor"], role=made.actors["auditor"].role, unit=made.units["room"],
    )  # fmt: skip
    # 1, 2 and the stray 9 are the room's; 3, 4 and the stray 8 are elsewhere; 5-7 no case has.
    assert the_only(made, of_the_room) == NOTHING | {
        "last": 7, "open": 3, "elsewhere": 3, "missing": 3, "beyond": 2, "gaps": (Range(5, 7),), "strays": (Range(9, 9),),
    }  # fmt: skip
    assert the_only(made)["elsewhere"] == 0
    assert the_only(made, made.actors["administrator"])["elsewhere"] == 6


def test_a_case_that_an_auditor_may_not_see_for_recusal_is_elsewhere_and_no_gap(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        issued(connection, "访字", 2026, 1)
        hidden = a_case(connection, made, serial=1)
        connection.execute(Recusal.__table__.insert().values(case_id=hidden, person=made.accounts["auditor"]))  # type: ignore[attr-defined]
    assert the_only(made, made.actors["auditor"]) == NOTHING | {"last": 1, "elsewhere": 1, "gaps": (), "strays": ()}


def test_years_and_series_are_told_apart(engine: Engine) -> None:
    made = found(engine)
    with transaction(engine) as connection:
        for series, year, last in (("访字", 2025, 2), ("访字", 2026, 1), ("热线字", 2026, 1)):
            issued(connection, series, year, last)
    numbered(made, 2, year=2025)
    numbered(made, 1)
    numbered(made, 1, series="热线字")
    assert [(one.year, one.gaps) for one in told(made)] == [(2025, (Range(1, 1),)), (2026, ()), (2026, ())]
    assert [(one.series, one.year) for one in told(made, year=2025)] == [("访字", 2025)]
    assert told(made, year=2024) == ()


def test_a_series_with_more_gaps_than_are_named_still_says_how_many_numbers_are_missing(
    office: SmallOffice,
) -> None:
    with transaction(office.engine) as connection:
        issued(connection, "访字", 2026, 2 * serials.RANGES_NAMED + 10)
    numbered(office, *range(2, 2 * serials.RANGES_NAMED + 11, 2))
    (one,) = told(office)
    # Every other number of 410 is there: 205 are missing, of which 200 ranges are named.
    assert one.missing == 205
    assert len(one.gaps) == 200
    assert one.gaps[:2] == (Range(1, 1), Range(3, 3))


def test_numbers_of_cases_that_came_through_the_door_are_complete_until_one_is_taken_out(office: SmallOffice) -> None:
    words = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人"}
    for day in ("02", "03", "04"):
        office.tell("petition", step(f"2026-03-{day}T09:00", "clerk", "Register", **words))
    assert the_only(office) == NOTHING | {"last": 3, "open": 3, "gaps": (), "strays": ()}
    with transaction(office.engine) as connection:
        issued(connection, "急字", 2026, 1)
    assert [one.series for one in told(office) if not one.complete] == ["急字"]
