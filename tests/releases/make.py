"""Makes a small office with the program of this checkout: every matter, brought through every state that it has.

    PYTHONPATH=. python tests/releases/make.py FILE.db

A file that is there already is the office of an earlier release: it is upgraded, and goes on for a few days. Run it in a
checkout of a release (`docs/releasing.md`); what it makes is kept, compressed, beside this file, and every later program
is held to read it. It tells the stories of `tests/stories` and of `told/`, which hold what those leave out,
in the order of time, with the sweep between the steps as the timers would run it. What a release does not know yet (a
command, a page) is left out: one file makes the database of every release.
"""

import importlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

import migrations
from cases.execute import execute
from cases.office import load_office
from cases.sweep import sweep
from cases.tables import Case, Clock
from infra.db import checkpoint, open_engine, reading, transaction
from infra.settings import Settings
from people.links import make_link
from people.staffing import add_account
from stories.story import Stage, StoryIsWrong, Teller, actor_of, build_stage, read_story
from web.app import create_app
from workflow.commands import Command
from workflow.model import Role
from workflow.procedures import COMMANDS
from workflow.procedures.every_case.commands import Resume
from workflow.procedures.petition.commands import Register, Reply, ReportByPhone, ReportInWriting

HERE = Path(__file__).parent
FOUNDED_AT = datetime(2025, 1, 2, 1, tzinfo=UTC)
#: When the year before is closed: a Thursday after the days of appeal (`close_on` is January 15th).
YEAR_CLOSED_AT = datetime(2026, 1, 22, 2, tzinfo=UTC)
LOOKED_AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
#: Where these are, and where they were.
PACK_EXPORTS_CHOICE = (
    ("reports.record.pack", "reports.pack"), ("reports.closures.exports", "reports.exports"),
    ("reports.closures.choice", "reports.closure_choice"),
)  # fmt: skip
MINUTE = timedelta(minutes=1)
#: When an office of an earlier release goes on.
WENT_ON_AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
#: Who an office has beside those of a story.
OTHERS = {"auditor": Role.AUDITOR, "auditor_2": Role.AUDITOR, "admin": Role.ADMINISTRATOR}
_case = Case.__table__.c  # type: ignore[attr-defined]  # SQLModel sets it
Act = Callable[[datetime], None]


def make(file: Path) -> None:
    """The whole office, told from its founding to `LOOKED_AT`."""
    url = f"sqlite:///{file}"
    engine = open_engine(url)
    migrations.upgrade(engine)
    with transaction(engine) as connection:
        stage = build_stage(connection, now=FOUNDED_AT)
        people = dict(stage.people)
        for login, role in OTHERS.items():
            account = add_account(
                connection, unit=stage.units["centre"], role=role, login=login, name=login,
                email=f"{login}@example.invalid", now=FOUNDED_AT,
            )  # fmt: skip
            people[login] = actor_of(connection, account)
    stage = Stage(people=people, units=stage.units)
    acts = [*_steps(engine, stage), *_signatures(engine, stage)]
    since = FOUNDED_AT
    for moment, act in sorted(acts, key=lambda one: one[0]):
        _notice(engine, since=since, until=moment)
        act(moment)
        since = moment
    _notice(engine, since=since, until=LOOKED_AT)
    _visits(engine, stage, file)
    _acts_of_the_office(engine, stage)
    _anchors(engine, file)
    checkpoint(engine)
    engine.dispose()


def go_on(file: Path) -> None:
    """The office of an earlier release after its upgrade: whatever is in hand is answered, and the timers run."""
    engine = open_engine(f"sqlite:///{file}")
    migrations.upgrade(engine)
    with reading(engine) as connection:
        office = load_office(connection)
        found = select(_case.id, _case.holder_person).where(_case.state == "handling").order_by(_case.id)
        in_hand = [(row.id, actor_of(connection, row.holder_person)) for row in connection.execute(found)]
    for case_id, holder in in_hand:
        steps: list[Command] = [Reply(form="oral", answer="已处理。")]
        with reading(engine) as connection:
            paused = connection.execute(select(_case.paused_until).where(_case.id == case_id)).scalar()
        if paused is not None and paused > WENT_ON_AT:
            steps.insert(0, Resume())
        for index, step in enumerate(steps):
            with transaction(engine) as connection:
                execute(
                    connection, case_id, step, actor=holder, now=WENT_ON_AT + index * MINUTE, expected_version=None,
                    office=office, request=f"{case_id}/went on/{index}",
                )  # fmt: skip
    sweep(engine, now=WENT_ON_AT + 7 * 24 * 60 * MINUTE)
    checkpoint(engine)
    engine.dispose()


def _steps(engine: Engine, stage: Stage) -> list[tuple[datetime, Act]]:
    """Every step of every story that this release has the commands for."""
    with reading(engine) as connection:
        office = load_office(connection)
    acts: list[tuple[datetime, Act]] = []
    for path in sorted([*(Path("tests/stories")).glob("*.json"), *(HERE / "told").glob("*.json")]):
        story = read_story(path)
        if unknown := {step.do for step in story.steps if step.do not in COMMANDS}:
            print(f"left out: {path.name}: no {', '.join(sorted(unknown))}", file=sys.stderr)
            continue
        teller = Teller(engine, office, stage, story)
        acts += [(teller.moment(step), _telling(teller, index)) for index, step in enumerate(story.steps)]
    return acts


def _telling(teller: Teller, index: int) -> Act:
    def act(_moment: datetime) -> None:
        teller.tell(index)

    return act


def _notice(engine: Engine, *, since: datetime, until: datetime) -> None:
    """Runs the sweep at each instant at which something crosses."""
    due = select(func.min(Clock.__table__.c.next_crossing_at))  # type: ignore[attr-defined]
    while True:
        with reading(engine) as connection:
            found: datetime | None = connection.execute(due).scalar()
        if found is None or found > until:
            return
        if failed := sweep(engine, now=max(found, since)).failed:
            raise StoryIsWrong(f"crossings that cannot be recorded: {failed}")


def _signatures(engine: Engine, stage: Stage) -> list[tuple[datetime, Act]]:
    """The year 2025 is closed by two signatures."""
    if (closing := _known("reports.years.closing", "reports.closing")) is None:
        return []

    def close(now: datetime) -> None:
        with reading(engine) as connection:
            office = load_office(connection)
        with transaction(engine) as connection:
            proposal = closing.propose_close(
                connection, year=2025, scheme="LIGHTS-A", actor=stage.people["assessor"], office=office, now=now
            )
        with transaction(engine) as connection:
            closing.close_year(
                connection, year=2025, result_hash=proposal.result_hash, actor=stage.people["auditor"], office=office,
                now=now + timedelta(hours=1),
            )  # fmt: skip

    return [(YEAR_CLOSED_AT, close)]


def _visits(engine: Engine, stage: Stage, file: Path) -> None:
    """What people do on pages that is no step of a case: each leaves an event of the office."""
    home = file.with_suffix(".home")
    made = Settings(home=home, database=str(engine.url), smtp_host="")
    browser = TestClient(create_app(engine, made, clock=lambda: LOOKED_AT), follow_redirects=False)

    def sign_in(login: str) -> Callable[..., Any]:
        account = stage.people[login].account
        assert account is not None
        with transaction(engine) as connection:
            link = make_link(connection, account, now=LOOKED_AT)
        token = browser.get("/signin").text.partition('name="form_token" value="')[2].partition('"')[0]
        answer = browser.post(f"/signin/link/{link}", data={"form_token": token})
        assert answer.status_code == 303, answer.text
        token = browser.get("/password").text.partition('name="form_token" value="')[2].partition('"')[0]

        def post(address: str, *, may_be_missing: bool = False, **fields: Any) -> None:
            answer = browser.post(address, data={"form_token": token, **fields})
            missing = may_be_missing and answer.status_code == 404
            assert missing or answer.status_code in (200, 303), f"{address}: {answer.status_code} {answer.text}"

        return post

    post = sign_in("admin")
    post("/people/units", name="新设单位", parent=str(stage.units["centre"]), kind="unit")
    post(
        "/people",
        unit=str(stage.units["room"]),
        role="mediator",
        login="mediator_5",
        name="新来",
        email="m5@example.invalid",
    )
    post(f"/people/{stage.people['mediator_4'].account}/link")
    post(f"/people/{stage.people['mediator_4'].account}/close")
    post(
        "/policy/profiles",
        may_be_missing=True,
        profile=["mediation-30d", "petition", "hotline", "enterprise", "crisis"],
    )
    post("/password", password="correct horse battery staple 2026", again="correct horse battery staple 2026")
    post = sign_in("auditor")
    for kind in ("csv", "xlsx"):
        post(f"/closures/{kind}", start="2026-01-01", end="2026-11-20")
    post("/bulletin/csv", may_be_missing=True, period="2026-10")


def _acts_of_the_office(engine: Engine, stage: Stage) -> None:
    """A crisis with its two reports; a shorter rule published, so that running clocks are counted anew; a third red of a
    unit; a sign with its verdict; an unmasked export; a pack: as far as this release has them."""
    thirds = _known("cases.thirds")
    if thirds is None:
        return
    _crisis(engine, stage)
    _new_rule(engine, stage)
    with reading(engine) as connection:
        office = load_office(connection)
    thirds.warn_of_third_reds(engine, office.policy.calendar, now=LOOKED_AT)
    _verdict(engine, stage)
    pack, exports, choice = (_known(*names) for names in PACK_EXPORTS_CHOICE)
    with transaction(engine) as connection:
        auditor = stage.people["auditor"]
        made = pack.pack_case(connection, 1, office=office, actor=auditor, now=LOOKED_AT)
        pack.note_pack(connection, made, reason=None, actor=auditor, now=LOOKED_AT)
        typed = {"start": ["2026-01-01"], "end": ["2026-11-20"]}
        asked = choice.read_choice(typed, units={}, office=office, today=office.policy.calendar.local_day(LOOKED_AT))
        order = exports.Order(asked=asked, format="jsonl", language="zh_CN", ground="audit_sample")
        with TemporaryFile() as content:
            written = exports.write_file(connection, order, content, actor=auditor, office=office, now=LOOKED_AT)
        exports.record(connection, order, written, actor=auditor, now=LOOKED_AT)


def _crisis(engine: Engine, stage: Stage) -> None:
    opening, now = _known("cases.execute"), LOOKED_AT
    with reading(engine) as connection:
        office = load_office(connection)
    with transaction(engine) as connection:
        command = Register(title="群体聚集", statement="三十余人在大厅聚集。", applicant="某企业员工", channel="call")
        opened = opening.open_case(
            connection, command, profile="crisis", actor=stage.people["clerk"], now=now, office=office,
            request="crisis",
        )  # fmt: skip
        steps = (
            ("clerk", ReportByPhone(note="已电话报告。")),
            ("clerk", ReportInWriting(note="已书面报告。")),
        )
        for index, (who, step) in enumerate(steps):
            opening.execute(
                connection, opened.case_id, step, actor=stage.people[who], now=now + (index + 1) * MINUTE,
                expected_version=None, office=office, request=f"crisis/{index}",
            )  # fmt: skip


def _new_rule(engine: Engine, stage: Stage) -> None:
    """Orders of the hotline get a day more, also those that run."""
    planning, moving, policies = (_known(f"cases.{name}") for name in ("planning", "moving", "policies"))
    now = LOOKED_AT + 5 * MINUTE
    name = "rules/hotline.toml"
    with reading(engine) as connection:
        office = load_office(connection)
        content = policies.files_of(connection, office.policy.version)[name].decode()
        given = {name: content.replace("length = 5", "length = 6", 1).encode()}
        files, candidate = policies.candidate_of(connection, given, calendar=office.policy.calendar.name)
        plan = planning.planned(connection, candidate, now=now)
    moving.apply_plan(engine, plan.id, files, candidate, actor=stage.people["admin"], now=now)


def _verdict(engine: Engine, stage: Stage) -> None:
    signs, reviews = _known("reports.years.signs", "reports.signs"), _known("cases.sign_reviews")
    auditor = stage.people["auditor"]
    with transaction(engine) as connection:
        office = load_office(connection)
        found = signs.signs_of_year(connection, year=2026, actor=auditor, office=office)
        reviews.review(connection, found[0].key, "explained", actor=auditor, now=LOOKED_AT, request="a sign")


def _anchors(engine: Engine, file: Path) -> None:
    """An anchor of everything, and the marks, where this release has them."""
    anchors, tally = _known("cases.anchors"), _known("cases.tally")
    with reading(engine) as connection:
        office = load_office(connection)
    if tally is not None:
        tally.keep_up(engine, office.policy.calendar)
    if anchors is not None:
        signing = importlib.import_module("infra.signing")
        anchors.make_anchors(engine, office=office, key=signing.signing_key(file.with_suffix(".home")), now=LOOKED_AT)


def _known(*names: str) -> Any:
    """A module of this release by the first of its names, of which a later one is the older; None if it has none."""
    for module in names:
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError:
            continue
    return None


if __name__ == "__main__":
    os.umask(0o077)
    given = Path(sys.argv[1])
    (go_on if given.exists() else make)(given)
