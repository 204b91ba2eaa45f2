"""The year-end figures worked out a second time, from the rows of the ledger alone, as an outsider would who has the
rules on paper and nothing of the program: what is counted (`tally`), and what four schemes make of it (`sheet`).

Written from the rules (亮灯, 三率, 达川, 金华; who held the case when; what is waived) and shares no code with
`workflow/`, `cases/` or `reports/`. Figures are fractions until a line is written down.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

#: Year, unit, person (0: nobody), what, how.
Kept = Counter[tuple[int, int, int, str, str]]
#: What, how: of one sheet.
Own = Mapping[tuple[str, str], int]

TO_ACCEPT = {"notice", "intake", "contact", "first_response"}
TO_DECIDE = {"decision", "order", "period"}
IN_A_CRISIS = {"oral_report", "written_report"}
#: 危机: 首次响应, 电话报告, 书面报告 are owed at once.
AT_ONCE = IN_A_CRISIS | {"first_response"}
ANSWERED = {"case:replied", "case:settled", "case:terminated"}


class Light(NamedTuple):
    clock: int
    rung: str
    colour: str
    at: datetime
    unit: int
    person: int | None


class Holder(NamedTuple):
    since: datetime
    unit: int
    person: int | None


# -- from rows to one case -------------------------------------------------------------------------------------------


def moment(value: Any) -> datetime:
    """An instant as any of the two databases or the JSON spells it."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Paper:
    """One case as its events leave it, each record as it was last written."""

    def __init__(self, events: Iterable[Any]) -> None:
        self.head: dict[str, Any] = {}
        self.records: dict[str, dict[int, Any]] = defaultdict(dict)
        self.lights: list[Light] = []
        self.answered_at: datetime | None = None
        self.followed_up: list[tuple[datetime, str]] = []
        for event in events:
            said = json.loads(event.data)
            if event.code == "clock:crossed":
                if said["light"]:
                    self.lights.append(
                        Light(
                            said["clock"], said["rung"], said["light"], moment(event.occurred_at), said["unit"],
                            said["person"],
                        )
                    )  # fmt: skip
                continue
            for table, rows in said.get("wrote", {}).items():
                if table == "cases":
                    self.head.update(rows)
                elif table != "tracking":
                    self.records[table].update({int(number): row for number, row in rows.items()})
            if event.code == "case:followed_up":
                self.followed_up.append((moment(event.recorded_at), said["command"]["extent"]))
            if event.code in ANSWERED and self.answered_at is None:
                self.answered_at = moment(event.recorded_at)
        self.clocks = self.records["clock"]
        self.holders = sorted(
            Holder(moment(row["from_at"]), row["unit"], row["person"] or 0) for row in self.records["custody"].values()
        )

    @property
    def was_not_ours(self) -> str | None:
        kind, _, ground = (self.head["outcome"] or "").partition(".")
        return ground if kind == "not_ours" else None

    def in_hands(self, at: datetime, *, just_before: bool) -> Holder:
        past = [one for one in self.holders if one.since < at or (one.since == at and not just_before)]
        return past[-1] if past else self.holders[0]

    def limit(self, clock: int) -> int:
        """The first clock of the same time limit: one that goes on after a reopening has not begun anew."""
        while (before := self.clocks[clock]["extends"]) and self.clocks[before]["outcome"] == "reopened":
            clock = before
        return clock

    def is_waived(self, light: Light) -> bool:
        clock = self.clocks[light.clock]
        by_pause = any(moment(begin) < light.at < moment(end) for begin, end, *_ in json.loads(clock["pauses"]))
        by_extension = clock["outcome"] == "extended" and clock["waived"]
        # What lights at the reopening itself is the lateness from before it: decided about once.
        same = {light.clock}
        if clock["extends"] is not None and clock["opened_at"] and moment(clock["opened_at"]) == light.at:
            same.add(clock["extends"])
        by_decision = any(
            row["clock"] in same and (row["rung"], row["decision"]) == (light.rung, "upheld")
            for row in self.records["waiver"].values()
        )
        return bool(self.was_not_ours or by_pause or by_extension or by_decision)


# -- what is counted -------------------------------------------------------------------------------------------------


def tally(connection: Connection, *, zone: str) -> Kept:
    """Everything that is counted, of every year."""
    rows = connection.execute(
        text("SELECT stream, code, occurred_at, recorded_at, data FROM event WHERE stream > 0 ORDER BY stream, seq")
    )
    streams: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        streams[row.stream].append(row)
    kept: Kept = Counter()
    for events in streams.values():
        kept.update(_of_case(Paper(events), ZoneInfo(zone)))
    return kept


def _of_case(paper: Paper, zone: ZoneInfo) -> Iterable[tuple[int, int, int, str, str]]:
    found: list[tuple[int, int, int, str, str]] = []

    def note(what: str, how: str, at: datetime, by: Light | Holder) -> None:
        found.append((at.astimezone(zone).year, by.unit, by.person or 0, what, how))

    registered = moment(paper.head["registered_at"])
    note("taken", "taken", registered, paper.holders[0])
    _note_lights(paper, note)
    for at, extent in paper.followed_up:
        note("performed", extent, at, paper.in_hands(at, just_before=True))
    for clock in paper.clocks.values():
        if clock["opened_at"] and clock["extends"]:
            since = moment(clock["opened_at"])
            reopened = paper.clocks[clock["extends"]]["outcome"] == "reopened"
            what, how = ("reopened", "reopened") if reopened else ("extended", "granted")
            note(what, how, since, paper.in_hands(since, just_before=True))
    if ground := paper.was_not_ours:
        closed = moment(paper.head["closed_at"])
        note("returned", ground, closed, paper.in_hands(closed, just_before=True))
        return found
    for number in paper.clocks:
        _note_end(paper, number, note)
    _note_crisis(paper, note)
    _note_ratings(paper, note)
    return found


Note = Callable[[str, str, datetime, Light | Holder], None]


def _note_lights(paper: Paper, note: Note) -> None:
    by_limit: dict[int, list[Light]] = defaultdict(list)
    for light in paper.lights:
        by_limit[paper.limit(light.clock)].append(light)
    for lights in by_limit.values():
        for what, those in (("lit", lights), ("light", [one for one in lights if not paper.is_waived(one)])):
            for colour in ("red", "yellow"):
                if first := next((one for one in those if one.colour == colour), None):
                    note(what, colour, first.at, first)
                    break


def _note_end(paper: Paper, number: int, note: Note) -> None:
    clock = paper.clocks[number]
    due, name = moment(clock["due_at"]), clock["name"]
    if clock["kind"] != "duty" or clock["outcome"] in {"extended", "reassigned", "void"}:
        return
    if clock["stopped_at"] is None:
        over = [one for one in paper.lights if one.clock == number and one.at >= due]
        if over and name in TO_DECIDE:
            for what in what_is_due(paper, clock):
                note(what, "open", due, over[0])
        return
    stopped = moment(clock["stopped_at"])
    how = "in_time" if stopped < due else "late"
    by = paper.in_hands(stopped, just_before=True)
    if name in TO_DECIDE:
        next_one = [one for one in paper.clocks.values() if one["extends"] == number]
        soon = clock["outcome"] == "reopened" and any(
            moment(one["opened_at"]) <= stopped + timedelta(days=30) for one in next_one
        )
        note("closed", "reopened" if soon else how, stopped, by)
        for what in what_is_due(paper, clock):
            note(what, f"closed_{how}", min(stopped, due), by)
    elif clock["outcome"] == "case_ended" and how == "in_time":
        return  # cut short by the end of the case: neither met nor missed
    elif name in TO_ACCEPT:
        note("accepted", how, stopped, by)
    elif name in IN_A_CRISIS:
        note("crisis", how, stopped, by)


def is_a_crisis(paper: Paper) -> bool:
    return any(clock["name"] in IN_A_CRISIS for clock in paper.clocks.values())


def what_is_due(paper: Paper, clock: Any) -> list[str]:
    """紧急: a crisis, or a matter that is to be answered within minutes or hours."""
    return ["due", "urgent"] if is_a_crisis(paper) or clock["unit"] in {"minute", "hour"} else ["due"]


def _note_crisis(paper: Paper, note: Note) -> None:
    """One bonus a crisis: once everything that was owed at once has been done, in time if all of it was."""
    owed = [clock for clock in paper.clocks.values() if clock["name"] in AT_ONCE]
    if not is_a_crisis(paper) or not all(clock["stopped_at"] for clock in owed):
        return
    in_time = [moment(clock["stopped_at"]) < moment(clock["due_at"]) for clock in owed]
    if any(clock["outcome"] == "case_ended" and kept for clock, kept in zip(owed, in_time, strict=True)):
        return  # the case ended before it could be done or missed
    done = max(moment(clock["stopped_at"]) for clock in owed)
    note("crisis_handled", "in_time" if all(in_time) else "late", done, paper.in_hands(done, just_before=True))


def _note_ratings(paper: Paper, note: Note) -> None:
    if is_a_crisis(paper):
        return
    ratings = list(paper.records["rating"].values())
    for row in ratings:
        at = moment(row["rated_at"])
        note("rated", row["score"], at, paper.in_hands(at, just_before=False))
    reached = [row for row in paper.records["party"].values() if row["side"] == "applicant" and row["contact"]]
    if paper.answered_at and (ratings or reached):
        by = paper.in_hands(paper.answered_at, just_before=True)
        note("answered", "rated" if ratings else "unrated", paper.answered_at, by)


# -- what four schemes make of it ------------------------------------------------------------------------------------


class Written(NamedTuple):
    """A sheet as it is written down: points of each line by its code (None: not assessed), and the total."""

    lines: dict[str, Decimal | None]
    total: Decimal | None


def sheet(scheme: str, own: Own) -> Written:
    return {"LIGHTS-A": _lights_a, "RATES-B": _rates_b, "DACHUAN": _dachuan, "JINHUA": _jinhua}[scheme](own)


def without_waivers(own: Own) -> Own:
    """The same as if no light had been waived: what was lit counts."""
    rest = {key: n for key, n in own.items() if key[0] not in ("light", "lit")}
    return rest | {("light", how): n for (what, how), n in own.items() if what == "lit"}


def gathered(kept: Kept, year: int, *, of: Callable[[int, int], Any]) -> dict[Any, Own]:
    """The counts of a year by whatever `of(unit, person)` says; what it says None of belongs to no sheet."""
    found: dict[Any, Counter[tuple[str, str]]] = defaultdict(Counter)
    for (when, unit, person, what, how), n in kept.items():
        if when == year and (key := of(unit, person)) is not None:
            found[key][what, how] += n
    return dict(found)


def _n(own: Own, what: str, *how: str) -> int:
    return sum(n for (measure, outcome), n in own.items() if measure == what and (not how or outcome in how))


def _lights_a(own: Own) -> Written:
    lights = Fraction(-1, 2) * _n(own, "light", "yellow") - _n(own, "light", "red")
    crises = Fraction(min(_n(own, "crisis_handled", "in_time"), 3))
    lines: dict[str, Decimal | None] = {"lights": hundredths(lights), "crisis_in_time": hundredths(crises)}
    return Written(lines, _between(Decimal(100) + _sum(lines)))


def _rates_b(own: Own) -> Written:
    return _weighted(
        {
            "accepted_on_time": (20, _share(own, "accepted", "in_time")),
            "closed_on_time": (40, _share(own, "closed", "in_time")),
            "satisfied": (40, _share(own, "rated", "satisfied", "fairly_satisfied")),
        }
    )


def _dachuan(own: Own) -> Written:
    return _weighted(
        {
            "accepted_in_time": (5, _share(own, "accepted", "in_time")),
            "answered_on_time": (10, _share(own, "closed", "in_time")),
            "satisfied": (10, _share(own, "rated", "satisfied", "fairly_satisfied")),
            "rated": (5, _share(own, "answered", "rated")),
            "study": (5, None),
            "leaders_meetings": (6, None),
            "other_organisation": (49, None),
        }
    )


def _jinhua(own: Own) -> Written:
    rates = {
        "closed_on_time": (50, _short_of(70, 1, 50, _share(own, "due", "closed_in_time"))),
        "closed": (20, _short_of(90, 1, 20, _share(own, "due", "closed_in_time", "closed_late"))),
        "urgent_closed": (5, _short_of(100, Fraction(1, 2), 5, _share(own, "urgent", "closed_in_time", "closed_late"))),
        "urgent_on_time": (5, _short_of(95, Fraction(1, 2), 5, _share(own, "urgent", "closed_in_time"))),
    }
    sent_back = hundredths(Fraction(-1, 5) * _n(own, "reopened"))
    more = {"sent_back": sent_back, "falsification": None, "pushing_away": None}
    return _weighted(rates, more)


def _share(own: Own, what: str, *good: str) -> Fraction | None:
    whole = _n(own, what)
    return Fraction(_n(own, what, *good), whole) if whole else None


def _short_of(target: int, a_point: Fraction | int, weight: int, share: Fraction | None) -> Fraction | None:
    """What is left of the weight, as a share of it: each percentage point that is wholly missing costs `a_point`."""
    if share is None:
        return None
    missing = max(0, int(target - 100 * share)) if share * 100 < target else 0
    return max(Fraction(0), weight - missing * Fraction(a_point)) / weight


def _weighted(
    items: Mapping[str, tuple[int, Fraction | None]], more: Mapping[str, Decimal | None] | None = None
) -> Written:
    """Weights of items without data are spread over the rest, in proportion."""
    whole = sum(weight for weight, _ in items.values())
    left = sum(weight for weight, share in items.values() if share is not None)
    lines: dict[str, Decimal | None] = {
        code: None if share is None else hundredths(Fraction(weight * whole, left) * share)
        for code, (weight, share) in items.items()
    }
    lines.update(more or {})
    return Written(lines, _between(_sum(lines)) if left else None)


def _sum(lines: Mapping[str, Decimal | None]) -> Decimal:
    return sum((points for points in lines.values() if points is not None), Decimal(0))


def _between(total: Decimal) -> Decimal:
    return sorted((Decimal(0), total, Decimal(100)))[1]


def hundredths(value: Fraction) -> Decimal:
    """To two places, half away from zero, by long division."""
    whole, rest = divmod(abs(value.numerator) * 100, value.denominator)
    if 2 * rest >= value.denominator:
        whole += 1
    return Decimal(whole if value >= 0 else -whole) / 100
