"""The days that the law gives, by year, and what a notice lacks of them."""

from collections.abc import Collection
from datetime import date

import pytest

from cases.statutory_days import missing_days

#: 全国年节及纪念日放假办法 (2024) §2; the lunar days as the State Council's notices of 2025 and 2026 have them.
THE_LAW = {
    2025: "0101 0128 0129 0130 0131 0404 0501 0502 0531 1001 1002 1003 1006",
    2026: "0101 0216 0217 0218 0219 0405 0501 0502 0619 0925 1001 1002 1003",
    2027: "0101 0205 0206 0207 0208 0405 0501 0502 0609 0915 1001 1002 1003",
}


def missing(off: Collection[date], *, year: int, language: str) -> list[tuple[date, str]]:
    """Of a whole calendar of China."""
    return missing_days(off, year=year, zone="Asia/Shanghai", extends=None, language=language)


@pytest.mark.parametrize("year", THE_LAW)
def test_the_law_gives_thirteen_days(year: int) -> None:
    found = [f"{day:%m%d}" for day, _ in missing((), year=year, language="zh_CN")]
    assert " ".join(found) == THE_LAW[year]


def test_two_that_fall_on_one_day_are_one() -> None:
    """In 2031 the fifteenth of the eighth month is 1 October."""
    assert len(missing((), year=2031, language="zh_CN")) == 12


def test_what_is_missing_is_named_in_the_readers_language() -> None:
    off = [day for day, _ in missing((), year=2027, language="en") if day != date(2027, 2, 5)]
    assert missing(off, year=2027, language="zh_CN") == [(date(2027, 2, 5), "农历除夕")]
    assert missing(off, year=2027, language="en") == [(date(2027, 2, 5), "Chinese New Year's Eve")]


def test_nothing_is_missing_in_a_year_that_nobody_knows() -> None:
    assert missing((), year=2999, language="zh_CN") == []


@pytest.mark.parametrize(("zone", "extends"), [("Europe/London", None), (None, "cn"), ("Asia/Shanghai", "cn")])
def test_a_calendar_of_another_zone_or_over_another_lacks_nothing(zone: str | None, extends: str | None) -> None:
    assert missing_days((), year=2027, zone=zone, extends=extends, language="zh_CN") == []
