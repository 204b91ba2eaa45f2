"""Schemes as data: what an office can get wrong in one is refused with the line to mend, and a new one needs no code."""

from decimal import Decimal

import pytest

from tests.workflow.policy_texts import faults, place, small_policy, spoilt, the_fault
from workflow.marks import MEASURES
from workflow.policy import Scheme
from workflow.policy_schemes import COUNTS_PETITIONERS
from workflow.scoring import score

SCHEME = """\
[[scheme]]
id = "OWN"
source = "an office's own scheme"
confidence = "L"
base = 10
floor = 0
ceiling = 100
weights = "60"

[[scheme.items]]
code = "lights"
zh = "亮灯"
en = "lights"
kind = "each"
measure = "light"
points = { yellow = "-0.25", red = "-2" }
cap = "5"

[[scheme.items]]
code = "on_time"
zh = "按期"
en = "on time"
kind = "share"
measure = "closed"
good = ["in_time"]
weight = "40"

[[scheme.items]]
code = "rated"
zh = "参评"
en = "rated"
kind = "target"
measure = "answered"
good = ["rated"]
target = "80"
per_point = "0.5"
weight = "20"
"""
#: The lines on which its parts begin, counted by eye.
BASE, WEIGHTS = 5, 8
LIGHTS, ON_TIME, RATED = 10, 19, 28


def of(text: str) -> Scheme:
    return small_policy({"scheme.toml": text}).schemes["OWN"]


def a_line(text: str, line: str) -> int:
    return text.splitlines().index(line) + 1


def test_a_scheme_of_an_offices_own_invention_needs_no_code() -> None:
    counts = {
        ("light", "yellow"): 2, ("light", "red"): 1, ("lit", "red"): 4,
        ("closed", "in_time"): 3, ("closed", "late"): 1,
        ("answered", "rated"): 3, ("answered", "unrated"): 2,
    }  # fmt: skip
    # -0.5 - 2 = -2.5. 40 x 3/4 = 30. 60 % is 20 points below 80 %: 20 - 20 x 0.5 = 10. 10 - 2.5 + 30 + 10 = 47.5.
    found = score(counts, of(SCHEME))
    assert [line.points for line in found.lines] == [Decimal("-2.50"), Decimal("30.00"), Decimal("10.00")]
    assert found.total == Decimal("47.50")


def test_its_cap_holds_however_many_lights_there_are() -> None:
    found = score({("light", "red"): 50, ("closed", "in_time"): 1}, of(SCHEME))
    # -100, held at -5; 40 spread over the 60 is 60: 10 - 5 + 60.
    assert (found.lines[0].points, found.total) == (Decimal("-5.00"), Decimal("65.00"))


def test_the_short_form_of_a_scheme_is_still_read_and_scores_as_before() -> None:
    short = SCHEME[: SCHEME.index("weights")] + 'yellow = "-0.5"\nred = "-1.0"\n'
    found = score({("light", "yellow"): 3, ("light", "red"): 2, ("lit", "yellow"): 9}, of(short))
    assert found.total == Decimal("6.5")  # 10 - 3 x 0.5 - 2
    assert [(line.item.code, line.n) for line in found.lines] == [("lights", 5)]


def test_the_short_form_may_name_one_colour_alone() -> None:
    short = SCHEME[: SCHEME.index("weights")] + 'red = "-3"\n'
    assert score({("light", "yellow"): 3, ("light", "red"): 2}, of(short)).total == 4  # 10 - 6


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key", "code", "value"),
    [
        # The whole: its base lies within its bounds, its weights add up to what it says.
        ("base = 10", "base = 101", BASE, "base", "scheme.base_outside", "101"),
        ("floor = 0", "floor = 11", BASE, "base", "scheme.base_outside", "10"),
        ("ceiling = 100", "ceiling = 9", BASE, "base", "scheme.base_outside", "10"),
        ('weights = "60"', 'weights = "61"', WEIGHTS, "weights", "scheme.weights_do_not_add_up", "60"),
        ('weights = "60"', 'weights = "59.9"', WEIGHTS, "weights", "scheme.weights_do_not_add_up", "60"),
        ('weight = "40"', 'weight = "40.5"', WEIGHTS, "weights", "scheme.weights_do_not_add_up", "60.5"),
        ('weights = "60"\n', "\n", 2, "id", "scheme.weights_missing", "60"),
        # An item: what its kind needs, and nothing that another kind says.
        ('points = { yellow = "-0.25", red = "-2" }\n', "", LIGHTS, "items.0", "scheme.item_needs", "points"),
        ('good = ["rated"]\n', "", RATED, "items.2", "scheme.item_needs", "good"),
        ('target = "80"\n', "", RATED, "items.2", "scheme.item_needs", "target"),
        ('per_point = "0.5"\n', "", RATED, "items.2", "scheme.item_needs", "per_point"),
        ('good = ["in_time"]', 'good = ["in_time"]\ncap = "3"', 26, "items.1.cap", "scheme.item_may_not", "cap"),
        ('good = ["in_time"]', 'good = ["in_time"]\ntarget = "3"', 26, "items.1.target", "scheme.item_may_not", "target"),
        ('good = ["in_time"]', 'good = ["in_time"]\nper_point = "3"', 26, "items.1.per_point", "scheme.item_may_not", "per_point"),
        ('cap = "5"', 'good = ["red"]', 17, "items.0.good", "scheme.item_may_not", "good"),
        ('good = ["rated"]', 'good = ["rated"]\ncap = "1"', 35, "items.2.cap", "scheme.item_may_not", "cap"),
        # Names: every code stands once; measures and outcomes are those of the vocabulary.
        ('code = "on_time"', 'code = "lights"', 20, "items.1.code", "policy.defined_twice", "lights"),
        ('measure = "closed"', 'measure = "colsed"', 24, "items.1.measure", "policy.unknown_name", "colsed"),
        ('good = ["in_time"]', 'good = ["in_tim"]', 25, "items.1.good", "policy.unknown_name", "in_tim"),
        ('good = ["rated"]', 'good = ["satisfied"]', 34, "items.2.good", "policy.unknown_name", "satisfied"),
        ('red = "-2"', 'rde = "-2"', 16, "items.0.points.rde", "policy.unknown_name", "rde"),
    ],
)  # fmt: skip
def test_a_fault_in_a_scheme_is_named_with_its_line(
    right: str, wrong: str, line: int, key: str, code: str, value: str
) -> None:
    fault = the_fault({"scheme.toml": spoilt(SCHEME, right, wrong)})
    assert (fault.file, fault.line, fault.key, fault.code, fault.value) == (
        "scheme.toml", line, f"scheme.OWN.{key}", code, value,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "nearest"),
    [
        ('measure = "closed"', 'measure = "colsed"', "closed"),
        ('good = ["in_time"]', 'good = ["in_tim"]', "in_time"),
        ('red = "-2"', 'rde = "-2"', "red"),
    ],
)
def test_the_nearest_known_name_is_offered(right: str, wrong: str, nearest: str) -> None:
    assert the_fault({"scheme.toml": spoilt(SCHEME, right, wrong)}).nearest == nearest


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key"),
    [
        ('weight = "40"', 'weight = "0"', 26, "items.1.weight"),
        ('weight = "40"', 'weight = "-40"', 26, "items.1.weight"),
        ('weight = "40"', 'weight = "forty"', 26, "items.1.weight"),
        ('target = "80"', 'target = "100.1"', 35, "items.2.target"),
        ('target = "80"', 'target = "0"', 35, "items.2.target"),
        ('per_point = "0.5"', 'per_point = "0"', 36, "items.2.per_point"),
        ('cap = "5"', 'cap = "-5"', 17, "items.0.cap"),
        ('kind = "share"', 'kind = "rate"', 23, "items.1.kind"),
        ('weights = "60"', 'weights = "0"', WEIGHTS, "weights"),
    ],
)
def test_a_value_that_cannot_be_is_refused_where_it_stands(right: str, wrong: str, line: int, key: str) -> None:
    found = faults({"scheme.toml": spoilt(SCHEME, right, wrong)})
    assert ("scheme.toml", line, f"scheme.OWN.{key}", "policy.bad_value") in [
        (fault.file, fault.line, fault.key, fault.code) for fault in found
    ]


@pytest.mark.parametrize(
    "figure",
    [
        "nan",
        "inf",
        "-inf",
        "1e400",
    ],
)
def test_a_figure_that_is_no_number_is_refused(figure: str) -> None:
    (found,) = faults({"scheme.toml": spoilt(SCHEME, 'red = "-2"', f'red = "{figure}"')})
    assert (found.line, found.code) == (16, "policy.bad_value")


def test_a_scheme_without_any_item_is_refused() -> None:
    fault = the_fault({"scheme.toml": SCHEME[: SCHEME.index("weights")]})
    assert place(fault)[1:] == (2, 1, "scheme.OWN.id", "scheme.no_items")


def test_two_schemes_of_one_name_are_one_too_many() -> None:
    second = spoilt(SCHEME, "an office's own scheme", "another")
    fault = the_fault({"a.toml": SCHEME, "b.toml": second})
    assert place(fault) == ("b.toml", 2, 1, "scheme.OWN.id", "policy.defined_twice")


def test_every_fault_is_shown_at_once() -> None:
    text = spoilt(spoilt(SCHEME, "base = 10", "base = 101"), 'measure = "closed"', 'measure = "open_cases"')
    text = spoilt(text, 'weights = "60"', 'weights = "70"')
    found = [(fault.line, fault.code) for fault in faults({"scheme.toml": text})]
    assert sorted(found) == [
        (BASE, "scheme.base_outside"), (WEIGHTS, "scheme.weights_do_not_add_up"), (24, "policy.unknown_name"),
    ]  # fmt: skip


# -- petitioners are never counted against anyone ---------------------------------------------------------------------


@pytest.mark.parametrize("measure", COUNTS_PETITIONERS)
def test_a_scheme_that_counts_petitioners_is_refused_by_name(measure: str) -> None:
    text = spoilt(SCHEME, 'measure = "closed"', f'measure = "{measure}"')
    fault = the_fault({"scheme.toml": text})
    assert (fault.line, fault.code, fault.value) == (24, "scheme.counts_petitioners", measure)


def test_no_measure_of_the_vocabulary_is_about_those_who_petition() -> None:
    assert not set(MEASURES) & set(COUNTS_PETITIONERS)
    assert not any("petition" in name for measure, outcomes in MEASURES.items() for name in (measure, *outcomes))


# -- what the program has no data for ---------------------------------------------------------------------------------


def test_an_item_that_is_filled_in_by_hand_needs_no_more_than_its_weight_and_is_not_assessed() -> None:
    text = spoilt(SCHEME, 'measure = "closed"\ngood = ["in_time"]', 'measure = "by_hand"')
    found = score({("answered", "rated"): 1}, of(text))
    assert [line.points for line in found.lines] == [Decimal("0.00"), None, Decimal("60.00")]


def test_an_item_by_hand_with_points_for_each_needs_none() -> None:
    text = spoilt(
        SCHEME, 'measure = "light"\npoints = { yellow = "-0.25", red = "-2" }\ncap = "5"', 'measure = "by_hand"'
    )
    assert [line.points for line in score({("closed", "in_time"): 1}, of(text)).lines] == [None, Decimal("60.00"), None]


@pytest.mark.parametrize("day", ["13-01", "00-15", "01-00", "02-30", "19-39"])
def test_the_day_on_which_a_year_is_closed_is_a_day(day: str) -> None:
    text = (
        f'[[appeal]]\nsource = "t"\nconfidence = "K"\nworking_days = 5\ndecide_working_days = 5\nclose_on = "{day}"\n'
    )
    found = faults({"appeal.toml": text})
    assert [(fault.line, fault.code) for fault in found] == [(6, "policy.bad_value")]
