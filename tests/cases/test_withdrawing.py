"""A matter is withdrawn by whoever brought it and by nobody else, and ends only after they were asked."""

import pytest

from cases.facts import load_facts
from cases.history import histories
from infra.db import reading
from tests.cases.records import DAY, HOUR, START, World
from tests.cases.test_acts import an_order, why
from workflow.marks import marks
from workflow.model import TIMERS, Refusal
from workflow.procedures.every_case.commands import AskToWithdraw, GoOnWithIt
from workflow.procedures.petition.commands import ConfirmWithdrawal, Reply

CONFIRMED = ConfirmWithdrawal(of_own_will=True, note="已当面询问，系本人意愿。")


def test_a_matter_that_its_person_withdraws_goes_on_until_they_were_asked(world: World) -> None:
    case = an_order(world)
    world.take(case, AskToWithdraw(), by="petitioner", at=START + HOUR)
    with reading(world.engine) as connection:
        facts, _ = load_facts(connection, case, actor=TIMERS) or (None, None)
    assert facts
    assert facts.state == "handling"
    assert facts.running("order"), "its time limits run on"
    world.take(case, CONFIRMED, by="mediator", at=START + DAY)
    row = world.case(case)
    assert (row["state"], row["outcome"]) == ("closed", "withdrawn")
    with reading(world.engine) as connection:
        (history,) = histories(connection, actor=TIMERS, cases=[case])
    found = {mark.measure for mark in marks(history, world.office.policy.calendar)}
    assert "answered" not in found, "nobody was answered, and nobody is counted as not having rated"
    assert world.ledger_agrees()


def test_nobody_ends_a_matter_as_withdrawn_that_its_person_has_not_withdrawn(sqlite_world: World) -> None:
    case = an_order(sqlite_world)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, CONFIRMED, by="mediator", at=START + HOUR)
    assert why(refused) == {("withdrawal.not_asked", None)}
    sqlite_world.take(case, AskToWithdraw(), by="petitioner", at=START + HOUR)
    sqlite_world.take(case, GoOnWithIt(), by="petitioner", at=START + 2 * HOUR)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, CONFIRMED, by="mediator", at=START + 3 * HOUR)
    assert why(refused) == {("withdrawal.not_asked", None)}
    sqlite_world.take(case, Reply(form="oral", answer="已修好。"), by="mediator", at=START + 4 * HOUR)


def test_whoever_confirms_has_to_say_that_it_is_the_persons_own_will(sqlite_world: World) -> None:
    case = an_order(sqlite_world)
    sqlite_world.take(case, AskToWithdraw(), by="petitioner", at=START + HOUR)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, ConfirmWithdrawal(of_own_will=False, note="n"), by="mediator", at=START + HOUR)
    assert why(refused) == {("of_own_will.must_be_confirmed", "of_own_will")}


@pytest.mark.parametrize("who", ["clerk", "coordinator", "mediator", "supervisor"])
def test_no_colleague_withdraws_a_matter(sqlite_world: World, who: str) -> None:
    case = an_order(sqlite_world)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, AskToWithdraw(), by=who, at=START + HOUR)
    assert why(refused) == {("step.not_yours", None)}
