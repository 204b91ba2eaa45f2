"""A form that is sent again: the same in it gives what it gave, anything else is refused.

A form is known by its id, which is given out once and kept only as a hash. Whether it carries the same as before is
compared with what the record holds of the first: who sent it, the command and its codes from the event, its words with
the texts themselves. So nothing about what was typed enters the ledger for it, events of every age can be compared, and
a text that was erased equals nothing any more (docs/decisions/0017).
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from cases.visibility import texts_once_sent
from ledger.chain import author_of, find_by_key, request_key
from workflow.commands import Command
from workflow.fields import codes_of, personal_fields, personal_texts
from workflow.model import Actor
from workflow.spelling import as_json, stamp


class FormWasUsed(Exception):
    """Something else was sent with this form before: nothing of this has been taken."""


def part_of_form(request: str, part: str) -> str:
    """The id of one of several steps that a form takes: sent again, each finds its own."""
    return hashlib.sha256(f"{request}:{part}".encode()).hexdigest()[: len(request)]


class Taken(NamedTuple):
    """The event that a form has left."""

    stream: int
    seq: int
    data: Mapping[str, Any]


def taken_before(
    connection: Connection, request: str, command: Command, *, actor: Actor, case_id: int | None = None,
    profile: str | None = None,
) -> Taken | None:  # fmt: skip
    """What came of this form when it was first sent; None if it is new. `case_id` is the case that the command is for,
    `profile` what a case is to be opened under. Raises `FormWasUsed`."""
    found = find_by_key(connection, request_key(request))
    if found is None:
        return None
    taken = Taken(*found)
    for_the_same = (
        case_id in (None, taken.stream)
        and profile in (None, taken.data.get("wrote", {}).get("cases", {}).get("profile"))
        and author_of(connection, taken.stream, taken.seq) == (actor.account, actor.role.value)
    )
    if not for_the_same or not _says_the_same(connection, taken, command):
        raise FormWasUsed
    return taken


def _says_the_same(connection: Connection, taken: Taken, command: Command) -> bool:
    """The command of the event is this one. A field that it did not have yet had its usual value."""
    kind, said = type(command), taken.data.get("command")
    if not isinstance(said, Mapping) or said.get("name") != kind.__name__:
        return False
    usual = {field.name: as_json(field.default) for field in fields(kind) if field.default is not MISSING}
    codes = codes_of(command)
    before = {name: _present_spelling({**usual, **said}.get(name)) for name in codes}
    return codes == before and _words(command) == _words_once_sent(connection, taken, kind)


def _present_spelling(value: Any) -> Any:
    """An instant as it is spelled now: earlier programs wrote `+00:00` for the Z (`workflow/spelling.py`)."""
    if isinstance(value, str) and value.endswith("+00:00"):
        with suppress(ValueError):
            return stamp(datetime.fromisoformat(value))
    return value


def _words(command: Command) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {name: [] for name in personal_fields(type(command))}
    for name, _, text in personal_texts(command):
        found[name].append(text)
    return found


def _words_once_sent(connection: Connection, taken: Taken, kind: type[Command]) -> dict[str, list[str | None]]:
    numbers: dict[str, list[int]] = {name: taken.data["command"].get(name) or [] for name in personal_fields(kind)}
    wanted = {number for some in numbers.values() for number in some}
    texts = {row.number: row.content for row in connection.execute(texts_once_sent(taken.stream, wanted))}
    return {name: [texts.get(number) for number in some] for name, some in numbers.items()}
