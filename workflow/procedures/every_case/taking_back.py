"""撤回: the last step of a case is taken back, as if it had not been taken.

The ledger keeps the step and says that it was taken back. Clocks stand as they did; what they would have lit meanwhile lights
now, and what has lit stays. What the step made counts no more. Whoever took it takes it back, within a working day; what says of
itself that it cannot be undone, only somebody else who answers for the case.
"""

from dataclasses import replace

from workflow.calendar import WorkCalendar
from workflow.definition import Draft, PutBack, Situation, Step
from workflow.facts import LastStep
from workflow.model import AccountId, Audience, Reason, Relation, Role, State
from workflow.procedures.every_case.commands import TakeBack
from workflow.records import Appointment, TakenBack, Waiver

#: Working days after the day on which it was taken.
WITHIN = 1
#: Whoever answers for the work of others.
SECOND = frozenset({Role.COORDINATOR, Role.SUPERVISOR})


def take_back_step(*, until_closed: tuple[State, ...], ended: tuple[State, ...]) -> Step:
    return Step(
        command=TakeBack, event="case:taken_back", sources=(*until_closed, *ended), target=None,
        allowed=(
            (Role.MEDIATOR, Relation.ASSIGNED), (Role.COORDINATOR, Relation.ABOVE), (Role.CLERK, Relation.ABOVE),
            (Role.SUPERVISOR, Relation.ABOVE),
        ),
        checks=(may_be_taken_back,), writes=take_back, clocks=(PutBack(),), tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        notes=what_is_taken_back, minor=True,
    )  # fmt: skip


def may_be_taken_back(situation: Situation, _command: TakeBack) -> Reason | None:
    return why_not(situation)


def why_not(situation: Situation) -> Reason | None:
    """Why the last step stays; None if it may be taken back."""
    last, calendar, actor = situation.facts.last_step, situation.policy.calendar, situation.actor
    if last is None or last.by is None:
        return Reason(code="take_back.nothing")
    said = {"command": last.command}
    if not last.stands_alone:
        return Reason(code="take_back.later_stands_on_it", values=said)
    if calendar.local_day(last.taken_at).year in situation.closed_years:
        return Reason(code="take_back.year_is_closed", values=said)
    if _is_over(last, calendar, situation):
        return Reason(code="take_back.too_late", values={**said, "days": WITHIN})
    if is_for_a_second_person(situation, by=last.by, final=last.is_final):
        return Reason(code="take_back.by_a_second_person", values=said)
    mine = last.by in actor.accounts or actor.role in SECOND
    return None if mine else Reason(code="take_back.not_yours", values=said)


def is_for_a_second_person(situation: Situation, *, by: AccountId | None, final: bool) -> bool:
    """Whether somebody else than the actor has to take it back: it cannot be undone, and they took it or do not answer for others."""
    return final and (by in situation.actor.accounts or situation.actor.role not in SECOND)


def _is_over(last: LastStep, calendar: WorkCalendar, situation: Situation) -> bool:
    final_day = calendar.nth_working_day_after(calendar.local_day(last.taken_at), WITHIN)
    return situation.now >= calendar.end_of(final_day)


def what_is_taken_back(situation: Situation) -> tuple[Reason, ...]:
    """The step, or why it stays."""
    refused, last = why_not(situation), situation.facts.last_step
    if refused or last is None:
        return (refused,) if refused else ()
    return (Reason(code="take_back.what", values={"command": last.command}),)


def take_back(situation: Situation, _command: TakeBack, draft: Draft) -> None:
    facts, now, last = situation.facts, situation.now, situation.facts.last_step
    assert last is not None, "checked: there is a step to take back"
    draft.state, draft.outcome, draft.extension_asked = last.state, last.outcome, last.extension_asked
    draft.reached |= last.lost
    draft.lost |= last.gained
    draft.changed += last.records
    made: tuple[Appointment | Waiver, ...] = (*facts.serving, *facts.waivers)
    draft.changed += [_ended(one, situation) for one in made if one.number in last.new]
    if last.held is not None:
        unit, person = last.held
        draft.hand_over(facts, unit=unit, person=person, at=now)
    clocks = {clock.number for clock in facts.clocks}
    for record in (None, *sorted(last.new - clocks)):
        draft.new.append(TakenBack(number=draft.number(), seq=last.seq, record=record))
    draft.data["taken_back"] = {"seq": last.seq, "command": last.command}


def _ended(one: Appointment | Waiver, situation: Situation) -> Appointment | Waiver:
    if isinstance(one, Appointment):
        return replace(one, until_at=situation.now)
    return replace(one, decided_at=situation.now, decision="withdrawn", decided_by=situation.actor.account)
