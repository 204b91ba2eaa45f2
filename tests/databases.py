"""Databases with our schema, the small office that tests happen in, and the site that serves it to a browser.

A migrated database is made once for each server and copied for each test. The office has one account a role (`SEATS`)
and two units that do not see each other's cases. Servers and browsers themselves are in `tests/servers.py`; the
fixtures here are for a `conftest.py` to import, with the templates they copy: `engine` (both databases), `sqlite`,
`office`, `site`.
"""

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import psycopg
import pytest
from fastapi import FastAPI
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import Connection, Engine, event, func, select
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

import infra.db
import migrations
from api.app import create_app
from cases.execute import Opened
from cases.office import OfficeContext, establish, load_office
from infra.authorizer import guard
from infra.db import open_engine, reading, transaction
from infra.settings import Settings
from people.asked import GivePost, Move, NameDeputy, Rename
from people.links import make_link
from people.signin import begin_session
from people.staffing import add_account
from people.units import add_unit
from stories.story import Matter, Stage, Story, StoryStep, Teller, actor_of
from web.context import SESSION_COOKIE
from workflow.commands import adapter_of
from workflow.model import AccountId, Actor, CaseId, Role, UnitId
from workflow.procedures import PROCEDURES
from workflow.shapes import shapes

ZONE = ZoneInfo("Asia/Shanghai")
FOUNDED_AT = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
#: Monday 2 March 2026, 09:00 in Shanghai: ten weeks without a holiday but the two days off at the Qingming festival.
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1:8000"

UNITS = (
    ("upstream", "区委社会工作部", "upstream", None),
    ("centre", "滨江园区党群服务中心", "centre", "upstream"),
    ("room", "人民调解室", "unit", "centre"),
    ("desk", "谈心室", "unit", "centre"),
)
#: Who there is, and where: the log-in is the word a test calls them by.
SEATS: Mapping[str, tuple[str, Role]] = {
    "clerk": ("centre", Role.CLERK),
    "coordinator": ("centre", Role.COORDINATOR),
    "mediator": ("room", Role.MEDIATOR),
    "supervisor": ("room", Role.SUPERVISOR),
    "assessor": ("centre", Role.ASSESSOR),
    "auditor": ("upstream", Role.AUDITOR),
    "administrator": ("centre", Role.ADMINISTRATOR),
    "mediator_2": ("room", Role.MEDIATOR),
    "duty_leader": ("centre", Role.SUPERVISOR),
    "upstream": ("upstream", Role.SUPERVISOR),
    "desk_clerk": ("desk", Role.CLERK),
    "desk_mediator": ("desk", Role.MEDIATOR),
    "desk_supervisor": ("desk", Role.SUPERVISOR),
}


# -- databases --------------------------------------------------------------------------------------------------------


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine that is closed afterwards, with the lock files of its gate."""
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _without_waiting_for_the_disk)
    try:
        yield engine
    finally:
        engine.dispose()
        infra.db._gates.pop(engine, None)


def _without_waiting_for_the_disk(driver: sqlite3.Connection, _record: Any) -> None:
    driver.set_authorizer(None)  # which lets nobody say the next line
    driver.execute("PRAGMA synchronous=off").close()  # the data are thrown away
    guard(driver)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without an office, all of it in that one file."""
    path = tmp_path_factory.mktemp("template") / "huiyin.db"
    with opened(f"sqlite:///{path}") as engine:
        migrations.upgrade(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
    return path


@contextmanager
def sqlite_copy(template: Path, folder: Path) -> Iterator[Engine]:
    path = folder / "huiyin.db"
    shutil.copyfile(template, path)
    with opened(f"sqlite:///{path}") as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[tuple[str, str]]:
    """The server's URL, and the name of a migrated database on it that is only copied."""
    name = f"huiyin_{secrets.token_hex(6)}"
    _run(postgres, f"CREATE DATABASE {name}")
    with opened(_url(postgres, name)) as engine:
        migrations.upgrade(engine)
    yield postgres, name
    _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres_copy(template: tuple[str, str]) -> Iterator[Engine]:
    server, origin = template
    name = f"{origin}_{secrets.token_hex(4)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {origin}")
    try:
        with opened(_url(server, name)) as engine:
            yield engine
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite database of this test's own, without an office."""
    with sqlite_copy(sqlite_template, tmp_path) as engine:
        yield engine


@pytest.fixture
def postgresql(postgres_template: tuple[str, str]) -> Iterator[Engine]:
    """A migrated PostgreSQL database of this test's own, without an office."""
    with postgres_copy(postgres_template) as engine:
        yield engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each database in turn: a migrated one of this test's own, without an office."""
    found: Engine = request.getfixturevalue(request.param)
    return found


def _url(server: str, name: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://", 1).rpartition("/")[0] + "/" + name


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


# -- the office -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallOffice:
    """A founded office in a database: ids by the words of `UNITS` and `SEATS`."""

    engine: Engine
    context: OfficeContext
    units: Mapping[str, UnitId]
    accounts: Mapping[str, AccountId]
    actors: Mapping[str, Actor]

    @property
    def stage(self) -> Stage:
        return Stage(people=self.actors, units=self.units)

    def tell(self, matter: Matter, *steps: StoryStep) -> Opened:
        """A case with a past: the steps are taken in order, each at its own time. The names are those of `SEATS`."""
        story = Story(case=secrets.token_hex(8), matter=matter, steps=steps)
        teller = Teller(self.engine, self.context, self.stage, story)
        for index in range(len(steps)):
            teller.tell(index)
        assert teller.opened, "a story begins with Register or Apply"
        return teller.opened


def step(at: str, by: str, do: str, **fields: Any) -> StoryStep:
    """One step of a story: `at` is a local time such as 2026-03-02T09:00."""
    return StoryStep(at=at, by=by, do=do, fields=fields)


def found(engine: Engine, *, demo: bool = False, profile: str = "mediation-30d") -> SmallOffice:
    """The small office in a migrated database that holds none."""
    units: dict[str, UnitId] = {}
    accounts: dict[str, AccountId] = {}
    with transaction(engine) as connection:
        establish(
            connection, name="滨江园区党群服务中心", short_name="滨园",
            profiles=(profile, "petition", "hotline", "enterprise"),
            now=FOUNDED_AT, demo=demo,
        )  # fmt: skip
        for key, name, kind, parent in UNITS:
            units[key] = add_unit(
                connection,
                name=name,
                kind=kind,
                parent=units.get(parent or ""),
                takes_intake=key == "centre",
                now=FOUNDED_AT,
            )
        for login, (unit, role) in SEATS.items():
            accounts[login] = add_account(
                connection, unit=units[unit], role=role, login=login, name=f"账号-{login}",
                email=f"{login}@example.test", now=FOUNDED_AT,
            )  # fmt: skip
        actors = {login: actor_of(connection, account) for login, account in accounts.items()}
    with reading(engine) as connection:
        context = load_office(connection)
    return SmallOffice(engine=engine, context=context, units=units, accounts=accounts, actors=actors)


@pytest.fixture(scope="session")
def office_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SmallOffice]:
    """An SQLite file with the small office in it, and what its ids are."""
    folder = tmp_path_factory.mktemp("office")
    with sqlite_copy(sqlite_template, folder) as engine:
        made = found(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
    return folder / "huiyin.db", made


@pytest.fixture
def office(office_template: tuple[Path, SmallOffice], tmp_path: Path) -> Iterator[SmallOffice]:
    """The small office in an SQLite database of this test's own."""
    template, made = office_template
    with sqlite_copy(template, tmp_path) as engine:
        yield replace(made, engine=engine)


# -- the site ---------------------------------------------------------------------------------------------------------


#: Modules that the clock is not stopped for: what pytest measures, waits that end, and the rules, which never read it and
#: count days faster with the real types.
KEEP_REAL_TIME = ["_pytest", "workflow", "infra.gate", "infra.line", "notifications.deliver", "notifications.smtp"]


@dataclass(frozen=True)
class Clock:
    """The clock of this process, which stands still until a test moves it; the machine has run as long as it has moved."""

    _frozen: FrozenDateTimeFactory
    _machine: "Machine"

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    @property
    def now(self) -> datetime:
        return self()

    def move_to(self, instant: datetime) -> datetime:
        self._frozen.move_to(instant)
        return instant

    def put_wrong(self, by: timedelta) -> datetime:
        """Somebody sets it, and the machine has run no longer."""
        self._machine.set_by += by
        return self.move_to(self() + by)

    def set(self, local: str) -> datetime:
        """The office's local time, such as 2026-03-02T09:00."""
        return self.move_to(datetime.fromisoformat(local).replace(tzinfo=ZONE))


@dataclass
class Machine:
    """What counts how long the machine has been running."""

    started: float
    time_of_day: Callable[[], float]
    set_by: timedelta = timedelta()

    def ticks(self, _clock: int) -> float:
        return self.time_of_day() - self.started - self.set_by.total_seconds()


@contextmanager
def stopped_clock(at: datetime) -> Iterator[Clock]:
    """Every look at the time of day in this process finds this instant, until the clock is set. Loops, timeouts and
    threads go on by the real one."""
    _make_forms()
    with freeze_time(at, real_asyncio=True, ignore=KEEP_REAL_TIME) as frozen:
        machine = Machine(at.timestamp(), lambda: datetime.now(UTC).timestamp())
        with mock.patch("time.clock_gettime", machine.ticks):
            yield Clock(frozen, machine)


@contextmanager
def set_clock(at: datetime) -> Iterator[None]:
    """The clock of this process was set to this instant, and goes on."""
    _make_forms()
    machine = Machine(at.timestamp(), lambda: datetime.now(UTC).timestamp())
    with freeze_time(at, tick=True, ignore=KEEP_REAL_TIME), mock.patch("time.clock_gettime", machine.ticks):
        yield


@cache
def _make_forms() -> None:
    """What compares the types of a command's fields with `date` has done so while that name means the real one."""
    for command in (step.command for procedure in PROCEDURES.values() for step in procedure.steps):
        adapter_of(command), shapes(command)
    for asked in (GivePost, NameDeputy, Rename, Move):
        adapter_of(asked), shapes(asked)


@dataclass(frozen=True, kw_only=True)
class Site:
    """The application on an office's database, and browsers to look at it with."""

    app: FastAPI
    settings: Settings
    office: SmallOffice
    clock: Clock
    _browsers: list[TestClient] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.office.engine

    def browser(self, *, raise_errors: bool = True, address: str = ADDRESS) -> TestClient:
        """A browser that has never been here. It follows no redirect by itself."""
        made = TestClient(
            self.app, base_url=address, follow_redirects=False, raise_server_exceptions=raise_errors,
            headers={"accept-language": "zh-CN"},
        )  # fmt: skip
        self._browsers.append(made)
        return made

    def browser_for(self, login: str) -> TestClient:
        """A browser that has signed in by a one-time link, as a person does: link, page, button."""
        browser = self.browser()
        address = f"/signin/link/{self.link_token(login)}"
        answer = browser.post(address, data={"form_token": form_token(browser)})
        assert answer.status_code == 303, answer.text
        return browser

    def session_for(self, login: str) -> TestClient:
        """The same without the way there, for tests that need hundreds: the session is begun in the database."""
        with transaction(self.engine) as connection:
            return self._with_session(begin_session(connection, account=self.office.accounts[login], now=self.clock()))

    def petitioner_of(self, case: int) -> TestClient:
        """The browser of somebody who came with the case's code."""
        with transaction(self.engine) as connection:
            return self._with_session(begin_session(connection, case=CaseId(case), now=self.clock()))

    def link_token(self, login: str) -> str:
        with transaction(self.engine) as connection:
            return make_link(connection, self.office.accounts[login], now=self.clock())

    def _with_session(self, token: str) -> TestClient:
        browser = self.browser()
        browser.cookies.set(SESSION_COOKIE, token, domain="127.0.0.1", path="/")
        return browser


def form_token(browser: TestClient) -> str:
    """What every form of this browser carries, read off a public page that has one."""
    page = browser.get("/signin").text
    return page.partition('name="form_token" value="')[2].partition('"')[0]


class _App(FastAPI):
    """Its routes are those of every other: a thousand tests have a site, and each would read all signatures anew."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], *, methods: list[str], **options: Any) -> None:  # type: ignore[override]  # as `create_app` calls it
        self.routes.append(_route(path, endpoint, tuple(methods), tuple(options.items())))


@cache
def _route(path: str, endpoint: Callable[..., Any], methods: tuple[str, ...], options: tuple[Any, ...]) -> BaseRoute:
    app = FastAPI(openapi_url=None)
    app.add_api_route(path, endpoint, methods=list(methods), **dict(options))
    return app.routes[-1]


@contextmanager
def serving(office: SmallOffice, folder: Path, **settings: Any) -> Iterator[Site]:
    """A site on an office, with `folder` as its home."""
    values: dict[str, Any] = {"home": folder, "database": str(office.engine.url), "smtp_host": "", **settings}
    made = Settings(**values)
    # Before the clock stops: libraries that it loads derive classes from `date`.
    with mock.patch("web.app.FastAPI", _App):
        app = create_app(office.engine, made)
    with stopped_clock(START) as clock:
        site = Site(app=app, settings=made, office=office, clock=clock)
        try:
            yield site
        finally:
            for browser in site._browsers:
                browser.close()


@pytest.fixture
def site(office: SmallOffice, tmp_path: Path) -> Iterator[Site]:
    """The site of the small office, on SQLite, at START."""
    with serving(office, tmp_path) as made:
        yield made


def count(connection: Connection, table: Any, *where: Any) -> int:
    """How many rows of a table fulfil the conditions."""
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
