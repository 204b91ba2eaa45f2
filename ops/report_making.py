"""The timers' part in reports that are made for later: take one, write it, keep it, say so; until none waits."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile

from sqlalchemy import Engine

from cases.office import load_office
from infra.db import CANNOT_WRITE_NOW, cannot_write_now, reading, transaction
from infra.stopping import Stop, never
from infra.ticks import read_ticks
from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office
from ledger.outbox import messages, post
from people.directory import Person, person
from reports.later import jobs
from reports.later.jobs import ReportIsLost, Wanted
from reports.later.kinds import KINDS, CannotBeMade, Making, Written
from reports.later.progress import Progress
from workflow.model import Json

log = logging.getLogger(__name__)

#: Between two words of how far it is.
TELL_EVERY = timedelta(seconds=1)
MADE = "report:made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How many reports there are more, those among them that there cannot be; and how many broke off for no known reason."""

    made: int
    failed: int


class _Stopped(Exception):
    """This process has been told to stop: the report is begun anew by the next."""


def make_reports(engine: Engine, *, now: datetime, stop: Stop = never) -> Done:
    """Makes what waits. `now` is the instant at which the work begins."""
    made, failed, clock = 0, 0, _running_from(now)
    while not stop():
        wanted = jobs.take(engine, now=clock())
        if wanted is None:
            break
        try:
            done = _attempt(engine, wanted, clock, stop)
        except ReportIsLost:
            log.info("a report was taken by another or thrown away meanwhile", extra={"report": wanted.public_id})
            continue
        made, failed = made + done.made, failed + done.failed
    return Done(made=made, failed=failed)


def _attempt(engine: Engine, wanted: Wanted, clock: Callable[[], datetime], stop: Stop) -> Done:
    """Makes it, says why it cannot be made, or gives it back."""
    try:
        _make(engine, wanted, clock, stop)
    except _Stopped:
        jobs.give_back(engine, wanted)
        return Done(made=0, failed=0)
    except ReportIsLost:
        raise
    except Exception as error:
        if cannot_write_now(error):
            _let_go(engine, wanted)
            raise
        log.exception("a report cannot be made", extra={"report": wanted.public_id})
        _fail(engine, wanted, "report.broke_off", {}, now=clock())
        return Done(made=0, failed=1)
    return Done(made=1, failed=0)


def _let_go(engine: Engine, wanted: Wanted) -> None:
    """Whoever comes next has it, if that can be written; otherwise it is free when the lease is over."""
    with suppress(*CANNOT_WRITE_NOW, ReportIsLost):
        jobs.give_back(engine, wanted)


def _make(engine: Engine, wanted: Wanted, clock: Callable[[], datetime], stop: Stop) -> None:
    try:
        with TemporaryFile() as file:
            with reading(engine) as connection:
                who = person(connection, wanted.asker.account, post=wanted.asker.post)
                kind = KINDS[wanted.kind]
                if who is None or who.post != wanted.asker.post or who.actor.role not in kind.who:
                    raise CannotBeMade("report.not_for_this_account")
                making = Making(
                    connection=connection,
                    asked=wanted.asked,
                    actor=who.actor,
                    office=load_office(connection),
                    language=wanted.language,
                    now=wanted.asked_at,
                    progress=_progress(engine, wanted, clock, stop),
                )
                written = kind.write(making, file)
            file.seek(0)
            size, sha256 = jobs.keep(engine, wanted, file, clock)
    except CannotBeMade as refused:
        _fail(engine, wanted, refused.code, refused.values, now=clock())
        return
    _finish(engine, wanted, written, who, size=size, sha256=sha256, now=clock())


def _fail(engine: Engine, wanted: Wanted, code: str, values: Mapping[str, str], *, now: datetime) -> None:
    with transaction(engine) as connection:
        jobs.fail(connection, wanted, code, values, now=now)


def _finish(
    engine: Engine, wanted: Wanted, written: Written, who: Person, *, size: int, sha256: str, now: datetime
) -> None:
    """What was handed out, that it is made, and the mail, in one transaction: nobody gets a file that the ledger does not know."""
    with transaction(engine) as connection:
        jobs.finish(connection, wanted, name=written.name, size=size, sha256=sha256, now=now)
        written.record(connection, now)
        told = [who.id] if wanted.mail else []
        data: dict[str, Json] = {
            "report": wanted.kind,
            "job": wanted.public_id,
            "sha256": sha256,
            "bytes": size,
            "told": [*told],
        }
        head = append_to_office(
            connection, NewEvent(code=MADE, occurred_at=now, recorded_at=now, actor=who.actor, data=data)
        )
        post(connection, messages(OFFICE_STREAM, head.seq, recorded_at=head.at, to=told))


def _progress(engine: Engine, wanted: Wanted, clock: Callable[[], datetime], stop: Stop) -> Progress:
    told: datetime | None = None

    def tell(done: int, total: int) -> None:
        nonlocal told
        if stop():
            raise _Stopped
        now = clock()
        if told is None or now - told >= TELL_EVERY:
            told = now
            try:
                jobs.tell(engine, wanted, done, total, now=now)
            except Exception as error:
                if not cannot_write_now(error) or now >= wanted.until:
                    raise
                log.info("how far a report is could not be said", extra={"report": wanted.public_id})

    return tell


def _running_from(now: datetime) -> Callable[[], datetime]:
    """The time of day, counted on by how long the machine runs: what was believed at the beginning stays believed."""
    begun = read_ticks().milliseconds
    return lambda: now + timedelta(milliseconds=read_ticks().milliseconds - begun)
