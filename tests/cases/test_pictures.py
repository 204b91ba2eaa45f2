"""What the pictures of a year show is what a look at the record finds."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.pictures import Months, pictures, survival
from cases.sweep import sweep
from cases.tally import keep_up
from infra.db import reading
from tests.databases import ZONE, SmallOffice, office, office_template, sqlite_template, step
from workflow.model import Light

__all__ = ["office", "office_template", "sqlite_template"]

WORDS = {"title": "噪声", "statement": "夜间噪声", "applicant": "王某"}


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE).astimezone(UTC)


MONTHS = Months(
    starts=tuple(local(f"2026-{month:02}-01T00:00") for month in range(1, 13)), end=local("2027-01-01T00:00")
)


# -- the curve ----------------------------------------------------------------------------------------------------------


def test_the_curve_of_a_book_example() -> None:
    """Ends after 6, 6, 6, 7, 10, 13, 16, 22, 23 weeks among 21 people, of whom others leave: Freireich (1963), as every book has it."""
    ends, leaves = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = dict(survival([*((float(one), True) for one in ends), *((float(one), False) for one in leaves)]))
    expected = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {days: round(curve[days], 3) for days in expected} == expected
    assert curve[35.0] == curve[23.0], "the curve goes on as far as anybody was looked at"


@given(st.lists(st.tuples(st.integers(0, 30).map(float), st.booleans()), max_size=40))
def test_the_curve_never_rises_and_agrees_with_counting_where_nobody_leaves(matters: list[tuple[float, bool]]) -> None:
    shares = [share for _, share in survival(matters)]
    assert all(0 <= low <= high <= 1 for high, low in zip([1.0, *shares], shares, strict=False))
    ended = [(days, True) for days, _ in matters]
    for days, share in survival(ended):
        left = Fraction(sum(one > days for one, _ in ended), len(ended))
        assert share == pytest.approx(float(left))


# -- the record -----------------------------------------------------------------------------------------------------------


def test_months_lights_and_stays_are_those_of_the_record(office: SmallOffice) -> None:
    office.tell(
        "hotline",
        step("2026-03-02T09:00", "clerk", "Register", **WORDS),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-03T09:00", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-03T09:30", "mediator", "SignFor"),
        step("2026-03-03T09:40", "mediator", "ContactPerson", note="已联系"),
    )
    office.tell(
        "hotline",
        step("2026-02-02T09:00", "clerk", "Register", **WORDS),
        step("2026-02-02T09:10", "clerk", "Accept"),
        step("2026-02-02T21:00", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-02-03T09:00", "mediator", "SignFor"),
        step("2026-02-03T09:10", "mediator", "ContactPerson", note="已联系"),
        step("2026-02-05T09:00", "mediator", "Reply", form="oral", answer="已处理。"),
        step("2026-02-06T09:00", "mediator", "Close", outcome="resolved"),
    )
    now = local("2026-03-20T10:00")
    sweep(office.engine, now=now)
    keep_up(office.engine, office.context.policy.calendar)
    with reading(office.engine) as connection:
        found = pictures(connection, MONTHS, actor=office.actors["supervisor"], now=now, without=[])
    assert found.came[:4] == (0, 1, 1, 0)
    assert found.closed[:4] == (0, 1, 0, 0)
    assert sum(found.settled) == 0
    assert found.lights[Light.RED][2] >= 1
    assert sum(found.lights[Light.RED]) == found.lights[Light.RED][2], "all of it in March"
    stays = {one.unit: one for one in found.stays}
    room = stays[office.units["room"]]
    assert room.n == 1
    assert room.half == pytest.approx((local("2026-02-06T09:00") - local("2026-02-02T21:00")) / timedelta(days=1))
    (ending,) = found.endings
    assert (ending.looked_at, ending.ended) == (2, 1)
    assert ending.half == pytest.approx(4.0)
    assert ending.open_after(3) == 1.0
    assert ending.open_after(1000) is None


def test_who_may_not_see_a_matter_sees_nothing_of_it(office: SmallOffice) -> None:
    office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS))

    def came(login: str, *without: str) -> int:
        with reading(office.engine) as connection:
            now, actor = local("2026-03-20T10:00"), office.actors[login]
            return sum(pictures(connection, MONTHS, actor=actor, now=now, without=without).came)

    assert {login: came(login) for login in ("upstream", "supervisor", "desk_supervisor")} == {
        "upstream": 1,
        "supervisor": 0,
        "desk_supervisor": 0,
    }
    assert came("upstream", "petition") == 1
    assert came("upstream", "hotline") == 0
