"""What the demo does about its lights: once a month a unit appeals, an assessor decides the day after, one rejected
appeal is renewed; and each year that is over is closed by two signatures.

Texts are invented. Nothing here is random: the same lights give the same appeals.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, Engine, func

from cases.appeals import Contested, contested_lights
from cases.crossings import CROSSED
from cases.execute import execute
from cases.office import OfficeContext, load_office
from cases.tables import Case, Waiver
from cases.visibility import case, visible_cases
from demo.office import ASSESSORS, AUDITORS, SUPERVISOR_OF
from infra.db import reading, transaction
from ledger.tables import Event
from ledger.upcasters import data_of
from reports.years.closing import close_year, proposal_of, propose_close
from stories.story import Stage
from workflow.commands import Command
from workflow.model import TIMERS, Actor, RecordNumber, Refusal
from workflow.procedures.every_case.commands import AppealLight, AskAgain, DecideWaiver

SCHEME = "LIGHTS-A"
AT = time(10, 0)
#: Until another answers: what others do meanwhile comes between.
AN_HOUR = timedelta(hours=1)
APPEALED_FROM = date(2025, 2, 1)
#: How far back a unit looks for a light: well inside the five working days that it has.
LOOK_BACK = timedelta(days=4)
EVIDENCE = "已附现场照片和通话记录，延误不是本单位造成的。"
MORE_EVIDENCE = "补充了对方单位的书面说明。"
REASONS = {"upheld": "材料属实，不计入。", "rejected": "依据不足，仍计入。"}
#: Every third appeal is upheld.
ONE_IN = 3

_event = Event.__table__.c  # type: ignore[attr-defined]
_waiver = Waiver.__table__.c  # type: ignore[attr-defined]
Act = Callable[[datetime], None]


class Assessment:
    """The hands that appeal, decide and sign."""

    def __init__(self, engine: Engine, office: OfficeContext, stage: Stage) -> None:
        self._engine, self._office, self._stage = engine, office, stage
        self._decided = 0
        self._renewed: Contested | None = None  #: and waits for the second assessor

    def acts(self, *, until: datetime) -> Iterator[tuple[datetime, Act]]:
        """What is done and when, in no particular order. The appeal of the last month still waits."""
        calendar = self._office.policy.calendar
        last = calendar.local_day(until)
        day = APPEALED_FROM
        while day <= last:
            appealed = calendar.nth_working_day_after(day, 7)
            yield self._at(appealed), self.appeal
            if (decided := calendar.nth_working_day_after(appealed, 1)) and _next_month(day) <= last:
                yield from ((self._at(decided), self.decide), (self._at(decided) + AN_HOUR, self.decide_again))
            day = _next_month(day)
        for year in range(APPEALED_FROM.year, last.year):
            signed = self._at(calendar.nth_working_day_after(date(year + 1, 1, 15), 1))
            yield from ((signed, self.propose), (signed + AN_HOUR, self.close))

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, AT, tzinfo=self._office.policy.calendar.zone)

    def appeal(self, now: datetime) -> None:
        """The unit of the last light that lit appeals against it."""
        with transaction(self._engine) as connection:
            for case_id, unit, light in _lit_lately(connection, now=now):
                head = self._head_of(unit)
                command = AppealLight(light=light, ground="not_attributable", evidence=EVIDENCE)
                if head and self._take(connection, case_id, command, by=head, now=now):
                    return

    def decide(self, now: datetime) -> None:
        """Everything that waits is decided; the first appeal that was rejected is renewed."""
        first = self._stage.people[ASSESSORS[0]]
        for one in self._waiting(first):
            self._decided += 1
            decision = "rejected" if self._decided % ONE_IN else "upheld"
            with transaction(self._engine) as connection:
                taken = self._take(
                    connection, one.case_id, self._decision(connection, one, decision), by=first, now=now
                )
                head = self._head_of(one.unit)
                if taken and self._decided == 1 and head:
                    waiver = _number_of(connection, one)
                    self._take(
                        connection, one.case_id, AskAgain(waiver=waiver, evidence=MORE_EVIDENCE), by=head, now=now
                    )
                    self._renewed = one

    def decide_again(self, now: datetime) -> None:
        """The renewed appeal is decided by another."""
        if one := self._renewed:
            self._renewed = None
            with transaction(self._engine) as connection:
                again = self._decision(connection, one, "rejected")
                self._take(connection, one.case_id, again, by=self._stage.people[ASSESSORS[1]], now=now)

    def _waiting(self, assessor: Actor) -> list[Contested]:
        with reading(self._engine) as connection:
            return [one for one in contested_lights(connection, actor=assessor) if one.decision is None]

    def _decision(self, connection: Connection, one: Contested, decision: str) -> Command:
        assert decision in ("upheld", "rejected")
        return DecideWaiver(waiver=_number_of(connection, one), decision=decision, reason=REASONS[decision])  # type: ignore[arg-type]  # said above

    def propose(self, now: datetime) -> None:
        """The assessor signs."""
        with reading(self._engine) as connection:
            office = load_office(connection)
        with transaction(self._engine) as connection:
            propose_close(
                connection, year=self._year_before(now), scheme=SCHEME, actor=self._stage.people[ASSESSORS[0]],
                office=office, now=now,
            )  # fmt: skip

    def close(self, now: datetime) -> None:
        """The auditor signs; if the year has moved since the assessor did, the assessor signs anew before."""
        self.propose(now)
        with reading(self._engine) as connection:
            office = load_office(connection)
        year = self._year_before(now)
        with transaction(self._engine) as connection:
            proposal = proposal_of(connection, year)
            assert proposal is not None, "it was made just now"
            close_year(
                connection, year=year, result_hash=proposal.result_hash, actor=self._stage.people[AUDITORS[0]],
                office=office, now=now,
            )  # fmt: skip

    def _year_before(self, now: datetime) -> int:
        return self._office.policy.calendar.local_day(now).year - 1

    def _head_of(self, unit: int | None) -> Actor | None:
        key = next((key for key, number in self._stage.units.items() if number == unit), None)
        login = SUPERVISOR_OF.get(key or "")
        return self._stage.people[login] if login else None

    def _take(self, connection: Connection, case_id: int, command: Command, *, by: Actor, now: datetime) -> bool:
        """Takes the step if the rules allow it."""
        named = f"{case_id}/{type(command).__name__}/{now.isoformat()}/{by.account}"
        try:
            execute(
                connection, case_id, command, actor=by, now=now, expected_version=None, office=self._office,
                request=hashlib.sha256(named.encode()).hexdigest()[:32], seen_by=TIMERS,
            )  # fmt: skip
        except Refusal:
            return False
        return True


def _lit_lately(connection: Connection, *, now: datetime) -> list[tuple[int, int, str]]:
    """The lights of the last days, the latest first: case, the unit that held it, and the light by its name."""
    query = (
        visible_cases(TIMERS, _event.stream, _event.data)
        .join_from(Case, Event, _event.stream == case.id)
        .where(_event.code == CROSSED, _event.occurred_at <= now, _event.occurred_at > now - LOOK_BACK)
        .order_by(_event.occurred_at.desc(), _event.id.desc())
    )
    found = [(row.stream, data_of(CROSSED, row.data)) for row in connection.execute(query)]
    return [(stream, data["unit"], f"{data['clock']}:{data['rung']}") for stream, data in found if data["light"]]


def _number_of(connection: Connection, one: Contested) -> RecordNumber:
    """The number of the contested light's latest waiver."""
    query = (
        visible_cases(TIMERS, func.max(_waiver.number))
        .join_from(Case, Waiver, _waiver.case_id == case.id)
        .where(_waiver.case_id == one.case_id, _waiver.clock == one.clock_number, _waiver.rung == one.rung)
    )
    return RecordNumber(connection.execute(query).scalar_one())


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
