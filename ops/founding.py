"""Founding a real office: schema, units, calendar, the first administrator and a one-time link. No default password."""

from datetime import datetime

import migrations
from cases.office import NoOffice, load_office, load_policy
from infra.db import open_engine, transaction
from infra.settings import Settings
from people.directory import add_account, add_unit, found_office
from people.signin import make_link
from workflow.model import Role


class OfficeIsIncomplete(Exception):
    """What was given does not make an office; the message says what is missing, in both languages."""


class AlreadyFounded(Exception):
    """The database holds an office; its name is the message."""


def found(
    settings: Settings,
    *,
    name: str,
    short_name: str,
    administrator: str,
    email: str,
    mediation: str,
    calendar: str,
    now: datetime,
) -> str:
    """The link that signs the first administrator in. Raises `AlreadyFounded`, `OfficeIsIncomplete`, `PolicyIsWrong`."""
    if not (name.strip() and short_name.strip()) or "@" not in email:
        raise OfficeIsIncomplete("单位名称、简称和邮箱都要填写。Name, short name and e-mail are needed.")
    profiles = [p.id for p in load_policy(calendar).profiles.values() if p.procedure == "mediation"]
    if mediation not in profiles:
        raise OfficeIsIncomplete(f"调解期限 / mediation: {', '.join(profiles)}")
    engine = open_engine(settings.database_url())
    try:
        migrations.upgrade(engine)
        with transaction(engine) as connection:
            try:
                raise AlreadyFounded(load_office(connection).name)
            except NoOffice:
                pass
            found_office(
                connection, name=name, short_name=short_name, calendar=calendar, mediation_profile=mediation, now=now
            )
            centre = add_unit(connection, name=name, kind="centre", takes_intake=True)
            account = add_account(
                connection,
                unit=centre,
                role=Role.ADMINISTRATOR,
                login="admin",
                name=administrator,
                email=email,
                now=now,
            )
            token = make_link(connection, account, now=now)
    finally:
        engine.dispose()
    return f"{settings.base_url()}/signin/link/{token}"
