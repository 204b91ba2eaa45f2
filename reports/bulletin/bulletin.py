"""The monthly bulletin and the yearly statistics: how many matters came in, what became of them, compared with before.

What a reader must know of every figure (the page says the same under the table):

- A matter counts for the unit that holds it, or held it when it was closed, as the record stands today, and for the month
  in which the step was taken, in the office's zone. *Registered* counts every number issued; what was later found not to be
  ours counts as nothing else. A matter that was opened again within thirty days of its answer was not closed; one that
  was opened again later was, with its answer, and a mark says so (`workflow/closings.py`).
- *Mediation.* Accepted: 受理. Mediated: the parties' first session was held. Settled: an agreement on everything, in
  writing or orally, on the day it was reached; in part: on the day on which the rest was terminated. Terminated: without any
  agreement. *Success rate*: settled of what was settled or terminated in the period. *Amount*: what the agreements of the
  period speak of, in yuan, partial ones too.
- *How it began*, of what was accepted, from the channel: see `BEGAN`.
- *Performance*: how far an agreement was performed by the last word about it, on the day of that word.
- *Petitions and orders*: accepted, answered (the last answer), closed on the day of that step. *On time*: of the closed
  ones that had been accepted, those whose deciding clock (`decision`, `order`) was stopped before it was due.
- *Crises* are in none of these; `crises.py` says what is told of them.

Deliberately absent: anything counted per petitioner, repeated petitions, petitions to a higher level, and the number of
"prevented" gatherings and crimes that some bulletins have. They count people against themselves, or cannot be proved.

Source: the monthly case table of people's mediation as published (黄石市); 信访工作条例 §18, §39, §41.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from sqlalchemy import Connection, select

from cases.office import OfficeContext
from cases.visibility import case
from people.tables import Unit
from reports.bulletin import counts as counted
from reports.bulletin.closed_before import ClosedBefore, closed_before, within
from reports.bulletin.counts import Scope
from reports.bulletin.crises import Hidden, profiles_of_crises, told_of_month, told_of_year
from reports.bulletin.figures import Breakdown, Line, MonthPoint, Value, named_lines, named_rows
from reports.bulletin.periods import Period, Span
from reports.files.handed_out import Change, changes
from workflow.calendar import WorkCalendar
from workflow.disputes import DISPUTE_TYPES
from workflow.model import NOT_OURS, Actor, Json, UnitId
from workflow.procedures import PROCEDURES

_unit = Unit.__table__.c  # type: ignore[attr-defined]

#: How a mediation began, by its channel: 申请调解 (a party came), 主动调解 (we went), 接受委托移送 (a body sent it).
BEGAN: Mapping[str, str] = {
    "visit": "application",
    "letter": "application",
    "call": "application",
    "online": "application",
    "enterprise_order": "application",
    "informant": "own",
    "outreach": "own",
    "patrol": "own",
    "hotline": "entrusted",
    "upstream": "entrusted",
    "court_police": "entrusted",
}
SCORES = ("satisfied", "fairly_satisfied", "dissatisfied")
SETTLED = {"settled.written": "settled_written", "settled.oral": "settled_oral", "settled.in_part": "settled_in_part"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenedLater:
    """Closings of the period that stand although the case was opened again, on this day, later than thirty days after."""

    on: date
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinFigures:
    """What is counted of a period. `until` is the last day that is in it if the period is not over yet."""

    period: Period
    compared: tuple[Period, ...]
    unit: UnitId | None
    until: date | None
    lines: tuple[Line, ...]
    breakdowns: tuple[Breakdown, ...]
    by_month: tuple[MonthPoint, ...]
    reopened_later: tuple[ReopenedLater, ...] = ()

    def figures(self) -> dict[str, Json]:
        """Every figure of the period itself by its name, for the event that says that it was handed out."""
        return {**named_lines(self.lines, 0), **named_rows(self.breakdowns)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin(BulletinFigures):
    """With what is not as it was handed out."""

    changes: tuple[Change, ...]


def bulletin(
    connection: Connection,
    period: Period,
    *,
    actor: Actor,
    office: OfficeContext,
    now: datetime,
    unit: UnitId | None = None,
) -> Bulletin:
    """The figures of a month or a year, of a unit and those below it, or of all the actor may see; and what has changed."""
    made = count_figures(connection, period, actor=actor, office=office, now=now, unit=unit)
    return with_changes(connection, made, actor=actor, office=office)


def count_figures(
    connection: Connection,
    period: Period,
    *,
    actor: Actor,
    office: OfficeContext,
    now: datetime,
    unit: UnitId | None = None,
) -> BulletinFigures:
    calendar = office.policy.calendar
    today = calendar.local_day(now)
    compared = period.compared()
    scope = Scope(actor=actor, unit=unit, without=profiles_of_crises(office))
    spans = [one.span(calendar) for one in compared]
    again = closed_before(connection, scope, since=min(one.start for one in spans), until=spans[0].end)
    by_period = _counts(connection, scope, spans, again, office)
    crises = _crises(connection, Scope(actor=actor, unit=unit), compared, office, today=today)
    return BulletinFigures(
        period=period,
        compared=compared,
        unit=unit,
        until=None if period.is_over(today) else today,
        lines=(*_lines(by_period), *crises),
        breakdowns=tuple(_breakdowns(by_period[0])),
        by_month=_by_month(connection, scope, period, again, office),
        reopened_later=_reopened_later(again, spans[0], calendar),
    )


def with_changes(connection: Connection, made: BulletinFigures, *, actor: Actor, office: OfficeContext) -> Bulletin:
    """What was counted, now or before, beside what the record says now of what was handed out."""
    figures = [(one, named_lines(made.lines, place)) for place, one in enumerate(made.compared)]
    figures[0] = made.period, made.figures()
    found = changes(connection, figures, actor=actor, unit=made.unit, calendar=office.policy.calendar)
    return Bulletin(**{one.name: getattr(made, one.name) for one in fields(made)}, changes=found)


# -- counting ---------------------------------------------------------------------------------------------------------


def _counts(
    connection: Connection, scope: Scope, spans: Sequence[Span], again: Sequence[ClosedBefore], office: OfficeContext
) -> list[Counter[str]]:
    """For each span, every count by its name: `mediation.registered`, `dispute.10.accepted`, ..."""
    found: list[Counter[str]] = [Counter() for _ in spans]
    matters = {profile.id: profile.matter for profile in office.policy.profiles.values()}
    for place, (procedure, profile, channel, dispute), n in counted.registered(connection, scope, spans):
        names = [f"{procedure}.registered", f"channel.{channel}.{procedure}"]
        names += [f"dispute.{dispute}.{'registered' if procedure == 'mediation' else 'petitions'}"]
        names += [f"matter.{matters.get(profile, profile)}"] if procedure == "petition" else []
        found[place].update(dict.fromkeys(names, n))
    for place, (procedure, outcome), n in chain(
        counted.closed(connection, scope, spans), within(spans, (one.as_closed for one in again))
    ):
        found[place][f"{procedure}.{_end(outcome)}"] += n
    for place, (step, procedure, channel, dispute, outcome), n in chain(
        counted.steps(connection, scope, spans), within(spans, (one.as_answered for one in again))
    ):
        found[place].update(dict.fromkeys(_of_step(step, procedure, channel, dispute, outcome), n))
    for place, _, n in counted.first_sessions(connection, scope, spans):
        found[place]["mediation.mediated"] += n
    for place, (dispute,), yuan in counted.amounts(connection, scope, spans):
        found[place].update({"mediation.amount_yuan": yuan, f"dispute.{dispute}.amount_yuan": yuan})
    for place, (extent,), n in counted.performances(connection, scope, spans):
        found[place][f"performance.{extent}"] += n
    for place, (procedure, score), n in counted.ratings(connection, scope, spans):
        found[place][f"rating.{procedure}.{score}"] += n
    for place, (procedure, how), n in chain(
        counted.answered_in_time(connection, scope, spans), within(spans, (one.as_decided for one in again))
    ):
        found[place][f"{procedure}.{how}"] += n
    return found


def _end(outcome: str) -> str:
    return outcome.partition(".")[0] if outcome.startswith((NOT_OURS, "not_accepted.")) else "closed"


def _of_step(step: str, procedure: str, channel: str, dispute: str, outcome: str) -> Iterator[str]:
    """The counts that a step adds to."""
    match procedure, PROCEDURES[procedure].counted[step]:
        case "mediation", "accepted":
            yield from ("mediation.accepted", f"began.{BEGAN[channel]}", f"dispute.{dispute}.accepted")
        case "mediation", "followed_up":
            yield "performance.followed_up"
        case "mediation", "settled" | "terminated" if outcome in SETTLED:
            yield from ("mediation.settled", f"mediation.{SETTLED[outcome]}", f"dispute.{dispute}.settled")
        case "mediation", "settled":
            pass  # it has another outcome since: the matter was opened again, or is not ours
        case _, figure:
            yield f"{procedure}.{figure}"


def _crises(
    connection: Connection, scope: Scope, compared: Sequence[Period], office: OfficeContext, *, today: date
) -> Iterator[Line]:
    """The one figure about crises, if the office takes them in."""
    sensitive = profiles_of_crises(office)
    if not sensitive.intersection(office.profiles):
        return
    top = (
        scope.unit is None or connection.execute(select(_unit.parent_id).where(_unit.id == scope.unit)).scalar() is None
    )
    values: list[Value] = []
    for period in compared:
        months = period.months() if period.month is None else (period,)
        spans = [month.span(office.policy.calendar) for month in months]
        counts = counted.by_month(connection, scope, spans, of=case.registered_at, only=sensitive)
        told = told_of_month(counts[0]) if period.month else told_of_year(counts)
        values.append(told if top and period.is_over(today) else Hidden.WITHHELD)
    yield Line(section="crisis", code="crisis.registered", kind="small", values=tuple(values))


def _by_month(
    connection: Connection, scope: Scope, period: Period, again: Sequence[ClosedBefore], office: OfficeContext
) -> tuple[MonthPoint, ...]:
    months = period.months()
    spans = [month.span(office.policy.calendar) for month in months]
    registered = counted.by_month(connection, scope, spans, of=case.registered_at)
    closed = counted.by_month(connection, scope, spans, of=case.closed_at)
    before = Counter(place for place, _, _ in within(spans, (one.as_closed for one in again)))
    return tuple(
        MonthPoint(month=month, registered=come, closed=gone + before[place])
        for place, (month, come, gone) in enumerate(zip(months, registered, closed, strict=True))
    )


def _reopened_later(again: Sequence[ClosedBefore], span: Span, calendar: WorkCalendar) -> tuple[ReopenedLater, ...]:
    days = Counter(calendar.local_day(one.reopened_at) for one in again if span.start <= one.closing.at < span.end)
    return tuple(ReopenedLater(on=day, n=n) for day, n in sorted(days.items()))


# -- the table --------------------------------------------------------------------------------------------------------


def _share(part: str, *whole: str) -> Callable[[Counter[str]], Decimal | None]:
    """Per cent of the sum of some counts, to one decimal; None of nothing."""

    def share(counts: Counter[str]) -> Decimal | None:
        total = sum(counts[one] for one in whole)
        exact = Decimal(100 * counts[part]) / total if total else None
        return exact.quantize(Decimal("0.1"), ROUND_HALF_UP) if exact is not None else None

    return share


def _of_procedure(procedure: str) -> Iterator[tuple[str, str]]:
    return ((procedure, f"{procedure}.{figure}") for figure in PROCEDURES[procedure].figures)


#: The procedures that a bulletin speaks of.
REPORTED = tuple(name for name, procedure in PROCEDURES.items() if procedure.figures)
#: Every line in its order: its section, its count; a share has what it is worked out from.
PLAIN: Sequence[tuple[str, str]] = (
    *_of_procedure("mediation"),
    *(("began", f"began.{how}{share}") for how in ("application", "own", "entrusted") for share in ("", "_share")),
    *(("performance", f"performance.{name}") for name in ("followed_up", "in_full", "in_part", "not_performed")),
    *(line for procedure in PROCEDURES if procedure != "mediation" for line in _of_procedure(procedure)),
    *(("rating", f"rating.{procedure}.{score}") for procedure in REPORTED for score in SCORES),
)  # fmt: skip
SHARES = {
    "mediation.success_rate": _share("mediation.settled", "mediation.settled", "mediation.terminated"),
    "petition.on_time_rate": _share("petition.in_time", "petition.in_time", "petition.late"),
    **{
        f"began.{how}_share": _share(f"began.{how}", "mediation.accepted")
        for how in ("application", "own", "entrusted")
    },
}
YUAN = "mediation.amount_yuan"
BY_DISPUTE = ("registered", "accepted", "settled", "amount_yuan", "petitions")


def _lines(by_period: Sequence[Counter[str]]) -> Iterator[Line]:
    for section, code in PLAIN:
        share = SHARES.get(code)
        kind = "share" if share else "yuan" if code == YUAN else "count"
        values = tuple(share(counts) if share else counts[code] for counts in by_period)
        yield Line(section=section, code=code, kind=kind, values=values)


def _breakdowns(counts: Counter[str]) -> Iterator[Breakdown]:
    """Only rows with a figure: most of the eighteen types are empty in most months."""
    yield _breakdown("dispute", BY_DISPUTE, DISPUTE_TYPES, counts)
    yield _breakdown("channel", tuple(sorted(REPORTED)), BEGAN, counts)
    matters = sorted(name.removeprefix("matter.") for name in counts if name.startswith("matter."))
    rows = tuple((matter, (counts[f"matter.{matter}"],)) for matter in matters)
    yield Breakdown(section="matter", columns=("petition",), rows=rows)


def _breakdown(section: str, columns: tuple[str, ...], codes: Mapping[str, str], counts: Counter[str]) -> Breakdown:
    rows = ((code, tuple(counts[f"{section}.{code}.{column}"] for column in columns)) for code in codes)
    return Breakdown(section=section, columns=columns, rows=tuple(row for row in rows if any(row[1])))
