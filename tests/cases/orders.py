"""The hotline order that tests of timers look at: when it lights, who is told, and what the ledger says of it."""

import json
from datetime import datetime

from tests.cases.records import World, local
from workflow.model import AccountId
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.petition.commands import Assign, ContactPerson, SignFor

#: The ladder of a hotline order that comes in on Monday 2026-03-02. Five working days end with 03-09; the last two of
#: them begin on Friday 03-06, the last one on 03-09; five working days after the end is the end of 03-16.
LADDER = {
    "yellow": local("2026-03-06 00:00"),
    "half_yellow": local("2026-03-09 00:00"),
    "red": local("2026-03-10 00:00"),
    "red_5wd": local("2026-03-17 00:00"),
}
TOLD = {
    "yellow": {"mediator", "supervisor", "duty_leader"},  # the duty leader by the next morning's digest
    "half_yellow": {"mediator", "supervisor", "duty_leader"},
    "red": {"mediator", "supervisor", "duty_leader", "upstream"},
    "red_5wd": {"supervisor", "duty_leader", "upstream", "assessor"},
}


def an_order(world: World) -> int:
    """A hotline order in the hands of a mediator, who has contacted the person: one clock runs."""
    case = world.open("hotline").case_id
    assign = Assign(unit=world.stage.units["room"], handler=AccountId(world.account("mediator")))
    world.take(case, Accept(), by="clerk")
    world.take(case, assign, by="coordinator")
    world.take(case, SignFor(), by="mediator")
    world.take(case, ContactPerson(note="已联系"), by="mediator")
    return case


def crossings(world: World, case: int | None = None) -> list[tuple[str, datetime, datetime]]:
    """(rung, when it came true, when it was noticed) of every crossing, in the order of the ledger."""
    cases = [case] if case else world.column("SELECT id FROM cases ORDER BY id")
    return [
        (json.loads(e["data"])["rung"], e["occurred_at"], e["recorded_at"])
        for number in cases
        for e in world.events(number)
        if e["code"] == "clock:crossed"
    ]


def told(world: World, case: int) -> dict[str, set[str]]:
    """Who got a mail of each crossing."""
    names = {actor.account: name for name, actor in world.stage.people.items()}
    return {
        json.loads(e["data"])["rung"]: {
            names[person]
            for person in world.column(
                "SELECT recipient FROM message WHERE stream = :s AND seq = :q", s=case, q=e["seq"]
            )
        }
        for e in world.events(case)
        if e["code"] == "clock:crossed"
    }
