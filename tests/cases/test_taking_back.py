"""A step that was a mistake is taken back, as if it had not been taken; the ledger keeps both."""

from datetime import timedelta

import pytest

from cases.execute import CaseHasMoved
from cases.facts import load_facts
from cases.history import histories, records
from cases.reading import agreements_of, timeline
from cases.sweep import sweep
from infra.db import reading
from tests.cases.records import HOUR, START, World, new_request
from tests.cases.test_acts import an_order, at, why
from tests.cases.test_people_of_a_case import mediated
from workflow.facts import CaseFacts
from workflow.history import History
from workflow.marks import marks
from workflow.model import TIMERS, AccountId, Refusal
from workflow.procedures.every_case.commands import Accept, AddNote, HandOver, Rate, Refuse, TakeBack
from workflow.procedures.mediation.commands import HoldSession, NotifyRights, Settle
from workflow.procedures.petition.commands import Assign, Close, ContactPerson, Reply, RequestExtension, SignFor

BACK = TakeBack(reason="办错了")
ANSWER = Reply(form="oral", answer="已修好。")


def facts_of(world: World, case: int) -> CaseFacts:
    with reading(world.engine) as connection:
        loaded = load_facts(connection, case, actor=TIMERS)
    assert loaded
    return loaded[0]


def history_of(world: World, case: int) -> History:
    with reading(world.engine) as connection:
        return next(histories(connection, actor=TIMERS, cases=[case]))


def standing(facts: CaseFacts) -> dict[str, object]:
    """Where a case stands, but for what counts its steps and names its custody."""
    kept = (
        "state", "milestones", "outcome", "closed_at", "extension_asked", "holder_unit", "holder_person", "parties",
    )  # fmt: skip
    clocks = {clock.number: clock for clock in facts.clocks if clock.outcome != "void"}
    return {**{name: getattr(facts, name) for name in kept}, "clocks": clocks}


def test_a_wrongly_refused_petition_stands_again_as_if_it_had_not_been_refused(world: World) -> None:
    """The story: refused in the morning, taken back by the coordinator the same day, accepted in time."""
    case = world.open(at=at("2026-03-02T09:00")).case_id
    before = standing(facts_of(world, case))
    refusal = Refuse(ground="not_competent", proper_channel="请向有权机关提出。")
    world.take(case, refusal, by="clerk", at=at("2026-03-02T10:00"))
    assert facts_of(world, case).closed_at
    with pytest.raises(Refusal) as refused:
        world.take(case, BACK, by="clerk", at=at("2026-03-02T11:00"))
    assert why(refused) == {("take_back.by_a_second_person", None)}
    world.take(case, BACK, by="coordinator", at=at("2026-03-02T15:00"))
    assert standing(facts_of(world, case)) == before
    history = history_of(world, case)
    assert history.endings == ()
    assert [step.command for step in history.steps] == ["Register", "TakeBack"]
    world.take(case, Accept(), by="clerk", at=at("2026-03-02T16:00"))
    assert world.ledger_agrees()


def test_after_an_answer_was_taken_back_its_time_limit_runs_on_and_nobody_was_answered(world: World) -> None:
    case = an_order(world)
    world.take(case, ContactPerson(note="联系"), by="mediator", at=at("2026-03-02T10:00"))
    before = facts_of(world, case)
    world.take(case, ANSWER, by="mediator", at=at("2026-03-04T10:00"))
    world.take(case, BACK, by="mediator", at=at("2026-03-04T10:05"))
    after = facts_of(world, case)
    assert standing(after) == standing(before)
    assert after.running("order") == before.running("order")
    assert after.running("closing") is None
    calendar = world.office.policy.calendar
    assert not [mark for mark in marks(history_of(world, case), calendar) if mark.measure in ("answered", "closed")]
    with reading(world.engine) as connection:
        events = timeline(connection, case, actor=world.actor("mediator"))
    assert [event.code for event in events if event.is_taken_back] == ["case:replied"]
    world.take(case, ANSWER, by="mediator", at=at("2026-03-05T10:00"))
    assert [mark.measure for mark in marks(history_of(world, case), calendar) if mark.measure == "closed"] == ["closed"]
    assert world.ledger_agrees()


def test_what_would_have_lit_meanwhile_lights_then(world: World) -> None:
    """Answered on the last day, taken back on the next: it is red, since the midnight between."""
    case = an_order(world)
    world.take(case, ANSWER, by="mediator", at=at("2026-03-09T17:00"))
    sweep(world.engine, now=at("2026-03-10T08:00"))
    world.take(case, BACK, by="mediator", at=at("2026-03-10T09:00"))
    sweep(world.engine, now=at("2026-03-10T09:01"))
    order = facts_of(world, case).running("order")
    assert order
    lit = [one for one in history_of(world, case).lit if one.clock == order.number]
    assert [(one.rung, one.at) for one in lit][-1] == ("red", at("2026-03-10T00:00"))
    assert world.ledger_agrees()


def test_whoever_had_a_matter_has_it_again_and_custody_has_no_gap(world: World) -> None:
    case = an_order(world)
    room, other = world.stage.units["room"], AccountId(world.account("mediator_2"))
    world.take(case, Assign(unit=room, handler=other), by="coordinator", at=START + HOUR)
    world.take(case, BACK, by="coordinator", at=START + 2 * HOUR)
    assert world.case(case)["holder_person"] == world.account("mediator")
    custody = world.rows("SELECT from_at, until_at FROM custody WHERE case_id = :id ORDER BY number", id=case)
    assert [one["until_at"] for one in custody[:-1]] == [one["from_at"] for one in custody[1:]]
    assert custody[-1]["until_at"] is None
    assert world.ledger_agrees()


def a_session(world: World) -> int:
    case = mediated(world)
    world.take(case, NotifyRights(signed_by=world.parties(case)), by="mediator")
    world.take(case, HoldSession(form="joint", place="调解室", minutes="双方陈述。"), by="mediator", at=START + HOUR)
    return case


def test_an_agreement_that_was_entered_in_the_wrong_case_counts_no_more(world: World) -> None:
    case = a_session(world)
    before = standing(facts_of(world, case))
    parties = world.parties(case)
    agreed = Settle(
        form="written", terms="退还押金。", performance_due_on=(START + timedelta(days=9)).date(), signed_by=parties,
        mediator_signed=True, sealed=True, amount_yuan=500,
    )  # fmt: skip
    world.take(case, agreed, by="mediator", at=START + 2 * HOUR)
    world.take(case, BACK, by="mediator", at=START + 3 * HOUR)
    assert standing(facts_of(world, case)) == before
    with reading(world.engine) as connection:
        assert agreements_of(connection, case, actor=world.actor("mediator")) == []
    assert len(world.rows("SELECT * FROM agreement WHERE case_id = :id", id=case)) == 1, "the record keeps it"
    assert world.ledger_agrees()


def test_one_step_after_the_other_is_taken_back_as_far_as_the_registration(world: World) -> None:
    case = an_order(world)
    for by in ("mediator", "coordinator", "coordinator"):  # signed, assigned, accepted
        world.take(case, BACK, by=by, at=START + HOUR)
    assert facts_of(world, case).state == "registered"
    with pytest.raises(Refusal) as refused:
        world.take(case, BACK, by="coordinator", at=START + HOUR)
    assert why(refused) == {("take_back.nothing", None)}
    assert world.ledger_agrees()


@pytest.mark.parametrize(
    ("now", "taken"),
    [("2026-03-06T23:59", True), ("2026-03-09T23:59", True), ("2026-03-10T00:00", False)],  # taken on a Friday
)
def test_a_step_stays_after_the_next_working_day(sqlite_world: World, now: str, taken: bool) -> None:
    world, case = sqlite_world, an_order(sqlite_world, on="2026-03-06T09:00")
    if taken:
        world.take(case, BACK, by="mediator", at=at(now))
        return
    with pytest.raises(Refusal) as refused:
        world.take(case, BACK, by="mediator", at=at(now))
    assert why(refused) == {("take_back.too_late", None)}


def test_what_a_later_step_or_light_stands_on_stays(sqlite_world: World) -> None:
    world, case = sqlite_world, an_order(sqlite_world)
    world.take(case, RequestExtension(to_length=10, reason="等检测"), by="mediator", at=at("2026-03-06T09:00"))
    world.take(case, BACK, by="mediator", at=at("2026-03-06T09:05"))
    lit = world.open("hotline", at=at("2026-03-05T09:00")).case_id
    world.take(lit, Accept(), by="clerk", at=at("2026-03-05T09:00"))
    handler = AccountId(world.account("mediator"))
    world.take(
        lit, Assign(unit=world.stage.units["room"], handler=handler), by="coordinator", at=at("2026-03-05T16:00")
    )
    sweep(world.engine, now=at("2026-03-09T08:00"))
    with pytest.raises(Refusal) as refused:
        world.take(lit, BACK, by="coordinator", at=at("2026-03-06T17:00"))
    assert why(refused) == {("take_back.later_stands_on_it", None)}


def test_an_assignment_after_which_the_matter_was_handed_over_stays(sqlite_world: World) -> None:
    world = sqlite_world
    case = world.open("hotline").case_id
    world.take(case, Accept(), by="clerk")
    first, second = (AccountId(world.account(name)) for name in ("mediator", "mediator_2"))
    world.take(case, Assign(unit=world.stage.units["room"], handler=first), by="coordinator")
    world.take(case, HandOver(leaving=first, to=second, ground="absent"), by="supervisor")
    with pytest.raises(Refusal) as refused:
        world.take(case, BACK, by="coordinator")
    assert why(refused) == {("take_back.later_stands_on_it", None)}


def test_what_the_person_did_stays_and_holds_what_is_before_it(sqlite_world: World) -> None:
    world, case = sqlite_world, an_order(sqlite_world)
    world.take(case, ANSWER, by="mediator", at=START + HOUR)
    world.take(case, Rate(score="satisfied"), by="petitioner", at=START + 2 * HOUR)
    with pytest.raises(Refusal) as refused:
        world.take(case, BACK, by="mediator", at=START + 3 * HOUR)
    assert why(refused) == {("take_back.nothing", None)}


def test_nobody_takes_back_what_a_colleague_did(sqlite_world: World) -> None:
    world = sqlite_world
    case = mediated(world)
    world.take(case, NotifyRights(signed_by=world.parties(case)), by="mediator")
    with pytest.raises(Refusal) as refused:
        world.take(case, BACK, by="mediator_2")
    assert why(refused) == {("take_back.not_yours", None)}
    world.take(case, BACK, by="supervisor")


def test_a_closing_is_taken_back_by_somebody_else_and_a_note_in_between_is_no_hindrance(world: World) -> None:
    case = an_order(world)
    world.take(case, ContactPerson(note="联系"), by="mediator")
    world.take(case, ANSWER, by="mediator", at=START + HOUR)
    before = standing(facts_of(world, case))
    world.take(case, Close(outcome="resolved"), by="mediator", at=START + 2 * HOUR)
    world.take(case, AddNote(note="家属来电"), by="mediator", at=START + 3 * HOUR)
    world.take(case, BACK, by="supervisor", at=START + 4 * HOUR)
    assert standing(facts_of(world, case)) == before
    with reading(world.engine) as connection:
        then = next(records(connection, actor=TIMERS, cases=[case], until=START + 3 * HOUR)).case["state"]
    assert then == "closed", "as of then it was closed"
    assert world.ledger_agrees()


def test_a_form_that_is_sent_twice_takes_back_one_step(world: World) -> None:
    case, request = an_order(world), new_request()
    version = facts_of(world, case).version
    for _ in range(2):
        done = world.take(case, BACK, by="mediator", at=START + HOUR, version=version, request=request)
    assert done.repeated
    assert facts_of(world, case).state == "dispatched"
    with pytest.raises(CaseHasMoved):
        world.take(case, SignFor(), by="mediator", at=START + HOUR, version=version)
