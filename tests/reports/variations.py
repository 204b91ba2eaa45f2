"""What a year comes to for the small office, one change at a time: every expected point is a literal with its arithmetic.

Most begin with a hotline order (HOT-07, five working days) of Monday 2 March 2026. Its days are 3, 4, 5, 6 and 9 March:
yellow lights on Friday 6 March at 00:00 (ceil(5/3) = 2 days left), red on Tuesday 10 March at 00:00. Taking it in is the
centre's, handling it the room's. Under `post`, yellow lights on 10 March and red five working days later, on 17 March.

The figures are those of LIGHTS-A, RATES-B, DACHUAN, JINHUA in this order. Where one order was contacted, answered and
rated well, all in time: RATES-B 20 + 40 + 40; DACHUAN has data for 5 + 10 + 10 + 5 of its 90, so that all of it counts
three times; JINHUA has data for 50 + 20 of its 80.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cases.office import OfficeContext
from cases.policies import shipped_files
from stories.replay import with_ladder
from tests.databases import (
    step,
)
from tests.reports.told import (
    Steps,
    appealed,
    came_in,
    closed,
    decided,
    extended,
    handed,
    in_hand,
    not_ours,
    paused,
    rated,
    reopened,
    replied,
)
from workflow.policy_files import policy_from

SCHEMES = ("LIGHTS-A", "RATES-B", "DACHUAN", "JINHUA")
Change = Callable[[OfficeContext], OfficeContext]


class Points(NamedTuple):
    """What a unit comes to under the four schemes; "-": nothing of the scheme could be assessed."""

    lights_a: str
    rates_b: str = "-"
    dachuan: str = "-"
    jinhua: str = "-"


#: Taking matters in costs and earns nothing: no rate has any data.
ONLY_TAKEN = Points("100")


def as_it_is(context: OfficeContext) -> OfficeContext:
    return context


def by_post(context: OfficeContext) -> OfficeContext:
    return replace(context, policy=with_ladder(context.policy, "post"))


def with_crises(context: OfficeContext) -> OfficeContext:
    return replace(context, profiles=(*context.profiles, "crisis"))


def without_bonus(context: OfficeContext) -> OfficeContext:
    scheme = context.policy.schemes["LIGHTS-A"]
    plain = replace(scheme, items=tuple(item for item in scheme.items if item.code == "lights"))
    schemes = {**context.policy.schemes, "LIGHTS-A": plain}
    return with_crises(replace(context, policy=replace(context.policy, schemes=schemes, _views={})))


def with_a_calendar_of_2028(context: OfficeContext) -> OfficeContext:
    """A year that nobody has published yet, as if it had no holidays but the weekends."""
    year = '[[calendar]]\nid = "cn"\nzone = "Asia/Shanghai"\nyear = 2028\nsource = "t"\noff = []\nwork = []\n'
    files = {**shipped_files(), "calendars/cn-2028.toml": year.encode()}
    return replace(context, policy=policy_from(files, calendar="cn"))


@dataclass(frozen=True, kw_only=True)
class Variation:
    """Matters, each with its steps; when the timers last looked; the year asked for, and what the units come to in it.
    `before` is LIGHTS-A before waivers, where it differs."""

    told: tuple[tuple[str, Steps], ...]
    until: str
    expected: dict[str, Points]
    before: dict[str, str] | None = None
    year: int = 2026
    change: Change = as_it_is


def an_order(*steps: Iterable[Any], matter: str = "hotline") -> tuple[tuple[str, Steps], ...]:
    return ((matter, tuple(one for some in steps for one in some)),)


GOOD = Points("100", "100.00", "90.00", "80.00")
DAY = "2026-03-02"

VARIATIONS: dict[str, Variation] = {
    "in time: no light": Variation(
        told=an_order(in_hand(DAY), replied("2026-03-05T10:00"), rated("2026-03-05T11:00")),
        until="2026-04-01T09:00",
        # JINHUA: 50 x 80/70 = 57.142... -> 57.14, 20 x 80/70 = 22.857... -> 22.86; together 80.00.
        expected={"centre": ONLY_TAKEN, "room": GOOD},
    ),
    "no pause": Variation(
        # Answered on Monday 9 March: yellow since the 6th, in time.
        told=an_order(in_hand(DAY), replied("2026-03-09T15:00"), rated("2026-03-09T16:00")),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD._replace(lights_a="99.50")},  # 100 - 0.5
    ),
    "a pause": Variation(
        # Paused on Thursday 5, resumed on Monday 9: the 6th and the 9th are not counted. Days 3, 4, 5, 10, 11; yellow on
        # the fourth, the 10th at 00:00. The same answer of the 9th is before it.
        told=an_order(
            in_hand(DAY), paused("2026-03-05T10:00", "2026-03-09T10:00", until="2026-03-20"),
            replied("2026-03-09T15:00"), rated("2026-03-09T16:00"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD},
    ),
    "no extension": Variation(
        # Answered on the 10th at 10:00, ten hours after the end: red. 100 - 1; the yellow before it is superseded.
        # RATES-B 20 + 0 + 40. DACHUAN 3 x (5 + 0 + 10 + 5) = 60. JINHUA: 0 % in time is 70 points below 70 %, and
        # 50 - 70 is nothing; 100 % closed: 20 x 80/70 = 22.86.
        told=an_order(in_hand(DAY), replied("2026-03-10T10:00"), rated("2026-03-10T11:00")),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("99.00", "60.00", "60.00", "22.86")},
    ),
    "an extension in time waives what had lit": Variation(
        # Granted on the last day, yellow: to 15 days from 2 March, the 23rd; k = 5, yellow on day 11, the 17th.
        told=an_order(
            in_hand(DAY), extended("2026-03-09T09:00", "2026-03-09T10:00", to=15),
            replied("2026-03-10T10:00"), rated("2026-03-10T11:00"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD},
        before={"room": "99.50"},
    ),
    "an extension does not waive the lights of the longer time": Variation(
        # As before; answered on the 17th: yellow of the longer time since 00:00. Before waivers two time limits lit.
        told=an_order(
            in_hand(DAY), extended("2026-03-09T09:00", "2026-03-09T10:00", to=15),
            replied("2026-03-17T10:00"), rated("2026-03-17T11:00"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD._replace(lights_a="99.50")},
        before={"room": "99.00"},
    ),
    "post: in time is not lit": Variation(
        told=an_order(in_hand(DAY), replied("2026-03-09T15:00"), rated("2026-03-09T16:00")),
        until="2026-04-01T09:00", change=by_post,
        expected={"centre": ONLY_TAKEN, "room": GOOD},
    ),
    "post: late is yellow": Variation(
        # The 16th is the fifth working day after the 9th: still yellow. The rates are those of any late answer.
        told=an_order(in_hand(DAY), replied("2026-03-16T23:59"), rated("2026-03-17T11:00")),
        until="2026-04-01T09:00", change=by_post,
        expected={"centre": ONLY_TAKEN, "room": Points("99.50", "60.00", "60.00", "22.86")},
    ),
    "post: later is red": Variation(
        told=an_order(in_hand(DAY), replied("2026-03-17T00:00"), rated("2026-03-17T11:00")),
        until="2026-04-01T09:00", change=by_post,
        expected={"centre": ONLY_TAKEN, "room": Points("99.00", "60.00", "60.00", "22.86")},
    ),
    "an appeal is upheld": Variation(
        told=an_order(
            in_hand(DAY), replied("2026-03-09T15:00"), rated("2026-03-09T16:00"),
            appealed("2026-03-10T09:00", "order:yellow"), decided("2026-03-11T09:00", "upheld"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD},
        before={"room": "99.50"},
    ),
    "an appeal is rejected": Variation(
        told=an_order(
            in_hand(DAY), replied("2026-03-09T15:00"), rated("2026-03-09T16:00"),
            appealed("2026-03-10T09:00", "order:yellow"), decided("2026-03-11T09:00", "rejected"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD._replace(lights_a="99.50")},
    ),
    "a red that is waived leaves the yellow": Variation(
        # The red of the 10th does not count; the yellow of the 6th was not contested: 100 - 0.5. What is late is late.
        told=an_order(
            in_hand(DAY), replied("2026-03-10T10:00"), rated("2026-03-10T11:00"),
            appealed("2026-03-11T09:00", "order:red"), decided("2026-03-12T09:00", "upheld"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("99.50", "60.00", "60.00", "22.86")},
        before={"room": "99.00"},
    ),
    "a duplicate": Variation(
        # Red by 11 March while it lay at the centre; found to be a duplicate, nothing of it counts.
        told=an_order(came_in(f"{DAY}T09:00"), not_ours("2026-03-11T09:00", "duplicate")),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN},
        before={"centre": "99.00"},
    ),
    "returned with the sender's consent": Variation(
        told=an_order(came_in(f"{DAY}T09:00"), not_ours("2026-03-06T09:00", "returned_with_consent")),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN},
        before={"centre": "99.50"},
    ),
    "reopened within thirty days": Variation(
        # Answered on the 5th, opened again on 4 April at 10:00, thirty days later to the minute; answered the same day.
        # What lay between is not counted: no light. Of two ends the first was none: RATES-B 20 + 40/2 + 40, DACHUAN
        # 3 x (5 + 10/2 + 10 + 5), JINHUA 80 - 0.2 for sending it back.
        told=an_order(
            in_hand(DAY), replied("2026-03-05T10:00"), rated("2026-03-05T11:00"), closed("2026-03-06T09:00"),
            reopened("2026-04-04T10:00"), replied("2026-04-04T15:00"),
        ),
        until="2026-04-05T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("100", "80.00", "75.00", "79.80")},
    ),
    "reopened after thirty days": Variation(
        # A minute later: the first end stands, and so does the second.
        told=an_order(
            in_hand(DAY), replied("2026-03-05T10:00"), rated("2026-03-05T11:00"), closed("2026-03-06T09:00"),
            reopened("2026-04-04T10:01"), replied("2026-04-04T15:00"),
        ),
        until="2026-04-05T09:00",
        expected={"centre": ONLY_TAKEN, "room": GOOD._replace(jinhua="79.80")},
    ),
    "a light of before the reopening and one of after it are one time limit's": Variation(
        # Yellow on the 6th, answered at 10:00; opened again on the 16th, not answered. Counted are 3, 4, 5, 6 and then the
        # 17th: red on the 18th, which supersedes the yellow. 100 - 1. Nothing ended in time but the first, which is none:
        # RATES-B: 20 + 0 + 40. DACHUAN 3 x (5 + 0 + 10 + 5). JINHUA: one of two due is closed, in time: 50 % is 20 short
        # of 70, 50 - 20 = 30; 40 short of 90: nothing; 30 x 80/70 = 34.2857 -> 34.29, less 0.2.
        told=an_order(
            in_hand(DAY), replied("2026-03-06T10:00"), rated("2026-03-06T11:00"), closed("2026-03-06T16:00"),
            reopened("2026-03-16T10:00"),
        ),
        until="2026-04-05T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("99.00", "60.00", "60.00", "34.09")},
    ),
    "the unit changes before the red": Variation(
        # Yellow at the room; from Monday the 9th at the desk, which answers on the 10th, red since 00:00. The red is the
        # desk's, and supersedes the yellow of the same time limit. Both contacted the person in time. The late end and
        # the good rating are the desk's: RATES-B 20 + 0 + 40, and so on as for any late answer. The room: 5 x 18 = 90,
        # and of RATES-B its 20 x 5.
        told=an_order(
            in_hand(DAY), handed("2026-03-09T09:00", "2026-03-09T09:30", "2026-03-09T10:00", unit="desk"),
            replied("2026-03-10T10:00", unit="desk"), rated("2026-03-10T11:00"),
        ),
        until="2026-04-01T09:00",
        expected={
            "centre": ONLY_TAKEN,
            "room": Points("100", "100.00", "90.00"),
            "desk": Points("99.00", "60.00", "60.00", "22.86"),
        },
    ),
    "the unit changes after the yellow": Variation(
        # The same, answered on the 9th: the yellow stays the room's, the end is the desk's.
        told=an_order(
            in_hand(DAY), handed("2026-03-09T09:00", "2026-03-09T09:30", "2026-03-09T10:00", unit="desk"),
            replied("2026-03-09T15:00", unit="desk"), rated("2026-03-09T16:00"),
        ),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("99.50", "100.00", "90.00"), "desk": GOOD},
    ),
    "overdue and never answered": Variation(
        # 100 - 1. RATES-B and DACHUAN divide by what has ended: only the contact has, and earns everything there is.
        # JINHUA divides by what was due: 0 % in time and 0 % closed, nothing left of 50 and 20.
        told=an_order(in_hand(DAY)),
        until="2026-04-01T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("99.00", "100.00", "90.00", "0.00")},
    ),
    "overdue but paused": Variation(
        # Paused since the 5th until the 20th: what is deferred (缓办) is not yet due.
        told=an_order(
            in_hand(DAY),
            (step("2026-03-05T10:00", "mediator", "Suspend", ground="measurement", until="2026-03-20", note="等检测。"),),
        ),
        until="2026-03-19T09:00",
        expected={"centre": ONLY_TAKEN, "room": Points("100", "100.00", "90.00")},
    ),
    "registered late": Variation(
        # Received on 2 March, registered on the 11th: yellow and red as of the 6th and the 10th, the intake unit's own.
        told=an_order(came_in("2026-03-11T09:00", received_at="2026-03-02T09:00")),
        until="2026-03-12T09:00",
        expected={"centre": Points("99.00", jinhua="0.00")},
    ),
    "crises with a capped bonus": Variation(
        # Four crises, each reported in time, earn 4, held at 3; four orders of 2 February, left alone, are red: 100 - 4 + 3.
        # RATES-B and DACHUAN: all first responses in time, nothing else. JINHUA: 0 of 4 due closed: 0 + 0; no crisis is due.
        told=(
            *(("hotline", came_in(f"2026-02-02T09:0{number}")) for number in range(4)),
            *(("crisis", (
                *came_in(f"2026-03-02T{hour}:00"),
                step(f"2026-03-02T{hour}:05", "clerk", "RespondFirst", note="已到场。"),
                step(f"2026-03-02T{hour}:10", "clerk", "ReportByPhone", note="已电话报告。"),
                step(f"2026-03-02T{hour}:30", "clerk", "ReportInWriting", note="已书面报告。"),
            )) for hour in ("10", "11", "12", "13")),
        ),
        until="2026-03-03T09:00", change=with_crises,
        expected={"centre": Points("99.00", "100.00", "90.00", "0.00")},
    ),
    "one bonus a crisis": Variation(
        # First response and two reports in time are one crisis: 1; the other was answered at the scene a minute late and has
        # none. Its late first response costs nothing but its light, red at 11:30: 100 - 4 - 1 + 1.
        told=(
            *(("hotline", came_in(f"2026-02-02T09:0{number}")) for number in range(4)),
            *(("crisis", (
                *came_in(f"2026-03-02T{hour}:00"),
                step(f"2026-03-02T{hour}:10", "clerk", "ReportByPhone", note="已电话报告。"),
                step(f"2026-03-02T{hour}:12", "clerk", "ReportInWriting", note="已书面报告。"),
                step(f"2026-03-02T{hour}:{minute}", "clerk", "RespondFirst", note="已到场。"),
            )) for hour, minute in (("10", "15"), ("11", "31"))),
        ),
        until="2026-03-03T09:00", change=with_crises,
        # RATES-B: one of two first responses: 20 x 1/2, spread over 100: 50. DACHUAN 5 x 1/2 x 90/5 = 45.
        expected={"centre": Points("96.00", "50.00", "45.00", "0.00")},
    ),
    "urgent matters that are never answered are not closed": Variation(
        # Two crises of Monday 2 March, left alone but for their reports. OFC-04 is over by April, so that neither is closed:
        # 0 of 2, 100 short: nothing; and nothing of the other rates either. Each lights red: 100 - 2 + 2.
        told=tuple(("crisis", (
            *came_in(f"2026-03-02T{hour}:00"),
            step(f"2026-03-02T{hour}:05", "clerk", "RespondFirst", note="已到场。"),
            step(f"2026-03-02T{hour}:10", "clerk", "ReportByPhone", note="已电话报告。"),
            step(f"2026-03-02T{hour}:30", "clerk", "ReportInWriting", note="已书面报告。"),
        )) for hour in ("10", "11")),
        until="2026-04-30T09:00", change=with_crises,
        expected={"centre": Points("100.00", "100.00", "90.00", "0.00")},
    ),
    "a scheme without the bonus": Variation(
        told=(
            *(("hotline", came_in(f"2026-02-02T09:0{number}")) for number in range(4)),
            ("crisis", (
                *came_in("2026-03-02T10:00"),
                step("2026-03-02T10:05", "clerk", "RespondFirst", note="已到场。"),
                step("2026-03-02T10:10", "clerk", "ReportByPhone", note="已电话报告。"),
                step("2026-03-02T10:30", "clerk", "ReportInWriting", note="已书面报告。"),
            )),
        ),
        until="2026-03-03T09:00", change=without_bonus,
        expected={"centre": Points("96.00", "100.00", "90.00", "0.00")},  # 100 - 4
    ),
    "the leap day counts": Variation(
        # PET-05, 60 days from Friday 31 December 2027: 31 of January and the 29 of February 2028; k = 10, yellow on day 51,
        # 20 February. Answered in the last minute of 29 February: in time. A petition's signing has no part in any rate.
        told=an_order(
            in_hand("2027-12-31"), replied("2028-02-29T23:59"), rated("2028-03-01T11:00"), matter="petition",
        ),
        until="2028-03-02T09:00", year=2028, change=with_a_calendar_of_2028,
        # The contact was the year before's: RATES-B (40 + 40) x 100/80; DACHUAN (10 + 10 + 5) x 90/25.
        expected={"room": Points("99.50", "100.00", "90.00", "80.00")},
    ),
    "the day after the leap day is late": Variation(
        told=an_order(
            in_hand("2027-12-31"), replied("2028-03-01T00:00"), rated("2028-03-01T11:00"), matter="petition",
        ),
        until="2028-03-02T09:00", year=2028, change=with_a_calendar_of_2028,
        # RATES-B 0 + 40 x 100/80; DACHUAN (0 + 10 + 5) x 90/25 = 54.
        expected={"room": Points("99.00", "50.00", "54.00", "22.86")},
    ),
}  # fmt: skip
