"""The State Council's calendar of 2025 and 2026, and the statutory days of 2027, whose arrangement is not published.

Sources: gov.cn content_6986383 (2025) and content_7047091 (2026).
"""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from tests.oracle.daywalk import Days

PUBLISHED = frozenset({2025, 2026})

# year: month: days
OFF_DAYS: Mapping[int, Mapping[int, tuple[int, ...]]] = {
    2025: {
        1: (1, 28, 29, 30, 31),
        2: (1, 2, 3, 4),
        4: (4, 5, 6),
        5: (1, 2, 3, 4, 5, 31),
        6: (1, 2),
        10: (1, 2, 3, 4, 5, 6, 7, 8),
    },
    2026: {
        1: (1, 2, 3),
        2: (15, 16, 17, 18, 19, 20, 21, 22, 23),
        4: (4, 5, 6),
        5: (1, 2, 3, 4, 5),
        6: (19, 20, 21),
        9: (25, 26, 27),
        10: (1, 2, 3, 4, 5, 6, 7),
    },
    2027: {1: (1,), 2: (5, 6, 7, 8), 4: (5,), 5: (1, 2), 6: (9,), 9: (15,), 10: (1, 2, 3)},
}
MAKE_UP_DAYS: Mapping[int, Mapping[int, tuple[int, ...]]] = {
    2025: {1: (26,), 2: (8,), 4: (27,), 9: (28,), 10: (11,)},
    2026: {1: (4,), 2: (14, 28), 5: (9,), 9: (20,), 10: (10,)},
}


def _dates(years: Mapping[int, Mapping[int, tuple[int, ...]]]) -> frozenset[date]:
    return frozenset(
        date(year, month, day) for year, months in years.items() for month, days in months.items() for day in days
    )


OFF = _dates(OFF_DAYS)
WORK = _dates(MAKE_UP_DAYS)


def china(zone: str = "Asia/Shanghai") -> Days:
    """The Chinese calendar, read in the zone."""
    return Days(ZoneInfo(zone), OFF, WORK, PUBLISHED)
