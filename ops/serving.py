"""Running the program: timers in one process, web in the same or in several more, for an office or for the demo.

SIGTERM and SIGINT stop it: what is under way is finished, within `HUIYIN_STOP_SECONDS`, and the exit code is 0.
"""

import errno
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

import migrations
from api.app import Lifespan, create_app
from cases.office import load_office
from cases.tracking import in_groups
from demo.building import build_demo
from infra.db import engine_of, fold_up, open_engine, reading, transaction
from infra.logs import log_to_stderr
from infra.settings import Settings
from infra.settings import settings as configured
from ops.figures import given_out
from ops.timers import Stopping, running_timers
from people.directory import first_of_each_role
from people.links import make_link
from web.connections import connections, limits_within

#: A tracking code to try the petitioner's pages with. Of an invented matter: codes of real ones are kept nowhere.
CODE_FILE = "petitioner-code.txt"


class CannotListen(Exception):
    """The address is none of this machine, or the port needs a right. Carries both."""


class PortIsTaken(CannotListen):
    """Another program listens there, maybe this one."""


class Workers(Multiprocess):
    """The workers of one program: one that dies is replaced, and one that cannot start ends them all.

    The library also kills whoever does not answer it within seconds: on a busy machine, a worker that is still starting,
    again and again; and while it waits for that answer, nobody can tell it to stop.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], stopping: Stopping) -> None:
        super().__init__(config, sockets)
        self._stopping = stopping

    def handle_int(self) -> None:
        self._stopping.ask()
        super().handle_int()

    def handle_term(self) -> None:
        self._stopping.ask()
        super().handle_term()

    def keep_subprocess_alive(self) -> None:
        for place, worker in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if worker.process.is_alive():
                continue
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:
                self.should_exit.set()
                return
            self.processes[place] = Process(self.config, self.sockets)
            self.processes[place].start()


class Server(uvicorn.Server):
    """The pages of one process. The jobs beside them hear of a stop when it does, and not when the last answer is given."""

    def __init__(self, config: uvicorn.Config, stopping: Stopping) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.ask()
        super().handle_exit(sig, frame)


def serve_office(engine: Engine, settings: Settings, *, timers: bool, workers: int = 1) -> None:
    """Serves until it is told to stop: with one worker from this process; with several from as many processes of their
    own, which this one starts, replaces when they die, and ends. The timers are always in this one. Raises
    `cases.office.NoOffice` for an empty database, `CannotListen`."""
    stopping = Stopping()
    with reading(engine) as connection:
        load_office(connection)
    beside = _timers_beside(engine, settings, stopping) if timers else None
    app: FastAPI | str = "ops.serving:worker_app" if workers > 1 else create_app(engine, settings, lifespan=beside)
    limits = limits_within(resource.getrlimit(resource.RLIMIT_NOFILE)[0], behind_proxy=settings.trusted_proxy)
    config = uvicorn.Config(
        app, factory=workers > 1, workers=workers, host=settings.host, port=settings.port, log_config=None,
        access_log=False, server_header=False, proxy_headers=False, ws="none", backlog=limits.at_once,
        http=connections(settings, limits),  # type: ignore[arg-type]  # not the class, but what makes one
        timeout_graceful_shutdown=settings.stop_seconds,
    )  # fmt: skip
    with (
        ending_well(engine, stopping),
        closing(listening(config)) as calls,
        given_out(engine, settings, workers=workers),
    ):
        if workers > 1:
            with running_timers(engine, settings, stopping) if timers else nullcontext():
                Workers(config, [calls], stopping).run()
        else:
            _serve_alone(config, calls, stopping)


def work(engine: Engine, settings: Settings) -> None:
    """Runs the timers only, until it is told to stop."""
    stopping = Stopping()
    with ending_well(engine, stopping):
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: stopping.ask())
        with given_out(engine, settings), running_timers(engine, settings, stopping):
            stopping.wait()


@contextmanager
def ending_well(engine: Engine, stopping: Stopping) -> Iterator[None]:
    """Ends the process after the block, also if a thread is left that does not end."""
    try:
        yield
    finally:
        engine.dispose()
    if stopping.is_asked():  # a job or an answer that does not end would keep the process
        logging.shutdown()
        os._exit(0)


def _timers_beside(engine: Engine, settings: Settings, stopping: Stopping) -> Lifespan:
    """The timers begin and end with the application: its server ends it before it gives the signal on that it was told to
    stop by, which may end the process."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as timers:
            timers.enter_context(running_timers(engine, settings, stopping))
            yield
            await run_in_threadpool(timers.close)

    return lifespan


def listening(config: uvicorn.Config) -> socket.socket:
    """The place where browsers call. Raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Without the protocol's number asyncio does not know TCP again, and each answer waits 40 ms for the one before.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((config.host, config.port))
        made.listen(config.backlog)
    except OSError as error:
        made.close()
        kind = PortIsTaken if error.errno == errno.EADDRINUSE else CannotListen
        raise kind(f"{config.host}:{config.port}") from error
    made.set_inheritable(True)
    return made


def _serve_alone(config: uvicorn.Config, calls: socket.socket, stopping: Stopping) -> None:
    server = Server(config, stopping)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            one, lambda *_: None
        )  # the server says it again when it has stopped, and that is not the end of us
    server.run(sockets=[calls])
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def worker_app() -> FastAPI:
    """The application of one of several workers, under the settings of the program's environment."""
    log_to_stderr()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return create_app(engine_of(configured()), configured())


def _end_with_parent() -> None:
    """Ends this worker when the process that started it is gone, killed maybe: nobody else would."""
    parent = multiprocessing.parent_process()
    assert parent, "a worker is started by the program"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


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
    engine = engine_of(mine)
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
        fold_up(engine)
    finally:
        engine.dispose()
    unfinished.replace(database)


def _print_links(engine: Engine, settings: Settings, now: datetime) -> None:
    lines = [f"\n  回音 Huiyin  {settings.base_url()}\n"]
    with transaction(engine) as connection:
        for role, name, account in first_of_each_role(connection):
            token = make_link(connection, account, now=now, reusable=True)
            lines.append(f"  {role:14} {name}  {settings.link_address(token)}")
    code = settings.home / CODE_FILE
    if code.exists():
        lines.append(f"  {'petitioner':14} {settings.base_url()}/track  {in_groups(code.read_text('utf-8'))}")
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
