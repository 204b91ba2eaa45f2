"""A matter as its petitioner follows it: where it stands in one sentence, the next date, the answer, the rating."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from cases import reading as record
from cases.facts import load_facts
from cases.numbers import case_number
from web.context import Context, NoSuchPage
from web.presenters.case_page import path_of
from web.presenters.lights import LightView, case_light
from web.presenters.timeline import texts_in
from words import Words, due_words
from workflow.deciding import available_steps
from workflow.definition import Situation
from workflow.facts import CaseFacts
from workflow.model import Actor, CaseId, Role
from workflow.procedure import Part
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import AskToWithdraw, GoOnWithIt, Rate, WriteBack
from workflow.procedures.every_case.rating import RATED, REVISIT
from workflow.procedures.every_case.tasks import TASK


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedCase:
    number: str
    title: str | None
    state: str
    stands: str  #: the code of where it stands, in one sentence
    procedure: str
    received: str
    light: LightView
    ended: bool
    path: tuple[tuple[str, str], ...]  #: (state, done | now | ahead)
    answers: tuple[
        tuple[str, str | None, str], ...
    ]  #: (when, what came of asking whoever was dissatisfied, what they were told)
    may_rate: bool
    may_write: bool
    may_withdraw: bool
    may_go_on: bool
    written: tuple[tuple[str, str], ...]  #: (when, what the person has added)
    rating: str | None
    asked_by: str | None  #: until when somebody asks a person who is dissatisfied
    was_asked: bool
    remedies: str  #: the code of what one can do who disagrees
    happened: tuple[tuple[str, str], ...]  #: (when, code of the event)


#: Events that a petitioner is told of. What concerns the office's own dealings, or the other side's, is not among them.
TOLD = frozenset(
    {
        "case:registered", "case:applied", "case:accepted", "case:not_accepted", "case:assigned", "case:contacted",
        "case:first_responded", "clock:extended", "clock:paused", "clock:resumed", "case:replied", "mediator:appointed",
        "mediator:replaced", "case:rights_notified", "case:session_held", "case:settled", "case:settled_in_part",
        "case:terminated", "case:confirmation_applied", "case:followed_up", "case:rated", "case:closed", "case:reopened",
        "case:written_back", "case:code_renewed", "case:taken_back", "case:withdrawal_asked",
        "case:withdrawal_dropped", "case:withdrawn", "case:revisited",
    }
)  # fmt: skip


#: The limits whose days a petitioner is told: what others are asked for, and reports upwards, are not promised to them.
PROMISED = frozenset(
    name
    for procedure in PROCEDURES.values()
    for name, parts in procedure.clocks.items()
    if name not in (TASK, REVISIT) and Part.REPORTS not in parts
)


def show_tracked(connection: Connection, ctx: Context, case_id: CaseId) -> TrackedCase:
    actor = Actor(account=None, role=Role.PETITIONER, unit=None, case=case_id)
    loaded = load_facts(connection, case_id, actor=actor)
    if loaded is None:
        raise NoSuchPage
    facts, name = loaded
    texts = record.texts_of(connection, [case_id], actor=actor).get(case_id, {})
    events = record.timeline(connection, case_id, actor=actor)
    ratings = record.ratings_of(connection, case_id, actor=actor)
    policy = ctx.office.policy.for_profile(facts.profile)
    steps = available_steps(Situation(facts=facts, actor=actor, now=ctx.now, policy=policy))
    open_steps = {step.command for step, reasons in steps if not reasons}
    assert facts.received_at is not None
    return TrackedCase(
        number=case_number(ctx.office.short_name, name.series, name.year, name.serial),
        title=record.title_in(events, texts),
        state=facts.state,
        stands=_stands(facts, ctx),
        procedure=facts.procedure,
        received=ctx.minute(facts.received_at),
        light=case_light((clock for clock in facts.clocks if clock.about is None and clock.name in PROMISED), ctx),
        ended=facts.state in PROCEDURES[facts.procedure].final,
        path=path_of(facts),
        answers=tuple(_answers(ctx, events, texts)),
        may_rate=Rate in open_steps,
        may_write=WriteBack in open_steps,
        may_withdraw=AskToWithdraw in open_steps,
        may_go_on=GoOnWithIt in open_steps,
        written=tuple(_written(ctx, events, texts)),
        rating=ratings[-1].score if ratings and RATED in facts.milestones else None,
        asked_by=_asked_by(facts, ctx),
        was_asked=RATED in facts.milestones and _was_asked(events),
        remedies=f"remedies.{facts.procedure}" + (".bound" if _are_bound(facts.procedure, events) else ""),
        happened=tuple(
            (ctx.minute(event.occurred_at), event.code)
            for event in events
            if event.code in TOLD and not event.is_taken_back
        ),
    )


def _stands(facts: CaseFacts, ctx: Context) -> str:
    """Whoever has rated an answer is not asked for it again."""
    code = f"stands.{facts.state}"
    rated = f"{code}.rated"
    return rated if RATED in facts.milestones and Words(ctx.language).has(rated) else code


def _asked_by(facts: CaseFacts, ctx: Context) -> str | None:
    calendar = ctx.office.policy.calendar
    runs = (clock for clock in facts.clocks_running if clock.name == REVISIT)
    return next((due_words(clock, calendar, ctx.language, today=ctx.today) for clock in runs), None)


def where_to_follow(ctx: Context) -> str:
    """The address that a receipt says, for whoever types it."""
    return f"{ctx.site.settings.base_url()}/track"


def _are_bound(procedure: str, events: Iterable[record.EventLine]) -> bool:
    """Whether an agreement stands: nobody leaves at any time any more, and other ways are open."""
    binding = PROCEDURES[procedure].shown.binding
    return any(event.code == binding and not event.is_taken_back for event in events)


def _written(ctx: Context, events: Iterable[record.EventLine], texts: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    for event in events:
        for number in event.data.get("command", {}).get("message") or ():
            if number in texts:
                yield ctx.minute(event.occurred_at), texts[number]


def _was_asked(events: Iterable[record.EventLine]) -> bool:
    """Whether somebody has asked what is missing since the person last rated."""
    last = [
        event.code for event in events if event.code in ("case:rated", "case:revisited") and not event.is_taken_back
    ]
    return last[-1:] == ["case:revisited"]


def _answers(
    ctx: Context, events: Iterable[record.EventLine], texts: Mapping[int, str]
) -> Iterator[tuple[str, str | None, str]]:
    """What the person was told, without what was taken back."""
    standing = (event for event in events if not event.is_taken_back)
    for event in standing:
        for text in texts_in(event.data, texts, ("answer", "remedies", "proper_channel")):
            finding = event.data["command"].get("finding") if event.code == "case:revisited" else None
            yield ctx.minute(event.occurred_at), finding, text
