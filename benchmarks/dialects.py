"""The few words in which the two databases differ, for SQL that benchmarks write by hand."""

from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    series: str  #: a table expression `series(n)` from :first to :last
    random_hex: str  #: 32 hexadecimal digits, other ones in each row
    hours_later: str  #: an instant `{at}` moved by `{hours}`
    before_bulk: tuple[str, ...]  #: what makes filling an empty table quick; never used while something is measured
    after_bulk: tuple[str, ...]


SQLITE = Dialect(
    series="WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last)",
    random_hex="lower(hex(randomblob(16)))",
    hours_later="strftime('%Y-%m-%d %H:%M:%f000', {at}, '+' || ({hours}) || ' hours')",
    before_bulk=("PRAGMA synchronous=off", "PRAGMA cache_size=-1000000", "PRAGMA foreign_keys=off"),
    after_bulk=("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA synchronous=full", "PRAGMA cache_size=-2000", "PRAGMA foreign_keys=on"),
)  # fmt: skip
POSTGRESQL = Dialect(
    series="WITH series(n) AS (SELECT generate_series(CAST(:first AS integer), CAST(:last AS integer)))",
    random_hex="md5(random()::text)",
    hours_later="{at} + ({hours}) * interval '1 hour'",
    before_bulk=("SET session_replication_role = replica", "ALTER TABLE event DISABLE TRIGGER event_at_the_end"),
    after_bulk=(
        "RESET session_replication_role",
        "ALTER TABLE event ENABLE ALWAYS TRIGGER event_at_the_end",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    ),
)  # fmt: skip


def of(connection: Connection) -> Dialect:
    return SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL
