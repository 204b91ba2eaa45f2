"""How a day is written in a notice: `2027-02-05`, `2027/2/5`, `20270205`, `2月5日`, also with a time that a spreadsheet added.

A day without its year is one of the year that the notice is for.
"""

import re
from datetime import date

_WITH_YEAR = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d\d)(\d\d))"
    r"(?:[ T]0{1,2}:00(?::00)?)?"
)
_WITHOUT_YEAR = re.compile(r"(\d{1,2})月(\d{1,2})日?")
_WEEKDAY = re.compile(r"\s*\(?(?:周|星期|礼拜)[一二三四五六日天]\)?$")


def day_from(text: str, *, year: int | None) -> date | None:
    """The day that a text names; None if it names none. Raises `ValueError` for a day that no month has."""
    text = _WEEKDAY.sub("", text)
    if found := _WITH_YEAR.fullmatch(text):
        written, month, day = (int(part) for part in found.groups() if part)
        return date(written, month, day)
    if year is not None and (found := _WITHOUT_YEAR.fullmatch(text)):
        return date(year, int(found[1]), int(found[2]))
    return None
