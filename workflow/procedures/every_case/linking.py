"""Cases that have to do with one another: a duplicate, a part of a larger matter, what follows an earlier one.

Both sides have the link, of opposite kinds, written in one step. A link opens no case to anybody: who may read the one does
not therefore read the other. Links of a direction never lead back to where they began.
"""

from dataclasses import replace

from workflow.definition import Draft, Situation, Step
from workflow.model import CaseId, Json, Reason, State
from workflow.procedures.every_case.commands import LinkCases, Unlink
from workflow.procedures.every_case.desk import IN_HAND
from workflow.records import HAS_LINKS, Link

#: What the other case is called from here, by what this one is to it.
OPPOSITE = {
    "duplicate_of": "has_duplicate", "part_of": "has_part", "follows": "followed_by", "related": "related",
}  # fmt: skip
#: What leads from one case to another, and never back.
LEADING = frozenset({"duplicate_of", "part_of", "follows"})


def link_steps(*, until_closed: tuple[State, ...], ended: tuple[State, ...]) -> tuple[Step, ...]:
    always = (*until_closed, *ended)
    return (
        Step(
            command=LinkCases, event="case:linked", sources=always, target=None, allowed=IN_HAND,
            checks=(other_is_in_reach, is_no_circle, not_linked_yet, whole_is_open), writes=link, minor=True,
            reaches=HAS_LINKS,
        ),
        Step(
            command=Unlink, event="case:unlinked", sources=always, target=None, allowed=IN_HAND, guards=(is_linked,),
            writes=unlink, minor=True, quiet=True,
        ),
    )  # fmt: skip


def other_is_in_reach(situation: Situation, command: LinkCases) -> Reason | None:
    """Nobody learns from a refusal whether there is a case that they may not see."""
    known = command.other in situation.others or command.other == situation.facts.id
    return None if known else Reason(code="link.no_such_case", field="other")


def is_no_circle(situation: Situation, command: LinkCases) -> Reason | None:
    here, other = situation.facts.id, situation.others.get(command.other)
    if command.other == here:
        return Reason(code="link.to_itself", field="other")
    if other is not None and command.kind in LEADING and here in other.leads_to:
        return Reason(code="link.in_a_circle", field="other")
    return None


def not_linked_yet(situation: Situation, command: LinkCases) -> Reason | None:
    linked = any(one.other == command.other for one in situation.facts.linked)
    return Reason(code="link.linked_already", field="other") if linked else None


def whole_is_open(situation: Situation, command: LinkCases) -> Reason | None:
    """A matter that is closed gets no more parts."""
    other = situation.others.get(command.other)
    closed = other is not None and other.closed_at is not None
    return Reason(code="link.whole_is_closed", field="other") if command.kind == "part_of" and closed else None


def is_linked(situation: Situation) -> Reason | None:
    return None if situation.facts.linked else Reason(code="link.none")


def link(situation: Situation, command: LinkCases, draft: Draft) -> None:
    assert situation.facts.id is not None, "a case that is linked exists"
    beside = draft.beside.setdefault(command.other, Draft(situation.others[command.other]))
    _write(situation, draft, kind=command.kind, other=command.other)
    _write(situation, beside, kind=OPPOSITE[command.kind], other=situation.facts.id)
    beside.reached.add(HAS_LINKS)


def _write(situation: Situation, draft: Draft, *, kind: str, other: CaseId) -> None:
    draft.new.append(Link(number=draft.number(), kind=kind, other=other, from_at=situation.now, until_at=None))
    draft.data["link"] = _said(kind, other)


def _said(kind: str, other: CaseId) -> dict[str, Json]:
    return {"kind": kind, "other": other}


def unlink(situation: Situation, command: Unlink, draft: Draft) -> None:
    assert situation.facts.id is not None, "a case that is linked exists"
    mine = next(one for one in situation.facts.linked if one.number == command.link)
    beside = draft.beside.setdefault(mine.other, Draft(situation.others[mine.other]))
    _end(situation, draft, mine)
    for theirs in situation.others[mine.other].linked:
        if theirs.other == situation.facts.id and theirs.kind == opposite_of(mine.kind):
            _end(situation, beside, theirs)


def _end(situation: Situation, draft: Draft, one: Link) -> None:
    draft.changed.append(replace(one, until_at=situation.now))
    draft.data["link"] = _said(one.kind, one.other)


def opposite_of(kind: str) -> str:
    """What the other case is called from here."""
    return OPPOSITE.get(kind) or next(mine for mine, theirs in OPPOSITE.items() if theirs == kind)
