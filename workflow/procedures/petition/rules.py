"""What the table of petitions and orders asks before a step and writes after it: assigning, signing, the notice that is owed,
extensions and pauses that a supervisor decides, returning what is not ours, the end.

The table itself is in `steps.py`; what other procedures ask too, in `every_case/rules.py`.

Source: 信访工作条例 (2022) §17-§23, §34; 济南市 12345 条例 §24; 潍坊市 12345 条例 §22.
"""

from datetime import datetime
from typing import Any

from workflow.clocks import start
from workflow.definition import Draft, Situation
from workflow.model import NOT_OURS, Reason, RecordNumber, Role
from workflow.procedures.every_case.commands import Suspend
from workflow.procedures.every_case.rating import asks_about_others, somebody_is_dissatisfied
from workflow.procedures.every_case.rules import needs_approval, pausable, pause_grounds
from workflow.procedures.petition.commands import (
    Assign,
    Close,
    ConfirmWithdrawal,
    FindNotOurs,
    Register,
    RequestExtension,
    RequestSuspension,
    SignFor,
)
from workflow.procedures.petition.states import PetitionState

#: How a matter ends that whoever brought it has withdrawn.
WITHDRAWN = "withdrawn"
#: The milestone of a matter that nobody has signed for in time, until somebody does.
SIGNED_BY_TIME = "signed_by_time"


# -- assigning and signing --------------------------------------------------------------------------------------------


def handler_is_another_than_before(situation: Situation, command: Assign) -> Reason | None:
    """Assigning to the present holder would restart nothing and tell nobody anything new."""
    facts = situation.facts
    if facts.state == PetitionState.DISPATCHED and (command.unit, command.handler) == (
        facts.holder_unit,
        facts.holder_person,
    ):
        return Reason(code="handler.holds_it_already", field="handler")
    return None


def handler_belongs_to_unit(situation: Situation, command: Assign) -> Reason | None:
    """A person is given the matter together with the unit that answers for it."""
    if command.handler is not None and command.unit not in situation.people.get(command.handler, ()):
        return Reason(code="handler.not_of_unit", field="handler")
    return None


def hand_to_handler(situation: Situation, command: Assign, draft: Draft) -> None:
    draft.hand_over(situation.facts, unit=command.unit, person=command.handler, at=situation.now)
    draft.extension_asked = None  # whoever handles it now asks anew


def take_in_hand(situation: Situation, _command: SignFor, draft: Draft) -> None:
    """Whoever signs for the matter holds it from now on; a deputy signs for whoever is away."""
    unit, person = situation.actor.unit, situation.actor.stands_in_for or situation.actor.account
    assert unit is not None
    if person != situation.facts.holder_person:
        draft.hand_over(situation.facts, unit=unit, person=person, at=situation.now)


def nobody_has_signed_yet(situation: Situation) -> Reason | None:
    """What was assigned is signed for, and what time has signed for is taken in hand by a person all the same."""
    facts = situation.facts
    waits = facts.state == PetitionState.DISPATCHED or SIGNED_BY_TIME in facts.milestones
    return None if waits else Reason(code="signing.in_hand")


def signing_is_overdue(situation: Situation) -> Reason | None:
    clock = situation.facts.running("signing")
    return None if clock and situation.now >= clock.due_at else Reason(code="signing.not_overdue")


def notice_is_owed(situation: Situation, command: Register) -> bool:
    """Whoever gives no name or address is owed no written notice (§23 二款); where the profile has no screening to take
    its place, the matter keeps that date."""
    today = situation.policy.calendar.local_day(situation.now)
    return not command.identity_unclear or situation.policy.rule("screening", on=today) is None


def no_notice_is_owed(situation: Situation, command: Register) -> bool:
    return not notice_is_owed(situation, command)


# -- extensions and pauses that a supervisor decides ------------------------------------------------------------------


def extension_is_asked_for(situation: Situation) -> Reason | None:
    return None if situation.facts.extension_asked else Reason(code="extension.not_asked_for")


def length_asked_for(situation: Situation) -> dict[str, str]:
    asked = situation.facts.extension_asked
    return {"to_length": str(asked)} if asked else {}


def decides_about_others(situation: Situation) -> Reason | None:
    """Whoever has a matter in hand or asked for it, or stands in for somebody who has, does not decide how long it may take."""
    facts = situation.facts
    asked = facts.asked_by if facts.extension_asked is not None else frozenset()
    own = situation.actor.accounts & (facts.in_hand_of | asked)
    return Reason(code="extension.your_own_matter") if own else None


def an_extension_waits(situation: Situation) -> bool:
    return situation.facts.extension_asked is not None


def note_extension_request(_situation: Situation, command: RequestExtension, draft: Draft) -> None:
    draft.extension_asked = command.to_length


def settle_extension_request(_situation: Situation, _command: Any, draft: Draft) -> None:
    draft.extension_asked = None


def approval_is_needed(situation: Situation, command: RequestSuspension) -> Reason | None:
    """Nobody is asked for what the handler may do alone."""
    known = command.ground in pause_grounds(situation)
    if known and not needs_approval(situation, command):
        return Reason(code="ground.needs_no_supervisor", field="ground")
    return None


def approved_where_it_must_be(situation: Situation, command: Suspend) -> Reason | None:
    """On such a ground a supervisor pauses, and the person has been told of the measures and the day."""
    if not needs_approval(situation, command):
        return None
    if situation.actor.role is not Role.SUPERVISOR:
        return Reason(code="ground.needs_a_supervisor", field="ground")
    if situation.actor.accounts & (situation.facts.in_hand_of | situation.facts.asked_by):
        return Reason(code="ground.needs_another", field="ground")
    return None if command.person_told else Reason(code="person_told.must_be_confirmed", field="person_told")


def some_ground_needs_approval(situation: Situation) -> Reason | None:
    rules = (situation.policy.rule_of(clock).pause for clock in pausable(situation))
    return None if any(rule and rule.approval for rule in rules) else Reason(code="pause.needs_no_supervisor")


# -- returning ---------------------------------------------------------------------------------------------------------

#: What an office has whose profiles say nothing about returning: 信访工作条例 §23 三款.
RETURN_WORKING_DAYS = 5


def may_be_returned_until(situation: Situation) -> datetime:
    """The instant from which on the matter can no longer be returned to whoever sent it."""
    came_in, policy = situation.facts.received_at, situation.policy
    assert came_in is not None, "only a registered matter is returned"
    day = policy.calendar.local_day(came_in)
    if rule := policy.return_rule(on=day):
        return start(RecordNumber(0), "return", rule, policy, at=came_in).due_at
    return policy.calendar.end_of(policy.calendar.nth_working_day_after(day, RETURN_WORKING_DAYS))


def is_returned_late(situation: Situation, command: FindNotOurs) -> bool:
    """With the sender's consent, but after the time for it: what was owed until then counts (潍坊市 12345 条例 §22 二款)."""
    return command.ground == "returned_with_consent" and situation.now >= may_be_returned_until(situation)


# -- the end ----------------------------------------------------------------------------------------------------------


def over_or_contested(situation: Situation) -> Reason | None:
    """An answer stands until the matter is closed, unless whoever it was given to is dissatisfied and another says so."""
    if situation.facts.state == PetitionState.CLOSED:
        return None
    return somebody_is_dissatisfied(situation) or asks_about_others(situation)


def forget_outcome(_situation: Situation, _command: Any, draft: Draft) -> None:
    """A matter that is in hand again has no outcome yet."""
    draft.outcome = None


def note_withdrawn(_situation: Situation, _command: ConfirmWithdrawal, draft: Draft) -> None:
    draft.outcome = WITHDRAWN


def note_outcome(_situation: Situation, command: Close, draft: Draft) -> None:
    draft.outcome = command.outcome


def note_not_ours(situation: Situation, command: FindNotOurs, draft: Draft) -> None:
    late = is_returned_late(situation, command)
    draft.outcome = "not_accepted.returned_late" if late else f"{NOT_OURS}{command.ground}"
