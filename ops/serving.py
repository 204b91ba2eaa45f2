"""Running the program: web and timers in one process, for an office or for the demo."""

import sys
from datetime import datetime
from pathlib import Path

import uvicorn
from sqlalchemy import Engine

import migrations
from cases.tracking import in_groups
from infra.db import open_engine, transaction
from infra.settings import Settings
from ops.demo import build_demo
from ops.timers import start_timers
from people.directory import first_of_each_role
from people.signin import make_link
from web.app import create_app

#: A tracking code to try the petitioner's pages with. Of an invented matter: codes of real ones are kept nowhere.
CODE_FILE = "petitioner-code.txt"


def serve_office(engine: Engine, settings: Settings, *, timers: bool) -> None:
    """Serves until it is told to stop. Raises `cases.office.NoOffice` for an empty database."""
    app = create_app(engine, settings)
    scheduler = start_timers(engine, settings) if timers else None
    try:
        uvicorn.run(
            app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
            proxy_headers=settings.trusted_proxy,
        )  # fmt: skip
    finally:
        if scheduler:
            scheduler.shutdown(wait=True)
        engine.dispose()


def serve_demo(settings: Settings, *, port: int, fresh: bool, now: datetime) -> None:
    """The demo office on loopback, built when it is not there yet; prints a sign-in link for each role."""
    home = settings.home / "demo"
    mine = settings.model_copy(
        update={"home": home, "database": "", "host": "127.0.0.1", "port": port, "public_url": "", "smtp_host": ""}
    )
    database = home / "huiyin.db"
    if fresh:
        for path in home.glob("huiyin.db*"):
            path.unlink()
    _build(database, now)
    engine = open_engine(mine.database_url())
    migrations.upgrade(engine)
    _print_links(engine, mine, now)
    serve_office(engine, mine, timers=True)


def _build(database: Path, now: datetime) -> None:
    """A demo that was interrupted while it was being built is not there: it is built under another name first."""
    if database.exists():
        return
    print("正在生成演示数据……  Building the demo office...", flush=True)  # noqa: T201 (the console is the page here)
    unfinished = database.with_name("building.db")
    for path in database.parent.glob("building.db*"):
        path.unlink()
    engine = open_engine(f"sqlite:///{unfinished}")
    try:
        migrations.upgrade(engine)
        made = build_demo(engine, now=now)
        (database.parent / CODE_FILE).write_text(made.code, "utf-8")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    unfinished.replace(database)


def _print_links(engine: Engine, settings: Settings, now: datetime) -> None:
    lines = [f"\n  回音 Huiyin  {settings.base_url()}\n"]
    with transaction(engine) as connection:
        for role, name, account in first_of_each_role(connection):
            token = make_link(connection, account, now=now, reusable=True)
            lines.append(f"  {role:14} {name}  {settings.base_url()}/signin/link/{token}")
    code = settings.home / CODE_FILE
    if code.exists():
        lines.append(f"  {'petitioner':14} {settings.base_url()}/track  {in_groups(code.read_text('utf-8'))}")
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
