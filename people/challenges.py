"""What one browser was given to come back with, for one purpose and a few minutes: of each purpose the newest alone, and gone by the
statement that looks at it."""

from datetime import datetime

from sqlalchemy import Connection, delete
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from infra.statements import insert_or
from people.signin import hash_token
from people.tables import PasskeyChallenge

_challenge = PasskeyChallenge.__table__.c  # type: ignore[attr-defined]


def remember_challenge(
    connection: Connection, browser: str, purpose: str, challenge: bytes, *, account: int | None, until: datetime
) -> None:
    row = {"challenge": bytes_to_base64url(challenge), "account_id": account, "expires_at": until}
    new = insert_or(connection, PasskeyChallenge).values(browser_hash=hash_token(browser), purpose=purpose, **row)
    connection.execute(new.on_conflict_do_update(index_elements=["browser_hash", "purpose"], set_=row))


def take_challenge(
    connection: Connection, browser: str, purpose: str, *, now: datetime
) -> tuple[bytes, int | None] | None:
    """The challenge and the account that it is for; None if there is none, or it is too late."""
    mine = _challenge.browser_hash == hash_token(browser), _challenge.purpose == purpose
    gone = (
        delete(PasskeyChallenge)
        .where(*mine)
        .returning(_challenge.challenge, _challenge.account_id, _challenge.expires_at)
    )
    row = connection.execute(gone).one_or_none()
    return None if row is None or row.expires_at <= now else (base64url_to_bytes(row.challenge), row.account_id)


def forget_old_challenges(connection: Connection, *, now: datetime) -> int:
    return connection.execute(delete(PasskeyChallenge).where(_challenge.expires_at <= now)).rowcount
