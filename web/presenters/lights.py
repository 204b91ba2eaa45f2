"""Lights and times as pages show them: shape and word and time, never colour alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from web.context import Context
from words import LIGHT_SHAPES, due_words
from workflow.clocks import Left, due_is_provisional, foremost, left, light, paused_until, red_at, yellow_at
from workflow.counting import STEADY
from workflow.model import Clock, Kind
from workflow.policy import CasePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LightView:
    """A light with what is due: `code` is green, yellow, red, paused, window (not ours, so no light), ended
    (over without a light) or none."""

    code: str
    left: Left | None = None
    due: str | None = None
    due_iso: str | None = None
    due_at: datetime | None = None
    held: str | None = None  #: while paused, the colour that is held
    clock: str | None = None
    number: int | None = None  #: of the clock in its case: where its receipt is
    provisional: bool = False
    ends_with_day: bool = True  #: it is due at 24:00 of a day, and not in the middle of one

    @property
    def shape(self) -> str:
        return LIGHT_SHAPES[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """One clock with its bar. Shares run from 0 to 100 of the way from start to due. `charged`: who answers for it, if not
    whoever holds the case."""

    name: str
    charged: str | None
    rule: str
    source: str
    kind: str
    length: int
    unit: str
    started: str
    light: LightView
    stopped: str | None
    outcome: str | None
    waived: bool
    now_share: int
    yellow_share: int | None
    pauses: tuple[tuple[str, str, str], ...]


def case_light(clocks: Iterable[Clock], ctx: Context) -> LightView:
    """The light of a case: that of its running duty clocks, the worst one; the time left is that of the nearest."""
    shown = foremost(clocks, at=ctx.now)
    return LightView(code="none") if shown is None else clock_light(shown, ctx)


def clock_light(clock: Clock, ctx: Context) -> LightView:
    colour = light(clock, at=ctx.now).value
    paused = paused_until(clock, at=ctx.now) is not None
    ended = clock.stopped_at is not None and colour == "green"
    return LightView(
        code="ended" if ended else "paused" if paused else colour if clock.kind is Kind.DUTY else "window",
        held=colour if paused else None,
        left=left(clock, ctx.office.policy.calendar, at=ctx.now) if clock.stopped_at is None else None,
        due=due_words(clock, ctx.office.policy.calendar, ctx.language, today=ctx.today),
        due_iso=clock.due_at.isoformat(),
        due_at=clock.due_at,
        clock=clock.name,
        number=clock.number,
        provisional=due_is_provisional(clock, ctx.office.policy.calendar, rolls=ctx.office.policy.rolls(clock.rule)),
        ends_with_day=clock.unit not in STEADY,
    )


def clock_view(clock: Clock, ctx: Context, policy: CasePolicy, units: Mapping[int, str]) -> ClockView:
    rule = policy.rule_of(clock) if clock.rule in policy.of(clock).rules else None
    yellow = yellow_at(clock)
    end = clock.stopped_at or ctx.now
    return ClockView(
        name=clock.name,
        charged=units.get(clock.charged_unit) if clock.charged_unit is not None else None,
        rule=clock.rule,
        source=rule.source if rule else "",
        kind=clock.kind.value,
        length=clock.length,
        unit=clock.unit.value,
        started=ctx.minute(clock.started_at),
        light=clock_light(clock, ctx),
        stopped=ctx.minute(clock.stopped_at) if clock.stopped_at else None,
        outcome=clock.outcome,
        waived=clock.waived,
        now_share=_share(clock, end),
        yellow_share=_share(clock, yellow) if yellow and red_at(clock) else None,
        pauses=tuple((ctx.minute(p.at), ctx.minute(p.until), p.ground) for p in clock.pauses),
    )


def _share(clock: Clock, instant: datetime) -> int:
    whole = (clock.due_at - clock.started_at).total_seconds()
    part = (instant - clock.started_at).total_seconds()
    return max(0, min(100, round(100 * part / whole))) if whole > 0 else 100
