"""LIGHTS-A: what a light costs. Worked out by hand: a red 1.0, a yellow 0.5, the worst of each clock."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.workflow.factories import at, policy_of, shipped_policy
from workflow.clocks import crossed, extend, start
from workflow.model import AccountId, Clock, Light, RecordNumber, UnitId
from workflow.policy import Scheme
from workflow.scoring import LitRung, items, total

LIGHTS_A = shipped_policy().schemes["LIGHTS-A"]


def lit(light: Light, on: str, *, case: int = 1, clock: int = 1, waived: bool = False) -> LitRung:
    return LitRung(
        case_id=case, clock=clock, rule="HOT-07", light=light, occurred_at=at(on), unit=UnitId(3), person=AccountId(4),
        event=9, waived=waived,
    )  # fmt: skip


def points(*rungs: LitRung) -> list[Decimal]:
    return [item.points for item in items(rungs, LIGHTS_A)]


YELLOW = lit(Light.YELLOW, "2026-03-06T00:00")
RED = lit(Light.RED, "2026-03-10T00:00")


def test_a_yellow_costs_half_a_point_and_a_red_one() -> None:
    assert points(YELLOW) == [Decimal("-0.5")]
    assert points(RED) == [Decimal("-1.0")]


@pytest.mark.parametrize("order", [(YELLOW, RED), (RED, YELLOW)])
def test_a_red_supersedes_the_yellow_of_the_same_clock_in_whatever_order_they_are_read(
    order: tuple[LitRung, ...],
) -> None:
    (item,) = items(order, LIGHTS_A)
    assert (item.points, item.lit) == (Decimal("-1.0"), RED)


def test_two_clocks_of_one_case_add_up() -> None:
    # -1.0 for the first clock, -0.5 for the second.
    found = items((YELLOW, RED, replace(YELLOW, clock=2)), LIGHTS_A)
    assert [item.points for item in found] == [Decimal("-0.5"), Decimal("-1.0")]  # in the order in which they lit
    assert total(found, LIGHTS_A) == Decimal("98.5")


def test_clocks_with_the_same_number_in_two_cases_are_two_clocks() -> None:
    assert points(YELLOW, replace(YELLOW, case_id=2)) == [Decimal("-0.5"), Decimal("-0.5")]


def test_a_waived_light_is_shown_and_costs_nothing() -> None:
    (item,) = items([replace(YELLOW, waived=True)], LIGHTS_A)
    assert item.points == 0
    assert item.lit.waived
    assert total([item], LIGHTS_A) == 100


def test_the_waived_clock_and_its_successor_are_counted_apart() -> None:
    # C1.2a's yellow is waived; had the successor lit, it would cost its own half.
    assert points(replace(YELLOW, waived=True), lit(Light.YELLOW, "2026-03-16T10:00", clock=2)) == [
        Decimal(0),
        Decimal("-0.5"),
    ]


def test_no_light_leaves_the_full_hundred() -> None:
    assert total(items((), LIGHTS_A), LIGHTS_A) == 100


@pytest.mark.parametrize(
    ("reds", "left"),
    [
        (99, Decimal(1)),  # 100 - 99
        (100, Decimal(0)),
        (101, Decimal(0)),  # never below the floor
    ],
)
def test_a_sheet_never_falls_below_its_floor(reds: int, left: Decimal) -> None:
    found = items([replace(RED, clock=number) for number in range(reds)], LIGHTS_A)
    assert total(found, LIGHTS_A) == left


def test_a_sheet_never_rises_above_its_ceiling() -> None:
    generous = replace(LIGHTS_A, yellow=Decimal(7))
    assert total(items([YELLOW], generous), generous) == 100


def test_halves_add_up_without_rounding() -> None:
    scheme: Scheme = replace(LIGHTS_A, yellow=Decimal("-0.1"))
    found = items([replace(YELLOW, clock=number) for number in range(3)], scheme)
    assert total(found, scheme) == Decimal("99.7")  # binary fractions would give 99.69999...


# -- from clocks to points --------------------------------------------------------------------------------------------


def lights_of(clock: Clock, *, until: str) -> list[LitRung]:
    """What the sweep would note of a clock that nobody stops."""
    return [
        LitRung(
            case_id=1, clock=clock.number, rule=clock.rule, light=crossing.rung.light, occurred_at=crossing.rung.at,
            unit=UnitId(3), person=None, event=1, waived=clock.waived,
        )
        for crossing in crossed(clock, until=at(until))
        if crossing.rung.light
    ]  # fmt: skip


def a_clock(rule: str, on: str) -> Clock:
    policy = policy_of("petition")
    return start(RecordNumber(1), "own", policy.rules[rule][-1], policy, at=at(on))


def test_an_order_left_alone_costs_one_point_however_many_rungs_it_passes() -> None:
    # HOT-07 from Mon 2 March: yellow 6, half of it 9, red 10, five working days later 17 March: only the red counts.
    assert points(*lights_of(a_clock("HOT-07", "2026-03-02T09:00"), until="2026-12-01T00:00")) == [Decimal("-1.0")]


@pytest.mark.parametrize("rule", ["MED-07", "OFC-03"])
def test_a_persons_window_and_the_closing_window_never_cost_anything(rule: str) -> None:
    clock = a_clock(rule, "2026-03-02T09:00")
    assert crossed(clock, until=at("2026-12-01T00:00"))
    assert points(*lights_of(clock, until="2026-12-01T00:00")) == []


def test_a_yellow_that_an_extension_waives_costs_nothing_and_its_opening_light_does() -> None:
    # ENT-01c, 10 wd from Mon 2 March, to 12 on Mon 16 at 10:00, where the successor's yellow (day 9 = 13) is past.
    policy = policy_of("enterprise")
    clock = a_clock("ENT-01c", "2026-03-02T10:00")
    seen = lights_of(clock, until="2026-03-16T10:00")
    closed, longer = extend(
        clock, RecordNumber(2), policy.rules["ENT-01c"][-1], policy, at=at("2026-03-16T10:00"), length=12
    )  # fmt: skip
    waived = [replace(one, waived=closed.waived) for one in seen]
    assert points(*waived, *lights_of(longer, until="2026-03-18T12:00")) == [Decimal(0), Decimal("-0.5")]
