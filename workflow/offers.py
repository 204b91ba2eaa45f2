"""What the fields of a command may name: the units, people, parties, grounds and lights that there are for this actor.

Forms show these values and `machine.decide` refuses every other one, so that a form, a replay and an interface for
programs are held to the same.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from workflow.commands import Command
from workflow.definition import Situation
from workflow.disputes import DISPUTE_TYPES
from workflow.fields import choices_in
from workflow.model import Reason
from workflow.procedures.every_case.lights import lights_of, renewable
from workflow.procedures.every_case.rules import pause_grounds
from workflow.procedures.every_case.taking_part import those_in_hand, those_who_may_be_recused
from workflow.procedures.every_case.tasks import those_who_help

#: By the name of a choice, its values. Which of a case's lights may be appealed against, a check says with its reason.
OFFERS: Mapping[str, Callable[[Situation], Collection[Any]]] = {
    "units": lambda situation: sorted(situation.actor.units - situation.actor.closed_units),
    "handlers": lambda situation: list(situation.people),
    "newcomers": lambda situation: [one for one in situation.people if one not in those_in_hand(situation)],
    "mediators": lambda situation: list(situation.people),
    "appointed": lambda situation: [appointment.person for appointment in situation.facts.serving],
    "in_hand": those_in_hand,
    "recusable": those_who_may_be_recused,
    "co_units": lambda situation: sorted(situation.co_units),
    "helpers": those_who_help,
    "tasks": lambda situation: [one.number for one in situation.facts.tasks_open],
    "my_tasks": lambda situation: [one.number for one in situation.facts.tasks_of(situation.actor)],
    "links": lambda situation: [one.number for one in situation.facts.linked],
    "participants": lambda situation: [one.number for one in situation.facts.taking_part],
    "parties": lambda situation: [party.number for party in situation.facts.parties],
    "pause_grounds": pause_grounds,
    "lights": lambda situation: [light.name for light in lights_of(situation)],
    "rejected_appeals": lambda situation: [waiver.number for waiver in renewable(situation)],
    "waivers": lambda situation: [w.number for w in situation.facts.waivers if w.decided_at is None],
    "dispute_types": lambda _situation: list(DISPUTE_TYPES),
}


def not_offered(situation: Situation, command: Command) -> Iterator[Reason]:
    """A reason for each field that names what there is not, or what is out of the actor's reach."""
    for field, choice in choices_in(type(command)).items():
        value = getattr(command, field)
        named = value if isinstance(value, tuple) else () if value is None else (value,)
        if named and not set(named) <= set(OFFERS[choice](situation)):
            yield Reason(code="form.not_offered", field=field)
