"""Case numbers: issued by series and year without gaps, kept as columns, shown as （2026）滨园人调字第31号.

The official form of a number is the same in every language, so it stands here and not in a catalogue. It is never
parsed back: a number that somebody typed is compared with those there are.
"""

import re

from sqlalchemy import Connection, literal_column

from cases.tables import Series
from infra.identifiers import read_identifier
from infra.statements import insert_or

_series = Series.__table__.c  # type: ignore[attr-defined]


def issue_number(connection: Connection, *, series: str, year: int) -> int:
    """The next serial of a series in a year; the row stays locked until the transaction ends."""
    statement = (
        insert_or(connection, Series)
        .values(series=series, year=year, last=1)
        .on_conflict_do_update(index_elements=["series", "year"], set_={"last": _series.last + literal_column("1")})
        .returning(_series.last)
    )
    return int(connection.execute(statement).scalar_one())


def same_number(one: str, other: str) -> bool:
    """Whether two ways of writing a number mean the same: brackets, spaces, 第 and 号 may be left out, width is the same."""
    return _plain(one) == _plain(other)


def _plain(number: str) -> str:
    return re.sub(r"[()〔〕【】\[\]第号]+", "", read_identifier(number))


def case_number(short_name: str, series: str, year: int, serial: int) -> str:
    return f"（{year}）{short_name}{series}第{serial}号"
