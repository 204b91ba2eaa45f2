"""JSON Schemas of commands, from the dataclasses that every form is made of: their types and limits as they are, the words of the
fields, and what there is to choose from where that is known."""

from collections.abc import Mapping
from typing import Any

from web.forms import FormView, Option
from words import Words
from workflow.commands import Command, adapter_of
from workflow.model import Json
from workflow.shapes import Shape, shapes

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(command: type[Command], words: Words, form: FormView | None = None) -> dict[str, Json]:
    """What a command asks for; with a `form`, also which values it offers and what it is filled in with."""
    made = _bare(command)
    given = {field.name: field for field in form.fields} if form else {}
    properties: dict[str, Json] = {}
    for shape in shapes(command):
        field = given.get(shape.name)
        said = {**made["properties"][shape.name], "title": words(f"field.{shape.name}")}
        said |= _beside(shape, words, command.__name__)
        if field is not None and shape.choice:
            said |= _offered(shape, field.options, words)
        if field is not None and field.values:
            said["default"] = _preset(shape, field.values)
        properties[shape.name] = said
    return {**made, "title": words(f"command.{command.__name__}"), "properties": properties}


_BARE: dict[type[Command], Mapping[str, Any]] = {}


def _bare(command: type[Command]) -> Mapping[str, Any]:
    if command not in _BARE:
        made = adapter_of(command).json_schema()
        made.pop("description", None)  # it speaks to whoever reads the program
        _BARE[command] = {"properties": {}, **made}
    return _BARE[command]


def _beside(shape: Shape, words: Words, command: str) -> dict[str, Json]:
    """What the types do not say: a case is named by its number or its address."""
    found: dict[str, Json] = {}
    own, shared = f"help.{command}.{shape.name}", f"help.{shape.name}"
    if words.has(own) or words.has(shared):
        found["description"] = words(own if words.has(own) else shared)
    if shape.kind == "case":
        text: Json = {"type": "string", "maxLength": 100}
        found |= {"anyOf": [text, {"type": "null"}]} if not shape.required else {"type": "string", "maxLength": 100}
    return found


def _offered(shape: Shape, options: tuple[Option, ...], words: Words) -> dict[str, Json]:
    """The values of a choice with their words. Of none there is, nothing fits."""
    each: list[Json] = [
        {"const": int(one.value) if shape.figures else one.value, "title": _said(one, words)} for one in options
    ]
    one_of: dict[str, Json] = {"oneOf": each} if each else {"not": {}}
    if shape.kind == "ticks":
        return {"type": "array", "items": one_of}
    return {"anyOf": [one_of, {"type": "null"}]} if not shape.required else one_of


def _said(option: Option, words: Words) -> str:
    return words(option.code) if option.code else option.text or ""


def _preset(shape: Shape, values: tuple[str, ...]) -> Json:
    if shape.kind == "ticks":
        return [int(one) if shape.figures else one for one in values]
    if shape.kind in ("tick", "must"):
        return values[0] == "yes"
    return int(values[0]) if shape.figures and shape.kind != "case" else values[0]
