"""What must hold between the years of the calendars of a policy, and the calendar that comes of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflow.calendar import FIRST_YEAR, LAST_YEAR, WorkCalendar
from workflow.policy import CalendarYear
from workflow.policy_found import Entry, Found, Path, unknown


def of_calendars(entries: tuple[Entry, ...], wanted: str) -> Iterator[Found]:
    names = {entry.id for _, _, entry in entries}
    if wanted not in names:
        yield Found(file="calendars", path=(wanted,), code="policy.no_calendar", value=wanted)
    years: dict[str, dict[int, Entry]] = defaultdict(dict)
    for file, path, year in entries:
        if year.year in years[year.id]:
            yield Found(file=file, path=(*path, "year"), code="policy.year_twice", value=str(year.year))
        years[year.id][year.year] = (file, path, year)
        yield from _of_year(file, path, year, names)
    for of_one in years.values():
        yield from _missing_years(of_one)
        yield from _one_head(of_one)
    parents = {
        name: next((y.extends for _, _, y in of_one.values() if y.extends), None) for name, of_one in years.items()
    }
    for name, of_one in years.items():
        if name in _ancestors(name, parents):
            file, path, _ = min(of_one.values(), key=lambda entry: (entry[0], entry[1]))
            yield Found(file=file, path=(*path, "extends"), code="policy.extends_itself", value=name)


def _missing_years(of_one: Mapping[int, Entry]) -> Iterator[Found]:
    """The years between the first and the last that are not there, each gap told once, at the year after it."""
    known = sorted(of_one)
    for before, after in pairwise(known):
        if after > before + 1:
            file, path, _ = of_one[after]
            gap = str(before + 1) if after == before + 2 else f"{before + 1}-{after - 1}"
            yield Found(file=file, path=(*path, "year"), code="policy.year_missing", value=gap)


def _one_head(of_one: Mapping[int, Entry]) -> Iterator[Found]:
    """All years of a calendar have one zone and extend one calendar."""
    first = of_one[min(of_one)][2]
    for file, path, year in of_one.values():
        for key in ("zone", "extends"):
            if getattr(year, key) != getattr(first, key):
                yield Found(
                    file=file, path=(*path, key), code="policy.differs_from_other_years", value=str(getattr(first, key))
                )


def _ancestors(name: str, parents: Mapping[str, str | None]) -> list[str]:
    found: list[str] = []
    parent = parents.get(name)
    while parent is not None and parent not in found:
        found.append(parent)
        parent = parents.get(parent)
    return found


def _of_year(file: str, path: Path, year: CalendarYear, names: set[str]) -> Iterator[Found]:
    seen: set[date] = set()
    if not FIRST_YEAR <= year.year <= LAST_YEAR:
        yield Found(file=file, path=(*path, "year"), code="policy.year_beyond", value=f"{FIRST_YEAR}-{LAST_YEAR}")
    for key in ("off", "work"):
        for day in getattr(year, key):
            if day in seen:
                yield Found(file=file, path=(*path, key), code="policy.day_twice", value=day.isoformat(), by_value=True)
            if day.year != year.year:
                yield Found(
                    file=file,
                    path=(*path, key),
                    code="policy.day_of_another_year",
                    value=day.isoformat(),
                    by_value=True,
                )
            seen.add(day)
    if year.extends is not None and year.extends not in names:
        yield unknown(file, (*path, "extends"), year.extends, names)
    if year.extends is None and year.zone is None:
        yield Found(file=file, path=(*path, "zone"), code="policy.missing")
    if year.zone is not None and not is_zone(year.zone):
        yield Found(file=file, path=(*path, "zone"), code="policy.no_zone", value=year.zone)


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def calendar_of(years: list[CalendarYear], name: str) -> WorkCalendar:
    """The calendar of one name: its own years, laid over those of the calendar that it extends."""
    own = [year for year in years if year.id == name]
    parent = next((year.extends for year in own if year.extends), None)
    zone = next((year.zone for year in own if year.zone), None)
    off, work = {d for year in own for d in year.off}, {d for year in own for d in year.work}
    published = {year.year for year in own if not year.provisional}
    notices = {year.year: (year.source,) for year in own}
    if parent is None:
        assert zone is not None, "checked: a calendar of its own has a zone"
        return WorkCalendar(
            name=name, zone=ZoneInfo(zone), off=frozenset(off), work=frozenset(work), published=frozenset(published),
            notices=notices,
        )  # fmt: skip
    base = calendar_of([year for year in years if year.id != name], parent)
    return replace(
        base,
        name=name,
        extends=parent,
        zone=ZoneInfo(zone) if zone else base.zone,
        off=(base.off - work) | off,
        work=(base.work - off) | work,
        published=base.published & published,
        notices={year: (*base.notices.get(year, ()), *notices.get(year, ())) for year in {*base.notices, *notices}},
    )
