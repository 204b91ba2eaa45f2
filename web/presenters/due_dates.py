"""The due dates of one person as a calendar that other programs subscribe to (RFC 5545): number, what is due, when, and the way to it.

Nothing of a dispute and nobody's name is in it: a calendar lies on telephones and with whoever keeps them in step.
"""

from datetime import timedelta

from icalendar import Calendar, Event
from sqlalchemy import Connection

from cases import reading as record
from cases.numbers import case_number
from cases.search import DUE, Wanted, find_cases, key_of_sort
from cases.visibility import case, visible_cases
from people.directory import Person
from web.context import Context
from words import Words
from workflow.clocks import due_on
from workflow.counting import STEADY
from workflow.model import Clock, Kind

#: More than somebody has in hand; and how often a program may ask anew.
AT_MOST, EVERY = 200, timedelta(hours=1)
#: How long a limit of hours stands in the calendar.
LASTS = timedelta(minutes=30)


def calendar_of(connection: Connection, ctx: Context, who: Person) -> bytes:
    """Every running limit of what waits for this person, those due first."""
    words, wanted = Words(who.language), Wanted(mine=True, sort=DUE)
    keys = (key.label(f"key_{n}") for n, key in enumerate(key_of_sort(wanted)))
    listed = visible_cases(who.actor, case.id, case.public_id, case.series, case.year, case.serial, *keys)
    rows = find_cases(connection, wanted, listed, actor=who.actor, now=ctx.now, after=None, at_most=AT_MOST).rows
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//Huiyin//Huiyin//ZH")
    made.add("x-wr-calname", words("calendar_feed.name"))
    made.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    clocks = record.clocks_of(connection, [row.id for row in rows], actor=who.actor)
    for row in rows:
        number = case_number(ctx.office.short_name, row.series, row.year, row.serial)
        for clock in clocks.get(row.id, ()):
            if clock.kind is Kind.DUTY:
                made.add_component(_event(clock, row.public_id, number, words, ctx))
    written: bytes = made.to_ical()
    return written


def _event(clock: Clock, public_id: str, number: str, words: Words, ctx: Context) -> Event:
    settings, made = ctx.site.settings, Event()
    made.add("uid", f"{public_id}.{clock.number}@{settings.mail_domain}")
    made.add("dtstamp", ctx.now)
    made.add("summary", words("calendar_feed.due", number=number, what=words(f"clock.{clock.name}")))
    if clock.unit in STEADY:
        made.add("dtstart", clock.due_at - LASTS)
        made.add("dtend", clock.due_at)
    else:
        day = due_on(clock, ctx.office.policy.calendar)
        made.add("dtstart", day)
        made.add("dtend", day + timedelta(days=1))
    made.add("transp", "TRANSPARENT")
    made.add("url", f"{settings.base_url()}/cases/{public_id}")
    return made
