"""`huiyin rescue LOGIN`: a way back in for somebody whom nobody else can let in, such as the only administrator without phone,
recovery codes and password. Whoever stands at the machine could do worse unseen; this is recorded, and the auditors are told.
"""

from typing import Annotated

import typer

from cases.clock_watch import trusted_time
from cli.clock import read_clock
from cli.opening import opened_engine, reader_words
from cli.printing import WRONG, fail
from infra.db import transaction
from infra.settings import settings
from people.directory import active_with_role
from people.factors import may_be_lost, remove_factor
from people.links import make_link
from people.noting import note
from people.signin import account_named
from workflow.model import TIMERS, AccountId, Role


def rescue(
    login: Annotated[str, typer.Argument(help="登录名 / the sign-in name")],
) -> None:
    """在服务器上取消账号的二次验证并生成一次性链接，留痕并通知本人和审核员。Let somebody in again at the machine; recorded, and told."""
    engine = opened_engine()
    now = trusted_time(engine, now=read_clock())
    try:
        with transaction(engine) as connection:
            found = account_named(connection, login)
            if found is None:
                fail(reader_words()("rescue.no_such_account"), WRONG)
            account = AccountId(found.id)
            if may_be_lost(connection, account):
                remove_factor(connection, account, actor=TIMERS, now=now, code="account:factor_lifted")
            token = make_link(connection, account, now=now)
            told = (account, *active_with_role(connection, Role.AUDITOR))
            note(connection, "account:rescued", actor=TIMERS, now=now, data={"account": account}, told=told)
    finally:
        engine.dispose()
    typer.echo(settings().link_address(token))
    typer.echo(reader_words()("rescue.done"), err=True)
