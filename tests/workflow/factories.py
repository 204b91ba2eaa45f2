"""Small factories for the pure tests: instants, people, and cases that have come as far as a test needs.

A case is led there by the rules themselves: each helper takes real steps and folds the decision into the facts, as
`cases/apply.py` does with rows. No database, no clock, no file but the shipped policies.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest

from infra.files import read_tree
from workflow.calendar import WorkCalendar
from workflow.commands import Command, Intake
from workflow.deciding import available_steps, decide
from workflow.definition import Situation
from workflow.facts import CaseFacts, Decision
from workflow.model import (
    UNFILED,
    AccountId,
    Actor,
    CaseId,
    Clock,
    Custody,
    Party,
    Reason,
    Record,
    RecordNumber,
    Refusal,
    Role,
    UnitId,
)
from workflow.policy import CasePolicy, Policy
from workflow.policy_files import policy_from
from workflow.procedures.every_case.commands import Accept, Suspend
from workflow.procedures.mediation.commands import (
    Apply,
    AppointMediators,
    HoldSession,
    NotifyRights,
    RecordConsent,
    Settle,
    Terminate,
)
from workflow.procedures.petition.commands import Assign, GrantExtension, Register, Reply, RequestExtension, SignFor
from workflow.records import Appointment, Participant, Task

UPSTREAM, CENTRE, ROOM, ELSEWHERE = UnitId(1), UnitId(2), UnitId(3), UnitId(9)
CASE = CaseId(7)


@cache
def shipped_policy() -> Policy:
    return policy_from(read_tree("workflow", "policies", suffix=".toml"), calendar="cn")


def policy_of(profile: str) -> CasePolicy:
    return shipped_policy().for_profile(profile)


def calendar() -> WorkCalendar:
    return shipped_policy().calendar


def at(local: str) -> datetime:
    """A local time of the office, 2026-09-11T15:20, as an instant in UTC."""
    return datetime.fromisoformat(local).replace(tzinfo=calendar().zone).astimezone(UTC)


def local(instant: datetime | None) -> str | None:
    """An instant as tests write it: local time to the minute."""
    return instant.astimezone(calendar().zone).strftime("%Y-%m-%dT%H:%M") if instant else None


# -- people -----------------------------------------------------------------------------------------------------------


def an_actor(role: Role, account: int, unit: UnitId = ROOM, below: Iterable[UnitId] = ()) -> Actor:
    return Actor(account=AccountId(account), role=role, unit=unit, units=frozenset({unit, *below}))


CLERK = an_actor(Role.CLERK, 1, CENTRE, {ROOM})
COORDINATOR = an_actor(Role.COORDINATOR, 2, CENTRE, {ROOM})
SUPERVISOR = an_actor(Role.SUPERVISOR, 3, ROOM)
MEDIATOR = an_actor(Role.MEDIATOR, 4, ROOM)
CHIEF, SECOND, THIRD, FOURTH = AccountId(4), AccountId(5), AccountId(6), AccountId(8)
#: Who may serve, and where they belong.
ROSTER = dict.fromkeys((CHIEF, SECOND, THIRD, FOURTH), (ROOM,))
#: Whose post has to do with the cases.
COLLEAGUES = {
    actor.account: frozenset({actor.role}) for actor in (CLERK, COORDINATOR, SUPERVISOR, MEDIATOR) if actor.account
}
#: The day after the cases below begin, Monday 2 March 2026.
TUESDAY = "2026-03-03T10:00"
PETITIONER = Actor(account=None, role=Role.PETITIONER, unit=CENTRE, case=CASE)


# -- taking steps -----------------------------------------------------------------------------------------------------


def unfiled(profile: str) -> CaseFacts:
    return CaseFacts(
        id=None, procedure=policy_of(profile).profile.procedure, profile=profile, state=UNFILED,
        authors=frozenset(), asked_by=frozenset(), custodies=(), noticed={},
    )  # fmt: skip


def situation(facts: CaseFacts, actor: Actor, on: str) -> Situation:
    return Situation(
        facts=facts, actor=actor, now=at(on), policy=policy_of(facts.profile), people=ROSTER, colleagues=COLLEAGUES,
        co_units=frozenset({ELSEWHERE}),
    )  # fmt: skip


def decided(facts: CaseFacts, command: Command, *, by: Actor, on: str) -> Decision:
    return decide(situation(facts, by, on), command)


def take(facts: CaseFacts, command: Command, *, by: Actor, on: str) -> CaseFacts:
    """The facts after a step."""
    return folded(facts, decided(facts, command, by=by, on=on), command, now=at(on))


def refused(facts: CaseFacts, command: Command, *, by: Actor, on: str) -> tuple[str, ...]:
    """The codes of all reasons for which a step is refused, in order."""
    return tuple(reason.code for reason in refusal(facts, command, by=by, on=on))


def refusal(facts: CaseFacts, command: Command, *, by: Actor, on: str) -> tuple[Reason, ...]:
    with pytest.raises(Refusal) as caught:
        decided(facts, command, by=by, on=on)
    return caught.value.reasons


def folded(facts: CaseFacts, decision: Decision, command: Command, *, now: datetime) -> CaseFacts:
    progress = decision.progress
    opened: dict[str, Any] = {}
    if isinstance(command, Intake):
        opened = {
            "id": CASE,
            "dispute_type": command.dispute_type,
            "channel": command.channel,
            "received_at": command.received_at or now,
            "registered_at": now,
        }
    episodes = (record for record in decision.new if isinstance(record, Custody))
    custody = next((one for one in episodes if one.number == progress.custody_number), facts.custody)
    written = (*decision.new, *decision.changed)
    return replace(
        facts,
        **opened,
        state=progress.state,
        version=facts.version + 1,
        milestones=progress.milestones,
        next_number=progress.next_number,
        holder_unit=progress.holder_unit,
        holder_person=progress.holder_person,
        custody=custody,
        outcome=progress.outcome,
        closed_at=progress.closed_at,
        extension_asked=progress.extension_asked,
        parties=_merged(facts.parties, written, Party),
        appointments=_merged(facts.appointments, written, Appointment),
        clocks=_merged(facts.clocks, written, Clock),
        tasks=_merged(facts.tasks, written, Task),
        participants=_merged(facts.participants, written, Participant),
    )


def _merged(known: tuple[Any, ...], written: Iterable[Record], kind: type) -> tuple[Any, ...]:
    rows = {record.number: record for record in (*known, *(one for one in written if isinstance(one, kind)))}
    return tuple(rows[number] for number in sorted(rows))


# -- matters that have come so far ------------------------------------------------------------------------------------


def registering(**fields: Any) -> Register:
    return Register(**{"title": "t", "statement": "s", "applicant": "a", **fields})


def applying(**fields: Any) -> Apply:
    return Apply(**{"title": "t", "statement": "s", "applicant": "a", "respondents": ("b",), **fields})


def a_registered_matter(profile: str = "petition", *, on: str = "2026-03-02T09:00", **fields: Any) -> CaseFacts:
    return take(unfiled(profile), registering(**fields), by=CLERK, on=on)


def a_matter_in_hand(profile: str = "petition", *, on: str = "2026-03-02T09:00", **fields: Any) -> CaseFacts:
    """Registered, accepted, assigned to the room's mediator and signed for, all in the same minute."""
    facts = take(a_registered_matter(profile, on=on, **fields), Accept(), by=CLERK, on=on)
    facts = take(facts, Assign(unit=ROOM, handler=MEDIATOR.account), by=COORDINATOR, on=on)
    return take(facts, SignFor(), by=MEDIATOR, on=on)


def a_replied_matter(profile: str = "petition", *, on: str = "2026-03-02T09:00") -> CaseFacts:
    return take(a_matter_in_hand(profile, on=on), Reply(form="oral", answer="r"), by=MEDIATOR, on=on)


def an_applied_mediation(profile: str = "mediation-30d", *, on: str = "2026-03-02T09:00", **fields: Any) -> CaseFacts:
    return take(unfiled(profile), applying(**fields), by=CLERK, on=on)


def an_accepted_mediation(profile: str = "mediation-30d", *, on: str = "2026-03-02T09:00", **fields: Any) -> CaseFacts:
    facts = an_applied_mediation(profile, on=on, **fields)
    for party in all_parties(facts):
        facts = take(facts, RecordConsent(party=party, answer="given"), by=CLERK, on=on)
    return take(facts, Accept(), by=CLERK, on=on)


def a_mediation_with_mediators(
    profile: str = "mediation-30d", *, on: str = "2026-03-02T09:00", **fields: Any
) -> CaseFacts:
    """With a chief mediator (`MEDIATOR`) and a second one (`SECOND`)."""
    appointing = AppointMediators(chief=CHIEF, others=(SECOND,))
    return take(an_accepted_mediation(profile, on=on, **fields), appointing, by=COORDINATOR, on=on)


def a_mediation_with_rights_notified(
    profile: str = "mediation-30d", *, on: str = "2026-03-02T09:00", **fields: Any
) -> CaseFacts:
    facts = a_mediation_with_mediators(profile, on=on, **fields)
    return take(facts, NotifyRights(signed_by=all_parties(facts)), by=MEDIATOR, on=on)


def a_mediation_in_session(profile: str = "mediation-30d", *, on: str = "2026-03-02T09:00", **fields: Any) -> CaseFacts:
    return take(a_mediation_with_rights_notified(profile, on=on, **fields), a_session(), by=MEDIATOR, on=on)


def a_settled_mediation(
    profile: str = "mediation-30d", *, on: str = "2026-03-02T09:00", due: str = "2026-03-20", **fields: Any
) -> CaseFacts:
    facts = a_mediation_in_session(profile, on=on, **fields)
    return take(facts, an_agreement(facts, performance_due_on=date.fromisoformat(due)), by=MEDIATOR, on=on)


def a_session(**fields: Any) -> HoldSession:
    return HoldSession(**{"form": "joint", "place": "p", "minutes": "m", **fields})


def an_agreement(facts: CaseFacts, **fields: Any) -> Settle:
    complete = {
        "form": "written",
        "terms": "t",
        "performance_due_on": date(2026, 3, 20),
        "signed_by": all_parties(facts),
        "mediator_signed": True,
        "sealed": True,
    }
    return Settle(**{**complete, **fields})


def all_parties(facts: CaseFacts) -> tuple[RecordNumber, ...]:
    return tuple(party.number for party in facts.parties)


def the_clock(facts: CaseFacts, name: str) -> Clock:
    """The newest clock of that name, running or stopped."""
    return [clock for clock in facts.clocks if clock.name == name][-1]


def is_open(facts: CaseFacts, command: type[Command], *, by: Actor, on: str = TUESDAY) -> bool:
    """Whether the button would be offered: the actor may take the step and no guard closes it."""
    return any(step.command is command and not why for step, why in available_steps(situation(facts, by, on)))


def terminating(**fields: object) -> Terminate:
    """By the applicant's withdrawal, whose party is the first record after the four texts of an application."""
    withdraws = {"withdrawing": (RecordNumber(5),)} if "ground" not in fields else {}
    whole = {"ground": "party_withdraws", "remedies": "court", "notice_given": True, **withdraws, **fields}
    return Terminate(**whole)  # type: ignore[arg-type]  # the fields of Terminate


def asking(to: int) -> RequestExtension:
    return RequestExtension(to_length=to, reason="r")


def granting(to: int) -> GrantExtension:
    return GrantExtension(to_length=to, person_told=True)


def an_order_with_an_extension_asked_for() -> CaseFacts:
    return take(a_matter_in_hand("hotline", on="2026-03-02T09:00"), asking(15), by=MEDIATOR, on=TUESDAY)


def suspending(until: str, *, ground: str = "measurement", **fields: object) -> Suspend:
    return Suspend(ground=ground, until=date.fromisoformat(until), **fields)  # type: ignore[arg-type]


def a_paused_order() -> CaseFacts:
    return take(a_matter_in_hand("hotline"), suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY)
