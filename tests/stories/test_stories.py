"""Whole cases, told step by step with a virtual clock: every due time, light and point, worked out by hand.

The first three are the field's worked cases; the others were written for what those leave out. `python -m cli.main
replay FILE` says the same to a person; the format is in `docs/stories.md`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from infra.settings import settings
from stories.replay import replay
from stories.story import read_story
from workflow.procedures import PROCEDURES

HERE = Path(__file__).parent
COLUMNS = ("rule", "started_at", "due_on", "yellow_at", "red_at", "stopped_at", "light", "waived")

Line = tuple[str, str, str, str | None, str | None, str | None, str, bool]


def extended(*, granted: str) -> tuple[Line, ...]:
    """A petition of 2 March whose limit of sixty days is granted ninety, answered on 20 May."""
    return (
        # 2 March + 15; k=5, yellow on day 11.
        (
            "PET-02",
            "2026-03-02T09:00",
            "2026-03-17",
            "2026-03-13T00:00",
            "2026-03-18T00:00",
            "2026-03-04T10:00",
            "green",
            False,
        ),
        # 4 March + 60 = 27 days to 31 March, 30 of April, 3 May (a holiday; ours does not roll); yellow on day 51.
        ("PET-05", "2026-03-04T10:00", "2026-05-03", "2026-04-24T00:00", "2026-05-04T00:00", granted, "green", False),
        # 1=Fri 6 March. Signing lights yellow at its due time and has no red.
        ("OFC-01", "2026-03-05T09:00", "2026-03-06", "2026-03-07T00:00", None, "2026-03-05T10:00", "green", False),
        ("OFC-02", "2026-03-05T09:00", "2026-03-06", None, "2026-03-07T00:00", "2026-03-05T11:00", "green", False),
        # 4 March + 90 = 3 May + 30; yellow on day 81, nine days before the last.
        (
            "PET-05",
            "2026-03-04T10:00",
            "2026-06-02",
            "2026-05-24T00:00",
            "2026-06-03T00:00",
            "2026-05-20T15:00",
            "green",
            False,
        ),
    )


# Of each story its clocks, its points and its mails (None: the worked case states no number). One line a clock: rule,
# start, last day in time, yellow (or reminder), red (or lapse), stop, light shown then, waived.
EXPECTED: dict[str, tuple[tuple[Line, ...], float, int | None]] = {
    "case-1-taxi-fees": (
        (
            # 1=Mon 14 2=Tue 15 3=Wed 16 Sep; k=1.
            ("MED-01", "2026-09-11T15:20", "2026-09-16", "2026-09-16T00:00", "2026-09-17T00:00", "2026-09-15T10:00", "green", False),
            # 15 Sep + 30; k=10, yellow on day 21. Extended by consent when yellow: waived.
            ("MED-03", "2026-09-15T10:00", "2026-10-15", "2026-10-06T00:00", "2026-10-16T00:00", "2026-10-08T16:00", "yellow", True),
            # 15 Sep + 45; k=10, yellow on day 36.
            ("MED-03", "2026-09-15T10:00", "2026-10-30", "2026-10-21T00:00", "2026-10-31T00:00", "2026-10-20T17:10", "green", False),
            # The parties' window: 20 Oct + 30, a Thursday; reminder on day 21.
            ("MED-07", "2026-10-20T17:10", "2026-11-19", "2026-11-10T00:00", "2026-11-20T00:00", "2026-11-02T10:30", "green", False),
            # From the day performance falls due: 1=Wed 11 2=12 3=13 4=Mon 16 5=Tue 17 Nov; k=2.
            ("MED-10", "2026-11-10T00:00", "2026-11-17", "2026-11-16T00:00", "2026-11-18T00:00", "2026-11-13T15:00", "green", False),
        ),
        0.0,
        None,
    ),
    "case-4-campus-job-fair": (
        (
            # 1=Sun 28 Sep 2025, a make-up working day.
            ("ENT-01a", "2025-09-26T11:30", "2025-09-28", None, "2025-09-29T00:00", "2025-09-26T15:00", "green", False),
            # 1=28 2=29 3=30 Sep 4=9 5=10 6=Sat 11 7=13 8=14 9=15 10=16 Oct; k=4, yellow on day 7.
            ("ENT-01c", "2025-09-26T11:30", "2025-10-16", "2025-10-13T00:00", "2025-10-17T00:00", "2025-10-11T16:00", "green", False),
        ),
        0.0,
        None,
    ),
    "case-5-factory-noise": (
        (
            # 1=28 2=29 3=30 Apr 4=6 5=7 May; k=2. Extended while green: nothing to waive.
            ("HOT-07", "2026-04-27T09:15", "2026-05-07", "2026-05-06T00:00", "2026-05-08T00:00", "2026-04-30T10:00", "green", False),
            # 1=Tue 28 Apr.
            ("OFC-02", "2026-04-27T09:15", "2026-04-28", None, "2026-04-29T00:00", "2026-04-27T16:00", "green", False),
            # 15 wd, 12-15 May not counted: 8=11 9=18 10=19 11=20 ... 15=26 May; k=5, yellow on day 11.
            ("HOT-07", "2026-04-27T09:15", "2026-05-26", "2026-05-20T00:00", "2026-05-27T00:00", "2026-05-22T11:00", "yellow", False),
        ),
        -0.5,
        None,
    ),
    "petition-extended-by-30-days": (
        extended(granted="2026-04-22T10:00"),
        0.0,
        # Registered: the coordinator (the clerk acted) 1; assigned: mediator, head of the room 2; extension asked: head 1;
        # granted: mediator 1; answered: head 1.
        6,
    ),
    "petition-three-person-office": (
        extended(granted="2026-04-22T10:00"),
        0.0,
        # Two posts given: 2. Registered and assigned: whoever would be told is she herself; assigned: the head 1; extension
        # asked: the head 1; granted: she 1; answered: the head 1.
        6,
    ),
    "petition-deputy-for-three-weeks": (
        extended(granted="2026-03-23T10:00"),
        0.0,
        # Named, begun, ended, each told to both: 6. As in the case before this: 6. Granted on 23 March, when the deputy is told
        # beside the holder: 1. He adds a note and asks for the extension himself.
        13,
    ),
    "petition-mediator-ill-and-back": (
        (
            ("PET-02", "2026-03-02T09:00", "2026-03-17", "2026-03-13T00:00", "2026-03-18T00:00", "2026-03-04T10:00", "green", False),
            # 4 March + 60 = 3 May, as in the story above: who holds it moves no date.
            ("PET-05", "2026-03-04T10:00", "2026-05-03", "2026-04-24T00:00", "2026-05-04T00:00", "2026-04-20T15:00", "green", False),
            ("OFC-01", "2026-03-05T09:00", "2026-03-06", "2026-03-07T00:00", None, "2026-03-05T10:00", "green", False),
            ("OFC-02", "2026-03-05T09:00", "2026-03-06", None, "2026-03-07T00:00", "2026-03-05T11:00", "green", False),
        ),
        0.0,
        # Registered 1; assigned: mediator, head 2; recused by the head: the mediator 1; handed over, twice: who takes over and
        # the head 4; answered: head 1.
        9,
    ),
    "petition-asked-of-others": (
        (
            ("PET-02", "2026-03-02T09:00", "2026-03-17", "2026-03-13T00:00", "2026-03-18T00:00", "2026-03-04T10:00", "green", False),
            # As if nobody had been asked: 4 March + 60, and answered on 20 April.
            ("PET-05", "2026-03-04T10:00", "2026-05-03", "2026-04-24T00:00", "2026-05-04T00:00", "2026-04-20T15:00", "green", False),
            ("OFC-01", "2026-03-05T09:00", "2026-03-06", "2026-03-07T00:00", None, "2026-03-05T09:30", "green", False),
            ("OFC-02", "2026-03-05T09:00", "2026-03-06", None, "2026-03-07T00:00", "2026-03-05T09:40", "green", False),
            # Asked of the bureau: 1=Fri 6, 2=Mon 9, 3=Tue 10 March; k=1, yellow on that day. Answered on Thursday: red, and theirs.
            ("OFC-08a", "2026-03-05T10:00", "2026-03-10", "2026-03-10T00:00", "2026-03-11T00:00", "2026-03-12T15:00", "red", False),
            # Of a colleague, at the same time: 5 = Thu 12 March; k=2, yellow on Wednesday. Answered on Monday.
            ("OFC-08a", "2026-03-05T10:20", "2026-03-12", "2026-03-11T00:00", "2026-03-13T00:00", "2026-03-09T16:00", "green", False),
            # Of the bureau once more: 1=Mon 16 to 5=Fri 20 March; no longer asked on Monday.
            ("OFC-08a", "2026-03-13T09:00", "2026-03-20", "2026-03-19T00:00", "2026-03-21T00:00", "2026-03-16T09:00", "green", False),
        ),
        -1.0,
        None,
    ),
    "petition-wrongly-refused": (
        (
            # As if it had not been refused: 2 March + 15, and it runs until the acceptance.
            ("PET-02", "2026-03-02T09:00", "2026-03-17", "2026-03-13T00:00", "2026-03-18T00:00", "2026-03-04T10:00", "green", False),
            ("PET-05", "2026-03-04T10:00", "2026-05-03", "2026-04-24T00:00", "2026-05-04T00:00", "2026-04-20T15:00", "green", False),
            ("OFC-01", "2026-03-05T09:00", "2026-03-06", "2026-03-07T00:00", None, "2026-03-05T10:00", "green", False),
            ("OFC-02", "2026-03-05T09:00", "2026-03-06", None, "2026-03-07T00:00", "2026-03-05T11:00", "green", False),
        ),
        0.0,
        # Registered 1; taken back: the clerk of the desk, and the duty leader of the centre 2; assigned 2; answered 1.
        6,
    ),
    "petition-withdrawn": (
        (
            ("PET-02", "2026-03-02T09:00", "2026-03-17", "2026-03-13T00:00", "2026-03-18T00:00", "2026-03-04T10:00", "green", False),
            # Nothing is owed any more from the day on which it was confirmed.
            ("PET-05", "2026-03-04T10:00", "2026-05-03", "2026-04-24T00:00", "2026-05-04T00:00", "2026-03-23T10:00", "green", False),
            ("OFC-01", "2026-03-05T09:00", "2026-03-06", "2026-03-07T00:00", None, "2026-03-05T10:00", "green", False),
            ("OFC-02", "2026-03-05T09:00", "2026-03-06", None, "2026-03-07T00:00", "2026-03-05T11:00", "green", False),
        ),
        0.0,
        # Registered 1; assigned 2; asked: holder and head 2, dropped 1, asked again 2; confirmed: head 1.
        9,
    ),
    "hotline-signature-of-friday": (
        (
            # 1=Tue 3 2=4 3=5 4=6 5=Mon 9 March; k=2, yellow on day 4. It has stopped on Friday evening, after the yellow.
            ("HOT-07", "2026-03-02T09:00", "2026-03-09", "2026-03-06T00:00", "2026-03-10T00:00", "2026-03-06T17:30", "yellow", False),
            ("OFC-02", "2026-03-02T09:20", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T10:00", "green", False),
        ),
        -0.5,
        None,
    ),
    "enterprise-extended-after-yellow": (
        (
            ("ENT-01a", "2026-03-02T10:00", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T11:00", "green", False),
            # 1=3 2=4 3=5 4=6 5=9 6=10 7=11 8=12 9=13 10=16 March; k=4, yellow on day 7. Extended on day 10: waived.
            ("ENT-01c", "2026-03-02T10:00", "2026-03-16", "2026-03-11T00:00", "2026-03-17T00:00", "2026-03-16T10:00", "yellow", True),
            # 12 wd: 11=17 12=18. k=4: its yellow, day 9 = Fri 13, had passed and is crossed at the opening.
            ("ENT-01c", "2026-03-02T10:00", "2026-03-18", "2026-03-16T10:00", "2026-03-19T00:00", "2026-03-18T16:00", "yellow", False),
        ),
        -0.5,  # the successor's yellow; the first one's is waived
        # Registered 1, assigned 2, yellow 2, half of it (Fri 13: with the duty leader) 3, asked 1, granted 1, yellow at the
        # opening 2, half of it (Tue 17, 2 left) 3, answered 1.
        18,
    ),
    "hotline-red-with-all-mails": (
        (
            # 1=3 2=4 3=5 4=6 5=9 March; k=2.
            ("HOT-07", "2026-03-02T09:00", "2026-03-09", "2026-03-06T00:00", "2026-03-10T00:00", "2026-03-18T10:00", "red", False),
            ("OFC-02", "2026-03-02T09:20", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T10:00", "green", False),
        ),
        -1.0,  # red supersedes the yellow of the same clock
        # Registered 1, assigned 2; yellow: mediator, head 2, the duty leader's digest 1; half of it (Mon 9): and duty leader 3; red: and the centre
        # above 4; five working days later (24:00 of Mon 16): the assessor too, the mediator no more 4; answered 1.
        18,
    ),
    "hotline-refused-and-explained": (
        (
            # 1=3 2=4 3=5, which the pause uses up; until Mon 16; 4=17 5=18 March; k=2.
            ("HOT-07", "2026-03-02T09:00", "2026-03-18", "2026-03-17T00:00", "2026-03-19T00:00", "2026-03-24T10:00", "red", False),
            ("OFC-02", "2026-03-02T09:20", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T10:00", "green", False),
        ),
        -1.0,
        # Registered 1, assigned 2; asked for an extension: head 1, refused: mediator 1; asked for a pause: head 1, paused:
        # mediator 1, pause over: mediator 1; yellow 2 and the duty leader's digest 1, half of it 3, red 4; explained: head
        # 1; answered 1.
        20,
    ),
    "hotline-acknowledged": (
        (
            ("HOT-07", "2026-03-02T09:00", "2026-03-09", "2026-03-06T00:00", "2026-03-10T00:00", "2026-03-18T10:00", "red", False),
            ("OFC-02", "2026-03-02T09:20", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T10:00", "green", False),
        ),
        -1.0,  # acknowledging takes no light back
        # Registered 1, assigned 2; yellow: mediator, head 2, acknowledged; half of it: nobody; red: and duty leader, and the
        # centre above 4, acknowledged; five working days later: nobody; answered 1.
        11,
    ),
    "hotline-dissatisfied": (
        (
            # 1=Wed 2 2=3 3=4 4=Mon 7 5=8 December; k=2, yellow on day 4. Answered on day 1.
            ("HOT-07", "2026-12-01T09:00", "2026-12-08", "2026-12-07T00:00", "2026-12-09T00:00", "2026-12-02T10:00", "green", False),
            ("OFC-02", "2026-12-01T09:20", "2026-12-02", None, "2026-12-03T00:00", "2026-12-01T10:00", "green", False),
            # 1=Thu 3 2=4 3=Mon 7 4=8 5=Wed 9; k=2. Taken up again on the next day.
            ("OFC-09", "2026-12-02T18:00", "2026-12-09", "2026-12-08T00:00", "2026-12-10T00:00", "2026-12-03T10:00", "green", False),
            # Thursday 3 is not counted: 1=2 2=4 3=Mon 7 4=8 5=9.
            ("HOT-07", "2026-12-01T09:00", "2026-12-09", "2026-12-08T00:00", "2026-12-10T00:00", "2026-12-04T10:00", "green", False),
            # 1=Mon 7 to 5=Fri 11; k=2, yellow on Thursday. Asked on Saturday: the unit's red.
            ("OFC-09", "2026-12-04T12:00", "2026-12-11", "2026-12-10T00:00", "2026-12-12T00:00", "2026-12-12T10:00", "red", False),
        ),
        -1.0,
        None,
    ),
    "hotline-appealed-and-reopened": (
        (
            # 1=3 2=4 3=5 4=6 5=9 March; k=2, yellow on day 4. Answered on day 4.
            ("HOT-07", "2026-03-02T09:00", "2026-03-09", "2026-03-06T00:00", "2026-03-10T00:00", "2026-03-06T10:00", "yellow", False),
            ("OFC-02", "2026-03-02T09:20", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T10:00", "green", False),
            # Reopened on Mon 16: 7-16 March are not counted, 5=Tue 17; its yellow, day 4, had passed: at the opening.
            ("HOT-07", "2026-03-02T09:00", "2026-03-17", "2026-03-16T10:00", "2026-03-18T00:00", "2026-03-17T10:00", "yellow", False),
        ),
        -0.5,  # one time limit, one yellow; the appeal was rejected, the further request is not decided yet
        # Registered 1, assigned 2; yellow: mediator, head, and the duty leader by digest 3; answered 1; appealed: assessor 1;
        # decided: mediator, head 2; asked again 1; reopened: mediator, head 2; yellow at the opening 3, half of it 3; answered 1.
        20,
    ),
    "hotline-pause-that-ends-by-itself": (
        (
            # 1=3 2=Wed 4 (paused until 11), 5-11 not counted, 3=12 4=13 5=16 March; k=2, yellow on day 4.
            ("HOT-07", "2026-03-02T09:00", "2026-03-16", "2026-03-13T00:00", "2026-03-17T00:00", "2026-03-16T16:00", "yellow", False),
            ("OFC-02", "2026-03-02T09:20", "2026-03-03", None, "2026-03-04T00:00", "2026-03-02T10:00", "green", False),
        ),
        -0.5,
        # Registered 1, assigned 2, paused: head 1, pause over: mediator 1, yellow 2, half of it (Mon 16) 3, answered 1.
        12,
    ),
    "enterprise-registered-late": (
        (
            # Received Fri 13 March: 1=Mon 16. It was red before it was registered.
            ("ENT-01a", "2026-03-13T16:00", "2026-03-16", None, "2026-03-17T00:00", "2026-03-17T09:30", "red", False),
            # 1=16 ... 5=20 6=23 7=24 8=25 9=26 10=27 March; k=4.
            ("ENT-01c", "2026-03-13T16:00", "2026-03-27", "2026-03-24T00:00", "2026-03-28T00:00", "2026-03-20T16:00", "green", False),
        ),
        -1.0,
        # Registered 1; red: nobody holds it yet, so coordinator and clerk, duty leader (head of the centre), centre above 4;
        # assigned 2; answered 1.
        8,
    ),
    "mediation-terminated": (
        (
            ("MED-01", "2026-03-02T09:00", "2026-03-05", "2026-03-05T00:00", "2026-03-06T00:00", "2026-03-03T15:00", "green", False),
            # 3 March + 30; yellow on day 21.
            ("MED-03", "2026-03-03T15:00", "2026-04-02", "2026-03-24T00:00", "2026-04-03T00:00", "2026-03-12T10:00", "green", False),
        ),
        0.0,
        # Applied 1; mediator appointed: mediator and head 2; terminated: head 1.
        4,
    ),
    "mediation-settled-in-part-first": (
        (
            ("MED-01", "2026-06-01T09:00", "2026-06-04", "2026-06-04T00:00", "2026-06-05T00:00", "2026-06-02T10:30", "green", False),
            # 2 June + 30; yellow on day 21.
            ("MED-03", "2026-06-02T10:30", "2026-07-02", "2026-06-23T00:00", "2026-07-03T00:00", "2026-06-10T16:00", "green", False),
            # 10 June + 30, a Friday; reminder on day 21. It is the parties' and goes on after our closing.
            ("MED-07", "2026-06-10T16:00", "2026-07-10", "2026-07-01T00:00", "2026-07-11T00:00", None, "green", False),
            # From the day the second performance is due: 19-21 June Dragon Boat, 1=22 2=23 3=24 4=25 5=26; k=2.
            ("MED-10", "2026-06-18T00:00", "2026-06-26", "2026-06-25T00:00", "2026-06-27T00:00", "2026-06-26T10:00", "yellow", False),
        ),
        -0.5,
        # Applied 1, mediators appointed: mediator and head 2, disclosed: head 1, settled: head 1, yellow of the follow-up 2,
        # half of it (Fri 26: with the duty leader) 3.
        11,
    ),
    "mediation-agreement-corrected": (
        (
            ("MED-01", "2026-06-01T09:00", "2026-06-04", "2026-06-04T00:00", "2026-06-05T00:00", "2026-06-02T10:30", "green", False),
            ("MED-03", "2026-06-02T10:30", "2026-07-02", "2026-06-23T00:00", "2026-07-03T00:00", "2026-06-10T16:00", "green", False),
            # From the last signature, which nobody corrected: 10 June + 30.
            ("MED-07", "2026-06-10T16:00", "2026-07-10", "2026-07-01T00:00", "2026-07-11T00:00", None, "green", False),
            # From the wrong day; it never counted.
            ("MED-10", "2026-06-18T00:00", "2026-06-26", "2026-06-25T00:00", "2026-06-27T00:00", "2026-06-12T09:00", "green", False),
            # From the day that stands on paper, Thu 25: 1=26 2=29 3=30 4=1 5=Thu 2 July; k=2.
            ("MED-10", "2026-06-25T00:00", "2026-07-02", "2026-07-01T00:00", "2026-07-03T00:00", "2026-06-30T10:00", "green", False),
        ),
        0.0,
        # Applied 1, appointed: mediator and head 2, settled: head 1, corrected: head 1, the reminder of 1 July: mediator 1.
        6,
    ),
    "mediation-refused-by-a-party": (
        (
            # 1=3 2=4 3=Thu 5 March; answered on the last day, in the yellow.
            ("MED-01", "2026-03-02T09:00", "2026-03-05", "2026-03-05T00:00", "2026-03-06T00:00", "2026-03-05T10:30", "yellow", False),
        ),
        -0.5,
        # Applied: the coordinator 1; yellow: coordinator and clerk, duty leader (head of the centre) 3.
        4,
    ),
    "petition-not-ours": (
        (
            # 2 March + 15; k=5, yellow on day 11. Void when yellow: waived.
            ("PET-02", "2026-03-02T09:00", "2026-03-17", "2026-03-13T00:00", "2026-03-18T00:00", "2026-03-13T10:00", "yellow", True),
        ),
        0.0,
        # Registered: the coordinator 1; yellow: coordinator, clerk, duty leader 3; found not ours: head of the centre 1.
        5,
    ),
    "petition-nobody-signs": (
        (
            ("PET-02", "2026-03-02T09:00", "2026-03-17", "2026-03-13T00:00", "2026-03-18T00:00", "2026-03-16T09:00", "yellow", False),
            # 16 March + 60 = 15 days to 31 March, 30 of April, 15 May; yellow on day 51.
            ("PET-05", "2026-03-16T09:00", "2026-05-15", "2026-05-06T00:00", "2026-05-16T00:00", None, "red", False),
            # Signed for by the timers as soon as it was over.
            ("OFC-01", "2026-03-17T09:00", "2026-03-18", "2026-03-19T00:00", None, "2026-03-19T00:00", "yellow", False),
            ("OFC-02", "2026-03-17T09:00", "2026-03-18", None, "2026-03-19T00:00", None, "red", False),
        ),
        -3.0,  # notice -0.5, decision -1.0, signing -0.5, contact -1.0
        # Registered 1; notice yellow 3 and half of it (Sun 15) 3: coordinator, clerk, duty leader; assigned 2; signing
        # yellow 2, signed for by time: both again 2; contact red 4 and five working days later 4; decision 2, 3, 4 and 4.
        35,
    ),
}  # fmt: skip

#: The stories whose mails are counted; the worked cases state none.
WITH_MAILS = sorted(name for name, (_, _, mails) in EXPECTED.items() if mails is not None)


def path_of(story: str) -> Path:
    return HERE / f"{story}.json"


def scored(outcome: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The clocks as the literals above have them, without the unscored window for rating and closing (OFC-03)."""
    return [tuple(_minute(clock[name]) for name in COLUMNS) for clock in outcome["clocks"] if clock["rule"] != "OFC-03"]


def _minute(value: Any) -> Any:
    """2026-09-16T00:00+08:00 as the literals write it."""
    return value.removesuffix("+08:00") if isinstance(value, str) else value


@pytest.fixture(scope="module")
def replayed() -> dict[tuple[str, bool], dict[str, Any]]:
    """What came of each story, with the timers at work and with one sweep at the end."""
    return {}


def outcome_of(replayed: dict[tuple[str, bool], dict[str, Any]], story: str, *, sweeping: bool) -> dict[str, Any]:
    if (story, sweeping) not in replayed:
        replayed[story, sweeping] = replay(read_story(path_of(story)), sweeping=sweeping)
    return replayed[story, sweeping]


Replayed = dict[tuple[str, bool], dict[str, Any]]


@pytest.mark.parametrize("story", EXPECTED)
@pytest.mark.parametrize("sweeping", [True, False], ids=["swept", "swept at the end"])
def test_every_clock_of_a_story_counts_and_lights_to_the_minute(replayed: Replayed, story: str, sweeping: bool) -> None:
    outcome = outcome_of(replayed, story, sweeping=sweeping)
    assert scored(outcome) == list(EXPECTED[story][0])
    assert outcome["points"] == {"LIGHTS-A": EXPECTED[story][1]}


@pytest.mark.parametrize("story", EXPECTED)
def test_a_sweep_that_runs_only_at_the_end_changes_nothing(replayed: Replayed, story: str) -> None:
    assert outcome_of(replayed, story, sweeping=False) == outcome_of(replayed, story, sweeping=True)


@pytest.mark.parametrize("story", WITH_MAILS)
def test_everybody_who_is_told_gets_one_mail_for_each_thing(replayed: Replayed, story: str) -> None:
    assert outcome_of(replayed, story, sweeping=True)["mails"] == EXPECTED[story][2]


def test_every_story_in_this_folder_is_told() -> None:
    assert {path.stem for path in HERE.glob("*.json")} == set(EXPECTED)


#: Commands that no story can reach, and why. Whoever lets a story reach one takes it off this list.
NOT_TOLD = {
    "SignByTime": "the timers do it",
    **dict.fromkeys(("Correct", "AddParty", "RenewCode", "WriteBack"), "no date comes of it: tests/cases/test_desk.py"),
    **dict.fromkeys(("LinkCases", "Unlink"), "a story is of one case: tests/cases/test_links.py"),
    "ReportByPhone": "only a crisis has this clock, and the office of a story takes in none",
    "ReportInWriting": "only a crisis has this clock, and the office of a story takes in none",
}


def test_every_command_is_in_some_story() -> None:
    told = {one.do for story in EXPECTED for one in read_story(path_of(story)).steps}
    known = {one.command.__name__ for table in PROCEDURES.values() for one in table.steps}
    assert known - told == set(NOT_TOLD)


# -- on the command line ----------------------------------------------------------------------------------------------

WRONG, ASKED_WRONGLY = 1, 2


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIYIN_LANGUAGE", "en")
    settings.cache_clear()


@pytest.fixture(autouse=True)
def settings_are_read_anew() -> Any:
    yield
    settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", *arguments], catch_exceptions=False)


def a_story(folder: Path, *steps: dict[str, Any], **more: Any) -> str:
    path = folder / "mine.json"
    path.write_text(json.dumps({"case": "mine", "matter": "petition", "steps": steps, **more}), "utf-8")
    return str(path)


def step(at: str, by: str, do: str, **fields: Any) -> dict[str, Any]:
    return {"at": at, "by": by, "do": do, "fields": fields}


REGISTER = step("2026-03-02T09:00", "clerk", "Register", title="t", statement="s", applicant="a")


@pytest.mark.usefixtures("english")
def test_replay_prints_one_json_object_a_story() -> None:
    result = run(str(path_of("case-4-campus-job-fair")), str(path_of("case-5-factory-noise")), "--json")
    assert result.exit_code == 0
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["case"], second["case"]) == (4, 5)
    assert second["points"] == {"LIGHTS-A": -0.5}
    assert set(first["clocks"][0]) == set(COLUMNS)


@pytest.mark.usefixtures("english")
def test_replay_says_the_same_with_the_sweep_only_at_the_end() -> None:
    path = str(path_of("case-5-factory-noise"))
    assert run(path, "--json").stdout == run(path, "--json", "--sweep-at-end").stdout


@pytest.mark.usefixtures("english")
def test_replay_without_json_is_for_people() -> None:
    result = run(str(path_of("case-5-factory-noise")))
    assert result.exit_code == 0
    assert "HOT-07" in result.stdout
    assert "2026-05-26" in result.stdout


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([step("2026-03-02T09:00", "clerk", "Frobnicate")], "there is no command 'Frobnicate'"),
        ([step("2026-03-02T09:00", "stranger", "Register", **REGISTER["fields"])], "nothing is called 'stranger'"),
        ([step("tomorrow", "clerk", "Register", **REGISTER["fields"])], "'tomorrow' is not a time"),
        ([step("2026-03-02T09:00", "clerk", "Register", title="t", statement="s")], "Register.applicant"),
        ([{**REGISTER, "fields": {**REGISTER["fields"], "colour": "red"}}], "Register.colour"),
        ([{**REGISTER, "fields": {**REGISTER["fields"], "channel": "pigeon"}}], "Register.channel"),
        ([step("2026-03-02T09:00", "clerk", "Accept")], "Accept comes before Register or Apply"),
        ([{**REGISTER, "wow": 1}], "steps.0.wow"),
    ],
)
def test_a_story_that_cannot_be_told_is_asked_wrongly_and_says_what_is_wrong(
    tmp_path: Path, steps: list[dict[str, Any]], said: str
) -> None:
    result = run(a_story(tmp_path, *steps), "--json")
    assert result.exit_code == ASKED_WRONGLY
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("english")
def test_what_is_no_story_or_no_file_is_asked_wrongly(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("{", "utf-8")
    assert run(str(path)).exit_code == ASKED_WRONGLY
    result = run(str(tmp_path / "absent.json"))
    assert result.exit_code == ASKED_WRONGLY
    assert "absent.json" in result.stderr


@pytest.mark.usefixtures("english")
def test_a_step_that_the_rules_refuse_is_wrong_and_says_why_in_words_and_by_code(tmp_path: Path) -> None:
    accept = step("2026-03-02T10:00", "clerk", "Accept")
    result = run(a_story(tmp_path, REGISTER, accept, accept), "--json")
    assert result.exit_code == WRONG
    assert "[step.not_open]" in result.stderr
    assert "mine.json" in result.stderr


@pytest.mark.usefixtures("english")
def test_a_refusal_says_every_reason(tmp_path: Path) -> None:
    story = json.loads(path_of("case-1-taxi-fees").read_text("utf-8"))
    settle = next(one for one in story["steps"] if one["do"] == "Settle")
    settle["fields"] |= {"mediator_signed": False, "sealed": False, "performance_due_on": "2026-10-19"}
    result = run(a_story(tmp_path, *story["steps"], matter="mediation"), "--json")
    assert result.exit_code == WRONG
    for code in ("mediator_signed.missing", "sealed.missing", "performance_due_on.in_the_past"):
        assert code in result.stderr


@pytest.mark.usefixtures("english")
def test_a_story_cannot_have_received_something_in_the_future(tmp_path: Path) -> None:
    late = {**REGISTER, "fields": {**REGISTER["fields"], "received_at": "2026-03-02T09:01"}}
    result = run(a_story(tmp_path, late), "--json")
    assert result.exit_code == WRONG
    assert "[received_at.in_the_future]" in result.stderr


APPLY = step("2026-03-02T09:00", "clerk", "Apply", title="t", statement="s", applicant="a", respondents=["b"])
ACCEPT = step("2026-03-02T10:00", "clerk", "Accept")


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("matter", "steps", "said"),
    [
        ("petition", [], "steps"),
        ("peace", [REGISTER], "matter"),
        ("petition", [REGISTER, ACCEPT, step("2026-03-02T11:00", "coordinator", "Assign", unit="moon")], "moon"),
        ("mediation", [APPLY, step("2026-03-02T10:00", "clerk", "RecordConsent", party="x", answer="given")], "x"),
        ("petition", [REGISTER, {**ACCEPT, "by": "mediator"}], "mediator"),  # does not see the case
        ("petition", [REGISTER, {**ACCEPT, "at": "2026-03-01T10:00"}], "Accept"),  # before the step before it
        ("petition", [REGISTER, REGISTER], "Register"),  # a story is one case
    ],
    ids=["no step", "no such matter", "no such unit", "no such party", "unseen case", "back in time", "opened twice"],
)
def test_a_story_that_names_what_is_not_there_is_asked_wrongly_too(
    tmp_path: Path, matter: str, steps: list[dict[str, Any]], said: str
) -> None:
    result = run(a_story(tmp_path, *steps, matter=matter), "--json")
    assert result.exit_code == ASKED_WRONGLY
    assert said in result.stderr
