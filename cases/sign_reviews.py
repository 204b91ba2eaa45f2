"""What auditors make of signs of gaming. A verdict is an event of the office; it changes no score and no case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from cases.assessment_tables import SignReview
from cases.repeats import FormWasUsed
from ledger.chain import NewEvent, append_to_office, find_by_key, request_key, wait_for_key
from ledger.vouching import vouched_for_office
from workflow.model import AccountId, Actor, Json

_review = SignReview.__table__.c  # type: ignore[attr-defined]
#: In the order in which they are offered.
VERDICTS = ("explained", "to_be_discussed", "confirmed")
REVIEWED = "sign:reviewed"


@dataclass(frozen=True, slots=True, order=True)
class SignKey:
    """What names a sign for good: its kind, the case's stream, and the event that shows it."""

    sign: str
    stream: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    verdict: str
    by: AccountId
    at: datetime


def review(connection: Connection, key: SignKey, verdict: str, *, actor: Actor, now: datetime, request: str) -> None:
    """Gives a sign its verdict, in place of an earlier one, which stays in the ledger. The same request gives it once.

    That there is such a sign, and that it exists for the actor, the caller has seen to. Raises `FormWasUsed`.
    """
    assert verdict in VERDICTS
    assert actor.account is not None
    once = request_key(request)
    wait_for_key(connection, once)
    if found := find_by_key(connection, once):
        said = found[2].get("wrote", {}).get("sign_review", {}).get(f"{key.sign} {key.stream} {key.seq}", {})
        if (said.get("verdict"), said.get("reviewed_by")) != (verdict, actor.account):
            raise FormWasUsed
        return
    row = {
        "sign": key.sign, "stream": key.stream, "seq": key.seq, "verdict": verdict, "reviewed_by": actor.account,
        "reviewed_at": now,
    }  # fmt: skip
    # The event first: its stream's lock makes two auditors wait for each other.
    named: dict[str, Json] = {f"{key.sign} {key.stream} {key.seq}": vouched_for_office(row)}
    data: dict[str, Json] = {"wrote": {"sign_review": named}}
    event = NewEvent(code=REVIEWED, occurred_at=now, recorded_at=now, actor=actor, data=data, key=once)
    append_to_office(connection, event)
    known = (_review.sign == key.sign, _review.stream == key.stream, _review.seq == key.seq)
    connection.execute(delete(SignReview).where(*known))
    connection.execute(insert(SignReview).values(**row))


def verdicts(connection: Connection) -> dict[SignKey, Verdict]:
    """The last verdict about each sign that has one."""
    return {
        SignKey(row.sign, row.stream, row.seq): Verdict(
            verdict=row.verdict, by=AccountId(row.reviewed_by), at=row.reviewed_at
        )
        for row in connection.execute(select(*_review))
    }
