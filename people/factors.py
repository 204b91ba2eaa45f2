"""The second factor: a code of an authenticator app (TOTP, RFC 6238), and ten recovery codes for the day the phone is lost.

Administrators and auditors must have one, everybody may. A code is good for its half minute and its neighbours, and once
(ASVS 5.0 §6.5). Whoever has neither app nor recovery code left gets their factor taken away by two people
(`people/proposals.py`), and sets up another.
"""

import hashlib
import re
import secrets
from datetime import datetime
from typing import Any

import pyotp
import segno
from sqlalchemy import Connection, delete, insert, or_, select, update

from infra.identifiers import half_width
from ledger.vouching import vouched_for_office
from people.directory import person
from people.noting import auditors_told, note, rows_of_account
from people.signin import CODE, SET_UP
from people.tables import Account, Identity, Passkey, RecoveryCode, WebSession
from people.tokens import end_tokens_of
from workflow.model import AccountId, Actor, Json, Role

#: Whoever has such an account must have a second factor.
REQUIRED = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
STEP_SECONDS = 30
#: How many steps the clock of a phone may be off, either way.
NEIGHBOURS = 1
RECOVERY_CODES = 10
SECRET_LENGTH = 32
#: What it is when the owner takes it away.
REMOVED = "account:factor_removed"

_account = Account.__table__.c  # type: ignore[attr-defined]
_code = RecoveryCode.__table__.c  # type: ignore[attr-defined]
_passkey = Passkey.__table__.c  # type: ignore[attr-defined]
_identity = Identity.__table__.c  # type: ignore[attr-defined]
_session = WebSession.__table__.c  # type: ignore[attr-defined]


def has_factor(connection: Connection, account: AccountId) -> bool:
    return connection.execute(select(_account.totp_secret).where(_account.id == account)).scalar() is not None


def has_passkey(connection: Connection, account: AccountId) -> bool:
    return connection.execute(select(_passkey.name).where(_passkey.account_id == account).limit(1)).first() is not None


def may_be_lost(connection: Connection, account: AccountId) -> bool:
    """Whether there is anything that two people could take away for its owner."""
    return has_factor(connection, account) or has_passkey(connection, account)


def comes_first(connection: Connection, account: AccountId, *, demo: bool) -> str | None:
    """What the owner of an account does before anything else in a session: `CODE`, `SET_UP` or nothing. In a demo nobody has a
    phone. Whoever must have a second factor and has a passkey alone comes in with that: the password sets up no other."""
    if has_factor(connection, account):
        return CODE
    found = person(connection, account)
    must = found is not None and found.actor.role in REQUIRED and not demo
    if not must:
        return None
    return CODE if has_passkey(connection, account) else SET_UP


def new_secret() -> str:
    return pyotp.random_base32(SECRET_LENGTH)


def is_secret(text: str) -> bool:
    """Whether it is one that this program makes."""
    return re.fullmatch(f"[A-Z2-7]{{{SECRET_LENGTH}}}", text) is not None


def picture_of(secret: str, *, login: str, office: str) -> str:
    """The secret as a QR code, as the address of an image that is its own content."""
    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=office)
    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=2))


def set_factor(
    connection: Connection, account: AccountId, secret: str, code: str, *, actor: Actor, now: datetime
) -> tuple[str, ...] | None:
    """From now on the account signs in with codes of this secret; returns the recovery codes, which are shown once. None if
    the code is not one of it."""
    if not is_secret(secret) or (step := _step_of(secret, _typed(code), now)) is None:
        return None
    row = {"totp_secret": secret, "totp_step": step}
    connection.execute(update(Account).where(_account.id == account).values(**row))
    connection.execute(delete(RecoveryCode).where(_code.account_id == account))
    codes = tuple(secrets.token_hex(5) for _ in range(RECOVERY_CODES))
    rows: dict[str, Json] = {}
    for one in codes:
        kept: dict[str, Any] = {"account_id": account, "used_at": None}
        connection.execute(insert(RecoveryCode).values(code_hash=_hash(one), **kept))
        rows[_hash(one)] = vouched_for_office(kept)
    data: dict[str, Json] = {"account": account, "wrote": {**rows_of_account(account, **row), "recovery_code": rows}}
    note(connection, "account:factor_set", actor=actor, now=now, data=data)
    return codes


def use_factor(connection: Connection, account: AccountId, typed: str, *, now: datetime) -> dict[str, Json] | None:
    """Spends a code of the app or a recovery code, in the condition of the very statement: of two who send the same one is
    let in. Returns what the event of the session has to vouch for; None if it is not one, or was used."""
    code = _typed(typed)
    secret = connection.execute(select(_account.totp_secret).where(_account.id == account)).scalar()
    step = _step_of(secret, code, now) if secret else None
    if step is not None:
        fresh = or_(_account.totp_step.is_(None), _account.totp_step < step)
        spent = connection.execute(update(Account).where(_account.id == account, fresh).values(totp_step=step))
        return rows_of_account(account, totp_step=step) if spent.rowcount else None
    mine = (_code.code_hash == _hash(code), _code.account_id == account, _code.used_at.is_(None))
    spent = connection.execute(update(RecoveryCode).where(*mine).values(used_at=now))
    return {"recovery_code": {_hash(code): vouched_for_office({"used_at": now})}} if spent.rowcount else None


def remove_factor(
    connection: Connection, account: AccountId, *, actor: Actor, now: datetime, code: str = REMOVED
) -> None:
    """The account signs in without one, or has to set up another. Every browser of it is signed out, and its access tokens end;
    owner and auditors hear of it. Where others take it away, because it was lost, its passkeys go too, and whoever it was connected with."""
    row = {"totp_secret": None, "totp_step": None}
    connection.execute(update(Account).where(_account.id == account).values(**row))
    connection.execute(delete(RecoveryCode).where(_code.account_id == account))
    connection.execute(delete(WebSession).where(_session.account_id == account))
    if code != REMOVED:
        connection.execute(delete(Passkey).where(_passkey.account_id == account))
        connection.execute(delete(Identity).where(_identity.account_id == account))
    end_tokens_of(connection, account, actor=actor, now=now)
    data: dict[str, Json] = {"account": account, "wrote": rows_of_account(account, **row)}
    note(connection, code, actor=actor, now=now, data=data, told=(account, *auditors_told(connection, actor)))


def codes_left(connection: Connection, account: AccountId) -> int:
    """How many recovery codes have not been used."""
    query = select(_code.code_hash).where(_code.account_id == account, _code.used_at.is_(None))
    return len(connection.execute(query).all())


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is, among those that count now."""
    present = int(now.timestamp()) // STEP_SECONDS
    made = pyotp.TOTP(secret)
    for step in range(present - NEIGHBOURS, present + NEIGHBOURS + 1):
        if secrets.compare_digest(made.generate_otp(step).encode(), code.encode()):
            return step
    return None


def _typed(code: str) -> str:
    """However it was typed: full width, with spaces or hyphens, in capitals."""
    return "".join(sign for sign in half_width(code).lower() if sign.isalnum())


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
