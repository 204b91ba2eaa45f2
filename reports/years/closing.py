"""Closing a year: two people sign what it came to, and from then on anyone can work it out again.

The first signer proposes: the sheets are worked out from the events, up to the head of every case's chain. The second
signs exactly that, or is shown what it comes to now. What is kept: the bytes of the scheme and of the calendars, the
cut-off of every chain, the result and its hash, both signers. Later facts change nothing of it: they are listed as an
addendum (`addendum.py`).

    CannotClose     TooEarly, ClosedAlready, AppealsWait, StillContestable, NotProposed, SignedByTheSame,
                    NotTheWholeOffice, TalliesDiffer, SchemeIsGone, RecordHasMoved
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, literal, select

from cases.assessment_tables import YearClose, YearCutoff
from cases.crossings import CROSSED
from cases.history import histories
from cases.office import OfficeContext
from cases.policies import files_of
from cases.rows import rungs_from
from cases.tables import Case, Clock, Waiver
from cases.tally import counts, fresh
from cases.visibility import case, visible_cases
from ledger.chain import CLOSING, OFFICE_STREAM, NewEvent, append_to_office, wait_for_key
from ledger.tables import Event, StreamHead
from ledger.upcasters import data_of
from ledger.vouching import vouched_for_office
from reports.years.assessment import YearWithoutData, check_year
from reports.years.closed_years import LONG, closed_years, closing_key, cutoff_digest, hash_of
from reports.years.yearly import gathered, result_of
from workflow.calendar import WorkCalendar
from workflow.model import TIMERS, Actor
from workflow.policy import Scheme
from workflow.policy_files import parse
from workflow.spelling import stamp

PROPOSED, CLOSED = "year:close_proposed", "year:closed"
_event = Event.__table__.c  # type: ignore[attr-defined]
_head = StreamHead.__table__.c  # type: ignore[attr-defined]
_close = YearClose.__table__.c  # type: ignore[attr-defined]
_cutoff = YearCutoff.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]
_waiver = Waiver.__table__.c  # type: ignore[attr-defined]


class CannotClose(Exception):
    """The year is not closed. `code` is for the catalogues, `value` the figure that the sentence speaks of."""

    code = "close.cannot"

    def __init__(self, value: object = "") -> None:
        super().__init__(value)
        self.value = value


class TooEarly(CannotClose):
    """Before the day on which a year may be closed: appeals against its last lights are still possible."""

    code = "close.too_early"


class ClosedAlready(CannotClose):
    """A year is closed once."""

    code = "close.closed_already"


class AppealsWait(CannotClose):
    """Lights of the year are contested and not decided."""

    code = "close.appeals_wait"


class NotProposed(CannotClose):
    """Nobody has proposed it."""

    code = "close.not_proposed"


class SignedByTheSame(CannotClose):
    """The second signature is somebody else's."""

    code = "close.same_signer"


class NotTheWholeOffice(CannotClose):
    """The signer does not see every unit of which the result speaks."""

    code = "close.not_the_whole_office"


class TalliesDiffer(CannotClose):
    """The sheets that are shown are not those that the events give."""

    code = "close.tallies_differ"


class StillContestable(CannotClose):
    """A light of the year became known so late that its unit may still appeal. Carries the last day."""

    code = "close.still_contestable"


class SchemeIsGone(CannotClose):
    """The policy no longer has the scheme that it was proposed under. Carries its name."""

    code = "close.scheme_is_gone"


class RecordHasMoved(CannotClose):
    """The year comes to something else now than what was proposed. Carries the hash of what it comes to."""

    code = "close.record_has_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the first signer has signed."""

    year: int
    scheme: str
    result_hash: str
    proposed_by: int
    proposed_at: datetime


def propose_close(
    connection: Connection, *, year: int, scheme: str, actor: Actor, office: OfficeContext, now: datetime
) -> Proposal:
    """The first signature. Raises `CannotClose`, `YearCannotBeAssessed`, `NoSuchScheme`."""
    chosen = office.policy.scheme(scheme)
    wait_for_key(connection, CLOSING)
    _check(connection, year=year, office=office, now=now)
    result = _worked_out(connection, year=year, scheme=chosen, actor=actor, office=office)
    found = hash_of(result)
    assert actor.account is not None, "a person signs"
    last = proposal_of(connection, year)
    if last is not None and (last.scheme, last.result_hash, last.proposed_by) == (scheme, found, actor.account):
        return last  # signing the same once more says nothing new
    append_to_office(
        connection,
        NewEvent(
            code=PROPOSED, occurred_at=now, recorded_at=now, actor=actor,
            data={"year": year, "scheme": scheme, "result_hash": found}, key=f"{stamp(now)}:year:{year}:proposed",
        ),
    )  # fmt: skip
    return Proposal(year=year, scheme=scheme, result_hash=found, proposed_by=actor.account, proposed_at=now)


def proposal_of(connection: Connection, year: int) -> Proposal | None:
    """The last proposal to close a year."""
    query = select(_event.data, _event.actor, _event.recorded_at).where(
        _event.stream == OFFICE_STREAM, _event.code == PROPOSED
    )
    for row in connection.execute(query.order_by(_event.seq.desc())):
        data = data_of(PROPOSED, row.data)
        if data["year"] == year:
            return Proposal(
                year=year, scheme=data["scheme"], result_hash=data["result_hash"], proposed_by=row.actor,
                proposed_at=row.recorded_at,
            )  # fmt: skip
    return None


def waiting_for_the_second(connection: Connection, account: int) -> list[int]:
    """The years that this account has proposed to close and nobody has signed yet."""
    query = select(_event.data).where(_event.stream == OFFICE_STREAM, _event.code == PROPOSED, _event.actor == account)
    years = {data_of(PROPOSED, data)["year"] for data in connection.execute(query).scalars()} - set(
        closed_years(connection)
    )
    last = ((year, proposal_of(connection, year)) for year in sorted(years))
    return [year for year, proposal in last if proposal is not None and proposal.proposed_by == account]


def close_year(
    connection: Connection, *, year: int, result_hash: str, actor: Actor, office: OfficeContext, now: datetime
) -> None:
    """The second signature, under exactly the result of that hash. Raises `CannotClose`, `YearCannotBeAssessed`."""
    wait_for_key(connection, CLOSING)
    _check(connection, year=year, office=office, now=now)
    proposal = proposal_of(connection, year)
    if proposal is None:
        raise NotProposed(year)
    if actor.account is None or actor.account == proposal.proposed_by:
        raise SignedByTheSame
    # The cut-off first: what is worked out below reads no event beyond it, whatever is recorded meanwhile.
    _cut_off(connection, year)
    scheme = office.policy.schemes.get(proposal.scheme)
    if scheme is None:
        raise SchemeIsGone(proposal.scheme)
    result = _worked_out(connection, year=year, scheme=scheme, actor=actor, office=office, closed_year=year)
    if not hash_of(result) == proposal.result_hash == result_hash:
        raise RecordHasMoved(hash_of(result))
    files = files_of(connection, office.policy.version)
    cases, cutoff_hash = cutoff_digest(connection, year)
    row = {
        "year": year,
        "scheme": proposal.scheme,
        "zone": office.policy.calendar.zone.key,
        "policy": office.policy.version,
        "scheme_content": _file_of_scheme(files, proposal.scheme),
        "calendar_content": _calendars(files, office.policy.calendar.name),
        "cases": cases,
        "cutoff_hash": cutoff_hash,
        "result_hash": result_hash,
        "result": result.decode(),
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
        "closed_by": actor.account,
        "closed_at": now,
    }
    connection.execute(insert(YearClose).values(**row))
    append_to_office(
        connection,
        NewEvent(
            code=CLOSED, occurred_at=now, recorded_at=now, actor=actor, key=closing_key(year),
            data={"year": year, "wrote": {"year_close": {str(year): vouched_for_office(row, long=LONG)}}},
        ),
    )  # fmt: skip


def _check(connection: Connection, *, year: int, office: OfficeContext, now: datetime) -> None:
    check_year(year, office)
    if year in closed_years(connection):
        raise ClosedAlready(year)
    calendar = office.policy.calendar
    month, day = (int(part) for part in office.policy.appeal.close_on.split("-"))
    first = date(year + 1, month, day)
    if calendar.local_day(now) < first:
        raise TooEarly(first.isoformat())
    if waiting := _undecided(connection, year, calendar):
        raise AppealsWait(waiting)
    if last := _last_appeal(connection, year, office, now=now):
        raise StillContestable(last.isoformat())


def _undecided(connection: Connection, year: int, calendar: WorkCalendar) -> int:
    """Contested lights of the year, or of one before it, that nobody has decided about."""
    query = (
        visible_cases(TIMERS, _waiver.rung, _clock.rungs)
        .join_from(Case, Waiver, _waiver.case_id == case.id)
        .join(Clock, (_clock.case_id == _waiver.case_id) & (_clock.number == _waiver.clock))
        .where(_waiver.decided_at.is_(None))
    )
    lit = (
        next((rung.at for rung in rungs_from(row.rungs) if rung.code == row.rung), None)
        for row in connection.execute(query)
    )
    return sum(1 for at in lit if at is None or calendar.local_day(at).year <= year)


def _last_appeal(connection: Connection, year: int, office: OfficeContext, *, now: datetime) -> date | None:
    """The last day on which somebody may still appeal against a light of the year; None if nobody may."""
    calendar, rule = office.policy.calendar, office.policy.appeal
    first, end = calendar.start_of(date(year, 1, 1)), calendar.start_of(date(year + 1, 1, 1))
    query = (
        visible_cases(TIMERS, _event.recorded_at, _event.data)
        .join_from(Case, Event, _event.stream == case.id)
        .where(_event.code == CROSSED, _event.occurred_at >= first, _event.occurred_at < end)
        .where(_event.recorded_at > now - timedelta(days=3 * rule.working_days + 14))
    )
    noticed = (row.recorded_at for row in connection.execute(query) if data_of(CROSSED, row.data)["light"])
    lasts = (rule.last_day(at, calendar) for at in noticed)
    return max((last for last in lasts if now < calendar.end_of(last)), default=None)


def _cut_off(connection: Connection, year: int) -> None:
    heads = select(literal(year), _head.stream, _head.seq, _head.hash).where(_head.stream != OFFICE_STREAM)
    connection.execute(insert(YearCutoff).from_select(["year", "stream", "seq", "hash"], heads))


def _worked_out(
    connection: Connection,
    *,
    year: int,
    scheme: Scheme,
    actor: Actor,
    office: OfficeContext,
    closed_year: int | None = None,
) -> bytes:
    """The result from the events. Whoever signs must see every unit that it speaks of, and the sheets that everybody reads
    must say the same: they are made from tallies, which somebody might have touched."""
    calendar = office.policy.calendar
    found = gathered(histories(connection, actor=TIMERS, closed_year=closed_year), year=year, calendar=calendar)
    if not found.counts:
        raise YearWithoutData(year)
    if not {unit for _, unit, *_ in found.counts} <= actor.units:
        raise NotTheWholeOffice
    if closed_year is None and found.counts != counts(connection, year=year, beside=fresh(connection, calendar)):
        raise TalliesDiffer(year)
    return result_of(found, scheme, zone=calendar.zone.key)


def _file_of_scheme(files: dict[str, bytes], scheme: str) -> str:
    for name, content in sorted(files.items()):
        if any(one.id == scheme for one in parse(name, content).scheme):
            return content.decode()
    raise AssertionError("the policy in force was read from these files")


def _calendars(files: dict[str, bytes], name: str) -> str:
    kept = {file: content.decode() for file, content in sorted(files.items()) if parse(file, content).calendar}
    return json.dumps({"name": name, "files": kept}, ensure_ascii=False, sort_keys=True)
