"""The case page: where it stands, what is due, what may be done now, and what has happened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from cases import reading as record
from cases.last_step import with_last_step
from cases.numbers import case_number
from cases.visibility import READABLE
from infra.i18n import write_day
from people.directory import known_accounts, names_of_accounts, names_of_units
from web.context import Context
from web.forms import FormView
from web.presenters.case_steps import StepView, step_views
from web.presenters.choices import choices_for
from web.presenters.lights import ClockView, LightView, case_light, clock_light, clock_view
from web.presenters.linked import LinkView, known_cases, link_views
from web.presenters.situations import forms_of, situation_of
from web.presenters.timeline import (
    Names,
    TimelineView,
    accounts_named,
    cases_linked,
    noticeably,
    texts_in,
    timeline_line,
    timeline_of,
)
from words import Words
from workflow.clocks import paused_until
from workflow.commands import Intake
from workflow.deciding import available_steps, steps_of_others, usual_next, usual_path
from workflow.definition import Situation
from workflow.facts import CaseFacts
from workflow.fields import brings_people_in
from workflow.model import AccountId, TextKind
from workflow.procedure import Shown
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import TakeBack
from workflow.procedures.every_case.taking_back import is_for_a_second_person
from workflow.records import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    side: str
    name: str | None  #: None: the reader may not know it
    contact: str | None
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """What another unit, or a colleague, was asked for. `light` while it is waited for, `answer` once it is given."""

    who: str
    what: str | None
    answer: str | None
    light: LightView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    situation: Situation  #: what the page was made from
    public_id: str
    number: str
    version: int
    title: str | None
    statement: tuple[str, ...]
    dispute_type: str
    procedure: str
    matter: str  #: the code of what such matters are called at the desk
    channel: str
    state: str
    outcome: str | None
    flags: tuple[str, ...]  #: milestones that whoever opens the case has to know
    shown: Shown  #: what pages of this procedure have beyond the others
    received: str
    registered: str | None  #: shown when it differs from `received`
    holder: str
    light: LightView
    path: tuple[tuple[str, str], ...]  #: (state, done | now | ahead)
    steps: tuple[StepView, ...]
    at_any_time: tuple[str, ...]  #: commands that have pages of their own
    steps_of_others: tuple[tuple[str, tuple[str, ...]], ...]  #: (command, roles)
    turn: tuple[str, tuple[str, ...]] | None  #: (command, roles) of what comes next, if that is for others to do
    clocks: tuple[ClockView, ...]
    parties: tuple[PartyView, ...]
    mediators: tuple[tuple[str, bool, str], ...]
    participants: tuple[tuple[str, str | None, str | None], ...]  #: (part, name, contact), of those who take part now
    tasks: tuple[TaskView, ...]
    links: tuple[LinkView, ...]
    sessions: tuple[Mapping[str, Any], ...]
    agreements: tuple[Mapping[str, Any], ...]
    ratings: tuple[Mapping[str, Any], ...]
    replies: tuple[str, ...]
    timeline: tuple[TimelineView, ...]
    masked: bool
    own: bool  #: the reader holds the case or serves in it, or it waits for somebody of their unit


def show_case(connection: Connection, ctx: Context, case_id: int, *, returned: FormView | None = None) -> CasePage:
    """The page; `returned` is a form that was refused and comes back as it was typed."""
    back = returned.command if returned else ""
    situation, name = situation_of(connection, ctx, case_id, command=back, whole_page=True)
    if returned is not None and returned.command == TakeBack.__name__:
        situation = replace(situation, facts=with_last_step(connection, situation.facts))
    facts = situation.facts
    texts = record.texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
    events = record.timeline(connection, case_id, actor=ctx.actor)
    at_work = {
        facts.holder_person, *(a.person for a in facts.appointments), *(one.person for one in facts.participants),
    }  # fmt: skip
    acted = {ctx.actor.account, *(event.actor for event in events)} | accounts_named(events)
    helping = {one.person for one in facts.tasks}
    offered = set(situation.people) if any(map(brings_people_in, forms_of(facts, ctx.actor))) else set()
    known = known_accounts(connection, offered | at_work | acted | helping)
    accounts = {account: one.name for account, one in known.items()}
    units, closed = names_of_units(connection), Words(ctx.language)("account.closed")
    found = available_steps(situation)
    offering = [step.command for step, reasons in found if not reasons and not step.minor]
    choices = choices_for(connection, ctx, situation, texts, of=offering, known=known, units=units)
    wrote = frozenset[str]().union(*(event.wrote for event in events))

    def kept(table: str, rows_of: Callable[..., list[Any]]) -> list[Any]:
        """The rows of a table that no event of the case has written are not asked for."""
        return rows_of(connection, case_id, actor=ctx.actor) if table in wrote else []

    linked = known_cases(connection, ctx, cases_linked(events))
    parties: dict[int, str] = {party.number: texts[party.name] for party in facts.parties if party.name in texts}
    names = Names(texts=texts, accounts=accounts, linked=linked, units=units, parties=parties)
    opening, shown = events[0].data["command"], PROCEDURES[facts.procedure].shown
    others = tuple(
        (step.command.__name__, tuple(role.value for role in roles if role is not ctx.actor.role or len(roles) == 1))
        for step, roles in steps_of_others(situation)
    )
    assert facts.received_at is not None, "every case knows when it came in"
    assert facts.registered_at is not None, "and when it was registered"
    assert facts.holder_unit is not None, "and who holds it"
    person = known[facts.holder_person].said(closed) if facts.holder_person else None
    return CasePage(
        situation=situation,
        public_id=name.public_id,
        number=case_number(ctx.office.short_name, name.series, name.year, name.serial),
        version=facts.version,
        title=record.title_in(events, texts),
        statement=tuple(texts[n] for n in opening["statement"] if n in texts),
        dispute_type=facts.dispute_type or "99",
        procedure=facts.procedure,
        matter=_matter(facts, ctx),
        channel=facts.channel or "visit",
        state=facts.state,
        outcome=facts.outcome,
        flags=tuple(flag for flag in shown.flags if flag in facts.milestones),
        shown=shown,
        received=ctx.minute(facts.received_at),
        registered=ctx.minute(facts.registered_at) if noticeably(facts.received_at, facts.registered_at) else None,
        holder=" · ".join(part for part in (units.get(facts.holder_unit), person) if part),
        light=case_light(
            (one for one in facts.clocks if one.about is None or facts.is_charged_to(ctx.actor, one)), ctx
        ),
        path=path_of(facts),
        steps=step_views(situation, found, choices, returned),
        at_any_time=tuple(
            step.command.__name__
            for step, reasons in found
            if step.minor and not reasons and not (step.command is TakeBack and _stays(events, situation))
        ),
        steps_of_others=others,
        turn=next(
            (one for one in others if one[0] == usual_next(facts.procedure, facts.state, facts.clocks_running)), None
        ),
        clocks=tuple(clock_view(clock, ctx, situation.policy, units) for clock in _clocks_in_order(facts, ctx.now)),
        parties=tuple(
            PartyView(
                side=party.side.value,
                name=texts.get(party.name),
                contact=texts.get(party.contact) if party.contact else None,
                consent=party.consent.value,
            )
            for party in facts.parties
        ),
        mediators=tuple(
            (known[a.person].said(closed), a.chief, a.disclosure) for a in facts.appointments if a.until_at is None
        ),
        participants=tuple(
            (
                one.part,
                known[one.person].said(closed) if one.person else texts.get(one.name) if one.name else None,
                texts.get(one.contact) if one.contact else None,
            )
            for one in facts.taking_part
        ),
        tasks=tuple(_task(one, facts, texts, accounts, units, ctx) for one in facts.tasks),
        links=link_views(facts.linked, linked),
        sessions=tuple(_session(row, texts, ctx) for row in kept("mediation_session", record.sessions_of)),
        agreements=tuple(_with_texts(row, texts, ctx) for row in kept("agreement", record.agreements_of)),
        ratings=tuple(_with_texts(row, texts, ctx) for row in kept("rating", record.ratings_of)),
        replies=tuple(
            text
            for event in events
            if not event.is_taken_back
            for text in texts_in(event.data, texts, ("answer", "remedies", "proper_channel"))
        ),
        timeline=timeline_of(events, names, ctx),
        masked=TextKind.PARTY_NAME not in READABLE[ctx.actor.role],
        own=bool(ctx.actor.accounts & at_work) or (facts.holder_person is None and facts.holder_unit == ctx.actor.unit),
    )


def changes_since(connection: Connection, ctx: Context, case_id: int, version: int) -> tuple[TimelineView, ...]:
    """What has happened since a version, for the page that tells of a conflict."""
    after = record.seq_of_version(connection, case_id, version)
    texts = record.texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
    events = record.timeline(connection, case_id, actor=ctx.actor, after=after)
    accounts = names_of_accounts(connection, {event.actor for event in events} | accounts_named(events))
    linked = known_cases(connection, ctx, cases_linked(events))
    names = Names(texts=texts, accounts=accounts, linked=linked, units=names_of_units(connection), parties={})
    return tuple(timeline_line(event, names, ctx) for event in events)


def path_of(facts: CaseFacts) -> tuple[tuple[str, str], ...]:
    """The usual way of such a case, with where this one is. A case off the usual way shows its own state as well."""
    usual = list(usual_path(facts.procedure)[1:])
    if facts.state not in usual:
        usual = [*usual[:1], facts.state]
    here = usual.index(facts.state)
    return tuple((state, "done" if at < here else "now" if at == here else "ahead") for at, state in enumerate(usual))


# -- the rest ---------------------------------------------------------------------------------------------------------


def _stays(events: Sequence[record.EventLine], situation: Situation) -> bool:
    """Whether the reader need not be offered to take the last step back: it can never be, or by a second person only."""
    table = PROCEDURES[situation.facts.procedure]
    last = next((one for one in reversed(events) if one.code in table.in_order and not one.is_taken_back), None)
    if last is None or last.actor is None or issubclass(table.commands[last.data["command"]["name"]], Intake):
        return True  # nothing was done that anybody could take back
    final = last.data["command"]["name"] in table.irrevocable
    return is_for_a_second_person(situation, by=AccountId(last.actor) if last.actor is not None else None, final=final)


def _matter(facts: CaseFacts, ctx: Context) -> str:
    """As the desk calls it; a profile that the policy has no more is called by its procedure."""
    profile = ctx.office.policy.profiles.get(facts.profile or "")
    return f"matter.{profile.matter}" if profile else f"procedure.{facts.procedure}"


def _clocks_in_order(facts: CaseFacts, now: datetime) -> list[Any]:
    """Running ones first, by due time; a paused one keeps its place; then those that have stopped, latest first."""
    running = [clock for clock in facts.clocks if clock.stopped_at is None]
    stopped = [clock for clock in facts.clocks if clock.stopped_at is not None]
    return [
        *sorted(running, key=lambda clock: (paused_until(clock, at=now) is not None, clock.due_at)),
        *reversed(stopped),
    ]


def _task(
    one: Task, facts: CaseFacts, texts: Mapping[int, str], accounts: Mapping[int, str], units: Mapping[int, str],
    ctx: Context,
) -> TaskView:  # fmt: skip
    clock = next((clock for clock in facts.clocks_running if clock.about == one.number), None)
    return TaskView(
        who=" · ".join(filter(None, (units.get(one.unit), accounts.get(one.person) if one.person else None))),
        what=texts.get(one.what),
        answer=texts.get(one.answer) if one.answer else None,
        light=clock_light(clock, ctx) if clock else None,
    )


def _with_texts(row: Any, texts: Mapping[int, str], ctx: Context) -> dict[str, Any]:
    """A record with its texts in place of their numbers; a text the reader may not see is None."""
    fields: dict[str, Any] = row._asdict()
    for name in ("place", "minutes", "terms", "comment"):
        if name in fields:
            fields[name] = texts.get(fields[name]) if fields[name] is not None else None
    for name, value in fields.items():
        if isinstance(value, datetime):
            fields[name] = ctx.minute(value)
        elif isinstance(value, date):
            fields[name] = write_day(value, ctx.language, today=ctx.today)
    return fields


def _session(row: Any, texts: Mapping[int, str], ctx: Context) -> dict[str, Any]:
    invited = tuple(texts[number] for number in record.invitees_of(row) if number in texts)
    return {**_with_texts(row, texts, ctx), "invitees": invited}
