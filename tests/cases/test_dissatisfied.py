"""Whoever is dissatisfied is asked why, in time, by somebody who did not handle the matter; it counts against nobody that they are."""

from datetime import timedelta

import pytest

from cases.execute import CaseNotFound
from cases.facts import load_facts
from cases.history import histories
from cases.overview import overview
from cases.sweep import sweep
from infra.db import reading
from tests.cases.records import DAY, HOUR, World, local
from tests.cases.test_acts import an_order, why
from tests.cases.test_people_of_a_case import told_of
from workflow.facts import CaseFacts
from workflow.marks import Mark, marks
from workflow.model import TIMERS, Light, Refusal
from workflow.procedures.every_case.commands import Rate, Revisit
from workflow.procedures.petition.commands import Close, Reopen, Reply

#: A Tuesday, after the day from which the limit is in force: five working days later is 9 December, red on the 10th.
OPENED, RATED_AT = local("2026-12-01 09:00"), local("2026-12-02 10:00")
LATE = local("2026-12-10 00:00")
DISSATISFIED = Rate(score="dissatisfied", comment="没有修好")
ASKED = Revisit(finding="put_right", answer="已请维修单位返工，今天修好。")
REOPENED = Reopen(ground="person_disagrees", note="灯又不亮了。")
ENDED = Close(outcome="resolved")


def rated(world: World, rating: Rate = DISSATISFIED, *, closed: bool = False) -> int:
    case = an_order(world, on="2026-12-01T09:00")
    world.take(case, Reply(form="oral", answer="已修好。"), by="mediator", at=OPENED + 2 * HOUR)
    if closed:
        world.take(case, ENDED, by="mediator", at=OPENED + 3 * HOUR)
    world.take(case, rating, by="petitioner", at=RATED_AT)
    return case


def facts_of(world: World, case: int) -> CaseFacts:
    with reading(world.engine) as connection:
        facts, _ = load_facts(connection, case, actor=TIMERS) or (None, None)
    assert facts
    return facts


def marks_of(world: World, case: int) -> list[Mark]:
    with reading(world.engine) as connection:
        (history,) = histories(connection, actor=TIMERS, cases=[case])
    return list(marks(history, world.office.policy.calendar))


def waiting(world: World, by: str = "supervisor") -> list[tuple[str, bool]]:
    """What waits for a decision, and whether the matter is closed."""
    with reading(world.engine) as connection:
        found = overview(connection, actor=world.actor(by), now=RATED_AT, calendar=world.office.policy.calendar)
    states = {row["public_id"]: row["closed_at"] for row in world.rows("SELECT public_id, closed_at FROM cases")}
    return [(one.why, states[one.public_id] is not None) for one in found.waiting]


def test_somebody_else_asks_by_a_day_of_its_own_and_it_is_not_closed_before(world: World) -> None:
    case = rated(world)
    clock = facts_of(world, case).running("revisit")
    assert clock is not None
    assert (clock.charged_unit, clock.charged_person) == (world.stage.units["room"], None), "owed by the unit"
    assert clock.due_at == LATE
    assert told_of(world, case, "case:rated") == {world.account("supervisor")}
    assert waiting(world) == [("dissatisfied", False)]
    with pytest.raises(Refusal) as refused:
        world.take(case, ENDED, by="mediator", at=RATED_AT + HOUR)
    assert why(refused) == {("revisit.comes_first", None)}
    world.take(case, ASKED, by="coordinator", at=RATED_AT + DAY)
    assert facts_of(world, case).running("revisit") is None
    assert waiting(world) == []
    assert told_of(world, case, "case:revisited") == {world.account("mediator")}
    world.take(case, ENDED, by="mediator", at=RATED_AT + DAY + HOUR)
    assert world.ledger_agrees()


@pytest.mark.parametrize("who", ["mediator", "clerk", "petitioner", "bureau"])
def test_whoever_handled_it_or_has_no_part_in_it_asks_nobody(sqlite_world: World, who: str) -> None:
    case = rated(sqlite_world)
    with pytest.raises((Refusal, CaseNotFound)):
        sqlite_world.take(case, ASKED, by=who, at=RATED_AT + HOUR)
    assert facts_of(sqlite_world, case).running("revisit")


@pytest.mark.parametrize("score", ["satisfied", "fairly_satisfied"])
def test_of_others_nothing_is_owed(sqlite_world: World, score: str) -> None:
    case = rated(sqlite_world, Rate(score=score))  # type: ignore[arg-type]
    assert facts_of(sqlite_world, case).running("revisit") is None
    assert told_of(sqlite_world, case, "case:rated") == set()
    sqlite_world.take(case, ENDED, by="mediator", at=RATED_AT + HOUR)


def test_before_the_limit_was_in_force_nobody_owed_it(sqlite_world: World) -> None:
    case = an_order(sqlite_world)
    sqlite_world.take(case, Reply(form="oral", answer="已修好。"), by="mediator", at=local("2026-03-03 09:00"))
    sqlite_world.take(case, DISSATISFIED, by="petitioner", at=local("2026-03-03 10:00"))
    sqlite_world.take(case, ENDED, by="mediator", at=local("2026-03-03 11:00"))
    assert sqlite_world.column("SELECT count(*) FROM clock WHERE name = 'revisit'") == [0]


def test_it_is_taken_up_again_and_its_limit_goes_on_and_it_is_rated_anew(world: World) -> None:
    case = rated(world)
    with pytest.raises(Refusal):  # by a day an answer stands for whoever gave it
        world.take(case, REOPENED, by="mediator", at=RATED_AT + HOUR)
    world.take(case, REOPENED, by="coordinator", at=RATED_AT + DAY)
    facts = facts_of(world, case)
    assert facts.state == "handling"
    assert facts.running("order"), "the person's limit goes on"
    assert not facts.running("closing")
    assert not facts.running("revisit")
    world.take(case, Reply(form="oral", answer="已返工。"), by="mediator", at=RATED_AT + DAY + HOUR)
    assert facts_of(world, case).running("closing")
    again = RATED_AT + 2 * DAY
    world.take(case, DISSATISFIED, by="petitioner", at=again)
    assert told_of(world, case, "case:rated") == {world.account("supervisor"), world.account("duty_leader")}
    with pytest.raises(Refusal) as refused:
        world.take(case, ASKED, by="coordinator", at=again + HOUR)
    assert why(refused) == {("revisit.by_a_head", None)}
    world.take(case, ASKED, by="supervisor", at=again + HOUR)
    world.take(case, ENDED, by="mediator", at=again + 2 * HOUR)
    assert world.ledger_agrees()


def test_an_answer_stands_as_long_as_nobody_is_dissatisfied_with_it(sqlite_world: World) -> None:
    case = rated(sqlite_world, Rate(score="satisfied"))
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, REOPENED, by="supervisor", at=RATED_AT + HOUR)
    assert why(refused) == {("revisit.nobody_waits", None)}


def test_of_a_matter_that_was_closed_before_the_asking_is_owed_too_and_lights(world: World) -> None:
    case = rated(world, closed=True)
    assert waiting(world) == [("dissatisfied", True)]
    sweep(world.engine, now=LATE + timedelta(minutes=1))
    (red,) = [one for one in marks_of(world, case) if one.measure == "light" and one.outcome == Light.RED]
    assert red.unit == world.stage.units["room"]
    world.take(case, ASKED, by="supervisor", at=LATE + HOUR)
    assert facts_of(world, case).state == "closed"
    assert waiting(world) == []
    assert world.ledger_agrees()


def test_that_somebody_is_dissatisfied_lights_nothing(sqlite_world: World) -> None:
    """Whoever asks in time has no light for it."""
    asked, other = rated(sqlite_world), rated(sqlite_world, Rate(score="satisfied"))
    sqlite_world.take(asked, ASKED, by="coordinator", at=RATED_AT + HOUR)
    lit = [
        one
        for case in (asked, other)
        for one in marks_of(sqlite_world, case)
        if one.measure == "light" and one.outcome != Light.GREEN
    ]
    assert lit == []
