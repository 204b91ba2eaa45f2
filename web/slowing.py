"""Slowed guessing and slowed filing: which limits there are, and whose tries are counted together.

Counted are wrong secrets and matters that were taken; nothing that is right, malformed, refused or sent twice. Passwords are
counted by name and address together, so that nobody is made to wait by others, neither by colleagues behind the same address
nor by somebody who knows the name, and of all names from one address far more generously; a browser that the owner has signed
in with is counted by itself. How counting works is in `people/tries.py`, and why it is done so in docs/decisions/0016.
"""

from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import Connection

from infra.db import transaction
from infra.identifiers import read_sign_in_name
from infra.networks import network_of
from people.known_browsers import browser_is_known
from people.signin import account_named, hash_token
from people.tries import NO_WAIT, Limit, count_try, forget_tries, wait_before
from web.context import KNOWN_COOKIE, Context, cookie_of, site_of
from workflow.model import AccountId

PASSWORDS = Limit(
    name="password", free=5, forgets=timedelta(minutes=10), first=timedelta(seconds=5), longest=timedelta(minutes=2)
)
#: Of all names together from one address: an office of twenty, each of whom mistypes a few times, is far from it.
PASSWORDS_OF_ALL = Limit(
    name="passwords", free=100, forgets=timedelta(seconds=30), first=timedelta(seconds=1), longest=timedelta(seconds=30)
)
CODES = Limit(
    name="code", free=20, forgets=timedelta(minutes=1), first=timedelta(seconds=5), longest=timedelta(minutes=1)
)
#: Access tokens that open nothing, from one address.
TOKENS = Limit(
    name="token", free=20, forgets=timedelta(minutes=1), first=timedelta(seconds=5), longest=timedelta(minutes=1)
)
#: A kiosk files a matter every two minutes all day, and forty more when a queue has formed.
FILINGS = Limit(
    name="filing", free=40, forgets=timedelta(minutes=2), first=timedelta(seconds=30), longest=timedelta(minutes=2)
)

#: Whose tries are counted: of a name from an address, of the owner's browser, of a session that chooses another password, of
#: the code of a link, of a second factor.
OF_ADDRESS, OF_KNOWN_BROWSER, OF_OWN_SESSION, OF_LINK, OF_FACTOR = "address", "browser", "session", "link", "factor"


def wait_before_password(ctx: Context, login: str, password: str) -> timedelta:
    """Counts the try before the password is looked at, so that many at one moment count too; or returns the wait."""
    with transaction(ctx.engine) as connection:
        whom = _whose_password(connection, ctx, login)
        others = wait_before(connection, PASSWORDS_OF_ALL, _source(ctx), now=ctx.now)
        if others and not _is_known(whom):
            return others
        return count_try(connection, PASSWORDS, *whom, tried=_tried(ctx, login, password), now=ctx.now)


def password_was_wrong(ctx: Context, login: str, password: str) -> None:
    with transaction(ctx.engine) as connection:
        if not _is_known(_whose_password(connection, ctx, login)):
            count_try(connection, PASSWORDS_OF_ALL, _source(ctx), tried=_tried(ctx, login, password), now=ctx.now)


def password_was_right(connection: Connection, ctx: Context, login: str) -> None:
    """What was counted of this name at this place is forgotten: it was its owner."""
    forget_tries(connection, PASSWORDS, *_whose_password(connection, ctx, login))


def wait_before_choosing(ctx: Context, account: AccountId, password: str) -> timedelta:
    """Counts a try of the password that somebody who is signed in must give, or returns the wait."""
    with transaction(ctx.engine) as connection:
        whom = (OF_OWN_SESSION, str(account))
        return count_try(connection, PASSWORDS, *whom, tried=_tried(ctx, password), now=ctx.now)


def wait_before_code_of_link(ctx: Context, token: str, code: str) -> timedelta:
    """Counts a code that is typed for a one-time link, whoever types it, or returns the wait."""
    if not code:
        return NO_WAIT
    with transaction(ctx.engine) as connection:
        return count_try(connection, PASSWORDS, OF_LINK, hash_token(token), tried=_tried(ctx, code), now=ctx.now)


def wait_before_factor(ctx: Context, account: AccountId, code: str) -> timedelta:
    """Counts a code of the second factor, whoever types it: they have given the password. Or returns the wait."""
    with transaction(ctx.engine) as connection:
        return count_try(connection, PASSWORDS, OF_FACTOR, str(account), tried=_tried(ctx, code), now=ctx.now)


def factor_was_right(connection: Connection, account: AccountId) -> None:
    forget_tries(connection, PASSWORDS, OF_FACTOR, str(account))


def own_password_was_right(connection: Connection, account: AccountId) -> None:
    forget_tries(connection, PASSWORDS, OF_OWN_SESSION, str(account))


def wait_after_code(ctx: Context, code: str) -> timedelta:
    """Counts a code that opens nothing, or returns the wait. A code that opens is never asked to wait: it has 120 bits, which
    nobody guesses, and at a kiosk the one who typed the wrong ones was somebody else."""
    with transaction(ctx.engine) as connection:
        return count_try(connection, CODES, _source(ctx), tried=_tried(ctx, code), now=ctx.now)


def wait_after_token(request: Request, token: str, *, now: datetime) -> timedelta:
    """Counts an access token that opens nothing, or returns the wait. One that opens is never asked to wait: it has 256 bits."""
    with transaction(site_of(request).engine) as connection:
        return count_try(connection, TOKENS, network_of(address_of(request)), tried=token, now=now)


def wait_after_filing(connection: Connection, ctx: Context, form_id: str) -> timedelta:
    """Counts a matter in the transaction that takes it, or returns the wait; then it is not to be taken."""
    return count_try(connection, FILINGS, _source(ctx), tried=form_id, now=ctx.now)


def _whose_password(connection: Connection, ctx: Context, login: str) -> tuple[str, str, str]:
    """Whose tries these are: of this name from this address, or of its owner's browser."""
    name, token = read_sign_in_name(login), cookie_of(ctx.request, KNOWN_COOKIE)
    account = account_named(connection, login) if token else None
    if account and browser_is_known(connection, token, AccountId(account.id), now=ctx.now):
        return (OF_KNOWN_BROWSER, name, token)
    return (OF_ADDRESS, name, _source(ctx))


def _is_known(whom: tuple[str, str, str]) -> bool:
    return whom[0] == OF_KNOWN_BROWSER


def _tried(ctx: Context, *typed: str) -> str:
    """What was tried in this browser: its form token, which is kept nowhere, makes the hash one that cannot be guessed back."""
    return "\0".join((ctx.form_token(), *typed))


def _source(ctx: Context) -> str:
    return network_of(address_of(ctx.request))


def address_of(request: Request) -> str:
    forwarded = request.headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()
    if forwarded and site_of(request).settings.trusted_proxy:
        return forwarded
    return request.client.host if request.client else ""
