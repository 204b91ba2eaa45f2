"""The index of words as each database has it: the newest cases in which a word stands, and which of some cases have it.

The only file that speaks the languages of FTS5 and of `tsquery`. On SQLite the index itself goes from the newest text to the oldest and
stops. PostgreSQL's always reads all that it has of a term, so that every row has terms that say in which stretch of cases it lies, and in
which of 1,024 samples: one sample tells how common a word is, and of a common one only the newest stretch is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TextClause, text

from cases.finding import BITS, key_of
from infra.terms import Sought, terms_in

#: Texts that are read of one word.
AT_MOST = 2000
SAMPLES, RARE = 1024, 4
ENOUGH = 1000  #: of a word that is common
#: Cases in a stretch, as powers of two, the smallest first. `migrations/versions/0022_finding.py` has the same.
STRETCHES = (12, 15, 18)
_TERMS = (
    "array_to_tsvector(string_to_array(btrim(words), ' ') || ARRAY['▪12▪' || (id >> 32)::text, '▪15▪' || (id >> 35)::text, "
    "'▪18▪' || (id >> 38)::text, '▪' || (id >> 20 & 1023)::text])"
)


@dataclass(frozen=True, slots=True)
class Hits:
    """The cases in which a word was found. Of those after `floor` they are all; of those up to it nothing is known, if it is not None."""

    cases: frozenset[int]
    floor: int | None


def newest(connection: Connection, words: Sequence[Sought], marks: Sequence[str], *, below: int | None) -> list[Hits]:
    """For each word the newest cases that have it, among those before the case `below`."""
    spelled = [_Spelled(n, word, marks) for n, word in enumerate(words)]
    stretches = {one.n: _WHOLE for one in spelled}
    if connection.dialect.name != "sqlite":
        stretches |= _stretches(connection, spelled, below)
    parts, given = list[str](), dict[str, Any]()
    for one in spelled:
        if one.ways:
            parts.append(_newest(connection.dialect.name, one, bounded=below is not None))
            given |= {f"q{one.n}": one.query(connection.dialect.name, stretches[one.n].terms), **one.runs()}
    if connection.dialect.name == "sqlite":
        parts += [_waiting(one, bounded=below is not None) for one in spelled if one.ways]
    found = {one.n: Hits(frozenset(), None) for one in spelled}
    if parts:
        given |= {"most": AT_MOST + 1} | ({} if below is None else {"below": key_of(below, 0)})
        rows = connection.execute(text(" UNION ALL ".join(parts)), given).all()
        for n, read, first, last, cases in sorted(rows, key=lambda row: row[1] is None):
            if read is None:
                found[n] = _hits(cases, found[n].floor, also=found[n].cases)
                continue
            floor = stretches[n].floor
            if read > AT_MOST:
                # Of the last case that was read, other texts may be among those that were not; unless it is the only one.
                floor = (last >> BITS) - (first >> BITS == last >> BITS)
            found[n] = _hits(cases, floor)
    return list(found.values())


def standing(dialect: str, words: Sequence[Sought], marks: Sequence[str]) -> list[TextClause]:
    """The conditions on a case that each of the words stands in it, for lists of cases that are looked at one by one."""
    texts = f"finding.id BETWEEN cases.id << {BITS} AND ((cases.id + 1) << {BITS}) - 1"
    return [
        text(f"EXISTS (SELECT 1 FROM finding WHERE {texts} AND {one.stands(dialect)})").bindparams(**one.runs())
        for one in (_Spelled(n, word, marks) for n, word in enumerate(words))
    ]


def _hits(cases: str | None, floor: int | None, also: frozenset[int] = frozenset()) -> Hits:
    """From what the database gives as one text: thousands of rows would cost more than finding them."""
    found = map(int, cases.split(",")) if cases else ()
    return Hits(also.union(found if floor is None else (case for case in found if case > floor)), floor)


class _Spelled:
    """One word as the databases are asked for it: each way in which it may stand in a text that may be read. What the register says,
    everybody may read."""

    def __init__(self, n: int, word: Sought, marks: Sequence[str]) -> None:
        self.n = n
        self.ways = [
            tuple(tuple(mark + term for term in terms_in(run)) for run in way.runs)
            for way in word.any_of
            for mark in (("",) if way.of_register else marks)
        ]

    def runs(self) -> dict[str, str]:
        """The runs as they stand in a row, by the names that `stands` gives them."""
        return {
            f"r{self.n}_{w}_{r}": f" {' '.join(run)} " for w, way in enumerate(self.ways) for r, run in enumerate(way)
        }

    def stands(self, dialect: str) -> str:
        """Whether the runs stand in the words of a row."""
        at = "instr" if dialect == "sqlite" else "strpos"
        ways = (
            " AND ".join(f"{at}(finding.words, :r{self.n}_{w}_{r}) > 0" for r in range(len(way)))
            for w, way in enumerate(self.ways)
        )
        return f"({' OR '.join(f'({way})' for way in ways)})" if self.ways else "false"

    @property
    def is_all_terms(self) -> bool:
        """Where the terms stand, the runs do."""
        return all(len(run) == 1 for way in self.ways for run in way)

    def query(self, dialect: str, within: Sequence[str] = ()) -> str:
        """The rows that have all terms of one of the ways; `within`, and one of these."""
        quote, also, either = ('"', " AND ", " OR ") if dialect == "sqlite" else ("'", " & ", " | ")
        ways = (also.join(f"{quote}{term}{quote}" for run in way for term in run) for way in self.ways)
        query = either.join(f"({way})" for way in ways)
        return f"({query}){also}({either.join(f'{quote}{term}{quote}' for term in within)})" if within else query


def _newest(dialect: str, one: _Spelled, *, bounded: bool) -> str:
    """How many rows were read, the first and the last of them, and the cases of those in which the runs stand."""
    words = "" if one.is_all_terms else ", words"
    if dialect == "sqlite":
        bound = "AND rowid < :below " if bounded else ""
        rows = f"SELECT rowid AS id{words} FROM finding_terms WHERE finding_terms MATCH :q{one.n} {bound}ORDER BY rowid DESC LIMIT :most"
    else:
        bound = "AND id < :below" if bounded else ""
        # Else the planner may go through all rows by their ids, and make the terms of each.
        hit = f"WITH hit AS MATERIALIZED (SELECT id{words} FROM finding WHERE {_TERMS} @@ CAST(:q{one.n} AS tsquery) {bound})"
        rows = f"{hit} SELECT id{words} FROM hit ORDER BY id DESC LIMIT :most"
    listed = "group_concat" if dialect == "sqlite" else "string_agg"
    case = f"CAST(finding.id >> {BITS} AS text)"
    standing = case if one.is_all_terms else f"CASE WHEN {one.stands(dialect)} THEN {case} END"
    return (
        f"SELECT {one.n}, count(*), max(finding.id), min(finding.id), {listed}({standing}, ',') FROM ({rows}) finding"
    )


def _waiting(one: _Spelled, *, bounded: bool) -> str:
    """The same of the rows that SQLite's index has not been told of yet, which are few."""
    bound = "AND finding.id < :below " if bounded else ""
    rows = f"finding_terms_new JOIN finding ON finding.id = finding_terms_new.id WHERE {one.stands('sqlite')} {bound}"
    return f"SELECT {one.n}, NULL, NULL, NULL, group_concat(finding.id >> {BITS}, ',') FROM {rows}"


# -- how common a word is, on PostgreSQL ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is read of a word: rows that have one of these terms, of cases after `floor`; everything, where there are none."""

    terms: tuple[str, ...] = ()
    floor: int | None = None


_WHOLE = _Stretch()


def _stretches(connection: Connection, spelled: Sequence[_Spelled], below: int | None) -> dict[int, _Stretch]:
    asked = [one for one in spelled if one.ways]
    if not asked:
        return {}
    counts = ", ".join(f"(SELECT count(*) FROM finding WHERE {_TERMS} @@ CAST(:q{one.n} AS tsquery))" for one in asked)
    given = {f"q{one.n}": one.query("postgresql", ("▪0",)) for one in asked}
    last, *counted = connection.execute(text(f"SELECT (SELECT max(id) FROM finding), {counts}"), given).one()
    cases = ((last or 0) >> BITS) + 1
    return {one.n: _stretch(n, cases, below or cases) for one, n in zip(asked, counted, strict=True)}


def _stretch(in_sample: int, cases: int, below: int) -> _Stretch:
    """As many of the cases before `below` as have about `ENOUGH` texts with the word."""
    if in_sample < RARE:
        return _WHOLE
    wanted = ENOUGH * cases // (in_sample * SAMPLES)
    for power in STRETCHES:
        top = below - 1 >> power
        if 1 << power >= wanted and top > 1:
            return _Stretch((f"▪{power}▪{top}", f"▪{power}▪{top - 1}"), (top - 1 << power) - 1)
    return _WHOLE
