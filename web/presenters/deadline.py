"""The deadline receipt as a page: each day with its number and its reason, and how yellow and red follow."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cases.facts import load_facts
from cases.numbers import case_number
from infra.i18n import write_day
from reports.record.derivations import as_json, derivation_of
from web.context import Context, NoSuchPage
from web.presenters.lights import LightView, clock_light
from words import Words, whole_due
from workflow.counting import STEADY
from workflow.derivation import SHOWN, Derivation, left_at
from workflow.facts import CaseFacts
from workflow.model import Clock, Json, Role, Rung, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    on: str
    number: int | None
    because: str
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RungView:
    code: str
    at: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivationPage:
    number: str
    clock: str
    rule: str
    rule_name: str
    source: str
    confidence: str
    length: int
    unit: str
    started: str
    due: str
    light: LightView
    provisional: bool
    days: tuple[DayView, ...]
    notices: tuple[str, ...]
    rungs: tuple[RungView, ...]
    pauses: tuple[tuple[str, str, str], ...]
    orders: tuple[tuple[str, int], ...]  #: extensions: when granted, and to which total length


def show_derivation(connection: Connection, ctx: Context, case_id: int, number: int) -> DerivationPage:
    """The receipt of one clock. Raises `NoSuchPage` for a case or a clock that does not exist for this reader."""
    found, facts, name = _found(connection, ctx, case_id, number)
    clock, words = found.clock, Words(ctx.language)
    notices: list[str] = []
    days = tuple(
        DayView(
            on=write_day(day.on, ctx.language), number=day.number, because=words.because(day, notices),
            counted=day.counted,
        )
        for day in found.days
    )  # fmt: skip
    return DerivationPage(
        number=name,
        clock=clock.name,
        rule=clock.rule,
        rule_name=ctx.in_their_language(found.rule.zh, found.rule.en),
        source=words(found.rule.source),
        confidence=found.rule.confidence,
        length=clock.length,
        unit=clock.unit.value,
        started=ctx.minute(clock.started_at),
        due=whole_due(clock, ctx.office.policy.calendar, ctx.language),
        light=clock_light(clock, ctx),
        provisional=found.provisional,
        days=days,
        notices=tuple(notices),
        rungs=tuple(
            RungView(code=rung.code, at=ctx.minute(rung.at), why=_why(found, rung, words))
            for rung in clock.rungs
            if rung.code in SHOWN
        ),
        pauses=tuple((ctx.minute(p.at), ctx.minute(p.until), p.ground) for p in clock.pauses),
        orders=tuple((ctx.minute(at), length) for length, at in granted_to(facts, clock)),
    )


def derivation_as_json(connection: Connection, ctx: Context, case_id: int, number: int) -> dict[str, Json]:
    found, facts, _ = _found(connection, ctx, case_id, number)
    said = as_json(found, granted=granted_to(facts, found.clock))
    if ctx.petitioner_case is None:
        return said
    return {**said, "yellow_at": None, "red_at": None, "rungs": []}  # lights are the organ's own affair


def granted_to(facts: CaseFacts, clock: Clock) -> tuple[tuple[int, datetime], ...]:
    """The extensions that led to a clock, the first one first: (total length, when granted)."""
    by_number = {one.number: one for one in facts.clocks}
    found: list[tuple[int, datetime]] = []
    while clock.extends is not None and clock.opened_at is not None:
        found.insert(0, (clock.length, clock.opened_at))
        clock = by_number[clock.extends]
    return tuple(found)


def _found(connection: Connection, ctx: Context, case_id: int, number: int) -> tuple[Derivation, CaseFacts, str]:
    loaded = load_facts(connection, case_id, actor=ctx.actor)
    if loaded is None:
        raise NoSuchPage
    facts, name = loaded
    found = derivation_of(facts, number, ctx.office.policy.for_profile(facts.profile))
    hidden = ctx.actor.role is Role.PETITIONER and found is not None and found.clock.about is not None
    if found is None or hidden:  # what others are asked for is the office's own dealing
        raise NoSuchPage
    return found, facts, case_number(ctx.office.short_name, name.series, name.year, name.serial)


def _why(found: Derivation, rung: Rung, words: Words) -> str:
    """How a rung's instant follows from the count, in one sentence."""
    step, clock = found.step_of(rung), found.clock
    if step is None:
        return ""
    if rung.at == clock.opened_at:
        return words("why.opened")
    if step.at == "after_due":
        if clock.unit in STEADY and step.steady:
            return words("why.one_length")
        return words("why.after_due", n=step.working_days)
    if clock.unit in STEADY and step.at != "due":
        return words("why.two_thirds")
    left = left_at(found, rung)
    if left is None:
        return words(f"why.{step.at}")
    unit = Unit.WORKING_DAY if clock.unit is Unit.WORKING_DAY else Unit.DAY
    return words("why.left", n=words.count(f"length.{unit.value}", left))
