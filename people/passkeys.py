"""Passkeys: a device of the owner signs a challenge with a key that never leaves it (W3C Web Authentication, level 2).

A passkey that has asked its owner who they are, by finger, face or PIN, counts as both factors; others are not taken. A challenge is
for one browser, one purpose and five minutes, and whatever comes of it, it is spent. A key that says how often it has signed may not
go back: it was copied, and is refused and noted. What is signed is checked by the library `webauthn`; what it is checked for is
here: the name of the office's address, its origin, the challenge, the account (docs/decisions/0039).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from sqlalchemy import Connection, delete, insert, select, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from infra.addresses import domain_on_the_wire
from infra.settings import is_this_machine
from ledger.vouching import vouched_for_office
from people.challenges import remember_challenge, take_challenge
from people.directory import active_with_role
from people.noting import COMMITTED, note
from people.tables import Account, Passkey
from workflow.model import TIMERS, AccountId, Actor, Json, Role

SIGN_IN, ADD = "sign_in", "add"
CHALLENGE_LASTS = timedelta(minutes=5)
#: Of one account; and how long a name may be.
MOST, LONGEST_NAME = 10, 40
#: An answer of a device is some hundred characters, with a certificate a few thousand.
LONGEST_ANSWER = 20_000
#: What an answer that is none can make the library raise: it reads JSON, base64, CBOR and keys.
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, UnsupportedAlgorithm)

_passkey = Passkey.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where passkeys are good: the name that they are bound to, and the origin that a browser must say it is at."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A passkey as its owner sees it. `id` tells it from the others in a form, and signs nobody in."""

    id: str
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Whose passkey has signed, and what the event of the session has to vouch for."""

    account: AccountId
    spent: dict[str, Json]


def place_of(address: str) -> Place | None:
    """Where passkeys are good if people reach the program there; None where browsers have none: without https, except on
    their own machine, and where the host is a number."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    if parts.scheme == "http":
        return Place(name="localhost", origin=f"http://localhost{port}") if is_this_machine(host) else None
    if not any(sign.isalpha() for sign in host) or ":" in host:
        return None
    host = host if host.isascii() else domain_on_the_wire(host)
    return Place(name=host, origin=f"https://{host}{'' if port == ':443' else port}")


# -- signing in -------------------------------------------------------------------------------------------------------


def begin_sign_in(connection: Connection, place: Place, *, browser: str, now: datetime) -> str:
    """What the browser is to ask its device for, as JSON. Whose passkey it will be, the device says."""
    options = generate_authentication_options(rp_id=place.name, user_verification=UserVerificationRequirement.REQUIRED)
    remember_challenge(connection, browser, SIGN_IN, options.challenge, account=None, until=now + CHALLENGE_LASTS)
    return options_to_json(options)


def use_passkey(connection: Connection, answer: str, place: Place, *, browser: str, now: datetime) -> Used | None:
    """Whose passkey has signed the challenge of this browser; None if it is no such answer. A passkey that counts back is
    noted, and refused."""
    challenge, _ = take_challenge(connection, browser, SIGN_IN, now=now) or (None, None)
    said = _read(answer)
    row = _known(connection, said) if challenge else None
    if challenge is None or row is None or not _is_of(said, row.account_id):
        return None
    try:
        # The count is looked at below: the library's own answer would not tell a copied key from a broken signature.
        found = verify_authentication_response(
            credential=said, expected_challenge=challenge, expected_rp_id=place.name, expected_origin=place.origin,
            credential_public_key=base64url_to_bytes(row.public_key), credential_current_sign_count=0,
            require_user_verification=True,
        )  # fmt: skip
    except _UNREADABLE:
        return None
    account, count = AccountId(row.account_id), found.new_sign_count
    if (count or row.sign_count) and count <= row.sign_count:
        _note_refused(connection, row, count, now=now)
        return None
    changed = {"sign_count": count, "used_at": now}
    same = _passkey.credential_id == row.credential_id, _passkey.sign_count == row.sign_count
    if not connection.execute(update(Passkey).where(*same).values(**changed)).rowcount:
        return None
    return Used(account=account, spent=_rows(row.credential_id, **changed))


def _known(connection: Connection, said: dict[str, Any]) -> Any:
    """The passkey that an answer names, of an account that is open."""
    query = (
        select(*_passkey)
        .join_from(Passkey, Account, _account.id == _passkey.account_id)
        .where(_passkey.credential_id == str(said.get("id", "")), _account.active.is_(True))
    )
    return connection.execute(query).one_or_none()


def _is_of(said: dict[str, Any], account: int) -> bool:
    """Whether the device says that the passkey is of this account. One that was found by it always says whose it is."""
    response = said.get("response")
    return isinstance(response, dict) and response.get("userHandle") == bytes_to_base64url(_handle(account))


def _note_refused(connection: Connection, row: Any, count: int, *, now: datetime) -> None:
    """It is not known who has the key now, the owner or somebody else: both find it refused, and the owner is told."""
    account = AccountId(row.account_id)
    data: dict[str, Json] = {
        "account": account, "passkey": row.credential_id, "kept": row.sign_count, "given": count,
    }  # fmt: skip
    told = (account, *active_with_role(connection, Role.AUDITOR))
    note(connection, "passkey:refused", actor=TIMERS, now=now, data=data, told=told)


# -- one's own --------------------------------------------------------------------------------------------------------


def begin_adding(
    connection: Connection, account: AccountId, place: Place, *, browser: str, login: str, office: str, actor: Actor,
    now: datetime, spent: dict[str, Json],
) -> str:  # fmt: skip
    """What the browser is to ask a device for, as JSON. Devices that have one for this account already make no second. `spent`:
    what the owner gave to prove to be there, which an event has to vouch for."""
    mine = [one.id for one in passkeys_of(connection, account)]
    options = generate_registration_options(
        rp_id=place.name, rp_name=office, user_id=_handle(account), user_name=login, user_display_name=login,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in mine],
    )  # fmt: skip
    remember_challenge(connection, browser, ADD, options.challenge, account=account, until=now + CHALLENGE_LASTS)
    _note_own(connection, "passkey:asked", account, spent, actor=actor, now=now)
    return options_to_json(options)


def add_passkey(
    connection: Connection, account: AccountId, answer: str, place: Place, *, browser: str, name: str, actor: Actor,
    now: datetime,
) -> bool:  # fmt: skip
    """The account signs in with this passkey too, and its owner is told. False if it is no answer to the challenge that was
    made for this account in this browser."""
    taken = take_challenge(connection, browser, ADD, now=now)
    if taken is None or taken[1] != account or len(passkeys_of(connection, account)) >= MOST:
        return False
    try:
        made = verify_registration_response(
            credential=_read(answer), expected_challenge=taken[0], expected_rp_id=place.name, expected_origin=place.origin,
            require_user_verification=True,
        )  # fmt: skip
    except _UNREADABLE:
        return False
    row: dict[str, Any] = {
        "account_id": account, "public_key": bytes_to_base64url(made.credential_public_key), "sign_count": made.sign_count,
        "name": name, "created_at": now, "used_at": None,
    }  # fmt: skip
    one = bytes_to_base64url(made.credential_id)
    if connection.execute(select(_passkey.name).where(_passkey.credential_id == one)).first():
        return False  # of whoever has it: a device never gives one id twice
    connection.execute(insert(Passkey).values(credential_id=one, **row))
    _note_own(connection, "passkey:added", account, _rows(one, **row), actor=actor, now=now, tells=True)
    return True


def passkeys_of(connection: Connection, account: AccountId) -> list[Kept]:
    """The passkeys of an account, the oldest first."""
    query = select(_passkey.credential_id, _passkey.name, _passkey.created_at, _passkey.used_at)
    rows = connection.execute(query.where(_passkey.account_id == account).order_by(_passkey.created_at, _passkey.name))
    return [Kept(id=one, name=name, created_at=made, used_at=used) for one, name, made, used in rows]


def rename_passkey(
    connection: Connection, account: AccountId, one: str, name: str, *, actor: Actor, now: datetime
) -> bool:
    """Whether there is such a passkey of this account; it is called so from now on."""
    mine = _passkey.credential_id == one, _passkey.account_id == account
    if not connection.execute(update(Passkey).where(*mine).values(name=name)).rowcount:
        return False
    _note_own(connection, "passkey:renamed", account, _rows(one, name=name), actor=actor, now=now)
    return True


def remove_passkey(
    connection: Connection, account: AccountId, one: str, *, actor: Actor, now: datetime, spent: dict[str, Json]
) -> None:
    """It signs nobody in any more, and the owner is told."""
    mine = _passkey.credential_id == one, _passkey.account_id == account
    connection.execute(delete(Passkey).where(*mine))
    _note_own(connection, "passkey:removed", account, spent, actor=actor, now=now, tells=True, passkey=one)


def _note_own(
    connection: Connection, code: str, account: AccountId, rows: dict[str, Json], *, actor: Actor, now: datetime,
    tells: bool = False, **said: Json,
) -> None:  # fmt: skip
    data = {"account": account, "wrote": rows, **said}
    note(connection, code, actor=actor, now=now, data=data, told=(account,) if tells else ())


# -- the rest ---------------------------------------------------------------------------------------------------------


def _read(answer: str) -> dict[str, Any]:
    """What a page has sent of its device; nothing of what is no object."""
    try:
        said = json.loads(answer) if len(answer) <= LONGEST_ANSWER else {}
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _handle(account: int) -> bytes:
    """What a device keeps to say whose passkey it is: the same for one account, and no name."""
    return hashlib.sha256(f"huiyin account {account}".encode()).digest()


def _rows(one: str, **values: Any) -> dict[str, Json]:
    """What an event says of a passkey: the columns that it has written, of its name a hash."""
    return {"passkey": {one: vouched_for_office(values, long=COMMITTED)}}
