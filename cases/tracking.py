"""The petitioner's tracking code: made from the form that was sent, kept only as a hash.

24 letters and digits in six groups, 120 bits. It is derived from the id of the form, which is random and is not kept
either, so that sending the same form twice gives the same receipt and nobody else can ever print it again. A secret
of this length needs no slow hash (OWASP ASVS 5, 6.5.2): it is looked up by its SHA-256.
"""

import hashlib
import re

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.sql import bindparam

from cases.tables import Tracking
from infra.identifiers import read_identifier
from infra.statements import Statement

#: Letters that nobody confuses on paper or on the phone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 24, 4
MISREAD = str.maketrans("OILU", "011V")
_NOT_CODE = re.compile(r"[^0-9A-Z]+")

_tracking = Tracking.__table__.c  # type: ignore[attr-defined]
_INSERT = Statement(insert(Tracking).values(code_hash=bindparam("code_hash"), case_id=bindparam("case_id")))
_RENEW = Statement(
    update(Tracking).where(_tracking.case_id == bindparam("case_id")).values(code_hash=bindparam("code_hash"))
)
_FIND = Statement(select(_tracking.case_id).where(_tracking.code_hash == bindparam("code_hash")))


def code_for(request: str) -> str:
    """The code of the case that a form opens. `request` is the form's id: 128 random bits from the server."""
    digest = int.from_bytes(hashlib.sha256(b"huiyin tracking code\0" + request.encode()).digest())
    return "".join(ALPHABET[(digest >> (5 * place)) % 32] for place in range(LENGTH))


def in_groups(code: str) -> str:
    return "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))


def remember(connection: Connection, code: str, *, case_id: int) -> dict[str, str]:
    """Keeps what is needed to recognise the code, and returns it for the ledger."""
    row = {"code_hash": _hash(code)}
    _INSERT.run(connection, case_id=case_id, **row)
    return row


def renew(connection: Connection, code: str, *, case_id: int) -> dict[str, str]:
    """The same for a code that takes the place of the one before."""
    row = {"code_hash": _hash(code)}
    _RENEW.run(connection, case_id=case_id, **row)
    return row


def case_of(connection: Connection, typed: str) -> int | None:
    """The case that a code opens, however it was typed; None for anything else."""
    rows = _FIND.rows(connection, code_hash=_hash(read_code(typed)))
    return rows[0][0] if rows else None


def read_code(typed: str) -> str:
    """A code as it was printed, however it was typed: in letters and digits alone, with what is easily misread put right."""
    return _NOT_CODE.sub("", read_identifier(typed).upper()).translate(MISREAD)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
