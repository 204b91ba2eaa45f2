"""Founding a real office: schema, units, calendar, the first administrator and a one-time link. No default password."""

from datetime import datetime

import migrations
from cases.office import NoOffice, establish, load_office
from cases.policies import shipped_files
from infra.addresses import fault_of_address
from infra.closed_files import close_to_others
from infra.db import engine_of, transaction
from infra.settings import Settings
from people.links import make_link
from people.office_keys import pin_keys
from people.staffing import add_account
from people.units import add_unit
from words import Words
from workflow.model import Role
from workflow.policy_files import policy_from
from workflow.unseen import has_lone_surrogate, seen

#: What the first administrator signs in as.
FIRST_LOGIN = "admin"


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
    profiles: tuple[str, ...],
    calendar: str,
    now: datetime,
) -> str:
    """The link that signs the first administrator in. Raises `AlreadyFounded`, `OfficeIsIncomplete`, `PolicyIsWrong`."""
    if not (seen(name) and seen(short_name) and seen(administrator) and seen(email)):
        raise OfficeIsIncomplete(
            "单位名称、简称、管理员姓名和邮箱都要填写。Name, short name, the administrator's name and e-mail are needed."
        )
    if has_lone_surrogate(name + short_name + administrator):
        raise OfficeIsIncomplete("名称中有不成文字的字节。A name is no text in UTF-8.")
    if fault := fault_of_address(email):
        raise OfficeIsIncomplete("".join(Words(language)(f"people.{fault}") for language in ("zh_CN", "en")))
    known = policy_from(shipped_files(), calendar=calendar).profiles
    if not profiles or (unknown := [one for one in profiles if one not in known]):
        named = ", ".join(unknown) if profiles else ""
        raise OfficeIsIncomplete(f"没有这些办理类型：{named}。Unknown profiles; known: {', '.join(known)}")
    close_to_others(settings)
    engine = engine_of(settings)
    try:
        migrations.upgrade(engine)
        with transaction(engine) as connection:
            try:
                raise AlreadyFounded(load_office(connection).name)
            except NoOffice:
                pass
            establish(connection, name=name, short_name=short_name, calendar=calendar, profiles=profiles, now=now)
            centre = add_unit(connection, name=name, kind="centre", takes_intake=True, now=now)
            account = add_account(
                connection,
                unit=centre,
                role=Role.ADMINISTRATOR,
                login=FIRST_LOGIN,
                name=administrator,
                email=email,
                now=now,
            )
            token = make_link(connection, account, now=now)
            pin_keys(connection, settings.home, now=now)
    finally:
        engine.dispose()
    return settings.link_address(token)
