"""When an account was last signed in with, how, and in what kind of browser: shown to its owner, who would know a stranger.

No address is kept. That a session was begun, and how, is in the record of the office; this is a note for the owner, which is
forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from people.browsers import BROWSERS, SYSTEMS, kind_of
from people.tables import SignIn
from workflow.model import AccountId

#: How somebody comes in: by the password alone, with a code of the second factor after what came first, by a one-time link, by a
#: passkey, by way of somebody else.
PASSWORD, FACTOR, LINK, PASSKEY, UNIFIED = "password", "factor", "link", "passkey", "unified"
WAYS = (PASSWORD, FACTOR, LINK, PASSKEY, UNIFIED)
#: The codes that a note is made of, by what they are codes of.
SHOWN_TO_OWNERS = {"sign_in": WAYS, "browser": BROWSERS, "system": SYSTEMS}
KEPT_FOR = timedelta(days=90)
SHOWN = 10
_sign_in = SignIn.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameIn:
    at: datetime
    how: str
    browser: str
    system: str


def note_sign_in(connection: Connection, account: AccountId, how: str, *, user_agent: str, now: datetime) -> None:
    browser, system = kind_of(user_agent)
    row = {"account_id": account, "at": now, "how": how, "browser": browser, "system": system}
    connection.execute(insert(SignIn).values(**row))


def sign_ins_of(connection: Connection, account: AccountId) -> Sequence[CameIn]:
    """The last of an account, the newest first."""
    query = select(_sign_in.at, _sign_in.how, _sign_in.browser, _sign_in.system).where(_sign_in.account_id == account)
    rows = connection.execute(query.order_by(_sign_in.at.desc(), _sign_in.id.desc()).limit(SHOWN))
    return [CameIn(at=row.at, how=row.how, browser=row.browser, system=row.system) for row in rows]


def forget_old_sign_ins(connection: Connection, *, now: datetime) -> int:
    return connection.execute(delete(SignIn).where(_sign_in.at < now - KEPT_FOR)).rowcount
