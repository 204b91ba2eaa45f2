"""What a writer does next: some step that the case is ready for, or that the rules will refuse."""

from datetime import datetime, timedelta
from random import Random

from tests.cases.records import World, an_intake
from workflow.commands import Command, Intake
from workflow.facts import CaseFacts
from workflow.model import AccountId, Consent
from workflow.procedures.every_case.commands import Accept, ExtendByConsent, Rate, Refuse, Resume, Suspend
from workflow.procedures.mediation.commands import (
    AppointMediators,
    CloseMediation,
    FollowUp,
    HoldSession,
    NotifyRights,
    RecordConsent,
    RecordPerformance,
    Settle,
    Terminate,
)
from workflow.procedures.mediation.states import MediationState
from workflow.procedures.petition.commands import (
    Assign,
    Close,
    ContactPerson,
    GrantExtension,
    Reply,
    RequestExtension,
    RespondFirst,
    SignFor,
)
from workflow.procedures.petition.states import PetitionState

P, M = PetitionState, MediationState
MATTERS = ("petition", "hotline", "enterprise", "mediation")
MEDIATORS = ("mediator", "mediator_2", "mediator_3", "mediator_4")
#: Long lives: a case that is closed crosses nothing more.
FINISHES = 0.15
LATEST_DAYS = 14  #: between coming in and being registered


def next_opening(rng: Random, now: datetime) -> tuple[str, Intake]:
    """A matter that came in some time ago, so that its first lights are near or past."""
    matter, received_at = rng.choice(MATTERS), now - timedelta(days=rng.uniform(0, LATEST_DAYS))
    return matter, an_intake(matter, applicant_contact=f"1390000{rng.randrange(10_000):04}", received_at=received_at)


def next_step(world: World, facts: CaseFacts, rng: Random, now: datetime) -> tuple[str, Command] | None:
    """Who takes which step; None when the case is at its end or is left alone for now."""
    holder = next(
        (name for name, actor in world.stage.people.items() if actor.account == facts.holder_person), "mediator"
    )
    steps = (
        _mediation(world, facts, holder, now)
        if facts.procedure == "mediation"
        else _petition(world, facts, holder, rng, now)
    )
    finishing = {Close, CloseMediation, Refuse, Terminate, Reply, Settle}
    steps = [step for step in steps if type(step[1]) not in finishing or rng.random() < FINISHES]
    return rng.choice(steps) if steps else None


def _petition(world: World, facts: CaseFacts, holder: str, rng: Random, now: datetime) -> list[tuple[str, Command]]:
    handler = AccountId(world.account(rng.choice(MEDIATORS)))
    until = (now + timedelta(days=rng.randrange(1, 5))).date()
    match facts.state:
        case P.REGISTERED:
            return [("clerk", Accept()), ("clerk", Refuse(ground="not_competent", proper_channel="请向法院起诉"))]
        case P.ACCEPTED:
            return [
                ("coordinator", Assign(unit=world.stage.units["room"], handler=handler, instruction="请三日内联系"))
            ]
        case P.DISPATCHED:
            return [(holder, SignFor()), ("coordinator", Assign(unit=world.stage.units["room"], handler=handler))]
        case P.HANDLING:
            return [
                (holder, ContactPerson(note="已联系")),
                (holder, RespondFirst(note="已告知")),
                (holder, RequestExtension(to_length=facts_length(facts) + 2, reason="案情复杂")),
                ("supervisor", GrantExtension(to_length=facts_length(facts) + 2, person_told=True)),
                (holder, Suspend(ground="appraisal", until=until)),
                (holder, Resume()),
                ("coordinator", Assign(unit=world.stage.units["room"], handler=handler)),
                (holder, Reply(form="oral", answer="已答复")),
            ]
        case P.REPLIED:
            return [("petitioner", Rate(score="satisfied", comment="好")), (holder, Close(outcome="resolved"))]
    return []


def _mediation(world: World, facts: CaseFacts, holder: str, now: datetime) -> list[tuple[str, Command]]:
    parties = tuple(party.number for party in facts.parties)
    waiting = [party.number for party in facts.parties if party.consent is Consent.PENDING]
    due = (now + timedelta(days=2)).date()
    match facts.state:
        case M.APPLIED | M.CONSENT_PENDING if waiting:
            return [("clerk", RecordConsent(party=waiting[0], answer="given"))]
        case M.APPLIED | M.CONSENT_PENDING:
            return [("clerk", Accept())]
        case M.ACCEPTED:
            return [("coordinator", AppointMediators(chief=AccountId(world.account(holder))))]
        case M.MEDIATOR_ASSIGNED:
            return [(holder, NotifyRights(signed_by=parties))]
        case M.RIGHTS_NOTIFIED | M.IN_SESSION:
            agreed = Settle(
                form="written",
                terms="两清",
                performance_due_on=due,
                signed_by=parties,
                mediator_signed=True,
                sealed=True,
            )
            return [
                (holder, HoldSession(form="joint", place="一室", minutes="谈了")),
                (holder, ExtendByConsent(to_length=facts_length(facts) + 5, consenting=parties)),
                (holder, agreed),
                (holder, Terminate(ground="legal_bar", remedies="可起诉", notice_given=True)),
            ]
        case M.SETTLED:
            return [
                (holder, RecordPerformance(extent="in_full")),
                (holder, FollowUp(extent="in_full", note="履行")),
            ]
        case M.FOLLOWED_UP | M.TERMINATED:
            return [(holder, CloseMediation(papers_complete=True))]
    return []


def facts_length(facts: CaseFacts) -> int:
    """The length of the clock that may be extended, or any."""
    return max((clock.length for clock in facts.clocks if clock.name in ("decision", "order", "period")), default=1)
