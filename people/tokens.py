"""Access tokens: what a program acts with as the account that gave it one, and as nobody more (docs/decisions/0037).

Only hashes are kept, as of sessions. A token is of the post that its owner acted as when it was issued, and is worth nothing once
that is over; whatever is decided about the account counts from the next request on, because who asks is looked up with each.
Issuing and ending are events of the office; the last use is noted beside, at most once a minute.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.sql import bindparam

from infra.statements import Statement
from ledger.vouching import vouched_for_office
from people.directory import PERSON_COLUMNS, Person, acting, person_from
from people.noting import auditors_told, note
from people.tables import AccessToken, Account, Post
from people.webhooks import end_hooks_of
from workflow.model import AccountId, Actor, Json

#: What a token may be for: looking, taking steps, bringing matters in, hearing what has happened.
READ, ACT, INTAKE, FEED = SCOPES = ("read", "act", "intake", "feed")
#: Of the address of a calendar, which lies in the open on telephones: it shows due dates and is for nothing else.
CALENDAR = "calendar"
#: Days that a token is good for; the owner chooses.
LASTS_DAYS = (30, 90, 180, 365)
MOST_TOKENS = 20
LONGEST_NAME = 40
#: Begins every token, so that one that lies where it should not is recognised.
MARK = "huiyin_"
NOTED_EVERY = timedelta(minutes=1)

_token = AccessToken.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]
_post = Post.__table__.c  # type: ignore[attr-defined]
_OF_A_TOKEN = (_token.account_id, _token.post_id, _token.scopes, _token.expires_at, _token.used_at)
_BEARER = Statement(
    acting(
        select(*_OF_A_TOKEN, *PERSON_COLUMNS).join_from(
            AccessToken, Account, (_account.id == _token.account_id) & _account.active.is_(True)
        ),
        _token.post_id,
        or_(_post.until_at.is_(None), _post.until_at > bindparam("now")),
    ).where(
        _token.token_hash == bindparam("token_hash"), _token.ended_at.is_(None), _token.expires_at > bindparam("now")
    )
)


class TooManyTokens(Exception):
    """The account has as many as one person can know the programs of. End one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who a token acts as, what it is for, and until when."""

    name: str  #: the hash of the token, which opens nothing
    person: Person
    scopes: frozenset[str]
    expires_at: datetime
    needs_noting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token that is good, as its owner sees it. `token_hash` tells it from the others, and opens nothing."""

    token_hash: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def token_for(request: str) -> str:
    """The token that a form makes. `request` is the form's id, 128 random bits from the server: sent twice, it makes one."""
    made = hmac.new(request.encode(), b"huiyin access token\0", hashlib.sha256).hexdigest()
    return MARK + made


def issue_token(
    connection: Connection, who: Person, *, name: str, scopes: Sequence[str], days: int, now: datetime, request: str
) -> str:
    """A token of this person, as whom they act now; shown once. Its owner and the auditors hear of it. Raises `TooManyTokens`."""
    assert days in LASTS_DAYS, "one of those that are offered"
    token = token_for(request)
    digest = _hash_of(token)
    if connection.execute(select(_token.account_id).where(_token.token_hash == digest)).first() is not None:
        return token
    if len(tokens_of(connection, who.id, now=now)) >= MOST_TOKENS:
        raise TooManyTokens
    row: dict[str, Any] = {
        "account_id": who.id, "post_id": who.post, "name": name, "scopes": " ".join(scopes), "created_at": now,
        "expires_at": now + timedelta(days=days), "ended_at": None, "ended_by": None,
    }  # fmt: skip
    connection.execute(insert(AccessToken).values(token_hash=digest, used_at=None, **row))
    wrote: dict[str, Json] = {"access_token": {digest: vouched_for_office(row, long=frozenset({"name"}))}}
    data: dict[str, Json] = {"account": who.id, "scopes": list(scopes), "wrote": wrote}
    told = (who.id, *auditors_told(connection, who.actor))
    note(connection, "token:issued", actor=who.actor, now=now, data=data, told=told)
    return token


def issue_calendar(connection: Connection, who: Person, *, name: str, now: datetime, request: str) -> str | None:
    """The token of a calendar, for as long as any may be. There is one: it ends the one before. None where what this form made has
    ended since: that stays so. Raises `TooManyTokens`."""
    token = issue_token(
        connection, who, name=name, scopes=(CALENDAR,), days=max(LASTS_DAYS), now=now, request=request
    )  # fmt: skip
    good, fresh = {one.token_hash for one in calendars_of(connection, who.id, now=now)}, _hash_of(token)
    if fresh not in good:
        return None
    _end(connection, who.id, _token.token_hash.in_(good - {fresh}), actor=who.actor, now=now)
    return token


def calendars_of(connection: Connection, account: AccountId, *, now: datetime) -> list[Issued]:
    return [one for one in tokens_of(connection, account, now=now) if CALENDAR in one.scopes]


def tokens_of(connection: Connection, account: AccountId, *, now: datetime) -> list[Issued]:
    """The tokens of an account that are good, the newest first."""
    query = select(*_token).where(_token.account_id == account, _token.ended_at.is_(None), _token.expires_at > now)
    return [
        Issued(
            token_hash=row.token_hash, name=row.name, scopes=tuple(row.scopes.split()), created_at=row.created_at,
            expires_at=row.expires_at, used_at=row.used_at,
        )
        for row in connection.execute(query.order_by(_token.created_at.desc(), _token.token_hash))
    ]  # fmt: skip


def end_token(connection: Connection, account: AccountId, token_hash: str, *, actor: Actor, now: datetime) -> None:
    """Ends one of the account's tokens; somebody else's is none of them. Once is as good as twice."""
    _end(connection, account, _token.token_hash == token_hash, actor=actor, now=now)


def end_tokens_of(connection: Connection, account: AccountId, *, actor: Actor, now: datetime) -> int:
    """Ends every token and every webhook of the account, and returns how many that were."""
    hooks = end_hooks_of(connection, account, actor=actor, now=now)
    return hooks + _end(connection, account, actor=actor, now=now)


def _end(connection: Connection, account: AccountId, *which: Any, actor: Actor, now: datetime) -> int:
    """Those that have not ended; one event for all of them. Whoever has them hears of it if it was somebody else."""
    row = {"ended_at": now, "ended_by": actor.account}
    ending = update(AccessToken).where(_token.account_id == account, _token.ended_at.is_(None), *which).values(**row)
    gone = sorted(connection.execute(ending.returning(_token.token_hash)).scalars())
    if gone:
        wrote: dict[str, Json] = {"access_token": {one: vouched_for_office(row) for one in gone}}
        data: dict[str, Json] = {"account": account, "wrote": wrote}
        told = () if actor.account in (None, account) else (account, *auditors_told(connection, actor))
        note(connection, "token:ended", actor=actor, now=now, data=data, told=told)
    return len(gone)


def find_bearer(connection: Connection, token: str, *, now: datetime, for_calendar: bool = False) -> Bearer | None:
    """Whose token it is, as they are at this moment; None for one that is unknown, ended or too old, of a closed account, or of a
    post that is over. The token of a calendar is one for the calendar alone, and no other is."""
    digest = _hash_of(token)
    rows = _BEARER.rows(connection, token_hash=digest, now=now)
    if not rows:
        return None
    account, post, scopes, expires_at, used_at = rows[0][: len(_OF_A_TOKEN)]
    who = person_from(AccountId(account), [row[len(_OF_A_TOKEN) :] for row in rows])
    if who.post != post or (CALENDAR in scopes.split()) is not for_calendar:
        return None
    return Bearer(
        name=digest, person=who, scopes=frozenset(scopes.split()), expires_at=expires_at,
        needs_noting=used_at is None or now - used_at > NOTED_EVERY,
    )  # fmt: skip


def note_token_used(connection: Connection, token_hash: str, *, now: datetime) -> None:
    connection.execute(update(AccessToken).where(_token.token_hash == token_hash).values(used_at=now))


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
