"""Lists and lights as programs read them: what the work list and the page of finding show, with codes and instants."""

from collections.abc import Iterable

from api.answers import CaseList, Coded, Light, Listed, coded, coded_or_none
from api.case_answers import Clock as ClockAnswer
from web.context import Context
from web.presenters.found import FoundPage
from web.presenters.lights import LightView, clock_light
from web.presenters.work_list import WorkRow
from words import Words
from workflow.clocks import due_is_provisional, paused_until, red_at, yellow_at
from workflow.model import Clock


def light_of(view: LightView, words: Words) -> Light:
    return Light(
        code=view.code, words=words(f"light.{view.code}"), clock=coded_or_none(words, "clock", view.clock),
        number=view.number, due_at=view.due_at, left=words.left(view.left) if view.left else None,
        provisional=view.provisional,
    )  # fmt: skip


def listed(row: WorkRow, words: Words) -> Listed:
    return Listed(
        public_id=row.public_id, number=row.number, title=row.title, parties=row.parties,
        procedure=coded(words, "procedure", row.procedure), dispute_type=coded(words, "dispute", row.dispute_type),
        state=coded(words, "state", row.state), next_step=coded_or_none(words, "command", row.next_step),
        holder=row.holder, light=light_of(row.light, words), closed_at=row.closed_at,
        outcome=coded_or_none(words, "outcome", row.outcome),
    )  # fmt: skip


def list_of(page: FoundPage, words: Words, notes: Iterable[str]) -> CaseList:
    return CaseList(
        items=tuple(listed(row, words) for row in page.rows), next=page.next_page, looked_through=page.looked_through,
        masked=page.masked, notes=tuple(words(note) for note in notes),
    )  # fmt: skip


def clock_of(clock: Clock, ctx: Context) -> ClockAnswer:
    words, policy = Words(ctx.language), ctx.office.policy
    return ClockAnswer(
        number=clock.number, name=coded(words, "clock", clock.name), rule=clock.rule, kind=clock.kind.value,
        length=clock.length, unit=clock.unit.value, started_at=clock.started_at, due_at=clock.due_at,
        yellow_at=yellow_at(clock), red_at=red_at(clock), paused_until=paused_until(clock, at=ctx.now),
        stopped_at=clock.stopped_at, outcome=coded_or_none(words, "clock_outcome", clock.outcome), waived=clock.waived,
        provisional=due_is_provisional(clock, policy.calendar, rolls=policy.rolls(clock.rule)),
        light=light_of(clock_light(clock, ctx), words),
    )  # fmt: skip


def all_coded(words: Words, of: str, codes: Iterable[str]) -> tuple[Coded, ...]:
    return tuple(coded(words, of, code) for code in codes)
