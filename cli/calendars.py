"""Another country's public holidays, from the `holidays` library, by year. Local edits are made in the file that it makes."""

from collections.abc import Iterable
from datetime import date

import holidays

from workflow.notices import NoticeIsWrong


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
