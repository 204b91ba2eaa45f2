"""One-time links: how somebody comes in who has no password yet or has forgotten theirs. Nobody else comes in by one.

Where there is mail, a link goes to its owner and to nobody else: its token follows from a secret of the program and from a
number that the event holds, so that the mail can be written without the token being kept. Where there is none, the
administrator hands the link over and a second person a code: neither opens anything alone. Owner and auditors are told in
any case.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from infra.identifiers import half_width
from ledger.vouching import vouched_for_office
from people.factors import comes_first
from people.noting import auditors_told, note
from people.sign_ins import LINK as BY_LINK
from people.signin import CODE, begin_session, find_session, hash_token
from people.tables import Account, SigninLink
from workflow.model import TIMERS, AccountId, Actor, Json, Role

LINK_LASTS = timedelta(days=2)
CODE_DIGITS = 8
#: The file of the secret that tokens and codes follow from.
LINK_KEY = "links"
#: Who may be the second person.
SECONDS = (Role.AUDITOR, Role.ADMINISTRATOR)

_link = SigninLink.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUsed:
    """A session that a link has begun: just now, or by an earlier click in the same browser."""

    session: str
    account: AccountId
    new: bool
    once: bool  #: a real one-time link, and not one of the demo's
    waits: bool = False  #: for the code of a second factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A link that waits for its code: whose it is, who has it in hand, until when."""

    name: str  #: the hash of its token, which opens nothing
    owner: AccountId
    made_by: AccountId
    until: datetime


class WrongCode(Exception):
    """The link is good, and what was typed is not the code that belongs to it."""


class NoSuchHandover(Exception):
    """There is no such link, or this is not its second person."""


# -- making -----------------------------------------------------------------------------------------------------------


def make_link(
    connection: Connection, account: AccountId, *, now: datetime, actor: Actor = TIMERS, reusable: bool = False
) -> str:
    """A link's token, for whoever founds an office and stands at the machine. It signs the account in once within two days;
    in the demo as often as it is opened."""
    token = secrets.token_urlsafe(32)
    _insert(connection, account, token, actor=actor, now=now, reusable=reusable)
    return token


def send_link(connection: Connection, account: AccountId, *, key: bytes, now: datetime, actor: Actor) -> None:
    """A link that only the mail to the owner of the account holds."""
    nonce = secrets.token_hex(16)
    _insert(connection, account, token_from(key, nonce), actor=actor, now=now, nonce=nonce)


def hand_over_link(connection: Connection, account: AccountId, *, key: bytes, now: datetime, actor: Actor) -> str:
    """The token of a link for an office without mail. It opens nothing without the code that a second person has; only
    where nobody could be one, at the very beginning of an office, it needs none."""
    nonce = secrets.token_hex(16)
    code = code_from(key, nonce) if second_people(connection, but_not=(actor.account, account)) else None
    token = token_from(key, nonce)
    _insert(connection, account, token, actor=actor, now=now, nonce=nonce, code=code, by_hand=True)
    return token


def _insert(
    connection: Connection, account: AccountId, token: str, *, actor: Actor, now: datetime, reusable: bool = False,
    nonce: str | None = None, code: str | None = None, by_hand: bool = False,
) -> None:  # fmt: skip
    row: dict[str, Any] = {
        "account_id": account, "expires_at": now + LINK_LASTS, "used_at": None, "reusable": reusable, "nonce": nonce,
        "code_hash": code and _hash_code(code, nonce), "made_by": actor.account,
    }  # fmt: skip
    # The newest is the only one: who lost one asks for another, and what was lost opens nothing any more.
    waiting = _link.account_id == account, _link.used_at.is_(None), _link.reusable.is_(False)
    connection.execute(delete(SigninLink).where(*waiting))
    connection.execute(insert(SigninLink).values(token_hash=hash_token(token), **row))
    way = "by_hand" if by_hand else "mail" if nonce else "at_the_machine"
    wrote: dict[str, Json] = {"signin_link": {hash_token(token): vouched_for_office(row)}}
    data: dict[str, Json] = {
        "account": account,
        "way": way,
        "with_code": code is not None,
        "nonce": nonce,
        "wrote": wrote,
    }
    told = () if actor.account is None else (account, *auditors_told(connection, actor))
    note(connection, "account:link_made", actor=actor, now=now, data=data, told=told)


def token_from(key: bytes, nonce: str) -> str:
    """The token of a link. Known to nobody who has not both the program's secret and the number in the event."""
    return hmac.new(key, b"link\0" + nonce.encode(), hashlib.sha256).hexdigest()


def code_from(key: bytes, nonce: str) -> str:
    """The eight digits that belong to a link which is handed over."""
    made = hmac.new(key, b"code\0" + nonce.encode(), hashlib.sha256).digest()
    return str(int.from_bytes(made[:8], "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def _hash_code(code: str, nonce: str | None) -> str:
    return hashlib.sha256(f"{nonce}\0{code}".encode()).hexdigest()


# -- the second person ------------------------------------------------------------------------------------------------


def second_people(connection: Connection, *, but_not: tuple[int | None, ...]) -> list[AccountId]:
    """Who could be the second person: open accounts of auditors and administrators that have a password, and so an owner."""
    query = select(_account.id).where(
        _account.role.in_([role.value for role in SECONDS]),
        _account.active.is_(True),
        _account.password_hash.is_not(None),
        _account.id.not_in([one for one in but_not if one is not None]),
    )
    return [AccountId(found) for found in connection.execute(query.order_by(_account.id)).scalars()]


def handovers(connection: Connection, *, asker: AccountId, now: datetime) -> list[Handover]:
    """The links that this person may give the code of, the newest first."""
    query = select(_link.token_hash, _link.account_id, _link.made_by, _link.expires_at).where(*_of_second(asker, now))
    return [
        Handover(name=name, owner=AccountId(owner), made_by=AccountId(made_by), until=until)
        for name, owner, made_by, until in connection.execute(query.order_by(_link.expires_at.desc()))
    ]


def show_code(connection: Connection, name: str, *, key: bytes, actor: Actor, now: datetime) -> str:
    """The code of a link, for its second person, who is recorded. Raises `NoSuchHandover`."""
    asker = actor.account
    if asker is None:
        raise NoSuchHandover
    query = select(_link.nonce, _link.account_id).where(_link.token_hash == name, *_of_second(asker, now))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NoSuchHandover
    note(connection, "account:code_shown", actor=actor, now=now, data={"account": row.account_id, "link": name})
    return code_from(key, row.nonce)


def _of_second(asker: AccountId, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Waiting for its code, and neither made by this person nor for them."""
    return (
        _link.code_hash.is_not(None), _link.used_at.is_(None), _link.expires_at > now, _link.made_by != asker,
        _link.account_id != asker,
    )  # fmt: skip


# -- using ------------------------------------------------------------------------------------------------------------


def link_is_good(connection: Connection, token: str, *, now: datetime) -> bool:
    return connection.execute(select(_link.account_id).where(*_good(token, now))).first() is not None


def link_asks_for_code(connection: Connection, token: str) -> bool:
    query = select(_link.code_hash).where(_link.token_hash == hash_token(token))
    return connection.execute(query).scalar() is not None


def use_link(
    connection: Connection, token: str, *, browser: str, now: datetime, code: str = "", demo: bool = False
) -> LinkUsed | None:
    """The session that the link begins in this browser; None if it is spent, too old or of a closed account. Raises
    `WrongCode`, and then it is not spent. In a `demo` nobody is asked for a
    second factor.

    Spent by the condition of the very statement that spends it: of two browsers one is signed in. The session's token
    follows from the link and the browser, so that the second click of a double click finds the session of the first.
    """
    good = _good(token, now)
    kept = connection.execute(select(_link.code_hash, _link.nonce).where(*good)).one_or_none()
    if kept is not None and kept.code_hash is not None and kept.code_hash != _hash_code(_typed(code), kept.nonce):
        raise WrongCode
    spend = update(SigninLink).where(*good).values(used_at=now).returning(_link.account_id, _link.reusable)
    row = connection.execute(spend).one_or_none()
    if row is None:
        return session_of_link(connection, token, browser=browser, now=now)
    account = AccountId(row.account_id)
    given = None if row.reusable else _token_of_link(token, browser)
    limited = None if row.reusable else comes_first(connection, account, demo=demo)
    begun = begin_session(
        connection, account=account, now=now, token=given, by_link=not row.reusable, link=hash_token(token),
        limited=limited, how=BY_LINK,
    )  # fmt: skip
    return LinkUsed(session=begun, account=account, new=True, once=not row.reusable, waits=limited == CODE)


def _typed(code: str) -> str:
    return "".join(sign for sign in half_width(code) if sign.isdecimal())


def session_of_link(connection: Connection, token: str, *, browser: str, now: datetime) -> LinkUsed | None:
    """The session that this link has begun in this browser before and that goes on; None if there is none."""
    session = _token_of_link(token, browser)
    found = find_session(connection, session, now=now)
    if found is None or found.account is None:
        return None
    return LinkUsed(session=session, account=found.account, new=False, once=True)


def _token_of_link(token: str, browser: str) -> str:
    """Known to nobody but a browser that has the link: neither the link nor the browser's own value is kept."""
    return hmac.new(browser.encode(), b"session\0" + token.encode(), hashlib.sha256).hexdigest()


def _good(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a link signs in."""
    open_accounts = select(_account.id).where(_account.active.is_(True))
    return (
        _link.token_hash == hash_token(token),
        _link.expires_at > now,
        or_(_link.used_at.is_(None), _link.reusable.is_(True)),
        _link.account_id.in_(open_accounts),
    )
