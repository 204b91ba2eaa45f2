"""The overview counts what is open by whose it is: held against every row, one by one."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from cases.facts import load_facts
from cases.history import histories
from cases.overview import AGES, Overview, Whose, overview
from cases.sweep import sweep
from cases.tally import keep_up
from cases.visibility import visible_cases
from infra.db import reading
from tests.cases.records import DAY, HOUR, START, World, local
from tests.cases.test_people_of_a_case import handing, in_hand
from tests.cases.test_tasks import ask
from workflow.clocks import light
from workflow.marks import marks
from workflow.model import Kind, Light
from workflow.procedures.every_case.commands import AskToWithdraw
from workflow.procedures.petition.commands import ContactPerson, Reply, RequestExtension

FRIDAY = local("2026-03-06 09:00")


def seen(world: World, by: str, at: datetime) -> Overview:
    with reading(world.engine) as connection:
        return overview(connection, actor=world.actor(by), now=at, calendar=world.office.policy.calendar)


def counted(world: World, by: str, at: datetime) -> tuple[dict[Whose, Counter[Light]], Counter[Whose]]:
    """The same, case by case and clock by clock."""
    lights: dict[Whose, Counter[Light]] = {}
    held: Counter[Whose] = Counter()
    actor = world.actor(by)
    with reading(world.engine) as connection:
        for row in connection.execute(visible_cases(actor)).all():
            if row.closed_at is not None:
                continue
            loaded = load_facts(connection, row.id, actor=actor)
            assert loaded
            facts = loaded[0]
            held[Whose(row.holder_unit, row.holder_person)] += 1
            for clock in facts.clocks_running:
                if clock.kind is Kind.DUTY:
                    lights.setdefault(Whose(*facts.charge_of(clock)), Counter())[light(clock, at=at)] += 1
    return lights, held


def busy(world: World) -> None:
    for _ in range(3):
        in_hand(world)
    ask(world, in_hand(world))
    case = in_hand(world)
    world.take(case, ContactPerson(note="已联系"), by="mediator")
    world.take(case, handing(world, "mediator", "mediator_2"), by="coordinator", at=START + HOUR)
    world.open("hotline", at=START + DAY)
    world.open("mediation", at=START - 40 * DAY)
    done = in_hand(world)
    world.take(done, Reply(form="oral", answer="已解决"), by="mediator", at=START + HOUR)


@pytest.mark.parametrize("by", ["supervisor", "duty_leader", "coordinator", "bureau"])
@pytest.mark.parametrize("at", [START + 2 * HOUR, local("2026-03-04 12:00"), FRIDAY, local("2026-06-01 09:00")])
def test_every_light_and_every_matter_is_counted_where_it_belongs(world: World, by: str, at: datetime) -> None:
    busy(world)
    found = seen(world, by, at)
    lights, held = counted(world, by, at)
    assert {whose: +lit for whose, lit in found.lights.items()} == lights
    assert {whose: one.matters for whose, one in found.held.items()} == dict(held)
    assert all(sum(one.by_age) == one.matters and len(one.by_age) == len(AGES) + 1 for one in found.held.values())


def test_what_will_light_stands_on_its_working_day(sqlite_world: World) -> None:
    world = sqlite_world
    case = in_hand(world)
    world.take(case, ContactPerson(note="已联系"), by="mediator")
    ask(world, case)  # yellow on Thursday 5 March, red on Friday
    found = seen(world, "coordinator", START + 2 * HOUR)
    days = {day.isoformat(): lit for day, lit in found.ahead.items() if lit}
    assert days == {"2026-03-05": Counter({Light.YELLOW: 1}), "2026-03-06": Counter({Light.RED: 1})}
    assert len(found.ahead) == 11
    saturday = seen(world, "coordinator", local("2026-03-05 09:00"))
    assert Light.RED in saturday.ahead[local("2026-03-06 09:00").date()]


def test_what_waits_for_a_decision_is_named_and_nothing_that_somebody_may_not_see(world: World) -> None:
    case, other = in_hand(world), in_hand(world)
    world.take(case, RequestExtension(to_length=70, reason="案情复杂"), by="mediator", at=START + HOUR)
    world.take(other, AskToWithdraw(), by="petitioner", at=START + HOUR)
    waiting = seen(world, "supervisor", START + 2 * HOUR).waiting
    assert {(one.public_id, one.why) for one in waiting} == {
        (world.case(case)["public_id"], "extension"), (world.case(other)["public_id"], "withdrawal"),
    }  # fmt: skip
    assert seen(world, "bureau", START + 2 * HOUR).waiting == ()


@pytest.mark.parametrize("by", ["supervisor", "coordinator", "bureau"])
def test_every_red_light_stands_in_its_week_with_whoever_held_the_matter_then(world: World, by: str) -> None:
    busy(world)
    now = local("2026-06-01 09:00")
    sweep(world.engine, now=now)
    calendar, actor = world.office.policy.calendar, world.actor(by)
    keep_up(world.engine, calendar)
    found = seen(world, by, now)
    expected: dict[int, Counter[date]] = {}
    with reading(world.engine) as connection:
        for history in histories(connection, actor=actor):
            for mark in marks(history, calendar):
                day = calendar.local_day(mark.at)
                week = day - timedelta(days=day.weekday())
                if (mark.measure, mark.outcome, mark.ground) == ("light", "red", None) and week in found.weeks:
                    expected.setdefault(mark.unit, Counter())[week] += 1
    assert found.reds == expected
    assert by == "bureau" or sum(sum(weeks.values()) for weeks in expected.values()) > 3
    assert (len(found.weeks), found.weeks[-1]) == (12, date(2026, 6, 1)), "a Monday"
