"""What other units and colleagues are asked for: clocks about a record, charged to whoever was asked."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from cases.appeals import charged_case
from cases.execute import CaseNotFound
from cases.facts import load_facts
from cases.history import histories
from cases.holdings import held_by_unit
from cases.sweep import sweep
from infra.db import reading
from reports.record.as_of import case_as_of
from tests.cases.records import DAY, HOUR, START, World, local
from tests.cases.test_people_of_a_case import handing, in_hand, told_of
from workflow.facts import CaseFacts
from workflow.marks import Mark, marks
from workflow.model import TIMERS, AccountId, Clock, Light, RecordNumber, Refusal
from workflow.procedures.every_case.commands import (
    Acknowledge,
    AnswerTask,
    AppealLight,
    AskUnit,
    BringIn,
    EndPart,
    EndTask,
    ExplainLateness,
    GiveTask,
    Recuse,
    TakeBack,
)
from workflow.procedures.petition.commands import Close, ContactPerson, Reply

#: Three working days from Monday 2 March: yellow on Thursday 5 March, red on Friday 6 March, each at midnight.
YELLOW = local("2026-03-05 00:00")
FRIDAY = local("2026-03-06 09:00")


def ask(world: World, case: int, *, at: datetime = START, length: int = 3, by: str = "mediator") -> RecordNumber:
    world.take(case, AskUnit(co_unit=world.stage.units["bureau"], what="请核查许可", length=length), by=by, at=at)
    return last(world, case)


def give(world: World, case: int, *, at: datetime = START, length: int = 3) -> RecordNumber:
    """To mediator_2, who was brought in."""
    other = AccountId(world.account("mediator_2"))
    world.take(case, BringIn(part="co_handler", person=other), by="mediator", at=at)
    world.take(case, GiveTask(person=other, what="请到现场拍照", length=length), by="mediator", at=at)
    return last(world, case)


def last(world: World, case: int) -> RecordNumber:
    return RecordNumber(world.column("SELECT max(number) FROM task WHERE case_id = :id", id=case)[0])


def facts_of(world: World, case: int, *, by: str = "coordinator") -> CaseFacts | None:
    with reading(world.engine) as connection:
        loaded = load_facts(connection, case, actor=world.actor(by))
    return loaded[0] if loaded else None


def the_clock(world: World, case: int, task: int) -> Clock:
    facts = facts_of(world, case)
    assert facts
    return next(clock for clock in facts.clocks if clock.about == task)


def crossings(world: World, case: int) -> list[dict[str, Any]]:
    return [json.loads(event["data"]) for event in world.events(case) if event["code"] == "clock:crossed"]


def marks_of(world: World, case: int) -> list[Mark]:
    with reading(world.engine) as connection:
        (history,) = histories(connection, actor=TIMERS, cases=[case])
    return list(marks(history, world.office.policy.calendar))


def refused(world: World, case: int, command: Any, *, by: str = "mediator", at: datetime = START) -> set[str]:
    events = len(world.events(case))
    with pytest.raises(Refusal) as refusal:
        world.take(case, command, by=by, at=at)
    assert len(world.events(case)) == events
    return {reason.code for reason in refusal.value.reasons}


# -- whose it is ------------------------------------------------------------------------------------------------------


def test_what_lights_is_the_asked_units_and_not_the_holders(world: World) -> None:
    case = in_hand(world)
    world.take(case, ContactPerson(note="已联系"), by="mediator")
    task = ask(world, case)
    sweep(world.engine, now=FRIDAY)
    bureau, account = world.stage.units["bureau"], world.account("bureau")
    lit = [one for one in crossings(world, case) if one["light"]]
    assert [(one["rung"], one["unit"], one["person"]) for one in lit] == [
        ("yellow", bureau, None),
        ("red", bureau, None),
    ]
    assert all(account in one["told"] for one in lit)
    assert not any(world.account("mediator") in one["told"] for one in lit), "the holder is not told of others' lights"
    counted = [
        (one.measure, one.outcome, one.unit, one.person) for one in marks_of(world, case) if one.measure == "light"
    ]
    assert counted == [("light", "red", bureau, None)]
    clock = the_clock(world, case, task)
    assert (clock.about, clock.charged_unit, clock.charged_person) == (task, bureau, None)
    assert world.ledger_agrees()


def test_what_is_settled_by_a_step_is_charged_like_what_the_sweep_finds(world: World) -> None:
    case = in_hand(world)
    ask(world, case)
    world.take(case, ContactPerson(note="已联系"), by="mediator", at=FRIDAY)  # no sweep has come by
    bureau = world.stage.units["bureau"]
    found = {(one["name"], one["unit"]) for one in crossings(world, case)}
    assert ("task", bureau) in found
    assert ("contact", world.stage.units["room"]) in found, "the holder's own stay the holder's"
    assert world.ledger_agrees()


def test_what_a_colleague_was_asked_for_is_theirs_by_name(world: World) -> None:
    case = in_hand(world)
    give(world, case)
    sweep(world.engine, now=FRIDAY)
    lit = [one for one in crossings(world, case) if one["light"] == "red" and one["name"] == "task"]
    room, other = world.stage.units["room"], world.account("mediator_2")
    assert [(one["unit"], one["person"]) for one in lit] == [(room, other)]
    assert {
        (one.unit, one.person) for one in marks_of(world, case) if one.measure == "lit" and one.rule == "OFC-08a"
    } == {(room, other)}


def test_several_of_one_name_run_side_by_side_and_each_answer_stops_its_own(world: World) -> None:
    case = in_hand(world)
    first, second = ask(world, case), give(world, case, length=5)
    facts = facts_of(world, case)
    assert facts
    assert [clock.about for clock in facts.clocks_running if clock.name == "task"] == [first, second]
    world.take(case, AnswerTask(task=second, reply="已拍照"), by="mediator_2", at=START + DAY)
    assert (the_clock(world, case, first).stopped_at, the_clock(world, case, second).outcome) == (None, "met")
    world.take(case, AnswerTask(task=first, reply="已核查"), by="bureau", at=START + 2 * DAY)
    assert the_clock(world, case, first).outcome == "met"
    assert told_of(world, case, "task:answered") == {world.account("mediator")}
    assert world.ledger_agrees()


def test_the_matters_own_limits_are_as_if_nobody_had_been_asked(world: World) -> None:
    asked, alone = in_hand(world), in_hand(world)
    ask(world, asked)
    own = [
        [(clock.name, clock.due_at, clock.rungs) for clock in facts.clocks if clock.about is None]
        for case in (asked, alone)
        if (facts := facts_of(world, case))
    ]
    assert own[0] == own[1]


# -- how long ---------------------------------------------------------------------------------------------------------


def test_what_is_asked_never_outruns_the_matter(sqlite_world: World) -> None:
    world, bureau = sqlite_world, sqlite_world.stage.units["bureau"]
    order = world.open("hotline").case_id  # five working days: until Monday 9 March
    late = AskUnit(co_unit=bureau, what="请核查", length=6)
    assert refused(world, order, late, by="coordinator") == {"task.outruns_ours"}
    ask(world, order, by="coordinator", length=5)
    overdue = local("2026-03-10 09:00")
    again = world.open("hotline").case_id
    two_days = AskUnit(co_unit=bureau, what="请核查", length=2)
    assert refused(world, again, two_days, by="coordinator", at=overdue) == {"task.ours_is_overdue"}
    ask(world, again, by="coordinator", length=1, at=overdue)


def test_a_unit_is_asked_once_at_a_time_and_never_the_one_that_has_the_matter(sqlite_world: World) -> None:
    world, case = sqlite_world, in_hand(sqlite_world)
    ask(world, case)
    bureau, room = (world.stage.units[name] for name in ("bureau", "room"))
    assert refused(world, case, AskUnit(co_unit=bureau, what="再问", length=1)) == {"task.asked_already"}
    assert refused(world, case, AskUnit(co_unit=room, what="问自己", length=1)) == {"form.not_offered"}
    world.take(case, EndTask(task=last(world, case)), by="mediator", at=START + HOUR)
    ask(world, case, at=START + HOUR)


# -- who sees it, and who may do what ----------------------------------------------------------------------------------


def test_whoever_is_asked_sees_the_matter_until_they_have_answered(world: World) -> None:
    case = in_hand(world)
    assert facts_of(world, case, by="bureau") is None
    task = ask(world, case)
    assert facts_of(world, case, by="bureau") is not None
    world.take(case, AnswerTask(task=task, reply="已核查"), by="bureau", at=START + HOUR)
    assert facts_of(world, case, by="bureau") is None
    with pytest.raises(CaseNotFound):
        world.take(case, AnswerTask(task=task, reply="再答"), by="bureau", at=START + HOUR)


def test_with_the_matter_ends_what_was_asked_and_comes_back_with_it(world: World) -> None:
    case = in_hand(world)
    task = ask(world, case, length=20)
    world.take(case, Reply(form="oral", answer="已解决"), by="mediator", at=START + HOUR)
    world.take(case, Close(outcome="resolved"), by="mediator", at=START + 2 * HOUR)
    assert facts_of(world, case, by="bureau") is None
    assert the_clock(world, case, task).outcome == "case_ended"
    world.take(case, TakeBack(reason="办早了"), by="supervisor", at=START + 3 * HOUR)
    assert facts_of(world, case, by="bureau") is not None
    assert the_clock(world, case, task).stopped_at is None
    assert world.ledger_agrees()


def test_only_what_was_asked_is_theirs_to_do(sqlite_world: World) -> None:
    world, case = sqlite_world, in_hand(sqlite_world)
    task = ask(world, case)
    assert refused(world, case, Reply(form="oral", answer="已解决"), by="bureau") == {"step.not_yours"}
    assert refused(world, case, EndTask(task=task), by="bureau") == {"step.not_yours"}
    assert refused(world, case, AnswerTask(task=task, reply="替他答"), by="mediator") == {"step.not_yours"}
    assert refused(world, case, GiveTask(person=AccountId(world.account("mediator_3")), what="去看看", length=1)) == {
        "task.nobody_helps", "form.not_offered",
    }  # fmt: skip


def test_each_says_of_their_own_lights_that_they_are_in_hand_and_why_they_are_late(world: World) -> None:
    case = in_hand(world)
    task = ask(world, case)
    sweep(world.engine, now=FRIDAY)
    world.take(case, Acknowledge(), by="bureau", at=FRIDAY)
    facts = facts_of(world, case)
    assert facts
    said = {clock.name: clock.acknowledged_at for clock in facts.clocks_running}
    assert said["task"] == FRIDAY
    assert [at for name, at in said.items() if name != "task"] == [None] * (len(said) - 1)
    world.take(case, ContactPerson(note="已联系"), by="mediator", at=FRIDAY)
    assert refused(world, case, ExplainLateness(explanation="不是我的"), at=FRIDAY) == {"explanation.nothing_red"}
    world.take(case, ExplainLateness(explanation="档案在外地"), by="bureau", at=FRIDAY)
    assert f"explained.{the_clock(world, case, task).number}" in str(world.case(case)["milestones"])
    assert world.ledger_agrees()


def test_a_light_is_appealed_against_by_those_it_is_counted_against(world: World) -> None:
    case = in_hand(world)
    task = ask(world, case)
    sweep(world.engine, now=FRIDAY)
    world.take(case, AnswerTask(task=task, reply="已核查"), by="bureau", at=FRIDAY)
    appeal = AppealLight(light=f"{the_clock(world, case, task).number}:red", ground="system_error", evidence="系统故障")
    assert "appeal.not_your_unit" in refused(world, case, appeal, by="supervisor", at=FRIDAY)
    public_id = world.case(case)["public_id"]
    with reading(world.engine) as connection:
        assert charged_case(connection, public_id, actor=world.actor("bureau")) == case, "also once they see it no more"
    world.take(case, appeal, by="duty_leader", at=FRIDAY)
    assert world.column("SELECT unit FROM waiver WHERE case_id = :id", id=case) == [world.stage.units["bureau"]]


# -- people who leave ---------------------------------------------------------------------------------------------------


def test_what_somebody_was_asked_for_goes_to_whoever_comes_in_their_place(world: World) -> None:
    case = in_hand(world)
    task = give(world, case)
    world.take(case, handing(world, "mediator_2", "mediator_3"), by="coordinator", at=START + HOUR)
    clock = the_clock(world, case, task)
    assert (clock.charged_person, clock.started_at, clock.stopped_at) == (world.account("mediator_3"), START, None)
    world.take(case, AnswerTask(task=task, reply="已拍照"), by="mediator_3", at=START + 2 * HOUR)
    assert world.ledger_agrees()


@pytest.mark.parametrize("how", ["leaves", "recused"])
def test_what_nobody_comes_in_place_for_is_asked_of_nobody_and_what_has_lit_stays(world: World, how: str) -> None:
    case = in_hand(world)
    task = give(world, case)
    other = AccountId(world.account("mediator_2"))
    part = RecordNumber(world.column("SELECT number FROM participant WHERE case_id = :id", id=case)[0])
    leave = EndPart(participant=part) if how == "leaves" else Recuse(person=other, ground="relative")
    world.take(case, leave, by="coordinator", at=FRIDAY)
    clock = the_clock(world, case, task)
    assert (clock.stopped_at, clock.outcome, clock.waived) == (FRIDAY, "withdrawn", False)
    assert [one["light"] for one in crossings(world, case) if one["name"] == "task"][-1] == Light.RED
    assert facts_of(world, case, by="mediator_2") is None
    assert world.ledger_agrees()


def test_whoever_stops_asking_takes_no_red_from_anybody(world: World) -> None:
    case = in_hand(world)
    task = ask(world, case)
    world.take(case, EndTask(task=task), by="mediator", at=FRIDAY)
    assert [one.outcome for one in marks_of(world, case) if one.measure == "light" and one.rule == "OFC-08a"] == ["red"]


def test_a_unit_that_is_asked_for_something_still_has_it(sqlite_world: World) -> None:
    world, case = sqlite_world, in_hand(sqlite_world)
    with reading(world.engine) as connection:
        assert held_by_unit(connection, world.stage.units["bureau"]) == 0
    ask(world, case)
    with reading(world.engine) as connection:
        assert held_by_unit(connection, world.stage.units["bureau"]) == 1


# -- read back ----------------------------------------------------------------------------------------------------------


def test_what_stood_there_then_says_whose_the_limit_was(world: World) -> None:
    case = in_hand(world)
    task = ask(world, case)
    world.take(case, AnswerTask(task=task, reply="已核查"), by="bureau", at=START + DAY)
    with reading(world.engine) as connection:
        then = case_as_of(connection, case, actor=world.actor("coordinator"), at=START + HOUR, office=world.office)
    (clock,) = [one.clock for one in then.clocks if one.clock.name == "task"]
    assert (clock.about, clock.charged_unit, clock.stopped_at) == (task, world.stage.units["bureau"], None)


def test_an_act_of_yesterday_is_answered_yesterday_and_never_before_it_was_asked(world: World) -> None:
    case = in_hand(world)
    task = ask(world, case)
    early = AnswerTask(task=task, reply="已核查", happened_at=START - timedelta(minutes=1))
    assert "happened_at.before_what_it_follows" in refused(world, case, early, by="bureau", at=START + DAY)
    world.take(
        case, AnswerTask(task=task, reply="已核查", happened_at=YELLOW - HOUR), by="bureau", at=YELLOW + HOUR
    )  # fmt: skip
    assert the_clock(world, case, task).stopped_at == YELLOW - HOUR
    assert world.column("SELECT ground FROM waiver WHERE case_id = :id", id=case) == ["done_before"]
