"""A small office with lively cases, to be tampered with: a sample of the demo's stories, told through the one door, with
appeals, a closed year and a reviewed sign; an anchor made in the middle of its life and another at the end.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
from sqlalchemy import Engine, select

import migrations
from cases.anchors import anchor_text, make_anchors
from cases.execute import execute
from cases.office import OfficeContext, load_office
from cases.reads import gather, note_read
from cases.sign_reviews import SignKey, review
from cases.tables import Waiver
from cases.tally import keep_up
from demo.office import found_demo_office
from demo.stories import stories
from infra.db import open_engine, reading, transaction
from ledger.tables import Event
from people.factors import new_secret, set_factor
from people.links import hand_over_link, make_link, send_link, use_link
from people.office_keys import RATINGS, secret_of_office, signing_key_of_office
from people.proposals import CHANGE_EMAIL, ask, decide, waiting
from people.signin import begin_session, set_password
from people.staffing import close_account
from reports.years.closing import close_year, propose_close
from stories.replay import run_timers
from stories.story import Stage, Teller
from workflow.commands import Command
from workflow.model import Actor, CaseId, Role
from workflow.procedures.every_case.commands import AppealLight, DecideWaiver

FOUNDED_AT = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
#: One of so many of the demo's stories, and which.
EVERY = 8
#: How much of what happens is in the first anchor.
BEFORE_THE_ANCHOR = 0.7
#: Lights that are old enough to be seen and young enough to be appealed against.
RECENT = timedelta(days=4)

_event = Event.__table__.c  # type: ignore[attr-defined]
_waiver = Waiver.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lively:
    """`older` holds the anchor of the middle of the office's life, `newer` every anchor; no event of a case is later."""

    file: Path
    older: Path
    newer: Path
    cases: int
    events: int


def lively(directory: Path, *, every: int = EVERY, seed: int = 1) -> Lively:
    """Builds the office as one SQLite file in a directory, with the anchors as somebody else kept them."""
    file = directory / "office" / "huiyin.db"
    engine = open_engine(f"sqlite:///{file}")
    try:
        migrations.upgrade(engine)
        with transaction(engine) as connection:
            stage = found_demo_office(connection, now=FOUNDED_AT)
        with reading(engine) as connection:
            office = load_office(connection)
        told = stories(office, now=NOW, seed=seed)[::every]
        tellers = [Teller(engine, office, stage, story) for story in told]
        steps = sorted(
            (teller.moment(step), number, index)
            for number, (teller, story) in enumerate(zip(tellers, told, strict=True))
            for index, step in enumerate(story.steps)
        )
        half = int(len(steps) * BEFORE_THE_ANCHOR)
        _tell(engine, office, tellers, steps[:half], since=FOUNDED_AT)
        older = _anchored(engine, office, directory, steps[half - 1][0], "older")
        _tell(engine, office, tellers, steps[half:], since=steps[half - 1][0])
        run_timers(engine, office, steps[-1][0], NOW)
        _assessed(engine, office, stage)
        _lived_in(engine, stage, directory)
        keep_up(engine, office.policy.calendar)
        newer = _anchored(engine, office, directory, NOW, "newer")
        with reading(engine) as connection:
            cases, events = (
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in ("cases", "event")
            )
    finally:
        engine.dispose()  # the last connection folds the log back: the office is one file
    return Lively(file=file, older=older, newer=newer, cases=cases, events=events)


def _tell(
    engine: Engine,
    office: OfficeContext,
    tellers: list[Teller],
    steps: list[tuple[datetime, int, int]],
    *,
    since: datetime,
) -> None:
    for moment, number, index in steps:
        run_timers(engine, office, since, moment)
        tellers[number].tell(index)
        since = moment


# -- what people do to accounts ---------------------------------------------------------------------------------------


def _lived_in(engine: Engine, stage: Stage, home: Path) -> None:
    """Accounts, links, sessions and things that two decide, some of each; marks are counted up to the end."""
    clerk, auditor, administrator = (_one(stage, role) for role in (Role.CLERK, Role.AUDITOR, Role.ADMINISTRATOR))
    accounts = [person.account for person in (clerk, auditor, administrator) if person.account is not None]
    with transaction(engine) as connection:
        for account in accounts:
            link = make_link(connection, account, now=NOW)
            use_link(connection, link, browser="browser", now=NOW)
            set_password(connection, account, "no hash", now=NOW, actor=clerk)
            begin_session(connection, account=account, now=NOW)
        hand_over_link(connection, accounts[0], key=b"key", now=NOW, actor=administrator)
        send_link(connection, accounts[1], key=b"key", now=NOW, actor=administrator)
        for email in ("one@example.invalid", "two@example.invalid"):
            ask(connection, CHANGE_EMAIL, account=accounts[0], data={"email": email}, actor=administrator, now=NOW)
        decide(connection, waiting(connection)[0].id, agree=True, actor=auditor, now=NOW)
        secret = new_secret()
        code = pyotp.TOTP(secret).at(NOW)
        assert set_factor(connection, accounts[1], secret, code, actor=auditor, now=NOW)
        note_read(connection, 1, accounts[1], day=NOW.date(), now=NOW)
        gather(connection, now=NOW)
        secret_of_office(connection, home, RATINGS, now=NOW)
        closed = next(p.account for p in reversed(stage.people.values()) if p.role is Role.MEDIATOR)
        assert closed is not None
        close_account(connection, closed, now=NOW, actor=administrator)


# -- the year's end ---------------------------------------------------------------------------------------------------


def _assessed(engine: Engine, office: OfficeContext, stage: Stage) -> None:
    """Units appeal against their last lights, an assessor decides about all but one, the year before is closed by two
    people, and an auditor has looked at a sign of gaming."""
    heads = {person.unit: person for person in stage.people.values() if person.role is Role.SUPERVISOR}
    assessor, auditor = (_one(stage, role) for role in (Role.ASSESSOR, Role.AUDITOR))
    lit = [light for light in _recent_lights(engine) if light.unit in heads]
    assert len(lit) > 2, "somebody has something to appeal against"
    for light in lit:
        appeal = AppealLight(light=light.name, ground="system_error", evidence="当日系统停机。")
        _take(engine, office, light.case, appeal, heads[light.unit])
    with reading(engine) as connection:
        asked = connection.execute(select(_waiver.case_id, _waiver.number).order_by(_waiver.case_id)).all()
    for waiver, decision in zip(asked[1:], ("upheld", "rejected") * len(asked), strict=False):
        command = DecideWaiver(waiver=waiver.number, decision=decision, reason="已核实。")  # type: ignore[arg-type]  # one of two
        _take(engine, office, CaseId(waiver.case_id), command, assessor)
    year = NOW.year - 1
    with transaction(engine) as connection:
        scheme = next(iter(office.policy.schemes))
        proposed = propose_close(connection, year=year, scheme=scheme, actor=assessor, office=office, now=NOW)
        close_year(connection, year=year, result_hash=proposed.result_hash, actor=auditor, office=office, now=NOW)
        key = SignKey("late_pause", lit[0].case, lit[0].seq)
        review(connection, key, "explained", actor=auditor, now=NOW, request="0" * 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Light:
    """A light that has just been lit, of a case that is not contested yet."""

    case: CaseId
    seq: int
    unit: int
    name: str


def _recent_lights(engine: Engine) -> list[_Light]:
    query = select(_event.stream, _event.seq, _event.data).where(
        _event.code == "clock:crossed", _event.occurred_at > NOW - RECENT
    )
    with reading(engine) as connection:
        rows = [(row.stream, row.seq, json.loads(row.data)) for row in connection.execute(query.order_by(_event.id))]
    return [
        _Light(case=CaseId(stream), seq=seq, unit=data["unit"], name=f"{data['clock']}:{data['rung']}")
        for stream, seq, data in rows
        if data["light"]
    ]


def _one(stage: Stage, role: Role) -> Actor:
    return next(person for person in stage.people.values() if person.role is role)


def _take(engine: Engine, office: OfficeContext, case: CaseId, command: Command, actor: Actor) -> None:
    with transaction(engine) as connection:
        request = f"{case}-{type(command).__name__}".rjust(32, "0")
        execute(connection, case, command, actor=actor, now=NOW, expected_version=None, office=office, request=request)


def _anchored(engine: Engine, office: OfficeContext, directory: Path, now: datetime, name: str) -> Path:
    """Anchors everything, and keeps every anchor there is outside of the database."""
    with transaction(engine) as connection:
        key = signing_key_of_office(connection, directory, now=now)
    numbers = make_anchors(engine, office=office, key=key, now=now)
    kept = directory / f"{name}.txt"
    with reading(engine) as connection:
        texts = [anchor_text(connection, number) for number in range(1, max(numbers) + 1)]
    kept.write_text("".join(text for text in texts if text), encoding="utf-8")
    return kept
