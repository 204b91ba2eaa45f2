"""What the events of a case say in the terms of OCEL 2.0: events of a type, objects of a type, and how they relate.

Codes, figures and instants only. What a column or a field is handed out as stands in the lists below; what is not in them is
not handed out: no text, no name, no number of a case, no address of a page, no account (docs/decisions/0038). How a file
is made of this is in `ocel_file.py`.

Source: OCEL (Object-Centric Event Log) 2.0 Specification, 16 October 2023, <https://www.ocel-standard.org>.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from cases.crossings import CROSSED
from ledger.chain import IN_PLACE_OF
from ledger.upcasters import Data
from workflow.procedures import PROCEDURES
from workflow.shapes import shapes
from workflow.spelling import stamp

STRING, TIME, INTEGER, BOOLEAN = "string", "time", "integer", "boolean"
#: What a code looks like. Whatever an office's own policy files call theirs, a name of a person is none.
CODE = re.compile(r"[A-Za-z0-9_.:\-]+")

Types = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of objects: the columns that are its attributes, and those that name another object, with the prefix of that
    one's id and how it relates. `within`: the other is one of the same case."""

    name: str
    attributes: Types
    leads: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    within: frozenset[str] = frozenset()


UNIT = Kind(name="unit", attributes={"kind": STRING, "takes_intake": BOOLEAN})
CASE = Kind(
    name="case",
    attributes={
        "procedure": STRING, "profile": STRING, "channel": STRING, "dispute_type": STRING, "received_at": TIME,
        "state": STRING, "outcome": STRING,
    },
    leads={"intake_unit": ("unit", "taken_in_by")},
)  # fmt: skip
#: The records that are objects, by their tables; what another leads to stands before it. Of other records an event says what
#: there is to say.
RECORDS: Mapping[str, Kind] = {
    "task": Kind(name="task", attributes={}, leads={"unit": ("unit", "asked_of")}),
    "clock": Kind(
        name="clock",
        attributes={
            "name": STRING, "rule": STRING, "kind": STRING, "length": INTEGER, "unit": STRING, "started_at": TIME,
            "due_at": TIME, "outcome": STRING, "provisional": BOOLEAN, "waived": BOOLEAN,
        },
        leads={"extends": ("clock", "extends"), "about": ("task", "about"), "charged_unit": ("unit", "charged_to")},
        within=frozenset({"extends", "about"}),
    ),
    "agreement": Kind(
        name="agreement", attributes={"form": STRING, "partial": BOOLEAN, "performance_due_on": STRING}
    ),
    "mediation_session": Kind(name="session", attributes={"form": STRING}),
    "waiver": Kind(
        name="waiver",
        attributes={"stage": STRING, "ground": STRING, "rung": STRING, "decision": STRING},
        leads={"clock": ("clock", "about")},
        within=frozenset({"clock"}),
    ),
}  # fmt: skip
KINDS = (CASE, UNIT, *RECORDS.values())
#: What every event says of itself, and what a crossing says besides. A step adds the codes that whoever took it chose.
OF_ALL: Types = {"role": STRING, "deputy": BOOLEAN, "recorded_at": TIME, "seq": INTEGER}
OF_CROSSINGS: Types = {
    "name": STRING, "rule": STRING, "rung": STRING, "light": STRING, "due_at": TIME, "in_hand": BOOLEAN,
}  # fmt: skip
TAKES_BACK = "takes_back"
#: Fields whose codes come from the policy files of an office and not from a list of the program.
OF_POLICY = frozenset({"pause_grounds", "dispute_types"})


@dataclass(slots=True)
class CaseLog:
    """One case, event by event. `add` gives each event as the standard has it, `objects` what they were about."""

    case_id: int
    types: dict[str, dict[str, str]]  #: of events, with the attributes that were met; grows
    _columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    _objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, event: Any, data: Data) -> dict[str, Any]:
        """The event, and its objects as far as it writes them. Attributes of an object hold from the instant at which that
        was recorded: the record never goes back, while a step may be entered late."""
        said = {
            "role": event.role, "deputy": IN_PLACE_OF in data, "recorded_at": event.recorded_at, "seq": event.seq,
            **_codes_of(data),
        }  # fmt: skip
        about = {(self._id("case"), "case"): None}
        if event.unit is not None:
            about[f"unit-{event.unit}", "acting_unit"] = None
        if event.code == CROSSED:
            said |= {name: data[name] for name in OF_CROSSINGS}
            about[self._id("clock", data["clock"]), "crossed"] = None
            about[f"unit-{data['unit']}", "charged_unit"] = None
        for one in self._wrote(data.get("wrote", {}), event.recorded_at):
            about[one] = None
        types = self.types.setdefault(event.code, dict(OF_ALL))
        for name in said:
            types.setdefault(name, _type_of(name))
        return {
            "id": f"event-{self.case_id}-{event.seq}",
            "type": event.code,
            "time": stamp(event.occurred_at),
            "attributes": [{"name": name, "value": _text(said[name])} for name in said if said[name] is not None],
            "relationships": _related(about),
        }

    def objects(self) -> Iterable[dict[str, Any]]:
        return self._objects.values()

    def _id(self, prefix: str, number: object = None) -> str:
        return f"{prefix}-{self.case_id}" if number is None else f"{prefix}-{self.case_id}-{number}"

    def _wrote(self, wrote: Data, at: datetime) -> Iterator[tuple[str, str]]:
        """Writes what an event says of the objects of its case, and gives each with how the event relates to it."""
        if "cases" in wrote:
            self._write(CASE, self._id("case"), wrote["cases"], at)
        for table, kind in RECORDS.items():
            for number, row in sorted(wrote.get(table, {}).items(), key=_number):
                one = self._id(kind.name, number)
                before = self._columns.get(one)
                yield one, _moved(kind, before, row)
                self._write(kind, one, row, at)
        for number, row in wrote.get("custody", {}).items():
            one = self._id("custody", number)
            if one not in self._columns:
                yield f"unit-{row['unit']}", "holder"
            self._columns[one] = row
        for row in wrote.get("link", {}).values():
            # The other case has an event of its own; related to this one as well, it would be counted there twice.
            if row.get("until_at") is None and "other" in row:
                self._lead(self._id("case"), f"case-{row['other']}", row["kind"])

    def _write(self, kind: Kind, one: str, row: Data, at: datetime) -> None:
        new = one not in self._columns
        known = self._columns.setdefault(one, {})
        made = self._objects.setdefault(one, {"id": one, "type": kind.name, "attributes": [], "relationships": []})
        for name in kind.attributes:
            if name in row and row[name] != known.get(name):
                made["attributes"].append({"name": name, "value": _text(row[name]), "time": stamp(at)})
        if new and kind is not CASE:
            self._lead(one, self._id("case"), "of")
        for column, (prefix, qualifier) in kind.leads.items():
            if row.get(column) is not None and row[column] != known.get(column):
                other = self._id(prefix, row[column]) if column in kind.within else f"{prefix}-{row[column]}"
                if column not in kind.within or other in self._objects:
                    self._lead(one, other, qualifier)
        known.update(row)

    def _lead(self, one: str, other: str, qualifier: str) -> None:
        relation = {"objectId": other, "qualifier": qualifier}
        if relation not in self._objects[one]["relationships"]:
            self._objects[one]["relationships"].append(relation)


def unit_object(unit: Any, created_at: datetime) -> dict[str, Any]:
    """A unit by its number and its kind. What it is called may be a person's name, as of many mediation rooms."""
    at = stamp(created_at)
    said = [{"name": name, "value": _text(getattr(unit, name)), "time": at} for name in UNIT.attributes]
    above = [] if unit.parent_id is None else [{"objectId": f"unit-{unit.parent_id}", "qualifier": "part_of"}]
    return {"id": f"unit-{unit.id}", "type": "unit", "attributes": said, "relationships": above}


def declared(name: str, attributes: Types) -> dict[str, Any]:
    """A type of events or of objects."""
    return {"name": name, "attributes": [{"name": one, "type": kind} for one, kind in attributes.items()]}


def _number(item: tuple[str, Any]) -> int:
    return int(item[0])


def _moved(kind: Kind, before: Data | None, row: Data) -> str:
    """How an event relates to a record that it writes: a clock stops and goes on, everything else begins and changes."""
    if before is None:
        return "starts"
    if kind.name != "clock" or "stopped_at" not in row:
        return "changes"
    stood, stands = before.get("stopped_at") is not None, row["stopped_at"] is not None
    return {(False, True): "stops", (True, False): "goes_on"}.get((stood, stands), "changes")


def _related(about: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": one, "qualifier": qualifier} for one, qualifier in about]


def _codes_of(data: Data) -> dict[str, Any]:
    """What whoever took a step chose from a list, and which event a step takes back."""
    command = data.get("command") or {}
    listed = _listed().get(command.get("name", ""), {})
    said = {
        name: command[name]
        for name, values in listed.items()
        if isinstance(command.get(name), str)
        and (command[name] in values or (not values and CODE.fullmatch(command[name])))
    }
    undone = data.get("taken_back")
    return said if undone is None else {**said, TAKES_BACK: undone["seq"]}


@cache
def _listed() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """The fields of each command that say one of some codes, with the codes; without them where the policy has the list."""
    commands = {name: kind for table in PROCEDURES.values() for name, kind in table.commands.items()}
    return {
        name: {
            shape.name: frozenset(shape.literal) for shape in shapes(kind) if shape.literal or shape.choice in OF_POLICY
        }
        for name, kind in commands.items()
    }


def _type_of(name: str) -> str:
    return {**OF_CROSSINGS, TAKES_BACK: INTEGER}.get(name, STRING)


def _text(value: Any) -> str:
    """A value as the schema of the standard has all of them: as a text, whatever type is declared of it. Nothing is empty."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
