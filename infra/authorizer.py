"""What the program may say to SQLite: nothing that changes or hides what is append-only, nothing that changes the schema.

SQLite asks the authorizer when a statement is prepared, not when it runs, and the driver keeps prepared statements: a
step costs the same with it. On PostgreSQL the program's own role has the same limits (`cli/database.py`). Triggers in
the schema refuse the same changes to everybody else, for as long as nobody drops them.
"""

import sqlite3

#: Rows are added to these tables and stay as they are.
APPEND_ONLY = frozenset({"event", "policy_version", "anchor", "year_close", "year_cutoff"})

#: Pragmas that look at the schema or the file, the one job that folds the write-ahead log back, how long a lock is waited
#: for, and what SQLAlchemy says when a connection comes back from AUTOCOMMIT, which means nothing to a database of a file.
_LOOKING = frozenset({
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
    "foreign_key_check", "integrity_check", "quick_check", "wal_checkpoint", "read_uncommitted", "busy_timeout",
})  # fmt: skip
#: Settings of a connection (`infra/db.py`) that may be asked for and not changed.
_SETTINGS = frozenset({
    "journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "trusted_schema",
    "wal_autocheckpoint", "user_version", "data_version", "page_count", "page_size", "freelist_count",
})  # fmt: skip
_HARMLESS = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
})  # fmt: skip
_SCHEMA = "sqlite_master"
_CHANGES = frozenset({sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})


def guard(driver: sqlite3.Connection) -> None:
    """From now on this connection is the application's, no longer the owner's."""
    # What reads lists of ids (`among.py`) is made once for a connection, as a table would be, which is refused below.
    driver.execute("SELECT value FROM json_each('[]')").close()
    driver.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _inside: str | None) -> int:
    """`first` and `second` are what SQLite's table of action codes says: table and column, pragma and value, ..."""
    if action == sqlite3.SQLITE_UPDATE and (first or "").lower() == _SCHEMA:
        # What opens an index of words is asked for so each time the schema has changed, and changes nothing. Neither does
        # anything else that is answered so; an UPDATE of the schema that somebody writes is refused by SQLite itself.
        return sqlite3.SQLITE_IGNORE
    return sqlite3.SQLITE_OK if _is_allowed(action, first or "", second) else sqlite3.SQLITE_DENY


def _is_allowed(action: int, first: str, second: str | None) -> bool:
    if action in _HARMLESS:
        return True
    if action in _CHANGES:
        return first.lower() not in APPEND_ONLY and not _of_the_schema(first)
    if action == sqlite3.SQLITE_INSERT:
        return not _of_the_schema(first)
    if action == sqlite3.SQLITE_FUNCTION:
        return (second or "").lower() != "load_extension"
    if action == sqlite3.SQLITE_PRAGMA:
        name = first.lower()
        return name in _LOOKING or (name in _SETTINGS and second is None)
    return False  # CREATE, ALTER, DROP, ATTACH (which is also how VACUUM INTO begins), DETACH, REINDEX, ANALYZE


def _of_the_schema(table: str) -> bool:
    return table.lower().startswith("sqlite_")
