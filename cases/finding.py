"""The index of words: which terms stand in which text of which case, written in the transaction that writes the text.

It follows from the record and can be written anew from it at any time (`index_some`), or compared with it (`differences`). Each text is a
row of terms; in the place of a text numbered 0 stands what the register says of the case: its number in the spellings of
`number_forms`, and the codes that lists are filtered by. On PostgreSQL the rows have a GIN index, on SQLite an index of FTS5 beside them
that is told of each row. How words become terms is in `infra/terms.py`, who may find what in `visibility.py`, how one searches in
`search.py`; docs/decisions/0036.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, column, delete, func, insert, select, table
from sqlalchemy.sql import bindparam

from cases.numbers import number_forms
from cases.tables import Case, Finding
from cases.visibility import APART, cases_to_index, texts_to_index
from infra.among import is_among
from infra.columns import BigKey
from infra.initials import initials_of
from infra.statements import Statement
from infra.terms import INITIALS, NUMBER, code_term, words_of
from ledger.chain import lock_heads
from workflow import model
from workflow.model import TextKind

#: A case and the number of a text in it, as one key: cases lie in the order of their ids, the texts of one side by side.
BITS = 20
#: What the register says of a case that it is found by, and the mark of each code.
REGISTER = ("series", "year", "serial", "profile", "dispute_type", "channel")
CODES: Mapping[str, str] = {"profile": "▤", "dispute_type": "▥", "channel": "▦"}
CASES_AT_ONCE = 500

_case = Case.__table__.c  # type: ignore[attr-defined]
_finding = Finding.__table__.c  # type: ignore[attr-defined]
#: The index of FTS5. It keeps no words of its own, so that it is told what a row said when the row goes.
FTS = table("finding_terms", column("finding_terms", Text), column("rowid"), column("words", Text))
_ROW = Statement(insert(Finding).values(id=bindparam("id"), words=bindparam("words")).inline())
#: Rows that it is told of together: a word to it costs a step more than the words themselves. Until then they are looked through.
NEW = table("finding_terms_new", column("id", BigKey))
TOLD_AT_ONCE = 64
_WAITS = Statement(insert(NEW).values(id=bindparam("id")))
_WAITING = Statement(select(func.count()).select_from(NEW))
_TOLD = Statement(
    insert(FTS).from_select(
        ["rowid", "words"], select(_finding.id, _finding.words).where(_finding.id.in_(select(NEW.c.id)))
    )
)
_NONE_WAITS = Statement(delete(NEW))
_NO_TERMS = Statement(
    insert(FTS).values(finding_terms=bindparam("order"), rowid=bindparam("id"), words=bindparam("words"))
)
_ORDER = Statement(insert(FTS).values(finding_terms=bindparam("order")))


def key_of(case_id: int, number: int) -> int:
    return case_id << BITS | number


def index_texts(connection: Connection, case_id: int, texts: Sequence[model.Text]) -> None:
    """What people said or are called can be found from now on."""
    if texts:
        _write(connection, [_row(case_id, text.number, text.kind, text.content) for text in texts])


def index_case(connection: Connection, case_id: int, register: Mapping[str, Any]) -> None:
    """The case can be found by its number and its codes."""
    _write(connection, [_register_row(case_id, register)])


def index_again(connection: Connection, case_id: int, register: Mapping[str, Any]) -> None:
    """The same once the register says something else."""
    forget_texts(connection, case_id, [0])
    index_case(connection, case_id, register)


def forget_texts(connection: Connection, case_id: int, numbers: Iterable[int]) -> None:
    """Texts are found no more, and none of their words is left: for whoever erases one, in the same transaction."""
    keys = [key_of(case_id, number) for number in numbers]
    _drop(connection, connection.execute(select(Finding).where(is_among(_finding.id, keys))).all())


# -- anew -------------------------------------------------------------------------------------------------------------


def index_some(connection: Connection, after: int = 0) -> int | None:
    """Writes the terms of the next cases anew, as the record has them; the last of these cases, or None if there are no more."""
    registers = _next_cases(connection, after)
    if not registers:
        return None
    lock_heads(connection, registers)  # nobody writes a text meanwhile
    _drop(connection, list(_kept(connection, list(registers))))
    _write(connection, [{"id": key, "words": words} for key, words in _expected(connection, registers).items()])
    return max(registers)


def differences(connection: Connection) -> Iterator[tuple[int, int, str]]:
    """Where the index says anything but what the record says: case, number of the text, and missing, left or differs."""
    after = 0
    while registers := _next_cases(connection, after):
        expected = _expected(connection, registers)
        kept = dict(tuple(row) for row in _kept(connection, list(registers)))
        for key in sorted(expected.keys() | kept.keys()):
            if expected.get(key) != kept.get(key):
                what = "missing" if key not in kept else "left" if key not in expected else "differs"
                yield key >> BITS, key & (1 << BITS) - 1, what
        after = max(registers)


def make_index_anew(connection: Connection) -> None:
    """The index of FTS5 from the rows, all of it. Does nothing on PostgreSQL, whose index cannot differ from its rows."""
    if connection.dialect.name == "sqlite":
        _NONE_WAITS.run(connection)
        _ORDER.run(connection, order="rebuild")


def index_is_sound(connection: Connection) -> bool:
    """Whether the index of FTS5 says what the rows say."""
    if connection.dialect.name != "sqlite":
        return True
    _tell(connection)
    try:
        _ORDER.run(connection, order="integrity-check")
    except Exception as error:
        if "malformed" not in str(error):
            raise
        return False
    return True


# -- rows -------------------------------------------------------------------------------------------------------------


def _row(case_id: int, number: int, kind: str, content: str) -> dict[str, Any]:
    is_name = kind == TextKind.PARTY_NAME
    words = words_of(content, more=[INITIALS + one for one in initials_of(content)] if is_name else ())
    if mark := APART.get(TextKind(kind)):
        words = f" {' '.join(mark + term for term in words.split())} "
    return {"id": key_of(case_id, number), "words": words}


def _register_row(case_id: int, register: Mapping[str, Any]) -> dict[str, Any]:
    numbers = number_forms(register["series"], register["year"], register["serial"])
    terms = [code_term(NUMBER, form) for form in dict.fromkeys(numbers)]
    terms += [code_term(mark, register[name]) for name, mark in CODES.items()]
    return {"id": key_of(case_id, 0), "words": f" {' '.join(terms)} "}


def _write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    _ROW.run_many(connection, rows)
    if connection.dialect.name == "sqlite":
        _WAITS.run_many(connection, rows)
        if _WAITING.rows(connection)[0][0] >= TOLD_AT_ONCE:
            _tell(connection)


def _tell(connection: Connection) -> None:
    """The index of FTS5 knows of every row."""
    _TOLD.run(connection)
    _NONE_WAITS.run(connection)


def _drop(connection: Connection, rows: Sequence[Any]) -> None:
    if connection.dialect.name == "sqlite":
        waiting = set(connection.execute(select(NEW.c.id)).scalars())
        told = [(key, words) for key, words in rows if key not in waiting]
        _NO_TERMS.run_many(connection, [{"order": "delete", "id": key, "words": words} for key, words in told])
        connection.execute(delete(NEW).where(is_among(NEW.c.id, waiting.intersection(key for key, _ in rows))))
    connection.execute(delete(Finding).where(is_among(_finding.id, [key for key, _ in rows])))


def _next_cases(connection: Connection, after: int) -> dict[int, Mapping[str, Any]]:
    query = cases_to_index(after, _case.id, *(_case[name] for name in REGISTER), at_most=CASES_AT_ONCE)
    return {row.id: row._asdict() for row in connection.execute(query)}


def _kept(connection: Connection, cases: Sequence[int]) -> Iterator[Any]:
    first, last = key_of(cases[0], 0), key_of(cases[-1] + 1, 0) - 1
    return iter(connection.execute(select(_finding.id, _finding.words).where(_finding.id.between(first, last))))


def _expected(connection: Connection, registers: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    rows = [_register_row(case_id, register) for case_id, register in registers.items()]
    rows += [_row(*text) for text in connection.execute(texts_to_index(list(registers)))]
    return {row["id"]: row["words"] for row in rows}
