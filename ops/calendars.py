"""Another country's public holidays, from the `holidays` library, by year. Local edits are made in the file that it makes."""

from collections.abc import Iterable
from datetime import date

import holidays

from workflow.notices import NoticeIsWrong


def of_country(country: str, subdivision: str | None, years: Iterable[int]) -> dict[int, list[date]]:
    """The public holidays of a country, by year. Raises `NoticeIsWrong` for one that the library does not know."""
    try:
        return {year: sorted(holidays.country_holidays(country, subdiv=subdivision, years=year)) for year in years}
    except NotImplementedError:
        raise NoticeIsWrong("calendar.country", line=1, value=" ".join(filter(None, (country, subdivision)))) from None
