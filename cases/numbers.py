"""Case numbers: issued by series and year without gaps, kept as columns, shown as （2026）滨园人调字第31号.

The official form of a number is the same in every language, so it stands here and not in a catalogue. It is never
parsed back: a number that somebody typed is compared with those there are, in a spelling that leaves out what says nothing.
"""

import re
from collections.abc import Iterable

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


def number_forms(series: str, year: int, serial: int) -> tuple[str, ...]:
    """A number as it may be asked for, without the name of the office, which may change: whole, or without year or series."""
    name = _SAYS_NOTHING.sub("", read_identifier(series).casefold())
    return (f"{year}{name}{serial}", f"{name}{year}-{serial}", f"{name}{serial}", f"{year}-{serial}", f"{serial}")


def number_asked_for(typed: str, short_name: str, series: Iterable[str]) -> str | None:
    """What was typed in the spelling of `number_forms`; None if it is no number of a case. （2026）滨园人调字第31号,
    人调字〔2026〕31号, 人调31, 2026-031 and 31 are some."""
    plain = _BETWEEN.sub("-", read_identifier(typed).casefold()).strip("-")
    found = _NUMBER.fullmatch(_SAYS_NOTHING.sub("", plain))
    if found is None:
        return None
    year, name, later, serial = found.groups()
    name = name.removeprefix(read_identifier(short_name).casefold())
    known = {_SAYS_NOTHING.sub("", read_identifier(one).casefold()) for one in series}
    if (name and name not in known) or (year and later):
        return None
    serial = serial.lstrip("0") or "0"
    if later or (year and not name):
        return f"{name}{year or later}-{serial}"
    return f"{year or ''}{name}{serial}"


#: What parts a year from a number: brackets, hyphens, strokes, 年 and 第 between digits.
_BETWEEN = re.compile(r"(?<=\d)[()〔〕【】\[\]/年第-]+(?=\d)")
_SAYS_NOTHING = re.compile(r"[()〔〕【】\[\]第号字年]|(?<!\d)-|-(?!\d)")
_NUMBER = re.compile(r"(?:(\d{4})-?(?=\D|\d))??([^\d\W]*)(?:(\d{4})-)?(\d{1,9})")


def _plain(number: str) -> str:
    return re.sub(r"[()〔〕【】\[\]第号]+", "", read_identifier(number))


def case_number(short_name: str, series: str, year: int, serial: int) -> str:
    return f"（{year}）{short_name}{series}第{serial}号"
