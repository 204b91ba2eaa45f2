"""Signing in with an account that the office's district has given everybody: OpenID Connect Core 1.0, the code flow with PKCE
(docs/decisions/0042).

Nobody comes in by a name that somebody else assigns: an identity opens the account whose owner has connected it, signed in and with their
own password. Of an identity only a hash is kept. It counts as what came first, like a password: a second factor is asked for all the same.

What is sent there and comes back belongs to one browser, one purpose and ten minutes, and is spent by coming back: state, nonce and
verifier follow from one random secret, kept with the challenges of passkeys.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Connection, delete, insert, select, update

from infra.asking import NotAnswered, ask_json, read_address
from infra.settings import Settings
from ledger.vouching import vouched_for_office
from people.challenges import remember_challenge, take_challenge
from people.noting import note
from people.tables import Account, Identity
from workflow.model import AccountId, Actor, Json

SIGN_IN, CONNECT = "oidc_sign_in", "oidc_connect"
#: How a state begins, which says for what the browser was sent away.
MARKS = {SIGN_IN: "s.", CONNECT: "c."}
LASTS = timedelta(minutes=10)
#: How signatures may be made: with keys of the other side, never with a shared word or with none.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
#: Seconds that clocks may differ, and that what was asked of the other side about itself is good.
LEEWAY, KNOWN_SECONDS = 60, 600
LONGEST_SUBJECT = 255
#: So many ask the other side at once, each for so long; the others wait so long for their turn.
AT_ONCE, WHOLE_SECONDS, TURN_SECONDS = 4, 10.0, 2.0
_ASKING = BoundedSemaphore(AT_ONCE)

_identity = Identity.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]


class NotIdentified(Exception):
    """It does not say who somebody is. `code` says why, for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The other side, as it describes itself."""

    issuer: str
    authorize: str
    token: str
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """A browser that was sent away: for what, with which secret, and for whose account."""

    purpose: str
    secret: bytes
    account: AccountId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    identity_hash: str
    created_at: datetime
    used_at: datetime | None


def is_offered(settings: Settings) -> bool:
    return bool(settings.oidc_issuer)


# -- there and back -----------------------------------------------------------------------------------------------------


def begin(
    connection: Connection, provider: Provider, settings: Settings, *, purpose: str, browser: str, account: AccountId | None,
    now: datetime,
) -> str:  # fmt: skip
    """The address to send the browser to. The other side has been asked before: nobody is asked while the record is held."""
    secret = secrets.token_bytes(32)
    remember_challenge(connection, browser, purpose, secret, account=account, until=now + LASTS)
    asked = {
        "response_type": "code", "client_id": settings.oidc_client_id, "redirect_uri": back_to(settings), "scope": "openid",
        "state": _state(secret, purpose), "nonce": _part(secret, "nonce"), "code_challenge_method": "S256",
        "code_challenge": create_s256_code_challenge(_part(secret, "verifier")),
    }  # fmt: skip
    return f"{provider.authorize}{'&' if '?' in provider.authorize else '?'}{urlencode(asked)}"


def come_back(connection: Connection, *, browser: str, state: str, now: datetime) -> Went | None:
    """What went there with this state from this browser. It is spent, whatever comes of it."""
    purpose = next((one for one, mark in MARKS.items() if state.startswith(mark)), None)
    found = take_challenge(connection, browser, purpose, now=now) if purpose else None
    if purpose is None or found is None:
        return None
    secret, account = found
    if not hmac.compare_digest(_state(secret, purpose).encode(), state.encode()):
        return None
    return Went(purpose=purpose, secret=secret, account=None if account is None else AccountId(account))


def identity_in(settings: Settings, code: str, secret: bytes, *, now: datetime) -> str:
    """The hash of who the other side says has come, for the code that it gave the browser. Raises `NotIdentified`."""
    provider = provider_of(settings)
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": back_to(settings),
        "code_verifier": _part(secret, "verifier"), "client_id": settings.oidc_client_id,
    }  # fmt: skip
    word = settings.oidc_client_secret.get_secret_value()
    said = _ask(provider.token, form=form, credentials=(settings.oidc_client_id, word) if word else None)
    subject = _subject(said, provider, settings, nonce=_part(secret, "nonce"), now=now)
    return hashlib.sha256(f"{provider.issuer}\0{subject}".encode()).hexdigest()


def provider_of(settings: Settings) -> Provider:
    """Raises `NotIdentified` if it does not answer, or describes somebody else."""
    return _provider(settings.oidc_issuer, int(time.monotonic() / KNOWN_SECONDS))


def back_to(settings: Settings) -> str:
    return f"{settings.base_url()}/signin/unified/back"


@lru_cache(maxsize=4)
def _provider(issuer: str, _then: int) -> Provider:
    said = _ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if said.get("issuer") != issuer:
        raise NotIdentified("issuer")  # OpenID Connect Discovery 1.0, 4.3: letter by letter
    addresses = [str(said.get(name, "")) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    try:
        for address in addresses:
            read_address(address, may_be_inside=True)
    except NotAnswered as error:
        raise NotIdentified(error.code) from error
    return Provider(issuer=issuer, authorize=addresses[0], token=addresses[1], keys=addresses[2])


def _subject(said: dict[str, Any], provider: Provider, settings: Settings, *, nonce: str, now: datetime) -> str:
    """Who the token is about, once everything that it must say was looked at (OpenID Connect Core 1.0, 3.1.3.7)."""
    try:
        keys = KeySet.import_key_set(_ask(provider.keys))  # type: ignore[arg-type]
        token = jwt.decode(str(said.get("id_token", "")), keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            token.claims, token.header,
            options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": settings.oidc_client_id},
            },
            params={"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": said.get("access_token")},
        )  # fmt: skip
        claims.validate(now=now.timestamp(), leeway=LEEWAY)
    except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotIdentified(type(error).__name__) from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotIdentified("subject")
    return subject


def _ask(address: str, **how: Any) -> dict[str, Any]:
    """A few at once: a server that hangs must not take all who are at work here with it."""
    if not _ASKING.acquire(timeout=TURN_SECONDS):
        raise NotIdentified("busy")
    try:
        return ask_json(address, whole=WHOLE_SECONDS, **how)
    except NotAnswered as error:
        raise NotIdentified(error.code) from error
    finally:
        _ASKING.release()


def _state(secret: bytes, purpose: str) -> str:
    return MARKS[purpose] + _part(secret, "state")


def _part(secret: bytes, name: str) -> str:
    return hmac.new(secret, f"huiyin openid {name}".encode(), hashlib.sha256).hexdigest()


# -- whose it is ----------------------------------------------------------------------------------------------------------


def account_of(connection: Connection, identity: str, *, now: datetime) -> AccountId | None:
    """The open account that this identity signs in to; that it did is noted."""
    query = (
        select(_identity.account_id)
        .join_from(Identity, Account, _account.id == _identity.account_id)
        .where(_identity.identity_hash == identity, _account.active.is_(True))
    )
    found = connection.execute(query).scalar()
    if found is None:
        return None
    connection.execute(update(Identity).where(_identity.identity_hash == identity).values(used_at=now))
    return AccountId(found)


def connect(connection: Connection, account: AccountId, identity: str, *, actor: Actor, now: datetime) -> bool:
    """The identity signs in to this account from now on, in place of the one before, and its owner is told. False if it is connected
    with another account: two people cannot be one."""
    owner = connection.execute(select(_identity.account_id).where(_identity.identity_hash == identity)).scalar()
    if owner is not None:
        return bool(owner == account)
    row: dict[str, Any] = {"account_id": account, "created_at": now}
    connection.execute(delete(Identity).where(_identity.account_id == account))
    connection.execute(insert(Identity).values(identity_hash=identity, used_at=None, **row))
    wrote: dict[str, Json] = {"identity": {identity: vouched_for_office(row)}}
    note(
        connection,
        "identity:connected",
        actor=actor,
        now=now,
        data={"account": account, "wrote": wrote},
        told=(account,),
    )
    return True


def connected_of(connection: Connection, account: AccountId) -> Connected | None:
    query = select(_identity.identity_hash, _identity.created_at, _identity.used_at)
    row = connection.execute(query.where(_identity.account_id == account)).one_or_none()
    return Connected(identity_hash=row.identity_hash, created_at=row.created_at, used_at=row.used_at) if row else None


def disconnect(connection: Connection, account: AccountId, *, actor: Actor, now: datetime) -> None:
    """It signs nobody in any more. Once is as good as twice."""
    if connection.execute(delete(Identity).where(_identity.account_id == account)).rowcount:
        note(
            connection,
            "identity:removed",
            actor=actor,
            now=now,
            data={"account": account, "wrote": {}},
            told=(account,),
        )
