"""What a writer does next: some step that the case is ready for, or that the rules will refuse."""

from datetime import datetime, timedelta
from random import Random

from tests.cases.records import World, an_intake
from workflow import commands as c
from workflow.model import AccountId, CaseFacts, Consent, State

S = State
MATTERS = ("petition", "hotline", "enterprise", "mediation")
MEDIATORS = ("mediator", "mediator_2", "mediator_3", "mediator_4")
#: Long lives: a case that is closed crosses nothing more.
FINISHES = 0.15
LATEST_DAYS = 14  #: between coming in and being registered


def next_opening(rng: Random, now: datetime) -> tuple[str, c.Intake]:
    """A matter that came in some time ago, so that its first lights are near or past."""
    matter, received_at = rng.choice(MATTERS), now - timedelta(days=rng.uniform(0, LATEST_DAYS))
    return matter, an_intake(matter, applicant_contact=f"1390000{rng.randrange(10_000):04}", received_at=received_at)


def next_step(world: World, facts: CaseFacts, rng: Random, now: datetime) -> tuple[str, c.Command] | None:
    """Who takes which step; None when the case is at its end or is left alone for now."""
    holder = next(
        (name for name, actor in world.stage.people.items() if actor.account == facts.holder_person), "mediator"
    )
    steps = (
        _mediation(world, facts, holder, now)
        if facts.procedure == "mediation"
        else _petition(world, facts, holder, rng, now)
    )
    finishing = {c.Close, c.CloseMediation, c.Refuse, c.Terminate, c.Reply, c.Settle}
    steps = [step for step in steps if type(step[1]) not in finishing or rng.random() < FINISHES]
    return rng.choice(steps) if steps else None


def _petition(world: World, facts: CaseFacts, holder: str, rng: Random, now: datetime) -> list[tuple[str, c.Command]]:
    handler = AccountId(world.account(rng.choice(MEDIATORS)))
    until = (now + timedelta(days=rng.randrange(1, 5))).date()
    match facts.state:
        case S.REGISTERED:
            return [("clerk", c.Accept()), ("clerk", c.Refuse(ground="not_competent", proper_channel="请向法院起诉"))]
        case S.ACCEPTED:
            return [
                ("coordinator", c.Assign(unit=world.stage.units["room"], handler=handler, instruction="请三日内联系"))
            ]
        case S.DISPATCHED:
            return [(holder, c.SignFor()), ("coordinator", c.Assign(unit=world.stage.units["room"], handler=handler))]
        case S.HANDLING:
            return [
                (holder, c.ContactPerson(note="已联系")),
                (holder, c.RespondFirst(note="已告知")),
                (holder, c.RequestExtension(to_length=facts_length(facts) + 2, reason="案情复杂")),
                ("supervisor", c.GrantExtension(to_length=facts_length(facts) + 2, person_told=True)),
                (holder, c.Suspend(ground="appraisal", until=until)),
                (holder, c.Resume()),
                ("coordinator", c.Assign(unit=world.stage.units["room"], handler=handler)),
                (holder, c.Reply(form="oral", answer="已答复")),
            ]
        case S.REPLIED:
            return [("petitioner", c.Rate(score="satisfied", comment="好")), (holder, c.Close(outcome="resolved"))]
    return []


def _mediation(world: World, facts: CaseFacts, holder: str, now: datetime) -> list[tuple[str, c.Command]]:
    parties = tuple(party.number for party in facts.parties)
    waiting = [party.number for party in facts.parties if party.consent is Consent.PENDING]
    due = (now + timedelta(days=2)).date()
    match facts.state:
        case S.APPLIED | S.CONSENT_PENDING if waiting:
            return [("clerk", c.RecordConsent(party=waiting[0], answer="given"))]
        case S.APPLIED | S.CONSENT_PENDING:
            return [("clerk", c.Accept())]
        case S.ACCEPTED:
            return [("coordinator", c.AppointMediators(chief=AccountId(world.account(holder))))]
        case S.MEDIATOR_ASSIGNED:
            return [(holder, c.NotifyRights(signed_by=parties))]
        case S.RIGHTS_NOTIFIED | S.IN_SESSION:
            agreed = c.Settle(
                form="written",
                terms="两清",
                performance_due_on=due,
                signed_by=parties,
                mediator_signed=True,
                sealed=True,
            )
            return [
                (holder, c.HoldSession(form="joint", place="一室", minutes="谈了")),
                (holder, c.ExtendByConsent(to_length=facts_length(facts) + 5, consenting=parties)),
                (holder, agreed),
                (holder, c.Terminate(ground="legal_bar", remedies="可起诉", notice_given=True)),
            ]
        case S.SETTLED:
            return [
                (holder, c.RecordPerformance(extent="in_full")),
                (holder, c.FollowUp(extent="in_full", note="履行")),
            ]
        case S.FOLLOWED_UP | S.TERMINATED:
            return [(holder, c.CloseMediation(papers_complete=True))]
    return []


def facts_length(facts: CaseFacts) -> int:
    """The length of the clock that may be extended, or any."""
    return max((clock.length for clock in facts.clocks if clock.name in ("decision", "order", "period")), default=1)
