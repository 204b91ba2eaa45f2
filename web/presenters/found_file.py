"""What was found as a file: the rows that the list shows, one after the other, for a spreadsheet."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from infra.steering import without_steering
from reports.files.sheets import csv_header, harmless
from reports.files.sheets import csv_lines as lines_of
from web.context import Context
from web.presenters.filters import Asked
from web.presenters.found import find_page
from web.presenters.work_list import WorkRow
from words import Words

#: Pages that one file holds. What is more is for a report, which takes its time.
PAGES = 20
COLUMNS = ("number", "matter", "parties", "light", "due", "state", "next_step", "holder", "closed", "outcome")


def found_as_csv(connection: Connection, ctx: Context, asked: Asked) -> bytes:
    """The first pages of the list; a last line says so if there is more."""
    words = Words(ctx.language)
    made, after = [_header(words)], asked.after
    for _ in range(PAGES):
        page = find_page(connection, ctx, asked.wanted, after=after)
        made.append(lines_of(list(_cells(row, words)) for row in page.rows))
        after = page.next_page
        if after is None:
            return b"".join(made)
    return b"".join([*made, lines_of([[words("find.file_is_full")]])])


def rows_as_csv(rows: Iterable[WorkRow], language: str) -> bytes:
    """These rows, and no more."""
    words = Words(language)
    return _header(words) + lines_of(list(_cells(row, words)) for row in rows)


def _header(words: Words) -> bytes:
    return csv_header([words(f"find.column.{name}") for name in COLUMNS])


def _cells(row: WorkRow, words: Words) -> Iterator[str]:
    yield harmless(row.number)
    yield harmless(without_steering(row.title or words(f"dispute.{row.dispute_type}")))
    yield harmless(without_steering(words("punctuation.comma").join(row.parties)))
    yield "" if row.closed else words(f"light.{row.light.code}")
    yield "" if row.closed else harmless(row.light.due or "")
    yield words(f"state.{row.state}")
    yield words(f"command.{row.next_step}") if row.next_step and not row.closed else ""
    yield harmless(without_steering(row.holder))
    yield harmless(row.closed or "")
    yield words(f"outcome.{row.outcome}") if row.outcome else ""
