"""The secrets people sign in with: passwords, and the sessions of their browsers; one-time links are in `people/links.py`.

Only hashes are kept. Passwords are argon2id; links and session tokens are long random strings, so a plain SHA-256 of
them is enough. Whether a log-in exists cannot be told from the answer or from how long it takes. How often one may try is
in `people/tries.py`, which browsers are known in `people/known_browsers.py`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.sql import bindparam

from infra.identifiers import half_width, read_sign_in_name
from infra.statements import Statement
from ledger.vouching import vouched_for_office
from people.directory import PERSON_COLUMNS, Person, acting, person, person_from
from people.noting import note, rows_of_account
from people.tables import Account, Post, SigninLink, WebSession
from people.tokens import end_tokens_of
from workflow.model import TIMERS, AccountId, Actor, CaseId, Json

IDLE = timedelta(minutes=60)
PETITIONER_IDLE = timedelta(minutes=20)
ABSOLUTE = timedelta(hours=10)
#: A session's last use is written at most this often, so that reading pages rarely writes.
NOTED_EVERY = timedelta(minutes=1)
#: What comes first in a session: the code of the second factor, or setting one up.
CODE, SET_UP = "code", "set_up"

_session = WebSession.__table__.c  # type: ignore[attr-defined]
_post = Post.__table__.c  # type: ignore[attr-defined]
_link = SigninLink.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]
_OF_A_SESSION = (
    _session.account_id, _session.case_id, _session.created_at, _session.seen_at, _session.limited,
)  # fmt: skip
_SESSION = Statement(select(*_OF_A_SESSION).where(_session.token_hash == bindparam("token_hash")))
#: The session with whose it is, a row for each unit that their own is above.
_ASKER = Statement(
    acting(
        select(*_OF_A_SESSION, *PERSON_COLUMNS).join_from(
            WebSession, Account, (_account.id == _session.account_id) & _account.active.is_(True), isouter=True
        ),
        _session.post_id,
        # Whoever stood in for somebody has lost that at the very instant, whenever the timers come by.
        or_(_post.until_at.is_(None), _post.until_at > bindparam("now")),
        isouter=True,
    ).where(_session.token_hash == bindparam("token_hash"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Whose browser it is: an account's, or that of the petitioner of one case."""

    account: AccountId | None
    case: CaseId | None
    needs_noting: bool
    limited: str | None  #: what comes first: `CODE` or `SET_UP`


@cache
def hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return hasher().hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The hash of a password in half width: which input method is on while it is typed does not matter."""
    return hasher().hash(half_width(password))


def check_password(connection: Connection, login: str, password: str) -> AccountId | None:
    """The account of a log-in and its password, or None, in about the same time."""
    row = account_named(connection, login)
    known = row.password_hash if row and row.password_hash else None
    fits = _fits(password, known or _nobodys_hash())
    return AccountId(row.id) if row and known and fits else None


def account_named(connection: Connection, typed: str) -> Any:
    """The open account of a sign-in name, as (id, password_hash), however it was typed; None if there is none.

    Names that older versions told apart by capitals or width alone stay as they were typed, and are found by that.
    """
    names = (typed.strip(), read_sign_in_name(typed))
    query = select(_account.id, _account.password_hash, _account.login).where(
        _account.login.in_(names), _account.active.is_(True)
    )
    found = {row.login: row for row in connection.execute(query)}
    return next((found[name] for name in names if name in found), None)


def check_own_password(connection: Connection, account: AccountId, password: str) -> bool:
    """Whether it is the password of this account."""
    hashed = connection.execute(select(_account.password_hash).where(_account.id == account)).scalar()
    return hashed is not None and _fits(password, hashed)


def same_password(one: str, other: str) -> bool:
    """Whether both sign in with the same hash."""
    return half_width(one) == half_width(other)


def sign_in_name_of(connection: Connection, account: AccountId) -> str:
    return str(connection.execute(select(_account.login).where(_account.id == account)).scalar_one())


def _fits(password: str, hashed: str) -> bool:
    """Whether it is the password. Hashes of older versions are of what was typed, in whatever width."""
    spellings = dict.fromkeys((half_width(password), password))
    verdicts = [hasher().verify(spelling, hashed) for spelling in spellings]  # each of them: as long for a right one
    return any(verdicts)


def set_password(
    connection: Connection, account: AccountId, password_hash: str, *, now: datetime, actor: Actor = TIMERS
) -> None:
    """From now on the account signs in with it, and has to give it to choose another one. Every browser is signed out, and
    links and access tokens are worth nothing: whoever came by the old secret has lost what it opened."""
    connection.execute(update(Account).where(_account.id == account).values(password_hash=password_hash))
    connection.execute(delete(WebSession).where(_session.account_id == account))
    connection.execute(delete(SigninLink).where(_link.account_id == account))
    end_tokens_of(connection, account, actor=actor, now=now)
    data: dict[str, Json] = {"account": account, "wrote": rows_of_account(account, password_hash=password_hash)}
    note(connection, "account:password_set", actor=actor, now=now, data=data)


def has_to_give_password(connection: Connection, token: str) -> bool:
    """Whether the account of this session has a password that it must give before it chooses another one. Somebody who came
    by a one-time link need not: the link is what is given to people who have forgotten theirs."""
    query = (
        select(_account.id)
        .join_from(WebSession, Account, _session.account_id == _account.id)
        .where(
            _session.token_hash == hash_token(token), _session.by_link.is_(False), _account.password_hash.is_not(None)
        )
    )
    return connection.execute(query).first() is not None


def begin_session(
    connection: Connection,
    *,
    account: AccountId | None = None,
    case: CaseId | None = None,
    now: datetime,
    token: str | None = None,
    by_link: bool = False,
    link: str | None = None,
    limited: str | None = None,
    spent: dict[str, Json] | None = None,
    how: str | None = None,
) -> str:
    """A new session; returns the token for the browser's cookie, which is a random one unless it is given. That of an
    account is an event of the office, with the hash of the `link` that it has spent, what else was `spent` for it, and `how` somebody
    came in; None: they go on.
    `limited`: what its owner does first (`CODE`, `SET_UP`). That of a petitioner is none: when
    somebody looked at their own matter is nobody's evidence."""
    token = token or secrets.token_urlsafe(32)
    row = {"account_id": account, "case_id": case, "created_at": now, "by_link": by_link, "limited": limited}
    connection.execute(insert(WebSession).values(token_hash=hash_token(token), seen_at=now, **row))
    if account is not None:
        wrote: dict[str, Json] = {"web_session": {hash_token(token): vouched_for_office(row)}}
        wrote |= spent or {}
        if link is not None:
            wrote["signin_link"] = {link: vouched_for_office({"used_at": now})}
        note(
            connection, "session:begun", actor=_actor_of(connection, account), now=now,
            data={"account": account, "wrote": wrote, "how": how},
        )  # fmt: skip
    return token


def _actor_of(connection: Connection, account: AccountId) -> Actor:
    found = person(connection, account)
    return found.actor if found else TIMERS


def find_session(connection: Connection, token: str, *, now: datetime) -> SignedIn | None:
    rows = _SESSION.rows(connection, token_hash=hash_token(token))
    return _signed_in(rows[0], now) if rows else None


def find_asker(connection: Connection, token: str, *, now: datetime) -> tuple[SignedIn | None, Person | None]:
    """The session and the account that it is of, if that is open."""
    rows = _ASKER.rows(connection, token_hash=hash_token(token), now=now)
    session = _signed_in(rows[0][: len(_OF_A_SESSION)], now) if rows else None
    if session is None or session.account is None or rows[0][-1] is None:
        return session, None
    return session, person_from(session.account, [row[len(_OF_A_SESSION) :] for row in rows])


def _signed_in(row: Sequence[Any], now: datetime) -> SignedIn | None:
    account, case, created_at, seen_at, limited = row
    idle = PETITIONER_IDLE if case is not None else IDLE
    if now - seen_at > idle or now - created_at > ABSOLUTE:
        return None
    return SignedIn(
        account=AccountId(account) if account is not None else None,
        case=CaseId(case) if case is not None else None,
        needs_noting=now - seen_at > NOTED_EVERY,
        limited=limited,
    )


def note_session_used(connection: Connection, token: str, *, now: datetime) -> None:
    connection.execute(update(WebSession).where(_session.token_hash == hash_token(token)).values(seen_at=now))


def act_as(connection: Connection, token: str, person: Person, *, now: datetime) -> None:
    """From the next request on, this browser's steps are those of the post that `person` has come with."""
    name = hash_token(token)
    connection.execute(update(WebSession).where(_session.token_hash == name).values(post_id=person.post))
    wrote: dict[str, Json] = {"web_session": {name: vouched_for_office({"post_id": person.post})}}
    data: dict[str, Json] = {"account": person.id, "post": person.post, "wrote": wrote}
    note(connection, "session:acts_as", actor=person.actor, now=now, data=data)


def end_session(connection: Connection, token: str) -> None:
    connection.execute(delete(WebSession).where(_session.token_hash == hash_token(token)))


def sessions_of(connection: Connection, account: AccountId, *, now: datetime) -> list[tuple[str, datetime, datetime]]:
    """The sessions of an account that go on: the hash of the token, when it began, when it was last used; newest first."""
    query = select(_session.token_hash, _session.created_at, _session.seen_at).where(
        _session.account_id == account, _session.created_at >= now - ABSOLUTE, _session.seen_at >= now - IDLE
    )
    return [(name, begun, seen) for name, begun, seen in connection.execute(query.order_by(_session.seen_at.desc()))]


def end_session_of(connection: Connection, account: AccountId, token_hash: str) -> None:
    """Ends one of the account's own sessions; somebody else's is none of them."""
    own = (_session.account_id == account, _session.token_hash == token_hash)
    connection.execute(delete(WebSession).where(*own))


def end_other_sessions(connection: Connection, account: AccountId, *, keep: str) -> None:
    """Ends every session of the account but that of this token."""
    others = (_session.account_id == account, _session.token_hash != hash_token(keep))
    connection.execute(delete(WebSession).where(*others))


def forget_old_sessions(connection: Connection, *, now: datetime) -> int:
    gone = connection.execute(delete(WebSession).where(_session.created_at < now - ABSOLUTE))
    return gone.rowcount


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
