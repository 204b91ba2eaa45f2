"""The proof of filing: what a receipt shows of the hash of the event that opened the case.

80 bits as 16 letters and digits, no secret. Paper that the office does not hold then names a place in the record: a filing
that is taken out, dated back or written anew no longer fits the paper.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from cases.numbers import case_number, same_number
from cases.tracking import ALPHABET, read_code
from cases.visibility import case, visible_cases
from ledger.chain import GENESIS, event_hash
from ledger.tables import Event
from workflow.model import Actor
from workflow.spelling import stamp

BITS, LETTER_BITS = 80, 5
_event = Event.__table__.c  # type: ignore[attr-defined]


class Verdict(StrEnum):
    """What the record says to a receipt."""

    FITS = "fits"
    ANOTHER = "another"  #: there is such a number, and its filing is not the one of the receipt
    BROKEN = "broken"  #: the event at that place was changed after it was written
    NO_CASE = "no_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    verdict: Verdict
    filed_at: datetime | None = None


def proof(hash_: str) -> str:
    """The first 80 bits of a hash as 16 letters and digits."""
    bits = int(hash_[: BITS // 4], 16)
    return "".join(ALPHABET[(bits >> shift) % 32] for shift in range(BITS - LETTER_BITS, -1, -LETTER_BITS))


def proof_of(connection: Connection, case_id: int) -> str:
    """The proof of a case that has been filed."""
    query = select(_event.hash).where(_event.stream == case_id, _event.seq == 1)
    return proof(connection.execute(query).scalar_one())


def case_by_number(connection: Connection, typed: str, *, short_name: str, actor: Actor) -> int | None:
    """The case of that number as people write it. None for anything else."""
    figures = re.findall(r"\d+", typed)
    if len(figures) < 2 or max(map(len, figures)) > 9:
        return None
    query = visible_cases(actor, case.id, case.series).where(
        case.year == int(figures[0]), case.serial == int(figures[-1])
    )
    for row in connection.execute(query):
        if same_number(typed, case_number(short_name, row.series, int(figures[0]), int(figures[-1]))):
            return int(row.id)
    return None


def check_proof(connection: Connection, case_id: int | None, typed: str) -> Checked:
    """Whether the event that opened this case is the one a receipt was printed for."""
    row = connection.execute(select(*_event).where(_event.stream == case_id, _event.seq == 1)).one_or_none()
    if row is None:
        return Checked(verdict=Verdict.NO_CASE)
    columns = [
        row.stream, row.seq, row.code, stamp(row.occurred_at), stamp(row.recorded_at), row.actor, row.role, row.unit,
        row.data, row.key, GENESIS,
    ]  # fmt: skip
    if proof(row.hash) != read_code(typed):
        return Checked(verdict=Verdict.ANOTHER, filed_at=row.recorded_at)
    whole = event_hash(columns) == row.hash
    return Checked(verdict=Verdict.FITS if whole else Verdict.BROKEN, filed_at=row.recorded_at)
