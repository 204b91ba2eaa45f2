"""A small record made by the program itself, and the means of an attacker who owns the database."""

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text, update

import migrations
from cases.execute import execute, open_case
from cases.office import establish, load_office
from cases.sweep import sweep
from infra.columns import Row
from infra.db import open_engine, reading, transaction
from ledger.chain import event_hash
from people.staffing import add_account
from people.units import add_unit
from verify.report import Report
from verify.sources import TRIGGERS
from workflow.commands import Command, Intake
from workflow.model import AccountId, Actor, CaseId, Role, UnitId
from workflow.procedures.every_case.commands import Accept, ExtendByConsent, Resume, Suspend
from workflow.procedures.mediation.commands import Apply, AppointMediators, HoldSession, NotifyRights, RecordConsent
from workflow.procedures.petition.commands import Assign, Register, SignFor
from workflow.spelling import stamp

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in Shanghai
MEDIATION, HOTLINE, PETITION = CaseId(1), CaseId(2), CaseId(3)
UNITS = ((1, "upstream", None), (2, "centre", 1), (3, "unit", 2))
ACCOUNTS = ((1, 2, "clerk"), (2, 2, "coordinator"), (3, 3, "mediator"), (4, 3, "supervisor"), (5, 2, "supervisor"))
CLERK = Actor(account=AccountId(1), role=Role.CLERK, unit=UnitId(2), units=frozenset({UnitId(2), UnitId(3)}))
COORDINATOR = Actor(
    account=AccountId(2), role=Role.COORDINATOR, unit=UnitId(2), units=frozenset({UnitId(2), UnitId(3)})
)
CHIEF = AccountId(3)
MEDIATOR = Actor(account=CHIEF, role=Role.MEDIATOR, unit=UnitId(3), units=frozenset({UnitId(3)}))
SECRET_WORDS = "楼上漏水三个月"

TABLES = Row.metadata.tables
EVENT, HEAD, MESSAGE, SERIES = TABLES["event"], TABLES["stream_head"], TABLES["message"], TABLES["series"]
CASE, CLOCK, PARTY, CUSTODY = TABLES["cases"], TABLES["clock"], TABLES["party"], TABLES["custody"]
TEXT, TRACKING = TABLES["personal_text"], TABLES["tracking"]

SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS = (tuple(TRIGGERS[kind]) for kind in ("sqlite", "postgresql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A database that a test may spoil."""

    url: str
    path: Path | None = None  #: of the SQLite file

    @property
    def triggers(self) -> tuple[str, ...]:
        return SQLITE_TRIGGERS if self.path else POSTGRESQL_TRIGGERS

    @contextmanager
    def attacked(self, *, unprotected: bool = True) -> Iterator[Connection]:
        """A transaction of somebody who owns the database; without the triggers and, on SQLite, without foreign keys."""
        engine = open_engine(self.url, owner=True)
        try:
            with engine.connect() as connection:
                if self.path:
                    connection.connection.driver_connection.execute("PRAGMA foreign_keys=off").close()  # type: ignore[union-attr]  # an open connection
                with connection.begin():
                    if unprotected:
                        self._drop_triggers(connection)
                    yield connection
        finally:
            engine.dispose()

    def _drop_triggers(self, connection: Connection) -> None:
        for name in self.triggers:
            on = "" if self.path else f" ON {TRIGGERS['postgresql'][name]['table']}"
            connection.execute(text(f"DROP TRIGGER {name}{on}"))


def rechain(connection: Connection, stream: int) -> None:
    """Numbers and hashes the events of a stream anew and moves its head: the forger who knows the format."""
    seq, last = 0, ""
    for row in connection.execute(select(EVENT).where(EVENT.c.stream == stream).order_by(EVENT.c.seq)).all():
        seq += 1
        columns = [
            stream, seq, row.code, stamp(row.occurred_at), stamp(row.recorded_at),
            row.actor, row.role, row.unit, row.data, row.key, last,
        ]  # fmt: skip
        last = event_hash(columns)
        connection.execute(update(EVENT).where(EVENT.c.id == row.id).values(seq=seq, hash=last))
    connection.execute(update(HEAD).where(HEAD.c.stream == stream).values(seq=seq, hash=last))


def event(stream: int, seq: int) -> Any:
    return (EVENT.c.stream == stream) & (EVENT.c.seq == seq)


def last_event(connection: Connection, case: int) -> int:
    """The seq of the last event; of the mediation: a session was held, the event before it is a crossing."""
    return int(connection.execute(select(func.max(EVENT.c.seq)).where(EVENT.c.stream == case)).scalar_one())


def crossings(connection: Connection, case: int) -> list[int]:
    """The seqs of the crossings of that clock of a case which was the first to cross a rung."""
    of_case = select(EVENT.c.seq, EVENT.c.data).where(EVENT.c.stream == case, EVENT.c.code == "clock:crossed")
    found = [(seq, json.loads(data)["clock"]) for seq, data in connection.execute(of_case.order_by(EVENT.c.seq))]
    return [seq for seq, clock in found if clock == found[0][1]]


def running_clock(connection: Connection, case: int) -> int:
    """The last clock of a case that runs."""
    running = select(func.max(CLOCK.c.number)).where(CLOCK.c.case_id == case, CLOCK.c.stopped_at.is_(None))
    return int(connection.execute(running).scalar_one())


def named(report: Report) -> set[tuple[str, str, Any, Any, str | None]]:
    """Every finding but the triggers that each attack has to drop first."""
    return {
        (f.code, f.table, f.stream, f.number, f.column) for f in report.findings if f.check not in ("triggers", "file")
    }


def build(url: str) -> None:
    """Three cases: a mediation extended and then overdue, a hotline order paused twice, a petition that nobody took up."""
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        with transaction(engine) as connection:
            _found_office(connection)
        with reading(engine) as connection:
            office = load_office(connection)

        def opened(command: Intake, profile: str) -> None:
            with transaction(engine) as connection:
                request = secrets.token_hex(16)
                open_case(connection, command, profile=profile, actor=CLERK, now=START, office=office, request=request)

        def done(case: CaseId, command: Command, actor: Actor, *, hours: float = 0) -> None:
            with transaction(engine) as connection:
                execute(
                    connection,
                    case,
                    command,
                    actor=actor,
                    now=START + timedelta(hours=hours),
                    expected_version=None,
                    office=office,
                    request=secrets.token_hex(16),
                )

        said = {"title": "邻里纠纷", "statement": SECRET_WORDS, "applicant": "甲", "respondents": ("乙",)}
        opened(Apply(**said), "mediation-30d")  # type: ignore[arg-type]  # fields by name
        opened(Register(**said), "hotline")  # type: ignore[arg-type]  # fields by name
        opened(Register(**said), "petition")  # type: ignore[arg-type]  # fields by name

        with reading(engine) as connection:
            numbers = select(PARTY.c.number).where(PARTY.c.case_id == MEDIATION).order_by(PARTY.c.number)
            parties = tuple(connection.execute(numbers).scalars())
        done(MEDIATION, RecordConsent(party=parties[1], answer="given"), CLERK)
        done(MEDIATION, Accept(), CLERK)
        done(MEDIATION, AppointMediators(chief=CHIEF), COORDINATOR)
        done(MEDIATION, NotifyRights(signed_by=parties), MEDIATOR)
        done(HOTLINE, Accept(), CLERK)
        done(HOTLINE, Assign(unit=UnitId(3), handler=CHIEF), COORDINATOR)
        done(HOTLINE, SignFor(), MEDIATOR)
        until = (START + timedelta(days=2)).date()
        done(HOTLINE, Suspend(ground="appraisal", until=until), MEDIATOR, hours=2)
        sweep(engine, now=START + timedelta(days=3))
        until = (START + timedelta(days=10)).date()
        done(HOTLINE, Suspend(ground="appraisal", until=until), MEDIATOR, hours=72)
        done(HOTLINE, Resume(), MEDIATOR, hours=96)
        # 25 days later the yellow of 30 days is on; extended to 40 it is yellow no longer.
        done(MEDIATION, ExtendByConsent(to_length=40, consenting=parties), MEDIATOR, hours=25 * 24)
        sweep(engine, now=START + timedelta(days=38))
        done(MEDIATION, HoldSession(form="joint", place="一室", minutes="谈了两小时"), MEDIATOR, hours=39 * 24)
    finally:
        engine.dispose()


def _found_office(connection: Connection) -> None:
    establish(connection, name="滨江街道社会治理中心", short_name="滨", now=START)
    for number, kind, parent in UNITS:
        above = UnitId(parent) if parent else None
        assert add_unit(connection, name=kind, kind=kind, parent=above, now=START) == number
    for number, unit, role in ACCOUNTS:
        made = add_account(
            connection, unit=UnitId(unit), role=Role(role), login=f"u{number}", name=f"u{number}",
            email=f"u{number}@example.org", now=START,
        )  # fmt: skip
        assert made == number


def copied(template: Path, directory: Path) -> Record:
    path = directory / "huiyin.db"
    shutil.copyfile(template, path)
    return Record(url=f"sqlite:///{path}", path=path)
