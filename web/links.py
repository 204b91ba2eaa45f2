"""Giving somebody a one-time link: by mail to its owner, or, where the office has no mail, by two people."""

from dataclasses import dataclass

from sqlalchemy import Connection

from infra.keys import secret_key
from people.links import LINK_KEY, hand_over_link, link_asks_for_code, send_link
from web.context import Context
from workflow.model import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the administrator does now: nothing (`address` is None: it was mailed), or hand this over, with a code of somebody
    else's or, in an office that has nobody else yet, without."""

    address: str | None = None
    with_code: bool = False


def give_link(connection: Connection, ctx: Context, account: AccountId) -> Given:
    key = link_key(ctx)
    if ctx.site.settings.sends_mail:
        send_link(connection, account, key=key, now=ctx.now, actor=ctx.actor)
        return Given()
    token = hand_over_link(connection, account, key=key, now=ctx.now, actor=ctx.actor)
    return Given(address=ctx.site.settings.link_address(token), with_code=link_asks_for_code(connection, token))


def link_key(ctx: Context) -> bytes:
    return secret_key(ctx.site.settings.home, LINK_KEY)
