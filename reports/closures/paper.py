"""The closure report on paper: the columns that fit across an A4 page, with the choice above them (`forms/closures.typ`)."""

from collections.abc import Sequence
from datetime import date, datetime

from cases.office import OfficeContext
from infra.i18n import write_day, write_minute
from reports.closures.choice import Asked
from reports.closures.report import Written
from reports.files.pdf import pdf
from reports.files.sheets import Cell
from words import Words

#: Each column of the paper with its share of the width. What was chosen for other files is left aside.
WIDTHS = {
    "number": 30, "profile": 15, "dispute": 15, "received_at": 20, "closed_at": 20, "unit": 20, "handler": 11,
    "outcome": 20, "reopened_at": 20, "later": 14, "light": 12, "days_in_hand": 12, "rating": 11, "points": 9,
}  # fmt: skip
PAPER_COLUMNS = tuple(WIDTHS)
#: Longer lists are not tagged for reading aloud: a tagged row takes 2.5 kB, and who listens to a list asks for CSV.
TAGGED = 200
LANGUAGE_AND_REGION = {"zh_CN": ("zh", "cn"), "en": ("en", "gb")}


def closure_paper(
    rows: Sequence[Sequence[Cell]],
    written: Written,
    asked: Asked,
    *,
    office: OfficeContext,
    unit: str | None,
    masked: bool,
    language: str,
    now: datetime,
) -> bytes:
    """The report as a PDF. `unit` is the name of the one that was chosen. Raises `PaperIsFaulty`."""
    words = Words(language)
    chosen = [
        words("closures.paper.days", start=write_day(asked.start, language), end=write_day(asked.end, language)),
        unit or words("closures.all_units"),
    ]
    if asked.procedure:
        chosen.append(words(f"procedure.{asked.procedure}"))
    if asked.profile:
        chosen.append(words(f"profile.{asked.profile}"))
    made = words("closures.paper.made", when=write_minute(now, language, office.policy.calendar.zone))
    names = words("closures.paper.masked") if masked else words("closures.paper.unmasked")
    lang, region = LANGUAGE_AND_REGION[language]
    data = {
        "title": words("closures.paper.title"),
        "office": office.name,
        "lines": [" · ".join(chosen), " · ".join((words.count("closures.rows", len(rows)), names, made))],
        "header": list(written.header),
        "widths": [WIDTHS[column.code] for column in written.columns],
        "rows": [[_text(cell) for cell in row] for row in rows],
        "empty": words("closures.paper.empty"),
        "page": words("closures.paper.page"),
        "lang": lang,
        "region": region,
    }
    return pdf("closures", data, tagged=len(rows) <= TAGGED)


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")[:16]  # without the zone
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)
