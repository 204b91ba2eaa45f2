"""A fact that was not loaded for whoever asks is no empty fact: a rule that looks at it is refused."""

import pytest

from cases.facts import load_facts
from cases.sweep import sweep
from infra.db import reading
from tests.cases.records import DAY, START, World
from workflow.definition import Situation
from workflow.facts import CaseFacts, FactIsMissing
from workflow.procedures.every_case.commands import AppealLight
from workflow.procedures.every_case.lights import decider_is_outside_the_case, lights_of


def facts_for(world: World, case: int, who: str) -> CaseFacts:
    with reading(world.engine) as connection:
        loaded = load_facts(connection, case, actor=world.actor(who))
    assert loaded
    return loaded[0]


def a_late_case(world: World) -> int:
    """Whose notice was due long ago, and whose lights are recorded."""
    case = world.open().case_id
    sweep(world.engine, now=START + 60 * DAY)
    return case


def test_who_held_a_case_is_known_to_a_head_and_asked_of_nobody_else(world: World) -> None:
    case = a_late_case(world)
    assert [held.unit for held in facts_for(world, case, "duty_leader").custodies] == [world.stage.units["centre"]]
    clerk = facts_for(world, case, "clerk")
    with pytest.raises(FactIsMissing, match="custodies"):
        list(clerk.custodies)
    with pytest.raises(FactIsMissing, match="noticed"):
        clerk.noticed.get("1:red")
    with pytest.raises(FactIsMissing, match="authors"):
        assert None in clerk.authors


def test_a_rule_that_would_take_it_for_nothing_is_stopped(world: World) -> None:
    case = a_late_case(world)
    facts, office = facts_for(world, case, "clerk"), world.office
    policy = office.policy.for_profile(facts.profile)
    situation = Situation(facts=facts, actor=world.actor("clerk"), now=START + 60 * DAY, policy=policy)
    with pytest.raises(FactIsMissing):
        list(lights_of(situation))
    assert decider_is_outside_the_case(situation) is None, "nothing waits for a decision, so that nobody is asked"


def test_a_head_appeals_in_the_moment_in_which_the_light_is_recorded(world: World) -> None:
    """Nothing had lit when the case was read: the step itself records the light that is due."""
    case = world.open().case_id
    (clock,) = world.column("SELECT number FROM clock WHERE case_id = :id AND name = 'notice'", id=case)
    asked = AppealLight(light=f"{clock}:red", ground="force_majeure", evidence="台风停工。")
    world.take(case, asked, by="duty_leader", at=START + 30 * DAY)
    assert "light:appealed" in [event["code"] for event in world.events(case)]
