"""A sheet of the assessment for people: as JSON, as an itemised XLSX, and as a PDF that a unit can sign.

All three say the same: what each item came to and what it was counted from, then every light and every missed duty with
its case, rule, event and points. Words come from the reader's catalogue, the names of items from the scheme itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection

from cases.numbers import case_number
from cases.office import OfficeContext
from cases.tally import CaseMark
from infra.i18n import write_minute
from people.directory import names_of_units
from reports.files.pdf import pdf
from reports.files.sheets import Cell, write_xlsx
from reports.years.assessment import (
    Assessment,
    Sheet,
    SheetLine,
    YearCannotBeAssessed,
    YearWithoutCalendar,
    lines_from,
    marks_of_sheet,
)
from words import Words
from workflow.marks import Mark
from workflow.model import Actor, UnitId
from workflow.policy import NoSuchScheme, Scheme, SchemeItem
from workflow.scoring import Line

LIGHTS = ("light", "lit")
#: Of the files of a sheet.
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}
#: Lines of a sheet that a page waits for when it makes a file of them.
LINES_AT_ONCE = 300
LINES_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """One line of a sheet in the reader's words."""

    public_id: str | None
    within_reach: bool
    number: str
    rule: str
    clock: int | None
    what: str
    light: str | None
    when: str
    event: int
    points: str
    waived: str
    decided: int | None


def refusal_code(error: YearCannotBeAssessed | NoSuchScheme) -> str:
    """Why there is no sheet. Of a scheme that is not there the sentence names those that are, if there are any."""
    if isinstance(error, NoSuchScheme):
        return "assess.no_scheme" if error.known else "assess.no_schemes"
    return "assess.no_calendar" if isinstance(error, YearWithoutCalendar) else "assess.no_data"


def item_name(item: SchemeItem, language: str) -> str:
    return (item.zh if language.startswith("zh") else item.en) or item.code


def scheme_name(scheme: Scheme, language: str) -> str:
    return (scheme.zh if language.startswith("zh") else scheme.en) or scheme.id


def item_words(line: Line, words: Words) -> tuple[str, str, str]:
    """Name, what it was counted from, points."""
    counted = f"{line.n} / {line.of}" if line.item.weight is not None else str(line.n)
    points = words("assess.not_assessed") if line.points is None else f"{line.points:f}"
    return item_name(line.item, words.language), counted, points


def line_words(line: SheetLine, office: OfficeContext, words: Words) -> PaperLine:
    mark, zone = line.mark, office.policy.calendar.zone
    lit = mark.measure in LIGHTS
    waived = words(f"waived.{mark.ground}") if mark.ground else ""
    superseded = mark.measure == "lit" and not mark.ground
    return PaperLine(
        public_id=line.public_id,
        within_reach=line.within_reach,
        number=case_number(office.short_name, *line.number) if line.number else words("assess.recused"),
        rule=mark.rule or "",
        clock=mark.clock,
        what=words(f"light.{mark.outcome}") if lit else mark_words(mark, words),
        light=mark.outcome if lit else None,
        when=write_minute(mark.at, words.language, zone),
        event=mark.seq,
        points="" if line.points is None else f"{line.points:f}",
        waived=words("waived.superseded") if superseded else waived,
        decided=mark.decided,
    )  # fmt: skip


def mark_words(mark: Mark, words: Words) -> str:
    """What was counted and how; of a reopening there is one outcome, and it says nothing more."""
    if mark.measure in LIGHTS:
        return f"{words(f'measure.{mark.measure}')} · {words(f'light.{mark.outcome}')}"
    measure = words(f"measure.{mark.measure}")
    return measure if mark.outcome == mark.measure else f"{measure} · {words(f'mark.{mark.outcome}')}"


# -- JSON -------------------------------------------------------------------------------------------------------------


def as_json(sheet: Sheet, lines: Iterable[SheetLine], office: OfficeContext) -> dict[str, Any]:
    """Codes and figures, the same in every language; points as numbers."""
    return {
        "unit": sheet.unit,
        "person": sheet.person,
        "level": sheet.level,
        "total": _number(sheet.score.total),
        "before_waivers": _number(sheet.before.total),
        "extension_share": _number(sheet.extension_share),
        "return_share": _number(sheet.return_share),
        "items": [
            {"code": line.item.code, "n": line.n, "of": line.of, "points": _number(line.points)}
            for line in sheet.score.lines
        ],
        "lines": [_line_as_json(line, office) for line in lines],
    }


def _line_as_json(line: SheetLine, office: OfficeContext) -> dict[str, Any]:
    mark = line.mark
    return {
        "case": case_number(office.short_name, *line.number) if line.number else None,
        "clock": mark.clock,
        "rule": mark.rule,
        "measure": mark.measure,
        "outcome": mark.outcome,
        "at": mark.at.isoformat(),
        "event": mark.seq,
        "points": _number(line.points),
        "ground": mark.ground,
        "decided_by_event": mark.decided,
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


# -- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A sheet with everything that a file of it says: for whom, of which year, under which scheme. `lines` are those of all
    marks, or of a page of them."""

    name: str
    year: int
    scheme: Scheme
    sheet: Sheet
    marked: tuple[CaseMark, ...]
    lines: tuple[SheetLine, ...]
    office: OfficeContext

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.marked) // LINES_A_PAGE))


def sheet_file_name(year: int, unit: UnitId, kind: str) -> str:
    """`kind`: one of `MEDIA`."""
    return f"sheet-{year}-{unit}.{kind}"


def paper_of(
    connection: Connection,
    found: Assessment,
    unit: UnitId,
    *,
    actor: Actor,
    office: OfficeContext,
    page: int | None = None,
) -> Paper | None:
    """The sheet of one unit with its lines, all or those of one page, or None if nothing was counted for it."""
    sheet = next((one for one in found.units if one.unit == unit), None)
    if sheet is None:
        return None
    marked = marks_of_sheet(connection, year=found.year, unit=unit, scheme=found.scheme, office=office)
    shown = marked if page is None else marked[(page - 1) * LINES_A_PAGE : page * LINES_A_PAGE]
    return Paper(
        name=names_of_units(connection)[unit],
        year=found.year,
        scheme=found.scheme,
        sheet=sheet,
        marked=tuple(marked),
        lines=lines_from(connection, shown, scheme=found.scheme, actor=actor),
        office=office,
    )


def xlsx_of(paper: Paper, words: Words, target: str | Path | IO[bytes], *, now: datetime) -> int:
    """The itemised sheet: items first, then every line, the total last."""
    columns = ("item", "counted", "points", "case", "rule", "what", "when", "event", "waived", "decided")
    header = [words(f"assess.column.{name}") for name in columns]
    return write_xlsx(_cells(paper, words), header, target, name=words("assess.title", year=paper.year), now=now)


def _cells(paper: Paper, words: Words) -> Iterator[tuple[Cell, ...]]:
    blank: tuple[Cell, ...] = (None,) * 7
    yield (words("assess.base"), None, paper.sheet.score.base, *blank)
    for line in paper.sheet.score.lines:
        name, counted, _ = item_words(line, words)
        yield (name, counted, words("assess.not_assessed") if line.points is None else line.points, *blank)
    zone = paper.office.policy.calendar.zone
    for one in paper.lines:
        said = line_words(one, paper.office, words)
        yield (
            None, None, one.points, said.number, said.rule, said.what,
            one.mark.at.astimezone(zone), said.event, said.waived or None, said.decided,
        )  # fmt: skip
    total = paper.sheet.score.total
    yield (words("assess.total"), None, words("assess.not_assessed") if total is None else total, *blank)
    yield (words("assess.before"), None, paper.sheet.before.total, *blank)


def pdf_of(paper: Paper, words: Words) -> bytes:
    """The sheet on A4, with places for two signatures. Raises `reports.files.pdf.PaperIsFaulty`."""
    return pdf("assessment", _paper_data(paper, words))


def _paper_data(paper: Paper, words: Words) -> Mapping[str, Any]:
    total = paper.sheet.score.total
    before = paper.sheet.before.total
    return {
        "lang": words.language[:2],
        "region": "cn" if words.language.startswith("zh") else "gb",
        "title": words("assess.title", year=paper.year),
        "office": paper.office.name,
        "unit": paper.name,
        "scheme": f"{paper.scheme.id} · {scheme_name(paper.scheme, words.language)}",
        "source": words(paper.scheme.source),
        "totals": [
            [words("assess.base"), f"{paper.sheet.score.base:f}"],
            [words("assess.total"), words("assess.not_assessed") if total is None else f"{total:f}"],
            [words("assess.before"), words("assess.not_assessed") if before is None else f"{before:f}"],
            [words("assess.extension_share"), share(paper.sheet.extension_share, words)],
            [words("assess.return_share"), share(paper.sheet.return_share, words)],
        ],
        "item_header": [words(f"assess.column.{name}") for name in ("item", "counted", "points")],
        "items": [list(item_words(line, words)) for line in paper.sheet.score.lines],
        "line_header": [
            words(f"assess.column.{n}") for n in ("case", "rule", "what", "when", "event", "points", "waived")
        ],
        "lines": [_paper_line(line_words(one, paper.office, words)) for one in paper.lines],
        "empty": words("assess.nothing_named"),
        "signatures": [words("assess.signed_by_unit"), words("assess.signed_by_assessor"), words("assess.signed_on")],
        "page": "{n} / {all}",
    }


def _paper_line(line: PaperLine) -> list[str]:
    return [line.number, line.rule, line.what, line.when, f"#{line.event}", line.points, line.waived]


def share(value: Decimal | None, words: Words) -> str:
    """A share as a percentage, or a dash where there was nothing to divide by."""
    return words("assess.none") if value is None else f"{value * 100:.1f}%"
