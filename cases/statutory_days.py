"""The days that the law gives to everybody in China, by year: a year's notice that lacks one of them is not whole.

They are thirteen since 2025: New Year, New Year's Eve and the first three days of the lunar year, Qingming, two days of
May, Dragon Boat, Mid-Autumn and three of October; twelve where two of them fall on one day. Lunar days come from the
`holidays` library, which also knows by which version of the act a year goes.

Source: 全国年节及纪念日放假办法 (2024) §2.
"""

from collections.abc import Collection
from datetime import date

import holidays

from infra.i18n import write_day
from words import Words
from workflow.notices import Notice

ZONE = "Asia/Shanghai"
_NAMED_IN = {"zh_CN": "zh_CN", "en": "en_US"}
_NO_STATUTORY_DAY = "Day off"  #: what the library calls a day that was only moved


def missing_days(
    off: Collection[date], *, year: int, zone: str | None, extends: str | None, language: str
) -> list[tuple[date, str]]:
    """The statutory days of the year that are not among those off, with their names; none for a year that nobody knows, for
    a calendar of another zone, and for one that lies over another, which has them."""
    if extends or zone != ZONE:
        return []
    plain = holidays.country_holidays("CN", years=year, observed=False, language="en_US")
    named = holidays.country_holidays("CN", years=year, observed=False, language=_NAMED_IN[language])
    if not plain.start_year <= year <= plain.end_year:
        return []
    return [
        (day, named[day])
        for day, name in sorted(plain.items())
        if not name.startswith(_NO_STATUTORY_DAY) and day not in off
    ]


def notice_remarks(notice: Notice, missing: Collection[tuple[date, str]], words: Words) -> list[str]:
    """What a reader must know of a notice that was read: the statutory days it lacks, its days of other years."""
    said = []
    if missing:
        days = words("punctuation.comma").join(f"{write_day(day, words.language)} {name}" for day, name in missing)
        said.append(words("calendar.incomplete", value=days))
    if notice.elsewhere:
        days = words("punctuation.comma").join(write_day(day, words.language) for day in notice.elsewhere)
        said.append(words("calendar.elsewhere", value=days))
    return said
