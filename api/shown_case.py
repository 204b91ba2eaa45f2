"""One matter as a program reads it: the page of the matter, with codes, instants, and each open step as a JSON Schema."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from api.answers import Coded, Said, coded, coded_or_none, plain
from api.case_answers import (
    AskedOf,
    CaseAnswer,
    ClosedStep,
    Corrected,
    Entered,
    Happened,
    Linked,
    Mediator,
    OpenStep,
    Party,
    StepAnswer,
    StepOfOthers,
    TakesPart,
)
from api.schemas import schema_of
from api.shown import all_coded, clock_of, light_of
from cases import reading as record
from cases.crossings import CROSSED
from web.context import Context
from web.presenters.case_page import CasePage, show_case
from web.presenters.case_steps import StepPage, StepView
from web.presenters.timeline import TimelineView
from words import Words
from workflow.model import Reason
from workflow.procedures import COMMANDS

#: Columns of records that hold the number of a text.
OF_TEXTS = ("place", "minutes", "terms", "comment")
#: Columns that say where a row stands, and nothing of what it is about.
OF_PLACE = frozenset({"case_id", "invitees", "more_invitees"})


def case_answer(connection: Connection, ctx: Context, case_id: int) -> tuple[CaseAnswer, CasePage]:
    """The answer, and the page that it was made from. Raises `NoSuchPage`."""
    page, words = show_case(connection, ctx, case_id), Words(ctx.language)
    facts = page.situation.facts
    assert facts.received_at is not None, "every case knows when it came in"
    assert facts.registered_at is not None, "and when it was registered"
    answer = CaseAnswer(
        public_id=page.public_id, number=page.number, version=page.version,
        procedure=coded(words, "procedure", page.procedure), profile=facts.profile,
        state=coded(words, "state", page.state), outcome=coded_or_none(words, "outcome", page.outcome),
        flags=all_coded(words, "milestone", page.flags), dispute_type=coded(words, "dispute", page.dispute_type),
        channel=coded(words, "channel", page.channel), received_at=facts.received_at, registered_at=facts.registered_at,
        closed_at=facts.closed_at, holder=page.holder, title=page.title, statement=page.statement, masked=page.masked,
        light=light_of(page.light, words), clocks=tuple(clock_of(clock, ctx) for clock in facts.clocks),
        **_people(page, words), **_records(connection, ctx, page, case_id),
        answers=page.replies,
        open_steps=tuple(_open(step, words) for step in page.steps if step.form is not None),
        closed_steps=tuple(
            ClosedStep(command=coded(words, "command", step.command), reasons=_said(step.reasons, words))
            for step in page.steps
            if step.form is None
        ),
        at_any_time=all_coded(words, "command", page.at_any_time),
        steps_of_others=tuple(
            StepOfOthers(command=coded(words, "command", command), roles=all_coded(words, "role", roles))
            for command, roles in page.steps_of_others
        ),
        timeline=tuple(_happened(line, words) for line in page.timeline),
    )  # fmt: skip
    return answer, page


def step_answer(step: StepPage, words: Words) -> StepAnswer:
    return StepAnswer(
        public_id=step.public_id, number=step.number, version=step.version,
        command=coded(words, "command", step.command), cannot_be_undone=step.final,
        fields=None if step.form is None else schema_of(COMMANDS[step.command], words, step.form),
        notes=_said(step.notes, words),
    )  # fmt: skip


def _people(page: CasePage, words: Words) -> dict[str, Any]:
    """Whoever has to do with it; names are not shown to every role, and then the parties are not either, as on the page."""
    return {
        "parties": tuple(
            Party(
                side=coded(words, "side", one.side), name=one.name, contact=one.contact,
                consent=coded(words, "consent", one.consent),
            )
            for one in page.parties
            if not page.masked
        ),
        "mediators": tuple(
            Mediator(name=name, is_chief=chief, disclosure=coded(words, "disclosure", disclosure))
            for name, chief, disclosure in page.mediators
        ),
        "participants": tuple(
            TakesPart(part=coded(words, "choice.part", part), name=name, contact=contact)
            for part, name, contact in page.participants
        ),
        "tasks": tuple(
            AskedOf(
                who=one.who, what=one.what, answer=one.answer, light=light_of(one.light, words) if one.light else None
            )
            for one in page.tasks
        ),
        "links": tuple(
            Linked(kind=coded(words, "link", one.kind), public_id=one.public_id, number=one.number)
            for one in page.links
        ),
    }  # fmt: skip


def _records(connection: Connection, ctx: Context, page: CasePage, case_id: int) -> dict[str, Any]:
    """Sessions, agreements and ratings, as rows with their texts; what the page has none of is not asked for."""
    wanted: Mapping[str, tuple[Any, Callable[..., list[Any]]]] = {
        "sessions": (page.sessions, record.sessions_of),
        "agreements": (page.agreements, record.agreements_of),
        "ratings": (page.ratings, record.ratings_of),
    }
    some = any(shown for shown, _ in wanted.values())
    texts = record.texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {}) if some else {}
    return {
        name: tuple(_row(row, texts) for row in (rows_of(connection, case_id, actor=ctx.actor) if shown else ()))
        for name, (shown, rows_of) in wanted.items()
    }


def _row(row: Any, texts: Mapping[int, str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: value for name, value in row._asdict().items() if name not in OF_PLACE}
    said = {
        name: texts.get(value) if name in OF_TEXTS else plain(value) if isinstance(value, date) else value
        for name, value in values.items()
    }
    if "invitees" in row._fields:
        said["invitees"] = [texts[number] for number in record.invitees_of(row) if number in texts]
    return said


def _open(step: StepView, words: Words) -> OpenStep:
    return OpenStep(
        command=coded(words, "command", step.command), is_likeliest=step.likeliest, cannot_be_undone=step.final,
        fields=schema_of(COMMANDS[step.command], words, step.form), notes=_said(step.notes, words),
        stops=all_coded(words, "clock", step.foreseen.stops), starts=all_coded(words, "clock", step.foreseen.starts),
        tells=all_coded(words, "audience", (one.value for one in step.foreseen.tells)),
    )  # fmt: skip


def _said(reasons: Iterable[Reason], words: Words) -> tuple[Said, ...]:
    return tuple(Said(code=reason.code, words=words.reason(reason)) for reason in reasons)


def _happened(line: TimelineView, words: Words) -> Happened:
    named = (*line.people, *line.entered)
    kind, public_id, number = line.link or (None, None, None)
    return Happened(
        seq=line.seq, event=_event(line, words), occurred_at=line.occurred_at, recorded_at=line.recorded_at,
        who=line.who, role=coded(words, "role", line.role), in_place_of=line.in_place_of,
        is_taken_back=line.is_taken_back, clock=coded_or_none(words, "clock", line.clock),
        rung=coded_or_none(words, "rung", line.rung),
        link=Linked(kind=coded(words, "link", kind), public_id=public_id, number=number) if kind else None,
        texts=line.texts,
        entered=tuple(Entered(field=coded(words, "field", field), value=value) for field, value in named),
        corrected=tuple(
            Corrected(field=coded(words, "field", field), before=before, now=now) for field, before, now in line.changes
        ),
    )  # fmt: skip


def _event(line: TimelineView, words: Words) -> Coded:
    """What it is called: of a light the words of the light, of a note those of its kind."""
    if line.code == CROSSED and line.rung is not None:
        return Coded(code=line.code, words=words(f"rung.{line.rung}"))
    return Coded(code=line.code, words=words(line.detail or f"event.{line.code}"))
