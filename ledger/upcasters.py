"""Events are kept for ever and their shape moves on: here an event of any age is read in the shape of this program.

`SHAPES` says which shape this program gives each event. The event carries the number in its data, under its hash; one that
carries none has the first shape. `data_of` takes an older event from shape to shape by the functions of `UPCASTERS`, each
named after what the later shape says. What is stored, hashed and handed out stays as it was written.

Whoever changes what an event holds raises its number here and adds the function that reads the shape before
(`docs/releasing.md`). A search in the stored text of events (`"light":"red"`) asks only for what every shape spells alike.

    EventCannotBeRead   EventIsUndeclared, EventIsOfALaterProgram, NoUpcaster
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from workflow.model import Json
from workflow.procedures import PROCEDURES

Data = Mapping[str, Any]
Upcaster = Callable[[Data], Data]

#: Where an event says which shape it has.
SCHEMA = "schema"
FIRST = 1
STEPS = frozenset(step.event for procedure in PROCEDURES.values() for step in procedure.steps)
#: What happens to accounts, units and the office itself.
VOUCHING = (
    "account:added", "account:closed", "account:link_made", "account:password_set", "account:reopened",
    "office:profiles_chosen", "office:scheme_chosen", "session:begun", "unit:added",
)  # fmt: skip
#: The shape that this program gives each event, by its code. A code that is no longer written stays: it is still read.
SHAPES: Mapping[str, int] = {
    **dict.fromkeys(STEPS, 4),
    "case:corrected": 5,
    "party:added": 5,
    **dict.fromkeys(VOUCHING, 2),
    "session:begun": 3,
    "clock:crossed": 3,
    "clock:recounted": 4,
    "anchor:made": 2,
    "account:code_shown": 1,
    "account:email_changed": 1,
    "account:factor_lifted": 1,
    "account:factor_removed": 1,
    "account:factor_reset": 1,
    "account:factor_set": 1,
    "account:moved": 1,
    "account:renamed": 1,
    "account:rescued": 1,
    "act:asked": 1,
    "act:decided": 1,
    "backup:made": 1,
    "backup:restored": 1,
    "cases:read": 1,
    "clock:believed": 1,
    "clock:doubted": 1,
    "deputy:begun": 1,
    "deputy:ended": 1,
    "deputy:named": 1,
    "identity:connected": 1,
    "identity:removed": 1,
    "key:changed": 1,
    "key:pinned": 1,
    "mails:passed_on": 1,
    "office:founded": 1,
    "office:vouched": 1,
    "pack:written": 1,
    "policy:published": 1,
    "passkey:added": 1,
    "passkey:asked": 1,
    "passkey:refused": 1,
    "passkey:removed": 1,
    "passkey:renamed": 1,
    "post:ended": 1,
    "post:given": 1,
    "report:exported": 2,
    "report:made": 1,
    "report:unmasked": 1,
    "session:acts_as": 1,
    "sign:reviewed": 1,
    "token:ended": 1,
    "token:issued": 1,
    "telling:chosen": 1,
    "text:erased": 1,  # `verify` reads it; no command of this program writes it
    "unit:closed": 1,
    "unit:moved": 1,
    "unit:renamed": 1,
    "unit:reopened": 1,
    "unit:third_red": 2,
    "webhook:ended": 1,
    "webhook:set": 1,
    "year:close_proposed": 1,
    "year:closed": 1,
}


class EventCannotBeRead(Exception):
    """This program does not know what an event says. Carries its code and its shape."""

    def __init__(self, code: str, schema: object) -> None:
        super().__init__(f"{type(self).__name__}: {code} in shape {schema}")
        self.code = code
        self.schema = schema


class EventIsUndeclared(EventCannotBeRead):
    """No shape is declared for events of this code."""


class EventIsOfALaterProgram(EventCannotBeRead):
    """Its shape is newer than the one this program writes."""


class NoUpcaster(EventCannotBeRead):
    """Its shape is older, and nothing says how to read that one."""


def in_present_shape(code: str, data: Mapping[str, Json]) -> dict[str, Json]:
    """The data of a new event with the number of its shape. Raises `EventIsUndeclared`."""
    return {**data, SCHEMA: _present(code)}


def data_of(code: str, text: str) -> Data:
    """The data of an event that is in the ledger, as this program would have written it. Raises `EventCannotBeRead`."""
    return as_this_program_writes(code, json.loads(text))


def as_this_program_writes(code: str, data: Data) -> Data:
    """The same of data that somebody else has read."""
    schema, present = data.get(SCHEMA, FIRST), _present(code)
    if not isinstance(schema, int) or schema > present:
        raise EventIsOfALaterProgram(code, schema)
    for older in range(schema, present):
        if (code, older) not in UPCASTERS:
            raise NoUpcaster(code, older)
        data = UPCASTERS[code, older](data)
    return data


def _present(code: str) -> int:
    if code not in SHAPES:
        raise EventIsUndeclared(code, None)
    return SHAPES[code]


#: Of a clock that is about no record of its own.
ABOUT_THE_CASE: Data = {"about": None, "charged_unit": None, "charged_person": None}


# -- from one shape to the next ---------------------------------------------------------------------------------------


def clocks_say_when_they_were_opened(data: Data) -> Data:
    """In 0.1.0 a clock had neither `opened_at` nor `acknowledged_at`. Nobody could acknowledge a light; an extension opened
    a clock at the instant at which it stopped the one before. An event that writes such a clock once more does not repeat
    that instant: what an event leaves out stays as it stood."""
    clocks = data.get("wrote", {}).get("clock")
    if not clocks:
        return data
    return {**data, "wrote": {**data["wrote"], "clock": {n: _opened(row, clocks) for n, row in clocks.items()}}}


def clocks_say_what_they_are_about(data: Data) -> Data:
    """Before, every clock was about the case itself and the duty of whoever held it."""
    clocks = data.get("wrote", {}).get("clock")
    if not clocks:
        return data
    return {**data, "wrote": {**data["wrote"], "clock": {n: {**ABOUT_THE_CASE, **row} for n, row in clocks.items()}}}


def _opened(row: Data, beside: Mapping[str, Data]) -> Data:
    row = {"acknowledged_at": None, "opened_at": None, **row}
    if row["extends"] is None or row["opened_at"] is not None:
        return row
    if before := beside.get(str(row["extends"])):
        return {**row, "opened_at": before["stopped_at"]}
    return {name: value for name, value in row.items() if name != "opened_at"}


def crossings_say_whether_they_were_in_hand(data: Data) -> Data:
    """In 0.1.0 nobody could acknowledge a light, so every crossing was told."""
    return {"in_hand": False, **data}


def exports_keep_their_choice_together(data: Data) -> Data:
    """In 0.1.0 a closure report had a kind and its days, a bulletin for longer a kind and its period: what was chosen stood
    beside the rest. Points were always those of LIGHTS-A."""
    scheme = {"scheme": "LIGHTS-A"} if data["report"] == "closures" else {}
    if "choice" in data:
        return {**scheme, **data}
    chosen = {name: data[name] for name in ("start", "end", "period", "unit") if name in data}
    rest = {name: value for name, value in data.items() if name not in {*chosen, "kind"}}
    return {**rest, **scheme, "format": data["kind"], "choice": chosen}


def events_of_the_office_vouch_for_rows(data: Data) -> Data:
    """Before, they said what had happened and vouched for nothing."""
    return {"wrote": {}, **data}


def events_say_whom_they_tell(data: Data) -> Data:
    """Before, only the mails themselves said so: whom an older event told is not known from it."""
    return {"told": None, **data}


def sessions_say_how_they_began(data: Data) -> Data:
    """Before, they did not; None is also said of a session that goes on under another token."""
    return {"how": None, **data}


def _names_apart(command: str) -> Upcaster:
    """Of a few days: the name of somebody stood where the command's own name stands."""

    def names_of_people_stand_apart(data: Data) -> Data:
        said = data.get("command", {})
        if isinstance(said.get("name"), str):
            return data
        return {**data, "command": {**said, "name": command, "party_name": said.get("name", [])}}

    return names_of_people_stand_apart


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    **{(code, 1): clocks_say_when_they_were_opened for code in (*STEPS, "clock:recounted")},
    **{(code, 2): events_say_whom_they_tell for code in (*STEPS, "clock:recounted", "clock:crossed")},
    **{(code, 1): events_say_whom_they_tell for code in ("anchor:made", "unit:third_red")},
    **{(code, 1): events_of_the_office_vouch_for_rows for code in VOUCHING},
    ("session:begun", 2): sessions_say_how_they_began,
    ("clock:crossed", 1): crossings_say_whether_they_were_in_hand,
    **{(code, SHAPES[code] - 1): clocks_say_what_they_are_about for code in (*STEPS, "clock:recounted")},
    ("case:corrected", 3): _names_apart("Correct"),
    ("party:added", 3): _names_apart("AddParty"),
    ("report:exported", 1): exports_keep_their_choice_together,
}
