"""Who has a matter in hand, and who takes part in it beside them: handing it over, recusal, bringing somebody in.

Custody has one holder at each instant; mediators are appointed; whoever takes part beside them has from when and until when.
What ends takes the way to the case with it, on the next request. No clock begins anew: what somebody was asked for by name goes to
whoever comes in their place.

Source: 人民调解法 §23 (recusal on request); 信访工作条例 §30 (recusal of staff with an interest).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from workflow.definition import Draft, FollowTasks, Situation, Step
from workflow.model import AccountId, Audience, Reason, Relation, Role, State
from workflow.procedures.every_case.commands import BringIn, EndPart, HandOver, Recuse
from workflow.records import HAS_PARTICIPANTS, HAS_RECUSALS, Appointment, Participant

#: Whoever answers for who has which matter.
ANSWER_FOR_PEOPLE = ((Role.COORDINATOR, Relation.ABOVE), (Role.SUPERVISOR, Relation.ABOVE))
#: The parts that people of the office take, by their account; all others are taken by somebody from outside.
OF_STAFF = frozenset({"co_handler", "recorder", "counsellor", "reviewer"})


def people_steps(*, until_closed: tuple[State, ...]) -> tuple[Step, ...]:
    return (
        Step(
            command=HandOver, event="case:handed_over", sources=until_closed, target=None, allowed=ANSWER_FOR_PEOPLE,
            guards=(somebody_has_it,), checks=(goes_to_another, may_take_over), writes=hand_over,
            clocks=(FollowTasks(),), tells=(Audience.HOLDER, Audience.UNIT_HEAD), minor=True, brings_in=True,
        ),
        Step(
            command=Recuse, event="person:recused", sources=until_closed, target=None,
            allowed=(*ANSWER_FOR_PEOPLE, (Role.MEDIATOR, Relation.ASSIGNED)),
            checks=(goes_to_another, may_take_over, is_not_left_without_anybody, somebody_still_answers, recuses_others_only_by_office),
            writes=recuse, clocks=(FollowTasks(),), tells=(Audience.HOLDER, Audience.UNIT_HEAD), minor=True, reaches=HAS_RECUSALS,
        ),
        Step(
            command=BringIn, event="person:brought_in", sources=until_closed, target=None,
            allowed=(*ANSWER_FOR_PEOPLE, (Role.MEDIATOR, Relation.ASSIGNED)),
            checks=(part_is_somebodys, does_not_take_part_yet), writes=bring_in, minor=True, reaches=HAS_PARTICIPANTS,
        ),
        Step(
            command=EndPart, event="person:left", sources=until_closed, target=None,
            allowed=(*ANSWER_FOR_PEOPLE, (Role.MEDIATOR, Relation.ASSIGNED)), guards=(somebody_takes_part,),
            writes=end_part, clocks=(FollowTasks(),), minor=True, quiet=True,
        ),
    )  # fmt: skip


def those_in_hand(situation: Situation) -> list[AccountId]:
    """Everybody of the office who has something to do with the matter."""
    facts = situation.facts
    helping = {one.person for one in facts.taking_part if one.person is not None}
    return sorted(facts.in_hand_of | helping)


def those_who_may_be_recused(situation: Situation) -> list[AccountId]:
    """Those, whoever might come to have it, and whoever's post has to do with it, unless they are recused already."""
    here = {*those_in_hand(situation), *situation.people, *situation.colleagues, situation.actor.account}
    return sorted(one for one in here if one is not None and one not in situation.facts.recused)


# -- handing over and recusal -----------------------------------------------------------------------------------------


def somebody_has_it(situation: Situation) -> Reason | None:
    return None if those_in_hand(situation) else Reason(code="hand_over.nobody_has_it")


def _who_leaves(command: HandOver | Recuse) -> AccountId:
    return command.leaving if isinstance(command, HandOver) else command.person


def goes_to_another(_situation: Situation, command: HandOver | Recuse) -> Reason | None:
    return Reason(code="hand_over.to_the_same", field="to") if command.to == _who_leaves(command) else None


def may_take_over(situation: Situation, command: HandOver | Recuse) -> Reason | None:
    """Whoever disclosed an interest in the matter and left does not come back into it."""
    served = (one for one in situation.facts.appointments if one.person == command.to)
    conflicted = any(one.disclosure != "none" for one in served if one.until_at is not None)
    return Reason(code="hand_over.had_an_interest", field="to") if conflicted else None


def is_not_left_without_anybody(situation: Situation, command: Recuse) -> Reason | None:
    """What somebody holds or leads goes to somebody else in the same step."""
    facts = situation.facts
    leads = any(one.person == command.person and one.chief for one in facts.serving)
    needed = command.to is None and (leads or facts.holder_person == command.person)
    return Reason(code="recuse.who_goes_on", field="to") if needed else None


def somebody_still_answers(situation: Situation, command: Recuse) -> Reason | None:
    """Whoever is left can give the matter to somebody."""
    out = {*situation.facts.recused, command.person}
    answering = {role for role, _ in ANSWER_FOR_PEOPLE}
    left = any(answering & roles for one, roles in situation.colleagues.items() if one not in out)
    return None if left else Reason(code="recuse.nobody_answers", field="person")


def recuses_others_only_by_office(situation: Situation, command: Recuse) -> Reason | None:
    """A mediator recuses themselves; a colleague is recused by whoever answers for people."""
    actor = situation.actor
    mine = actor.role is not Role.MEDIATOR or command.person == actor.account
    return None if mine else Reason(code="recuse.only_yourself", field="person")


def hand_over(situation: Situation, command: HandOver, draft: Draft) -> None:
    pass_on(situation, draft, leaving=command.leaving, to=command.to)


def recuse(situation: Situation, command: Recuse, draft: Draft) -> None:
    pass_on(situation, draft, leaving=command.person, to=command.to)
    draft.recused.append(command.person)


def pass_on(situation: Situation, draft: Draft, *, leaving: AccountId, to: AccountId | None) -> None:
    """Everything of the case that somebody has in hand is another's from now on, or with nobody, nobody's."""
    facts, now = situation.facts, situation.now
    appointed = next((one for one in facts.serving if one.person == leaving), None)
    if appointed:
        draft.changed.append(replace(appointed, until_at=now))
        if to is not None:
            _appoint(facts.serving, draft, to, chief=appointed.chief, at=now)
    _end_parts(facts.taking_part, draft, leaving, at=now)
    _pass_tasks_on(situation, draft, leaving, to)
    if to is None:
        return
    holds = facts.holder_person == leaving or bool(appointed and appointed.chief)
    if holds:
        draft.hand_over(facts, unit=situation.unit_of(to), person=to, at=now)
        draft.extension_asked = None  # whoever has it now asks anew
    if holds or appointed:
        _end_parts(facts.taking_part, draft, to, at=now)  # whoever has it does not help with it beside that
    elif to not in facts.in_hand_of:
        _take_parts_over(facts.taking_part, draft, leaving, to, at=now)


def _appoint(serving: Iterable[Appointment], draft: Draft, person: AccountId, *, chief: bool, at: datetime) -> None:
    """Whoever serves already comes to lead, if somebody has to."""
    known = next((one for one in serving if one.person == person), None)
    if known is None:
        draft.new.append(new_appointment(draft, person, chief=chief, at=at))
    elif chief:
        draft.changed.append(replace(known, chief=True))


def new_appointment(draft: Draft, person: AccountId, *, chief: bool, at: datetime) -> Appointment:
    return Appointment(number=draft.number(), person=person, chief=chief, from_at=at, until_at=None)


def _end_parts(taking_part: Iterable[Participant], draft: Draft, person: AccountId, *, at: datetime) -> None:
    draft.changed += [replace(one, until_at=at) for one in taking_part if one.person == person]


def _take_parts_over(
    taking_part: Iterable[Participant], draft: Draft, leaving: AccountId, to: AccountId, *, at: datetime
) -> None:
    """Whoever only helped is followed by somebody who helps in the same way, unless they do already."""
    known = {one.part for one in taking_part if one.person == to}
    draft.new += [
        replace(one, number=draft.number(), person=to, from_at=at)
        for one in taking_part
        if one.person == leaving and one.part not in known
    ]


def _pass_tasks_on(situation: Situation, draft: Draft, leaving: AccountId, to: AccountId | None) -> None:
    """What somebody was asked for by name is asked of whoever comes in their place, or of nobody any more."""
    for task in situation.facts.tasks_open:
        if task.person == leaving:
            ended = replace(task, until_at=situation.now)
            draft.changed.append(ended if to is None else replace(task, unit=situation.unit_of(to), person=to))


# -- taking part ------------------------------------------------------------------------------------------------------


def part_is_somebodys(_situation: Situation, command: BringIn) -> Reason | None:
    """A part of the staff is taken by one of the staff, every other one by somebody with a name."""
    if command.part in OF_STAFF:
        return None if command.person is not None else Reason(code="bring_in.which_colleague", field="person")
    if command.party_name is None:
        return Reason(code="bring_in.which_name", field="party_name")
    return None if command.person is None else Reason(code="bring_in.from_outside", field="person")


def does_not_take_part_yet(situation: Situation, command: BringIn) -> Reason | None:
    known = command.person is not None and command.person in those_in_hand(situation)
    return Reason(code="bring_in.takes_part_already", field="person") if known else None


def somebody_takes_part(situation: Situation) -> Reason | None:
    return None if situation.facts.taking_part else Reason(code="end_part.nobody")


def bring_in(situation: Situation, command: BringIn, draft: Draft) -> None:
    name, contact = draft.optional_text("party_name"), draft.optional_text("contact")
    draft.new.append(
        Participant(
            number=draft.number(), part=command.part, person=command.person, name=name, contact=contact,
            from_at=situation.now, until_at=None,
        )
    )  # fmt: skip


def end_part(situation: Situation, command: EndPart, draft: Draft) -> None:
    leaving = next(one for one in situation.facts.taking_part if one.number == command.participant)
    draft.changed.append(replace(leaving, until_at=situation.now))
    facts = situation.facts
    stays = {facts.holder_person, *(one.person for one in facts.serving)}
    stays |= {one.person for one in facts.taking_part if one != leaving}
    if leaving.person is not None and leaving.person not in stays:
        _pass_tasks_on(situation, draft, leaving.person, None)
