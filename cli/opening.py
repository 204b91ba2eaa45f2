"""What every command that works with an office begins with: its database at this program's version, the office in it, the
reader's language."""

from sqlalchemy import Connection, Engine

import migrations
from cases.clock_watch import believe
from cases.office import NoOffice, OfficeContext, load_office
from cli.clock import read_clock
from cli.printing import WRONG, fail
from infra.closed_files import close_to_others
from infra.db import engine_of, reading
from infra.i18n import known_language
from infra.settings import settings
from words import Words


def opened_engine() -> Engine:
    """The office's database, which is there. Raises what `migrations.bring_up_to_date` raises, and `FileIsOpenToOthers`."""
    close_to_others(settings())
    engine = engine_of(settings())
    try:
        migrations.bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def office_of(connection: Connection) -> OfficeContext:
    """The office, or a refusal that says how to found one."""
    try:
        return load_office(connection)
    except NoOffice:
        fail(reader_words()("policy.no_office"), WRONG)


def reader_words() -> Words:
    return Words(known_language(settings().language))


def opened_to_write() -> Engine:
    """The same for a command whose work is dated by the clock of this machine. Raises `ClockIsInDoubt` too."""
    engine = opened_engine()
    try:
        with reading(engine) as connection:
            believe(connection, now=read_clock())
    except BaseException:
        engine.dispose()
        raise
    return engine
