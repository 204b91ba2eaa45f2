"""From counts to points: every figure worked out by hand, and the laws of the sum for any counts and any scheme."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.factories import shipped_policy
from workflow.marks import MEASURES
from workflow.model import Light
from workflow.policy import Scheme, SchemeItem
from workflow.scoring import Counts, of_lights, rounded, score

SCHEMES = shipped_policy().schemes
LIGHTS_A, RATES_B, DACHUAN, JINHUA = (SCHEMES[name] for name in ("LIGHTS-A", "RATES-B", "DACHUAN", "JINHUA"))


def lights(*, yellow: int = 0, red: int = 0) -> Counts:
    return {("light", "yellow"): yellow, ("light", "red"): red}


def points(counts: Counts, scheme: Scheme) -> dict[str, Decimal | None]:
    return {line.item.code: line.points for line in score(counts, scheme).lines}


def exactly(text: str) -> Decimal:
    return Decimal(text)


# -- LIGHTS-A ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ({}, "100"),
        (lights(yellow=1), "99.5"),
        (lights(red=1), "99"),
        (lights(yellow=3, red=2), "96.5"),  # 100 - 1.5 - 2
        (lights(red=99), "1"),
        (lights(red=100), "0"),
        (lights(red=101), "0"),  # never below the floor
        ({("crisis_handled", "in_time"): 2}, "100"),  # never above the ceiling
        ({**lights(red=5), ("crisis_handled", "in_time"): 2}, "97"),  # 100 - 5 + 2
        ({**lights(red=5), ("crisis_handled", "in_time"): 3}, "98"),
        ({**lights(red=5), ("crisis_handled", "in_time"): 4}, "98"),  # the cap is 3
        ({**lights(red=5), ("crisis_handled", "late"): 9}, "95"),  # one that was handled late earns nothing
        ({("lit", "red"): 7}, "100"),  # what was waived costs nothing
    ],
)
def test_lights_cost_and_crises_in_time_earn(counts: Counts, total: str) -> None:
    assert score(counts, LIGHTS_A).total == exactly(total)


def test_a_line_says_how_many_marks_had_points() -> None:
    lit, crises = score({**lights(yellow=3, red=2), ("crisis_handled", "late"): 4}, LIGHTS_A).lines
    assert (lit.n, lit.of, lit.points) == (5, 5, exactly("-3.50"))
    assert (crises.n, crises.of, crises.points) == (0, 4, exactly("0.00"))


# -- rates ------------------------------------------------------------------------------------------------------------


def test_three_rates_are_weighted() -> None:
    counts = {
        ("accepted", "in_time"): 9, ("accepted", "late"): 1,
        ("closed", "in_time"): 3, ("closed", "late"): 2, ("closed", "reopened"): 1,
        ("rated", "satisfied"): 1, ("rated", "fairly_satisfied"): 1, ("rated", "dissatisfied"): 1,
    }  # fmt: skip
    # 20 x 9/10 = 18. 40 x 3/6 = 20: what was reopened was not closed. 40 x 2/3 = 26.666... -> 26.67.
    assert list(points(counts, RATES_B).values()) == [exactly("18.00"), exactly("20.00"), exactly("26.67")]
    assert score(counts, RATES_B).total == exactly("64.67")


def test_the_weight_of_what_has_no_data_is_spread_in_proportion() -> None:
    # Nobody has rated: 20 and 40 carry the hundred, as 33.33... and 66.66... 1 of 2: 16.666... -> 16.67; 2 of 3: 44.44.
    counts = {
        ("accepted", "in_time"): 1, ("accepted", "late"): 1, ("closed", "in_time"): 2, ("closed", "late"): 1,
    }  # fmt: skip
    assert list(points(counts, RATES_B).values()) == [exactly("16.67"), exactly("44.44"), None]
    assert score(counts, RATES_B).total == exactly("61.11")


def test_one_item_alone_carries_all_the_weight() -> None:
    assert score({("accepted", "in_time"): 1, ("accepted", "late"): 2}, RATES_B).total == exactly("33.33")


@pytest.mark.parametrize("scheme", [RATES_B, DACHUAN, JINHUA], ids=lambda scheme: scheme.id)
def test_a_scheme_of_weights_without_any_data_has_no_total_rather_than_none_or_all_points(scheme: Scheme) -> None:
    found = score({("taken", "taken"): 9}, scheme)
    assert found.total is None
    assert all(line.points is None for line in found.lines if line.item.weight is not None)


def test_what_the_program_has_no_data_for_is_spread_over_what_it_has() -> None:
    # DACHUAN: 5 + 10 + 10 + 5 of 90 have data: each counts three times. 15 x 1/2 + 30 x 3/4 + 30 x 1 + 15 x 1/3.
    counts = {
        ("accepted", "in_time"): 1, ("accepted", "late"): 1, ("closed", "in_time"): 3, ("closed", "late"): 1,
        ("rated", "satisfied"): 2, ("answered", "rated"): 2, ("answered", "unrated"): 4,
    }  # fmt: skip
    assert list(points(counts, DACHUAN).values()) == [
        exactly("7.50"), exactly("22.50"), exactly("30.00"), exactly("5.00"), None, None, None,
    ]  # fmt: skip
    assert score(counts, DACHUAN).total == exactly("65.00")


# -- targets ----------------------------------------------------------------------------------------------------------


def due(*, in_time: int, late: int = 0, still_open: int = 0) -> Counts:
    return {("due", "closed_in_time"): in_time, ("due", "closed_late"): late, ("due", "open"): still_open}


@pytest.mark.parametrize(
    ("counts", "on_time", "closed"),
    # Of 50 and 20, which carry 80 together: each counts 80/70.
    [
        (due(in_time=70, late=20, still_open=10), 50, 20),  # both targets met to the point
        (due(in_time=69, late=21, still_open=10), 49, 20),  # one point short
        (due(in_time=695, late=205, still_open=100), 50, 20),  # half a point short: none is wholly missing
        (due(in_time=691, late=209, still_open=100), 50, 20),
        (due(in_time=690, late=209, still_open=101), 49, 20),
        (due(in_time=100), 50, 20),  # beyond the target there is nothing more
        (due(in_time=20, late=60, still_open=20), 0, 10),  # fifty points short
        (due(in_time=10, late=60, still_open=30), 0, 0),  # never below zero
        (due(in_time=0, still_open=1), 0, 0),
    ],
)
def test_whole_percentage_points_below_the_target_cost(counts: Counts, on_time: int, closed: int) -> None:
    found = points(counts, JINHUA)
    assert found["closed_on_time"] == rounded(Fraction(on_time * 80, 70))
    assert found["closed"] == rounded(Fraction(closed * 80, 70))


def test_a_failed_check_costs_a_fifth_of_a_point_beside_the_weights() -> None:
    found = score({**due(in_time=1), ("reopened", "reopened"): 3}, JINHUA)
    assert (found.lines[4].points, found.total) == (exactly("-0.60"), exactly("79.40"))


def test_points_off_for_each_never_take_a_scheme_below_its_floor() -> None:
    assert score({**due(in_time=0, still_open=5), ("reopened", "reopened"): 3}, JINHUA).total == 0


def test_urgent_matters_cost_half_a_point_for_each_point() -> None:
    # 8 of 10 in time: 15 short of 95, 5 - 7.5 is nothing; all of them closed: 5. Spread: 80/10.
    found = points({("urgent", "closed_in_time"): 8, ("urgent", "closed_late"): 2}, JINHUA)
    assert (found["urgent_closed"], found["urgent_on_time"]) == (exactly("40.00"), exactly("0.00"))
    # One of ten is open: 90 % closed, 10 short of 100, 5 - 5 is nothing. Of a hundred: 99 %, 5 - 0.5 = 4.5, spread 36.
    found = points({("urgent", "closed_in_time"): 9, ("urgent", "open"): 1}, JINHUA)
    assert (found["urgent_closed"], found["urgent_on_time"]) == (exactly("0.00"), exactly("20.00"))  # 5 short: 2.5
    found = points({("urgent", "closed_in_time"): 99, ("urgent", "open"): 1}, JINHUA)
    assert (found["urgent_closed"], found["urgent_on_time"]) == (exactly("36.00"), exactly("40.00"))


# -- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Fraction(1, 200), "0.01"),  # half a hundredth goes away from zero
        (Fraction(-1, 200), "-0.01"),
        (Fraction(3, 200), "0.02"),
        (Fraction(-3, 200), "-0.02"),
        (Fraction(1, 201), "0.00"),
        (Fraction(-1, 201), "0.00"),  # and never "-0.00"
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.67"),
        (Fraction(-2, 3), "-0.67"),
        (Fraction(1005, 1000), "1.01"),  # binary 1.005 would give 1.00
        (Fraction(0), "0.00"),
    ],
)
def test_a_line_is_rounded_to_hundredths_half_away_from_zero(value: Fraction, written: str) -> None:
    assert f"{rounded(value):f}" == written


@settings(max_examples=60)
@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_rounding_is_symmetric_and_at_most_half_a_hundredth_off(value: Fraction) -> None:
    found = rounded(value)
    assert abs(Fraction(found) - value) <= Fraction(1, 200)
    assert rounded(-value) == -found
    assert found.as_tuple().exponent == -2
    assert not (found == 0 and found.is_signed())


# -- laws -------------------------------------------------------------------------------------------------------------

OUTCOMES = [(measure, outcome) for measure, outcomes in MEASURES.items() for outcome in outcomes]
ANY_COUNTS = st.dictionaries(st.sampled_from(OUTCOMES), st.integers(0, 300), max_size=len(OUTCOMES))
FIGURE = st.decimals(-20, 20, places=2, allow_nan=False)
WEIGHT = st.decimals("0.01", 60, places=2)


@st.composite
def an_item(draw: st.DrawFn, code: str) -> SchemeItem:
    measure = draw(st.sampled_from([name for name, outcomes in MEASURES.items() if outcomes]))
    outcomes = MEASURES[measure]
    kind = draw(st.sampled_from(["each", "share", "target"]))
    some = draw(st.lists(st.sampled_from(outcomes), min_size=1, unique=True))
    if kind == "each":
        cap = draw(st.none() | WEIGHT)
        worth = {outcome: draw(FIGURE) for outcome in some}
        return SchemeItem(code=code, zh="", en="", kind="each", measure=measure, points=worth, cap=cap)
    target = {"target": draw(st.decimals(1, 100, places=1)), "per_point": draw(WEIGHT)} if kind == "target" else {}
    weight = draw(WEIGHT)
    return SchemeItem(
        code=code, zh="", en="", kind=kind, measure=measure, good=tuple(some), weight=weight, **target,  # type: ignore[arg-type]
    )  # fmt: skip


@st.composite
def a_scheme(draw: st.DrawFn) -> Scheme:
    made = tuple(draw(an_item(f"i{number}")) for number in range(draw(st.integers(1, 6))))
    weights = sum((item.weight for item in made if item.weight is not None), Decimal(0))
    floor, base, ceiling = sorted(draw(st.lists(st.integers(0, 200), min_size=3, max_size=3)))
    return Scheme(
        id="ANY",
        source="t",
        confidence="K",
        base=base,
        floor=floor,
        ceiling=ceiling,
        items=made,
        weights=weights or None,
    )


@settings(max_examples=40, deadline=None)
@given(a_scheme(), ANY_COUNTS)
def test_the_shown_lines_add_up_and_the_total_lies_within_its_bounds(scheme: Scheme, counts: Counts) -> None:
    found = score(counts, scheme)
    reached = found.base + sum((line.points for line in found.lines if line.points is not None), Decimal(0))
    weighted = [line for line in found.lines if line.item.weight is not None]
    if weighted and all(line.points is None for line in weighted):
        assert found.total is None
        return
    assert found.total is not None
    assert scheme.floor <= found.total <= scheme.ceiling
    if scheme.floor <= reached <= scheme.ceiling:
        assert found.total == reached


@settings(max_examples=40, deadline=None)
@given(a_scheme(), ANY_COUNTS)
def test_spreading_keeps_what_each_item_weighs_beside_the_others(scheme: Scheme, counts: Counts) -> None:
    """With everything good, the items with data share the whole weight out in proportion to their own."""
    every = {item.measure: tuple(MEASURES[item.measure]) for item in scheme.items}
    best = replace(
        scheme,
        items=tuple(
            item if item.weight is None else replace(item, kind="share", good=every[item.measure], target=None, per_point=None)
            for item in scheme.items
        ),
    )  # fmt: skip
    lines = [line for line in score(counts, best).lines if line.item.weight is not None and line.points is not None]
    if not lines:
        return
    own = sum(Fraction(line.item.weight or 0) for line in lines)
    for line in lines:
        whole = Fraction(scheme.weights or 0) * Fraction(line.item.weight or 0) / own
        assert line.points == rounded(whole)


@settings(max_examples=60, deadline=None)
@given(ANY_COUNTS, st.sampled_from(list(SCHEMES.values())), st.sampled_from(sorted(MEASURES["light"])))
def test_one_more_light_never_raises_a_shipped_score(counts: Counts, scheme: Scheme, colour: str) -> None:
    more = {**counts, ("light", colour): counts.get(("light", colour), 0) + 1}
    before, after = score(counts, scheme).total, score(more, scheme).total
    assert (before is None) == (after is None)
    assert before is None or after is None or after <= before


# -- what lights cost -------------------------------------------------------------------------------------------------


def test_what_lights_cost_together_knows_no_bounds() -> None:
    assert of_lights([Light.YELLOW, Light.RED, Light.GREEN], LIGHTS_A) == exactly("-1.5")
    assert of_lights([Light.RED] * 150, LIGHTS_A) == -150
    assert of_lights([Light.RED], RATES_B) == 0
