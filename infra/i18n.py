"""Languages: the catalogues, compiled in memory when first used, and how days and instants are written in each."""

import gettext
import io
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES = ("zh_CN", "en")
DEFAULT = "zh_CN"
#: What of an Accept-Language is read, and what a weight in it may be.
MOST_LANGUAGES, QUALITY = 20, re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
DAY = {"zh_CN": "M月d日 EEE", "en": "EEE d MMM"}
DAY_WITH_YEAR = {"zh_CN": "yyyy年M月d日 EEE", "en": "EEE d MMM yyyy"}
DAY_ALONE = {"zh_CN": "M-d", "en": "d MMM"}
MONTH = {"zh_CN": "yyyy年M月", "en": "MMMM yyyy"}
MONTH_ALONE = {"zh_CN": "M月", "en": "MMM"}
MINUTE = {"zh_CN": "M月d日 HH:mm", "en": "d MMM HH:mm"}
MINUTE_WITH_YEAR = {"zh_CN": "yyyy年M月d日 HH:mm", "en": "d MMM yyyy HH:mm"}


@cache
def catalogue(language: str) -> Catalog:
    path = files("templates") / "locales" / language / "LC_MESSAGES" / "huiyin.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


@cache
def translations(language: str) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled, domain="huiyin")


@cache
def _locale(language: str) -> Locale:
    """Read once: given the name of a locale, Babel parses it and asks the disk for it again with every date."""
    return Locale.parse(language)


def translator(language: str) -> Callable[[str], str]:
    return translations(language).gettext


def known_language(wanted: str | None) -> str:
    """The language asked for, if it is one of ours: zh, zh_CN, zh-Hans, en, en-GB, ..."""
    prefix = (wanted or "").replace("-", "_").split("_")[0].lower()
    return next((language for language in LANGUAGES if language.split("_")[0] == prefix), DEFAULT)


def preferred_language(header: str) -> str | None:
    """Of ours the one that a browser would rather have, by its Accept-Language (RFC 9110, 12.5.4); None if it names none."""
    wanted: dict[str, float] = {}
    for part in header.split(",")[:MOST_LANGUAGES]:
        name, _, quality = part.strip().lower().partition(";q=")
        ours = next((language for language in LANGUAGES if language.split("_")[0] == name.split("-")[0]), None)
        if ours and QUALITY.fullmatch(quality or "1"):
            wanted[ours] = max(wanted.get(ours, 0.0), float(quality or 1))
    return max(wanted, key=lambda language: wanted[language]) if any(wanted.values()) else None


def write_day(day: date, language: str, *, today: date | None = None) -> str:
    """10月15日 周四; with the year when it is not this year's."""
    same_year = today is not None and today.year == day.year
    return format_date(day, DAY[language] if same_year else DAY_WITH_YEAR[language], locale=_locale(language))


def write_day_alone(day: date, language: str) -> str:
    """10-15, 15 Oct: for the head of a column, where the year is known from what stands around it."""
    return format_date(day, DAY_ALONE[language], locale=_locale(language))


def write_month(day: date, language: str, *, alone: bool = False) -> str:
    """2026年3月, March 2026; `alone`, 3月, Mar: the year is known from what stands around it."""
    return format_date(day, (MONTH_ALONE if alone else MONTH)[language], locale=_locale(language))


def write_minute(instant: datetime, language: str, zone: ZoneInfo, *, today: date | None = None) -> str:
    """10月15日 09:30 in the office's zone; with the year when it is not this year's."""
    local = instant.astimezone(zone)
    pattern = MINUTE if today is not None and today.year == local.year else MINUTE_WITH_YEAR
    return format_datetime(local.replace(tzinfo=None), pattern[language], locale=_locale(language))
