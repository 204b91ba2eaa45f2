"""The description of the interface, OpenAPI 3.1: every operation as it is declared, every step with the fields of its command.

Nothing in it is written by hand but the words: bodies and answers are the dataclasses that read and write them.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from api.bodies import KEY, LONGEST_KEY
from api.declared import BASE, OPERATIONS, Operation
from api.examples import EXAMPLES
from api.schemas import DIALECT, schema_of
from infra.version import program_version
from web.problems import MEDIA_TYPE
from words import Words
from workflow.commands import Command
from workflow.procedures import PROCEDURES

REFERENCE = "#/components/schemas/{model}"
#: The operation that is described once for each command.
STEP = f"{BASE}/cases/{{public_id}}/steps/{{command}}"
#: What an id in an address looks like.
PARAMETERS: Mapping[str, Any] = {
    "public_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "number": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "order_number": {"type": "string", "maxLength": 64, "pattern": "^[0-9A-Za-z][0-9A-Za-z._-]*$"},
    "command": {"type": "string", "maxLength": 64},
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"}, "code": {"type": "string"},
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}},
    },
}  # fmt: skip
REASON: dict[str, Any] = {
    "type": "object",
    "required": ["code", "field", "values", "words"],
    "properties": {
        "code": {"type": "string"}, "field": {"type": ["string", "null"]}, "values": {"type": "object"},
        "words": {"type": "string"},
    },
}  # fmt: skip
#: What any operation may answer instead, and what only those that write.
ALWAYS, WRITING = (401, 403, 404, 422, 429, 503), (400, 409, 413, 415)


@cache
def description(language: str) -> Mapping[str, Any]:
    words = Words(language)
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS.values():
        for path, command in _spread(one):
            paths.setdefault(path, {})[one.method.lower()] = _operation(one, command, words)
    return {
        "openapi": "3.1.0",
        "info": {"title": words("api.title"), "version": program_version(), "description": words("api.about")},
        "jsonSchemaDialect": DIALECT,
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": words("api.token")}
            },
            "schemas": {**_schemas(), **_commands(words), "Problem": PROBLEM, "Reason": REASON},
        },
    }  # fmt: skip


def commands() -> dict[str, type[Command]]:
    """Every step that may be asked of a case, by name."""
    found: dict[str, type[Command]] = {}
    for procedure in PROCEDURES.values():
        found |= {name: one for name, one in procedure.commands.items() if one is not procedure.opens}
    return dict(sorted(found.items()))


def _spread(one: Operation) -> Iterable[tuple[str, str | None]]:
    """Its addresses: of taking a step one for each command."""
    if one.path != STEP or one.asks is None:
        return [(one.path, None)]
    return [(one.path.replace("{command}", name), name) for name in commands()]


def _operation(one: Operation, command: str | None, words: Words) -> dict[str, Any]:
    said = words(f"api.op.{one.code}")
    made: dict[str, Any] = {
        "operationId": f"{one.code}_{command}" if command else one.code,
        "summary": f"{said}: {words(f'command.{command}')}" if command else said,
        "parameters": [*_in_path(one, command), *_in_query(one, words), *([_key(words)] if one.keyed and "orders" not in one.path else [])],
        "responses": _responses(one, words),
    }  # fmt: skip
    if one.scope is None and one.code == "description":
        made["security"] = []
    if one.scope is not None:
        made["description"] = words("api.scope", scope=one.scope)
        made["x-scope"] = one.scope
    if one.asks is not None:
        content: dict[str, Any] = {"schema": _body(one, command)}
        if example := EXAMPLES.get(command or one.code):
            content["example"] = example
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    return made


def _in_path(one: Operation, command: str | None) -> list[Any]:
    names = [part.strip("{}") for part in one.path.split("/") if part.startswith("{")]
    return [
        {"name": name, "in": "path", "required": True, "schema": PARAMETERS[name]}
        for name in names
        if name != "command" or command is None
    ]


def _in_query(one: Operation, words: Words) -> list[Any]:
    return [
        {"name": name, "in": "query", "schema": dict(schema), "description": words(f"api.query.{name}")}
        for name, schema in one.query.items()
    ]


def _key(words: Words) -> Any:
    return {
        "name": KEY, "in": "header", "required": True, "description": words("api.key"),
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    }  # fmt: skip


def _body(one: Operation, command: str | None) -> Any:
    """The object around a command, and the command in it."""
    around: dict[str, Any] = {"$ref": REFERENCE.format(model=one.asks.__name__)}
    if command is None:
        return around
    fields = {"properties": {"fields": {"$ref": REFERENCE.format(model=f"command.{command}")}}}
    return {"allOf": [around, fields]}


def _responses(one: Operation, words: Words) -> dict[str, Any]:
    schema = _of_answer(one)
    good: dict[str, Any] = {"description": words("api.answer")}
    if schema is not None:
        good["content"] = {"application/json": {"schema": schema}}
    statuses = (*ALWAYS, *(WRITING if one.asks is not None else ()))
    refused: Any = {
        "description": words("api.problem"),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return {str(one.status): good, **{str(status): refused for status in sorted(statuses)}}


def _of_answer(one: Operation) -> Any:
    if isinstance(one.answers, type) and hasattr(one.answers, "__dataclass_fields__"):
        return {"$ref": REFERENCE.format(model=one.answers.__name__)}
    return {"type": "object"}


def _schemas() -> dict[str, Any]:
    """Every dataclass of a body or an answer, with what is in it."""
    found: dict[str, Any] = {}
    for one in OPERATIONS.values():
        for kind, mode in ((one.asks, "validation"), (one.answers, "serialization")):
            if kind is not None and hasattr(kind, "__dataclass_fields__"):
                made = TypeAdapter(kind).json_schema(ref_template=REFERENCE, mode=mode)  # type: ignore[arg-type]
                found |= _without_notes(made.pop("$defs", {}))
                found |= _without_notes({kind.__name__: made})
    return found


def _without_notes(schemas: dict[str, Any]) -> dict[str, Any]:
    """Docstrings speak to whoever reads the program."""
    return {name: {key: value for key, value in said.items() if key != "description"} for name, said in schemas.items()}


def _commands(words: Words) -> dict[str, Any]:
    found = {f"command.{name}": schema_of(kind, words) for name, kind in commands().items()}
    opening = {procedure.opens.__name__: procedure.opens for procedure in PROCEDURES.values()}
    return found | {f"command.{name}": schema_of(kind, words) for name, kind in sorted(opening.items())}
