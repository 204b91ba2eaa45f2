"""Another country's public holidays, from the `holidays` library, by year. Local edits are made in the file that it makes."""

from collections.abc import Iterable
from datetime import date

import holidays
import typer

from cases.statutory_days import missing_days, notice_remarks
from words import Words
from workflow.notices import NoticeIsWrong, as_toml, decoded, from_json, read_notice


def of_country(country: str, subdivision: str | None, years: Iterable[int]) -> dict[int, tuple[list[date], list[date]]]:
    """The public holidays of a country and the days worked in their place, by year.

    Raises `NoticeIsWrong` for a country or a year that the library does not know.
    """
    found: dict[int, tuple[list[date], list[date]]] = {}
    for year in years:
        try:
            days = holidays.country_holidays(country, subdiv=subdivision, years=year)
        except (NotImplementedError, ValueError, OverflowError):
            raise NoticeIsWrong(
                "calendar.country", line=1, value=" ".join(filter(None, (country, subdivision)))
            ) from None
        if not days or not days.start_year <= year <= days.end_year:
            raise NoticeIsWrong("calendar.no_year", line=1, value=str(year))
        found[year] = (sorted(days), sorted(day for day in days.weekend_workdays if day.year == year))
    return found


def years_of_country(
    country: str,
    subdivision: str | None,
    years: list[int],
    *,
    name: str,
    source: str,
    zone: str | None,
    extends: str | None,
) -> list[str]:
    source = source or f"python holidays: {country} {subdivision or ''}".strip()
    return [
        as_toml(name, one, off, work, source=source, zone=zone, extends=extends, provisional=country == "CN")
        for one, (off, work) in of_country(country, subdivision, years).items()
    ]


def year_of_notice(
    content: bytes,
    suffix: str,
    year: int,
    words: Words,
    *,
    name: str,
    source: str,
    zone: str | None,
    extends: str | None,
) -> str:
    """The year as its notice says, with what is worth a look at it on stderr."""
    text = decoded(content)
    read = from_json(text, year=year) if suffix == ".json" else read_notice(text, year=year)
    missing = missing_days(read.off, year=year, zone=zone, extends=extends, language=words.language)
    typer.echo("".join(f"{line}\n" for line in notice_remarks(read, missing, words)), err=True, nl=False)
    return as_toml(
        name, year, read.off, read.work, source=source, zone=zone, extends=extends, provisional=bool(missing)
    )
