"""The browsers that people have signed in with before: whoever guesses elsewhere cannot make them wait there."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from infra.statements import insert_or
from people.signin import hash_token
from people.tables import KnownBrowser
from workflow.model import AccountId

#: A browser that an account has not signed in with for so long is as good as a strange one.
KNOWN_FOR = timedelta(days=180)
_known = KnownBrowser.__table__.c  # type: ignore[attr-defined]


def remember_browser(connection: Connection, token: str, account: AccountId, *, now: datetime) -> str:
    """The browser is known as one that the account signs in with; returns the token for its cookie, the one that it brings
    or a new one."""
    token = token or secrets.token_urlsafe(32)
    row = insert_or(connection, KnownBrowser).values(token_hash=hash_token(token), account_id=account, seen_at=now)
    connection.execute(row.on_conflict_do_update(index_elements=["token_hash", "account_id"], set_={"seen_at": now}))
    return token


def browser_is_known(connection: Connection, token: str, account: AccountId, *, now: datetime) -> bool:
    query = select(_known.seen_at).where(
        _known.token_hash == hash_token(token), _known.account_id == account, _known.seen_at > now - KNOWN_FOR
    )
    return connection.execute(query).first() is not None


def forget_old_browsers(connection: Connection, *, now: datetime) -> int:
    return connection.execute(delete(KnownBrowser).where(_known.seen_at <= now - KNOWN_FOR)).rowcount
