"""Exports of the office as the page of the closure report lists them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from people.directory import names_of_accounts, names_of_units
from reports.closures.exports import Exported, latest
from web.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """One export. `who` None: it was made on the command line; `unit` None: all units."""

    when: str
    who: str | None
    start: str
    end: str
    unit: str | None
    procedure: str | None
    profile: str | None
    format: str
    rows: int | None
    masked: bool
    sha256: str | None


def export_lines(connection: Connection, ctx: Context) -> list[ExportLine]:
    """The last exports, the latest first."""
    found = latest(connection)
    accounts = names_of_accounts(connection, {one.account for one in found})
    units = names_of_units(connection)
    return [_line(one, accounts, units, ctx) for one in found]


def _line(one: Exported, accounts: dict[int, str], units: dict[int, str], ctx: Context) -> ExportLine:
    unit = one.choice.get("unit")
    return ExportLine(
        when=ctx.minute(one.at),
        who=accounts.get(one.account) if one.account is not None else None,
        start=one.choice["start"],
        end=one.choice["end"],
        unit=units.get(unit) if unit is not None else None,
        procedure=one.choice.get("procedure"),
        profile=one.choice.get("profile"),
        format=one.format,
        rows=one.rows,
        masked=one.masked,
        sha256=one.sha256,
    )
