"""The case page: where it stands, what is due, what may be done now, and what has happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cases import reading as record
from cases.last_step import with_last_step
from cases.numbers import case_number
from cases.visibility import READABLE
from cases.words import Words
from people.directory import known_accounts, names_of_accounts, names_of_units
from web.context import Context, NoSuchPage
from web.forms import Choices, FormView, blank_form
from web.presenters.choices import choices_for
from web.presenters.lights import ClockView, LightView, case_light, clock_view, minute
from web.presenters.linked import LinkView, known_cases, link_views
from web.presenters.situations import situation_of
from web.presenters.timeline import (
    TimelineView,
    accounts_named,
    cases_linked,
    noticeably,
    texts_in,
    timeline_line,
    timeline_of,
)
from workflow.clocks import paused_until
from workflow.deciding import available_steps, steps_of_others, usual_path
from workflow.definition import Situation, Step, Stop
from workflow.facts import CaseFacts
from workflow.foresight import Foreseen, foreseen
from workflow.model import Reason, TextKind
from workflow.procedure import Shown
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import TakeBack
from workflow.procedures.every_case.taking_back import why_not

#: Steps with the reasons why they are closed.
Available = tuple[tuple[Step, tuple[Reason, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step that the reader's role may take: its form, or the reasons why it is closed now."""

    command: str
    form: FormView | None
    reasons: tuple[Reason, ...]
    likeliest: bool
    final: bool
    foreseen: Foreseen
    notes: tuple[Reason, ...] = ()  #: what the reader has to know to fill the form in


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """A step on a page of its own."""

    public_id: str
    number: str
    version: int
    command: str
    form: FormView | None  #: None: it is closed, and the notes say why
    final: bool
    foreseen: Foreseen
    notes: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    side: str
    name: str | None  #: None: the reader may not know it
    contact: str | None
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    public_id: str
    number: str
    version: int
    title: str | None
    statement: tuple[str, ...]
    dispute_type: str
    procedure: str
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
    clocks: tuple[ClockView, ...]
    parties: tuple[PartyView, ...]
    mediators: tuple[tuple[str, bool, str], ...]
    participants: tuple[tuple[str, str | None, str | None], ...]  #: (part, name, contact), of those who take part now
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
    situation, name = situation_of(connection, ctx, case_id, command=returned.command if returned else "")
    if returned is not None and returned.command == TakeBack.__name__:
        situation = replace(situation, facts=with_last_step(connection, situation.facts))
    facts = situation.facts
    texts = record.texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
    events = record.timeline(connection, case_id, actor=ctx.actor)
    at_work = {
        facts.holder_person, *(a.person for a in facts.appointments), *(one.person for one in facts.participants),
    }  # fmt: skip
    acted = {ctx.actor.account, *(event.actor for event in events)} | accounts_named(events)
    known = known_accounts(connection, {*situation.people, *at_work, *acted})
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
    opening, shown = events[0].data["command"], PROCEDURES[facts.procedure].shown
    assert facts.received_at is not None, "every case knows when it came in"
    assert facts.registered_at is not None, "and when it was registered"
    assert facts.holder_unit is not None, "and who holds it"
    person = known[facts.holder_person].said(closed) if facts.holder_person else None
    return CasePage(
        public_id=name.public_id,
        number=case_number(ctx.office.short_name, name.series, name.year, name.serial),
        version=facts.version,
        title=record.title_in(events, texts),
        statement=tuple(texts[n] for n in opening["statement"] if n in texts),
        dispute_type=facts.dispute_type or "99",
        procedure=facts.procedure,
        channel=facts.channel or "visit",
        state=facts.state,
        outcome=facts.outcome,
        flags=tuple(flag for flag in shown.flags if flag in facts.milestones),
        shown=shown,
        received=minute(facts.received_at, ctx),
        registered=minute(facts.registered_at, ctx) if noticeably(facts.received_at, facts.registered_at) else None,
        holder=" · ".join(part for part in (units.get(facts.holder_unit), person) if part),
        light=case_light(facts.clocks, ctx),
        path=_path(facts),
        steps=_steps(situation, found, choices, returned),
        at_any_time=tuple(step.command.__name__ for step, reasons in found if step.minor and not reasons),
        steps_of_others=tuple(
            (step.command.__name__, tuple(role.value for role in roles)) for step, roles in steps_of_others(situation)
        ),
        clocks=tuple(clock_view(clock, ctx, situation.policy) for clock in _clocks_in_order(facts, ctx.now)),
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
        timeline=timeline_of(events, texts, accounts, ctx, linked),
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
    return tuple(timeline_line(event, texts, accounts, ctx, linked) for event in events)


# -- steps ------------------------------------------------------------------------------------------------------------


def _steps(
    situation: Situation, available: Available, choices: Choices, returned: FormView | None
) -> tuple[StepView, ...]:
    """The steps that move the case or its dates, the likeliest first, those that are closed now at the end; and of the others
    only one whose form comes back. What can be done at any time has pages of its own."""
    found = [(step, reasons) for step, reasons in available if not step.minor or _is_back(step, returned)]
    likeliest = _likeliest(situation, [step for step, reasons in found if not reasons and not step.minor])
    views = []
    for step, reasons in found:
        back = _is_back(step, returned)
        form = None if reasons else blank_form(step.command, choices, preset=step.preset(situation))
        views.append(
            StepView(
                command=step.command.__name__,
                form=returned if back else form,
                reasons=() if back else reasons,
                likeliest=back or (returned is None and step is likeliest),
                final=step.cannot_be_undone,
                foreseen=foreseen(situation, step),
                notes=step.notes(situation),
            )
        )
    return tuple(sorted(views, key=lambda view: (not view.likeliest, view.form is None)))


def _is_back(step: Step, returned: FormView | None) -> bool:
    return returned is not None and returned.command == step.command.__name__


def show_step(connection: Connection, ctx: Context, case_id: int, command: str) -> StepPage:
    """The page of one step. Raises `NoSuchPage` for one that is not open to the reader now."""
    situation, name = situation_of(connection, ctx, case_id, command=command)
    if command == TakeBack.__name__:
        situation = replace(situation, facts=with_last_step(connection, situation.facts))
    step = next((one for one, why in available_steps(situation) if one.command.__name__ == command and not why), None)
    if step is None:
        raise NoSuchPage
    texts = record.texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
    choices = choices_for(connection, ctx, situation, texts, of=[step.command])
    return StepPage(
        public_id=name.public_id,
        number=case_number(ctx.office.short_name, name.series, name.year, name.serial),
        version=situation.facts.version,
        command=command,
        form=None if _is_shut(situation, step) else blank_form(step.command, choices, preset=step.preset(situation)),
        final=step.cannot_be_undone,
        foreseen=foreseen(situation, step),
        notes=step.notes(situation),
    )


def _is_shut(situation: Situation, step: Step) -> bool:
    """Whether nothing that could be typed would open it: the last step stays."""
    return step.command is TakeBack and why_not(situation) is not None


def _likeliest(situation: Situation, open_steps: list[Step]) -> Step | None:
    """The step that somebody waits for; else the one that stops the clock which is due next; else the first that moves the case
    on."""
    running = sorted(
        (clock for clock in situation.facts.clocks if clock.stopped_at is None), key=lambda clock: clock.due_at
    )
    if waited_for := next((step for step in open_steps if step.first_when(situation)), None):
        return waited_for
    for clock in running:
        for step in open_steps:
            if any(
                isinstance(change, Stop) and (change.name, change.when) == (clock.name, None) for change in step.clocks
            ):
                return step if not step.cannot_be_undone else _first_moving(open_steps)
    return _first_moving(open_steps)


def _first_moving(open_steps: list[Step]) -> Step | None:
    return next(
        (step for step in open_steps if step.target and not step.cannot_be_undone), next(iter(open_steps), None)
    )


def _path(facts: CaseFacts) -> tuple[tuple[str, str], ...]:
    """The usual way of such a case, with where this one is. A case off the usual way shows its own state as well."""
    usual = list(usual_path(facts.procedure)[1:])
    if facts.state not in usual:
        usual = [*usual[:1], facts.state]
    here = usual.index(facts.state)
    return tuple((state, "done" if at < here else "now" if at == here else "ahead") for at, state in enumerate(usual))


# -- the rest ---------------------------------------------------------------------------------------------------------


def _clocks_in_order(facts: CaseFacts, now: datetime) -> list[Any]:
    """Running ones first, by due time; a paused one keeps its place; then those that have stopped, latest first."""
    running = [clock for clock in facts.clocks if clock.stopped_at is None]
    stopped = [clock for clock in facts.clocks if clock.stopped_at is not None]
    return [
        *sorted(running, key=lambda clock: (paused_until(clock, at=now) is not None, clock.due_at)),
        *reversed(stopped),
    ]


def _with_texts(row: Any, texts: Mapping[int, str], ctx: Context) -> dict[str, Any]:
    """A record with its texts in place of their numbers; a text the reader may not see is None."""
    fields: dict[str, Any] = row._asdict()
    for name in ("place", "minutes", "terms", "comment"):
        if name in fields:
            fields[name] = texts.get(fields[name]) if fields[name] is not None else None
    for name, value in fields.items():
        if isinstance(value, datetime):
            fields[name] = minute(value, ctx)
    return fields


def _session(row: Any, texts: Mapping[int, str], ctx: Context) -> dict[str, Any]:
    invited = tuple(texts[number] for number in record.invitees_of(row) if number in texts)
    return {**_with_texts(row, texts, ctx), "invitees": invited}
