"""An agreement that was entered otherwise than it stands on paper: the record says the right thing, the history both."""

import json
from datetime import date, timedelta

import pytest

from cases.sweep import sweep
from tests.cases.records import DAY, START, World
from tests.cases.test_people_of_a_case import mediated
from workflow.model import Refusal
from workflow.procedures.every_case.commands import TakeBack
from workflow.procedures.mediation.commands import CorrectAgreement, HoldSession, NotifyRights, Settle, SettleInPart

#: Ten days after START, Monday 2 March.
DUE = date(2026, 3, 12)


def settled(world: World, *, form: str = "written", partial: bool = False) -> int:
    case = mediated(world)
    parties = world.parties(case)
    world.take(case, NotifyRights(signed_by=parties), by="mediator")
    world.take(case, HoldSession(form="joint", place="调解室", minutes="已商定。"), by="mediator")
    written = {"signed_by": parties, "mediator_signed": True, "sealed": True} if form == "written" else {}
    due = DUE if form == "written" else START.date()
    agreed = {"form": form, "terms": "退还押金。", "performance_due_on": due, "amount_yuan": 1500, **written}
    if form == "oral":
        agreed["writing_not_needed"] = True
    world.take(case, (SettleInPart if partial else Settle)(**agreed), by="mediator")
    return case


def correct(world: World, case: int, *, after: timedelta = DAY, by: str = "mediator", **what: object) -> None:
    world.take(case, CorrectAgreement(reason="录入有误。", **what), by=by, at=START + after)  # type: ignore[arg-type]


def agreements(world: World, case: int) -> list[dict[str, object]]:
    return world.rows("SELECT * FROM agreement WHERE case_id = :id ORDER BY number", id=case)


def follow_ups(world: World, case: int) -> list[tuple[str, str | None]]:
    rows = world.rows("SELECT * FROM clock WHERE case_id = :id AND name = 'follow_up' ORDER BY number", id=case)
    return [(str(row["started_at"])[:10], row["outcome"]) for row in rows]


def test_amount_day_and_terms_are_put_right_and_the_event_says_what_stood_there(world: World) -> None:
    case = settled(world)
    before = agreements(world, case)[0]
    correct(world, case, amount_yuan=1600, performance_due_on=date(2026, 3, 20), terms="退还押金和利息。")
    (now,) = agreements(world, case)
    assert (now["amount_yuan"], str(now["performance_due_on"])) == (1600, "2026-03-20")
    assert now["terms"] != before["terms"]
    data = json.loads(world.events(case)[-1]["data"])
    assert data["before"] == {"amount_yuan": 1500, "performance_due_on": "2026-03-12", "terms": before["terms"]}
    assert world.ledger_agrees()


def test_the_limit_from_a_wrong_day_never_counted_and_starts_from_the_right_one(world: World) -> None:
    case = settled(world)
    correct(world, case, performance_due_on=date(2026, 3, 20))
    (wrong, right) = follow_ups(world, case)
    assert (wrong[1], right[1]) == ("void", None)
    assert wrong[0] < right[0]
    sweep(world.engine, now=START + 12 * DAY)
    assert [event for event in world.events(case) if event["code"] == "clock:crossed"] == []
    assert world.ledger_agrees()


def test_an_amount_alone_moves_no_limit(world: World) -> None:
    case = settled(world)
    correct(world, case, amount_yuan=1600)
    assert [outcome for _, outcome in follow_ups(world, case)] == [None]


def test_a_partial_agreement_is_corrected_too_and_has_no_limit(world: World) -> None:
    case = settled(world, partial=True)
    correct(world, case, performance_due_on=date(2026, 3, 20), by="coordinator")
    assert str(agreements(world, case)[0]["performance_due_on"]) == "2026-03-20"
    assert follow_ups(world, case) == []


def test_an_agreement_that_was_taken_back_is_not_the_one_that_is_corrected(world: World) -> None:
    case = settled(world, partial=True)
    parties = world.parties(case)
    whole = Settle(
        form="written", terms="另议。", performance_due_on=DUE, amount_yuan=9, signed_by=parties, mediator_signed=True,
        sealed=True,
    )  # fmt: skip
    world.take(case, whole, by="mediator", at=START + timedelta(hours=1))
    world.take(case, TakeBack(reason="点错了。"), by="mediator", at=START + timedelta(hours=2))
    correct(world, case, amount_yuan=1600, after=timedelta(hours=3))
    assert [row["amount_yuan"] for row in agreements(world, case)] == [1600, 9]
    assert world.ledger_agrees()


WRONG = {
    "nothing": ({}, "correct_agreement.nothing"),
    "the same": ({"amount_yuan": 1500}, "correct_agreement.same"),
    "before it was agreed": ({"performance_due_on": date(2026, 3, 1)}, "performance_due_on.in_the_past"),
    "in another age": ({"performance_due_on": date(2126, 3, 1)}, "performance_due_on.too_far"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_correction_is_refused_and_changes_nothing(sqlite_world: World, wrong: str) -> None:
    what, code = WRONG[wrong]
    case = settled(sqlite_world)
    with pytest.raises(Refusal) as refused:
        correct(sqlite_world, case, **what)
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert len(follow_ups(sqlite_world, case)) == 1


def test_the_day_stays_once_its_limit_has_lit(sqlite_world: World) -> None:
    case = settled(sqlite_world)
    sweep(sqlite_world.engine, now=START + 30 * DAY)
    with pytest.raises(Refusal) as refused:
        correct(sqlite_world, case, performance_due_on=date(2026, 6, 1), after=30 * DAY)
    assert [reason.code for reason in refused.value.reasons] == ["correct_agreement.day_has_counted"]
    correct(sqlite_world, case, amount_yuan=1600, after=31 * DAY)


def test_before_anything_was_agreed_nothing_can_be_corrected(sqlite_world: World) -> None:
    case = mediated(sqlite_world)
    sqlite_world.take(case, NotifyRights(signed_by=sqlite_world.parties(case)), by="mediator")
    sqlite_world.take(case, HoldSession(form="joint", place="调解室", minutes="未谈成。"), by="mediator")
    with pytest.raises(Refusal) as refused:
        correct(sqlite_world, case, amount_yuan=1)
    assert "correct_agreement.none" in {reason.code for reason in refused.value.reasons}
