"""Whoever signed in by a password gives it again before they hand out what lives longer than a browser that was left open."""

from infra.db import transaction
from people.signin import check_own_password, has_to_give_password
from web.context import SESSION_COOKIE, Context, cookie_of
from web.pages import whole_seconds
from web.slowing import own_password_was_right, wait_before_choosing
from workflow.model import AccountId


def asks_password(ctx: Context) -> bool:
    with ctx.reading() as connection:
        return has_to_give_password(connection, cookie_of(ctx.request, SESSION_COOKIE))


def fault_of_own_password(ctx: Context, own: AccountId, password: str) -> tuple[str, int] | None:
    """What is wrong with the password that was given, and the seconds to wait, if it was tried too often."""
    if not asks_password(ctx):
        return None
    if not password:
        return "password.old_missing", 0
    if wait := wait_before_choosing(ctx, own, password):
        return "signin.too_many_tries", whole_seconds(wait)
    with transaction(ctx.engine) as connection:
        right = check_own_password(connection, own, password)
        if right:
            own_password_was_right(connection, own)
    return None if right else ("password.old_wrong", 0)
