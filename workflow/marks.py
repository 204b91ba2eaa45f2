"""What a case leaves behind that an assessment may count, each with who held the case, when, and which event says so.

A mark is worked out from the case's events alone, so that anyone can work it out again. Its *year* is that of its instant
in the office's zone. Only the organ's own duties leave marks: nothing here looks at who petitioned, or how often.

- `lit`, `light`: the worst light of each time limit, before and after waivers, in the year in which that light lit. Red
  supersedes the yellow of the same time limit, also one of the year before. A time limit that goes on after a case was
  reopened is the same one.
- `accepted`: an acceptance, contact or first-response limit that ended. `closed`: a deciding limit that ended.
- `due`: a deciding limit that ended or is over, in the year of whichever came first. One that is paused is not over.
- `urgent`: the same of what is urgent: a crisis, or a matter whose deciding limit is counted in minutes or hours.
- `crisis_handled`: a crisis, once its first response and its reports have all ended; in time if each of them was. `crisis`:
  a single report of one, which no shipped scheme counts any more. `rated`, `answered`: satisfaction, and who was asked for it.
- `performed`: what a follow-up found of an agreement; closing the case takes nothing of it away.
- `reopened`, `extended`, `returned`, `taken`: shown beside the score; a scheme may count them.

Source: domain of the field: 城市管理督查扣分细则 (2016); 信访工作条例 §39; 达川区, 金华市区 as named in `policies/scoring`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.calendar import WorkCalendar
from workflow.clocks import CASE_ENDED, REOPENED, VOID
from workflow.closings import reopened_soon
from workflow.counted_lights import is_not_ours, waived, worst_lights
from workflow.counting import STEADY
from workflow.history import History, Lit
from workflow.model import NOT_OURS, AccountId, Charge, Clock, Custody, Kind, RecordNumber, UnitId
from workflow.procedure import Part
from workflow.procedures import PROCEDURES

#: Every measure and its outcomes. A scheme can name nothing else; `by_hand` is what the program has no data for.
MEASURES: Mapping[str, tuple[str, ...]] = {
    "lit": ("yellow", "red"),
    "light": ("yellow", "red"),
    "accepted": ("in_time", "late"),
    "closed": ("in_time", "late", "reopened"),
    "due": ("closed_in_time", "closed_late", "open"),
    "urgent": ("closed_in_time", "closed_late", "open"),
    "crisis": ("in_time", "late"),
    "crisis_handled": ("in_time", "late"),
    "rated": ("satisfied", "fairly_satisfied", "dissatisfied"),
    "answered": ("rated", "unrated"),
    "performed": ("in_full", "in_part", "not_performed"),
    "reopened": ("reopened",),
    "extended": ("granted",),
    "returned": ("out_of_scope", "duplicate", "returned_with_consent"),
    "taken": ("taken",),
    "by_hand": (),
}
#: What is found of an agreement, whatever closes the case afterwards.
FOLLOWED_UP = "case:followed_up"
#: Measures that came after years had been closed: they stand in the bytes of a year if its scheme counts them.
ADDED = frozenset({"urgent", "crisis_handled", "performed"})
#: How a clock ends that nobody has met or missed: another one goes on in its place.
GOES_ON = ("extended", "reassigned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    year: int
    unit: UnitId
    person: AccountId | None
    measure: str
    outcome: str
    at: datetime
    seq: int
    clock: RecordNumber | None = None
    rule: str | None = None
    ground: str | None = None  #: of a light: why it does not count
    decided: int | None = None  #: the event that says that it does not


@dataclass(frozen=True, slots=True)
class _Maker:
    """Writes down a mark: its year is that of its instant in the office's zone."""

    calendar: WorkCalendar

    def __call__(
        self,
        measure: str,
        outcome: str,
        *,
        at: datetime,
        by: Custody | Charge | Lit,
        seq: int,
        clock: Clock | None = None,
        waived: tuple[str, int] | None = None,
    ) -> Mark:
        ground, decided = waived or (None, None)
        return Mark(
            year=self.calendar.local_day(at).year,
            unit=by.unit,
            person=by.person,
            measure=measure,
            outcome=outcome,
            at=at,
            seq=seq,
            clock=clock.number if clock else None,
            rule=clock.rule if clock else None,
            ground=ground,
            decided=decided,
        )


def marks(history: History, calendar: WorkCalendar) -> tuple[Mark, ...]:
    """Every mark of a case, in a fixed order."""
    made = _Maker(calendar)
    found = [*_lights(history, made), *_side_figures(history, made)]
    if not is_not_ours(history.outcome):
        found += [*_ended(history, made), *_ratings(history, made)]
    return tuple(found)


# -- lights -----------------------------------------------------------------------------------------------------------


def _lights(history: History, made: _Maker) -> Iterator[Mark]:
    clocks = {clock.number: clock for clock in history.clocks}
    for limit in worst_lights(history):
        for measure, light in (("lit", limit.lit), ("light", limit.counted)):
            if light:
                yield made(
                    measure, light.light.value, at=light.at, by=light, seq=light.seq, clock=clocks[light.clock],
                    waived=waiver_of(light, clocks[light.clock], history),
                )  # fmt: skip


def waiver_of(lit: Lit, clock: Clock, history: History) -> tuple[str, int] | None:
    """Why a light does not count, and the event that says so; None for one that does."""
    found = waived(clock, lit.rung, lit_at=lit.at, waivers=history.waivers, outcome=history.outcome)
    if found is None:
        return None
    return found.ground, history.seq_of_end if found.record is None else history.written[found.record]


# -- limits that ended ------------------------------------------------------------------------------------------------


def _ended(history: History, made: _Maker) -> Iterator[Mark]:
    procedure = PROCEDURES[history.procedure]
    for clock in history.clocks:
        if clock.kind is not Kind.DUTY or clock.outcome in (*GOES_ON, VOID):
            continue
        if clock.name in procedure.deciding:
            yield from _decided(clock, history, made)
        elif clock.stopped_at is not None and not _was_cut_short(clock):
            by, seq = history.charged(clock, before=clock.stopped_at), history.written[clock.number]
            for measure, part in (("accepted", Part.ACCEPTS), ("crisis", Part.REPORTS)):
                if part in procedure.parts_of(clock.name):
                    yield made(measure, _kept(clock), at=clock.stopped_at, by=by, seq=seq, clock=clock)
    yield from _crisis(history, made)


def _decided(clock: Clock, history: History, made: _Maker) -> Iterator[Mark]:
    """A deciding limit that has ended, or is over."""
    due = ("due", "urgent") if _is_urgent(clock, history) else ("due",)
    if clock.stopped_at is None:
        # The first light of those that came with or after the due time: who held the case when it became overdue.
        late = next((lit for lit in history.lit if lit.clock == clock.number and lit.at >= clock.due_at), None)
        if late:
            yield from (made(one, "open", at=clock.due_at, by=late, seq=late.seq, clock=clock) for one in due)
        return
    by, seq, outcome = history.charged(clock, before=clock.stopped_at), history.written[clock.number], _kept(clock)
    closed = "reopened" if reopened_soon(clock, history) else outcome
    yield made("closed", closed, at=clock.stopped_at, by=by, seq=seq, clock=clock)
    first = min(clock.stopped_at, clock.due_at)
    yield from (made(one, f"closed_{outcome}", at=first, by=by, seq=seq, clock=clock) for one in due)


def _crisis(history: History, made: _Maker) -> Iterator[Mark]:
    """One for a crisis, when the last of what is owed at once has ended."""
    parts_of = PROCEDURES[history.procedure].parts_of
    owed = [clock for clock in history.clocks if Part.AT_ONCE in parts_of(clock.name)]
    if not is_crisis(history) or any(clock.stopped_at is None or _was_cut_short(clock) for clock in owed):
        return
    last = max(owed, key=lambda clock: (clock.stopped_at or clock.due_at, clock.number))
    assert last.stopped_at is not None, "all of them have stopped"
    outcome = "in_time" if all(_kept(clock) == "in_time" for clock in owed) else "late"
    by, seq = history.charged(last, before=last.stopped_at), history.written[last.number]
    yield made("crisis_handled", outcome, at=last.stopped_at, by=by, seq=seq)


def is_crisis(history: History) -> bool:
    """Whether the matter is one that must be reported at once."""
    parts_of = PROCEDURES[history.procedure].parts_of
    return any(Part.REPORTS in parts_of(clock.name) for clock in history.clocks)


def _is_urgent(clock: Clock, history: History) -> bool:
    return clock.unit in STEADY or is_crisis(history)


def _kept(clock: Clock) -> str:
    return "in_time" if clock.stopped_at is not None and clock.stopped_at < clock.due_at else "late"


def _was_cut_short(clock: Clock) -> bool:
    """Whatever the end of the case cut short, and had time left, was neither met nor missed."""
    return clock.outcome == CASE_ENDED and _kept(clock) == "in_time"


# -- the person's word ------------------------------------------------------------------------------------------------


def _ratings(history: History, made: _Maker) -> Iterator[Mark]:
    """A crisis is not rated, and whoever cannot be reached cannot be asked; a rating that came all the same counts."""
    if is_crisis(history):
        return
    for rating in history.ratings:
        seq = history.written[rating.number]
        yield made("rated", rating.score, at=rating.rated_at, by=history.holder_at(rating.rated_at), seq=seq)
    answers = PROCEDURES[history.procedure].answers
    answer = next((step for step in history.steps if step.event in answers), None)
    if answer and (history.reachable or history.ratings):
        outcome = "rated" if history.ratings else "unrated"
        yield made("answered", outcome, at=answer.at, by=history.holder(before=answer.at), seq=answer.seq)


# -- beside the score -------------------------------------------------------------------------------------------------


def _side_figures(history: History, made: _Maker) -> Iterator[Mark]:
    for step in history.steps:
        if step.event == FOLLOWED_UP and step.extent:
            yield made("performed", step.extent, at=step.at, by=history.holder(before=step.at), seq=step.seq)
    yield made("taken", "taken", at=history.registered_at, by=history.custodies[0], seq=1)
    if history.outcome and is_not_ours(history.outcome) and history.closed_at:
        outcome, by = history.outcome.removeprefix(NOT_OURS), history.holder(before=history.closed_at)
        yield made("returned", outcome, at=history.closed_at, by=by, seq=history.seq_of_end)
    clocks = {clock.number: clock for clock in history.clocks}
    for clock in history.clocks:
        if clock.extends is None or clock.opened_at is None:
            continue
        before = clocks[clock.extends]
        seq = history.written[before.number]
        measure, outcome = ("reopened", "reopened") if before.outcome == REOPENED else ("extended", "granted")
        yield made(
            measure,
            outcome,
            at=clock.opened_at,
            by=history.charged(clock, before=clock.opened_at),
            seq=seq,
            clock=clock,
        )
