"""What the daily work at a desk asks of every case: a note, a correction, one more person, a word from whoever brought the matter,
a new tracking code for somebody who has lost theirs.

None of this moves the case or its clocks. What was entered wrongly stays in the ledger: a correction writes a new text beside
the old one, and every page shows the new one.
"""

from dataclasses import replace

from workflow.definition import Draft, Situation, Step
from workflow.model import Audience, Json, Reason, Relation, Role, Side, State
from workflow.procedures.every_case import rules
from workflow.procedures.every_case.commands import (
    AddNote,
    AddParty,
    AskToWithdraw,
    Correct,
    GoOnWithIt,
    RenewCode,
    WriteBack,
)

#: Whoever has a matter in hand, and the desk that took it in.
IN_HAND = (
    (Role.MEDIATOR, Relation.ASSIGNED), (Role.COORDINATOR, Relation.ABOVE), (Role.CLERK, Relation.ABOVE),
)  # fmt: skip
#: The milestone of a matter that whoever brought it wants to withdraw; whatever ends or answers it settles that as well.
WITHDRAWAL_ASKED = "withdrawal_asked"
SETTLES_WITHDRAWAL = frozenset({WITHDRAWAL_ASKED})
WHO_NOTE = (*IN_HAND, (Role.MEDIATOR, Relation.TAKES_PART))
DESK = ((Role.CLERK, Relation.ABOVE), (Role.COORDINATOR, Relation.ABOVE))


def desk_steps(
    *, until_closed: tuple[State, ...], ended: tuple[State, ...], joining: tuple[State, ...],
    withdrawable: tuple[State, ...],
) -> tuple[Step, ...]:  # fmt: skip
    """The steps. In `joining` somebody may still become a party, from `withdrawable` a step can end what is withdrawn; what is
    corrected, noted or asked anew may be after the end, too."""
    always = (*until_closed, *ended)
    return (
        Step(
            command=AddNote, event="case:noted", sources=always, target=None, allowed=WHO_NOTE, minor=True,
        ),
        Step(
            command=Correct, event="case:corrected", sources=always, target=None, allowed=IN_HAND,
            checks=(something_is_corrected, correction_says_whose, type_is_another), writes=correct, minor=True,
        ),
        Step(
            command=AddParty, event="party:added", sources=joining, target=None, allowed=IN_HAND, writes=add_party,
            minor=True,
        ),
        Step(
            command=RenewCode, event="case:code_renewed", sources=always, target=None, allowed=DESK, minor=True,
        ),
        Step(
            command=AskToWithdraw, event="case:withdrawal_asked", sources=withdrawable, target=None,
            allowed=((Role.PETITIONER, Relation.BY_CODE),), guards=(no_withdrawal_waits,),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), reaches=WITHDRAWAL_ASKED, quiet=True, minor=True,
        ),
        Step(
            command=GoOnWithIt, event="case:withdrawal_dropped", sources=until_closed, target=None,
            allowed=((Role.PETITIONER, Relation.BY_CODE),), guards=(a_withdrawal_waits,), tells=(Audience.HOLDER,),
            forgets=SETTLES_WITHDRAWAL, quiet=True, minor=True,
        ),
        Step(
            command=WriteBack, event="case:written_back", sources=until_closed, target=None,
            allowed=((Role.PETITIONER, Relation.BY_CODE),), tells=(Audience.HOLDER,), quiet=True, minor=True,
        ),
    )  # fmt: skip


# -- withdrawing ------------------------------------------------------------------------------------------------------


def a_withdrawal_waits(situation: Situation) -> Reason | None:
    asked = WITHDRAWAL_ASKED in situation.facts.milestones
    return None if asked else Reason(code="withdrawal.not_asked")


def is_to_be_withdrawn(situation: Situation) -> bool:
    """Of the step that ends what its petitioner wants to withdraw: they wait for it."""
    return a_withdrawal_waits(situation) is None


def ask_whoever_withdraws(situation: Situation) -> tuple[Reason, ...]:
    return (Reason(code="withdrawal.ask_first"),) if is_to_be_withdrawn(situation) else ()


def no_withdrawal_waits(situation: Situation) -> Reason | None:
    asked = WITHDRAWAL_ASKED in situation.facts.milestones
    return Reason(code="withdrawal.asked_already") if asked else None


# -- correcting -------------------------------------------------------------------------------------------------------


def something_is_corrected(_situation: Situation, command: Correct) -> Reason | None:
    given = (command.title, command.dispute_type, command.party, command.party_name, command.contact)
    return None if any(one is not None for one in given) else Reason(code="correct.nothing")


def correction_says_whose(_situation: Situation, command: Correct) -> Reason | None:
    """A name or a contact is somebody's, and whoever is named has one of them corrected."""
    given = command.party_name is not None or command.contact is not None
    if given and command.party is None:
        return Reason(code="correct.whose", field="party")
    if command.party is not None and not given:
        return Reason(code="correct.what", field="party_name")
    return None


def type_is_another(situation: Situation, command: Correct) -> Reason | None:
    same = command.dispute_type is not None and command.dispute_type == situation.facts.dispute_type
    return Reason(code="correct.same_type", field="dispute_type") if same else None


def correct(situation: Situation, command: Correct, draft: Draft) -> None:
    """The new texts are written already; here the case and its records come to name them. The event says what was before."""
    facts, before = situation.facts, dict[str, Json]()
    if command.dispute_type is not None:
        before["dispute_type"] = facts.dispute_type
        draft.case["dispute_type"] = command.dispute_type
    if command.party is not None:
        party = next(one for one in facts.parties if one.number == command.party)
        name, contact = draft.optional_text("party_name"), draft.optional_text("contact")
        before |= {"name": party.name} if name else {}
        before |= {"contact": party.contact} if contact else {}
        draft.changed.append(replace(party, name=name or party.name, contact=contact or party.contact))
    draft.data["before"] = before


# -- joining ----------------------------------------------------------------------------------------------------------


def add_party(_situation: Situation, command: AddParty, draft: Draft) -> None:
    side = Side(command.side)
    draft.new.append(rules.new_party(draft, side, draft.text("party_name"), draft.optional_text("contact")))
