"""The secrets people sign in with: passwords, one-time links, and the sessions of their browsers.

Only hashes are kept. Passwords are argon2id; links and session tokens are long random strings, so a plain SHA-256 of
them is enough. Whether a log-in exists cannot be told from the answer or from how long it takes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import Connection, delete, insert, select, update

from people.tables import Account, SigninLink, WebSession
from workflow.model import AccountId, CaseId

IDLE = timedelta(minutes=60)
PETITIONER_IDLE = timedelta(minutes=20)
ABSOLUTE = timedelta(hours=10)
LINK_LASTS = timedelta(days=2)
#: A session's last use is written at most this often, so that reading pages rarely writes.
NOTED_EVERY = timedelta(minutes=1)
MIN_PASSWORD = 10

_session = WebSession.__table__.c  # type: ignore[attr-defined]
_link = SigninLink.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Whose browser it is: an account's, or that of the petitioner of one case."""

    account: AccountId | None
    case: CaseId | None
    needs_noting: bool


@cache
def hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return hasher().hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    return hasher().hash(password)


def check_password(connection: Connection, login: str, password: str) -> AccountId | None:
    """The account of a log-in and its password, or None, in about the same time."""
    row = connection.execute(
        select(_account.id, _account.password_hash).where(_account.login == login, _account.active.is_(True))
    ).one_or_none()
    known = row.password_hash if row and row.password_hash else None
    fits = hasher().verify(password, known or _nobodys_hash())
    return AccountId(row.id) if row and known and fits else None


def set_password(connection: Connection, account: AccountId, password_hash: str) -> None:
    connection.execute(update(Account).where(_account.id == account).values(password_hash=password_hash))


def begin_session(
    connection: Connection, *, account: AccountId | None = None, case: CaseId | None = None, now: datetime
) -> str:
    """A new session; returns the token for the browser's cookie."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(WebSession).values(
            token_hash=hash_token(token), account_id=account, case_id=case, created_at=now, seen_at=now
        )
    )
    return token


def find_session(connection: Connection, token: str, *, now: datetime) -> SignedIn | None:
    row = connection.execute(
        select(_session.account_id, _session.case_id, _session.created_at, _session.seen_at).where(
            _session.token_hash == hash_token(token)
        )
    ).one_or_none()
    if row is None:
        return None
    idle = PETITIONER_IDLE if row.case_id is not None else IDLE
    if now - row.seen_at > idle or now - row.created_at > ABSOLUTE:
        return None
    return SignedIn(
        account=AccountId(row.account_id) if row.account_id is not None else None,
        case=CaseId(row.case_id) if row.case_id is not None else None,
        needs_noting=now - row.seen_at > NOTED_EVERY,
    )


def note_session_used(connection: Connection, token: str, *, now: datetime) -> None:
    connection.execute(update(WebSession).where(_session.token_hash == hash_token(token)).values(seen_at=now))


def end_session(connection: Connection, token: str) -> None:
    connection.execute(delete(WebSession).where(_session.token_hash == hash_token(token)))


def forget_old_sessions(connection: Connection, *, now: datetime) -> int:
    gone = connection.execute(delete(WebSession).where(_session.created_at < now - ABSOLUTE))
    return gone.rowcount


def make_link(connection: Connection, account: AccountId, *, now: datetime, reusable: bool = False) -> str:
    """A link's token. It signs the account in once within two days; in the demo as often as it is opened."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(SigninLink).values(
            token_hash=hash_token(token), account_id=account, expires_at=now + LINK_LASTS, reusable=reusable
        )
    )
    return token


def link_is_good(connection: Connection, token: str, *, now: datetime) -> bool:
    return _account_of_link(connection, token, now=now) is not None


def use_link(connection: Connection, token: str, *, now: datetime) -> AccountId | None:
    """The account that the link signs in; the link is spent."""
    account = _account_of_link(connection, token, now=now)
    if account is not None:
        connection.execute(update(SigninLink).where(_link.token_hash == hash_token(token)).values(used_at=now))
    return account


def _account_of_link(connection: Connection, token: str, *, now: datetime) -> AccountId | None:
    row = connection.execute(
        select(_link.account_id, _link.used_at, _link.reusable)
        .join_from(SigninLink, Account, _link.account_id == _account.id)
        .where(_link.token_hash == hash_token(token), _link.expires_at > now, _account.active.is_(True))
    ).one_or_none()
    return AccountId(row.account_id) if row and (row.reusable or row.used_at is None) else None


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def close_account(connection: Connection, account: AccountId) -> None:
    """Nobody signs in with it any more; browsers that are signed in are signed out, and links that were handed out are
    worth nothing."""
    connection.execute(update(Account).where(_account.id == account).values(active=False))
    _forget_ways_in(connection, account)


def reopen_account(connection: Connection, account: AccountId) -> None:
    """Whoever has it may sign in again. What was signed in while it was being closed stays signed out."""
    connection.execute(update(Account).where(_account.id == account).values(active=True))
    _forget_ways_in(connection, account)


def _forget_ways_in(connection: Connection, account: AccountId) -> None:
    connection.execute(delete(WebSession).where(_session.account_id == account))
    connection.execute(delete(SigninLink).where(_link.account_id == account))
