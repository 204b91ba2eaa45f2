"""Giving somebody a one-time link: by mail to its owner, or, where the office has no mail, by two people."""

from dataclasses import dataclass

from sqlalchemy import Connection

from people.links import hand_over_link, link_asks_for_code, send_link
from people.office_keys import LINKS, secret_of_office
from web.context import Context
from workflow.model import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the administrator does now: nothing (`address` is None: it was mailed), or hand this over, with a code of somebody
    else's or, in an office that has nobody else yet, without."""

    address: str | None = None
    with_code: bool = False


def give_link(connection: Connection, ctx: Context, account: AccountId) -> Given:
    key = link_key(connection, ctx)
    if ctx.site.settings.sends_mail:
        send_link(connection, account, key=key, now=ctx.now, actor=ctx.actor)
        return Given()
    token = hand_over_link(connection, account, key=key, now=ctx.now, actor=ctx.actor)
    return Given(address=ctx.site.settings.link_address(token), with_code=link_asks_for_code(connection, token))


def link_key(connection: Connection, ctx: Context) -> bytes:
    return secret_of_office(connection, ctx.site.settings.home, LINKS, now=ctx.now)
