"""The paper of a case in a sealed pack: one page for people, in their language, with or without what was said.

It is made from the same record as the rest of the pack, and proves nothing by itself: the events do.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cases.office import OfficeContext
from cases.reading import EventLine, agreements_of, invitees_of, ratings_of, sessions_of, timeline
from infra.i18n import write_minute
from infra.jinja import render
from people.directory import names_of_units
from words import Words, whole_due
from workflow.clocks import light
from workflow.facts import CaseFacts
from workflow.model import TIMERS


def paper(
    connection: Connection,
    facts: CaseFacts,
    *,
    number: str,
    office: OfficeContext,
    language: str,
    texts: Iterable[Mapping[str, Any]] | None,
    now: datetime,
) -> str:
    """The page as HTML that needs no other file. `texts` None: it is masked, and every text is left out."""
    assert facts.id is not None, "a case that is packed has been opened"
    assert facts.received_at is not None, "and received"
    zone, calendar = office.policy.calendar.zone, office.policy.calendar
    words, units = Words(language), names_of_units(connection)
    said = None if texts is None else {row["number"]: row["content"] for row in texts}
    events = timeline(connection, facts.id, actor=TIMERS)

    def minute(instant: datetime) -> str:
        return write_minute(instant, language, zone)

    return render(
        language,
        "pack/case.html",
        t=words,
        office=office.name,
        number=number,
        made=minute(now),
        received=minute(facts.received_at),
        facts=facts,
        holder=units.get(facts.holder_unit or 0, ""),
        clocks=[
            {"clock": clock, "due": whole_due(clock, calendar, language), "light": light(clock, at=now).value}
            for clock in facts.clocks
        ],
        masked=said is None,
        parties=[(party.side.value, (said or {}).get(party.name)) for party in facts.parties],
        sessions=sessions_of(connection, facts.id, actor=TIMERS),
        invitees_of=invitees_of,
        agreements=agreements_of(connection, facts.id, actor=TIMERS),
        ratings=ratings_of(connection, facts.id, actor=TIMERS),
        minute=minute,
        texts=said or {},
        events=[_line(event, said or {}, units, minute) for event in events],
    )


def _line(event: EventLine, said: Mapping[int, str | None], units: Mapping[int, str], minute: Any) -> dict[str, Any]:
    """What happened, when, by whom (a role and a unit, never a name), with its texts if they are shown."""
    numbers = [n for value in event.data.get("command", {}).values() if isinstance(value, list) for n in value]
    return {
        "seq": event.seq,
        "code": event.code,
        "when": minute(event.occurred_at),
        "recorded": minute(event.recorded_at) if event.recorded_at != event.occurred_at else None,
        "role": event.role,
        "unit": units.get(event.unit, "") if event.unit is not None else "",
        "clock": event.data.get("name"),
        "rung": event.data.get("rung"),
        "texts": [said[n] for n in numbers if isinstance(n, int) and said.get(n)],
    }
