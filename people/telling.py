"""How somebody is told, by their own choice: what is not urgent now, by the morning's digest, or at the desk alone; and quiet hours.

Whatever somebody chooses, red lights, crises, what would be due before they heard of it, and what concerns their account are told at
once (`notifications/holding_back.py`). A choice is an event of the office: who says "I was not told" can be shown why.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from infra.identifiers import half_width
from infra.statements import insert_or
from ledger.vouching import vouched_for_office
from people.noting import note
from people.tables import Telling
from workflow.model import AccountId, Actor, Json

NOW, DIGEST, DESK = "now", "digest", "desk"
#: Of lights that are not red, and of everything else that happens to a matter: a light is never left to the desk alone.
OF_LIGHTS, OF_NEWS = (NOW, DIGEST), (NOW, DIGEST, DESK)
#: Hours of a day at which quiet may begin and end.
HOURS = range(24)

#: How a telephone number may be written; blanks, hyphens and brackets in it say nothing.
_PHONE = re.compile(r"\+?\d{6,15}")
_telling = Telling.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`phone`: where what is urgent goes as a short message too. `quiet`: from the first hour of a day until the second one, past
    midnight where that is the smaller; None: at any hour."""

    lights: str = NOW
    news: str = NOW
    quiet: tuple[int, int] | None = None
    phone: str | None = None


USUAL = Chosen()


def read_phone(typed: str) -> str | None:
    """The digits of a telephone number, with the plus of one that has its country; None for what is none."""
    digits = re.sub(r"[\s()\-]", "", half_width(typed))
    return digits if _PHONE.fullmatch(digits) else None


def telling_of(connection: Connection, account: AccountId) -> Chosen:
    row = connection.execute(select(*_telling).where(_telling.account_id == account)).one_or_none()
    return chosen_in(row) if row else USUAL


def chosen_in(row: Any) -> Chosen:
    quiet = None if row.quiet_from is None else (row.quiet_from, row.quiet_until)
    return Chosen(lights=row.lights, news=row.news, quiet=quiet, phone=row.phone)


def choose_telling(connection: Connection, account: AccountId, chosen: Chosen, *, actor: Actor, now: datetime) -> None:
    """From now on. The same once more changes nothing."""
    assert chosen.lights in OF_LIGHTS, "one of those that are offered"
    assert chosen.news in OF_NEWS, "one of those that are offered"
    if telling_of(connection, account) == chosen:
        return
    begins, ends = chosen.quiet or (None, None)
    row: dict[str, Any] = {
        "lights": chosen.lights, "news": chosen.news, "quiet_from": begins, "quiet_until": ends,
    }  # fmt: skip
    whole = {**row, "phone": chosen.phone}
    kept = insert_or(connection, Telling).values(account_id=account, **whole)
    connection.execute(kept.on_conflict_do_update(index_elements=["account_id"], set_=whole))
    # Of a number not even a hash is kept for ever: there are so few of them that whoever has the hash has the number.
    data: dict[str, Json] = {
        "account": account, "wrote": {"telling": {str(account): vouched_for_office(row)}}, "texts": chosen.phone is not None,
    }  # fmt: skip
    note(connection, "telling:chosen", actor=actor, now=now, data=data)
