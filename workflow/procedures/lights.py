"""What people answer to a light, in every procedure: 知悉, and the decision whether a light counts that would not be lit
under a new calendar or rule.

Acknowledging stops the reminders of the light that is shown; the next light tells everyone again. A waiver never removes
a light from the ledger.
"""

from dataclasses import replace

from workflow.clocks import waits_for_word
from workflow.commands import Acknowledge, DecideWaiver
from workflow.definition import AcknowledgeAll, Draft, Situation, Step
from workflow.model import Audience, Reason, Relation, Role, State


def a_light_waits_for_word(situation: Situation) -> Reason | None:
    """Something is lit and nobody has said yet that it is in hand."""
    if any(waits_for_word(clock, at=situation.now) for clock in situation.facts.clocks):
        return None
    return Reason(code="acknowledge.nothing_lit")


def light_steps(told: tuple[tuple[Role, Relation], ...], *, until_closed: tuple[State, ...]) -> tuple[Step, ...]:
    """The two steps: whoever is told of a light says that it is in hand; an assessor decides about a proposed waiver."""
    acknowledge = Step(
        command=Acknowledge, event="clock:acknowledged", sources=until_closed, target=None, allowed=told,
        guards=(a_light_waits_for_word,), clocks=(AcknowledgeAll(),), quiet=True,
    )  # fmt: skip
    decide = Step(
        command=DecideWaiver,
        event="light:waiver_decided",
        sources=(*until_closed, State.CLOSED, State.NOT_ACCEPTED),
        target=None,
        allowed=((Role.ASSESSOR, Relation.ABOVE),),
        guards=(a_waiver_waits,),
        checks=(waiver_is_open,),
        writes=write_waiver_decision,
        tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        quiet=True,
    )
    return acknowledge, decide


def a_waiver_waits(situation: Situation) -> Reason | None:
    open_ones = [waiver for waiver in situation.facts.waivers if waiver.decided_at is None]
    return None if open_ones else Reason(code="waiver.nothing_proposed")


def waiver_is_open(situation: Situation, command: DecideWaiver) -> Reason | None:
    known = {waiver.number for waiver in situation.facts.waivers if waiver.decided_at is None}
    return None if command.waiver in known else Reason(code="waiver.decided_already", field="waiver")


def write_waiver_decision(situation: Situation, command: DecideWaiver, draft: Draft) -> None:
    waiver = next(waiver for waiver in situation.facts.waivers if waiver.number == command.waiver)
    draft.changed.append(replace(waiver, decided_at=situation.now, decision=command.decision))
