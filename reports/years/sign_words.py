"""The evidence of a sign as a sentence in the reader's language. How it is found is in `signs.py`."""

from collections.abc import Mapping
from datetime import date

from infra.i18n import write_day
from words import Words
from workflow.model import Unit
from workflow.signs import Sign

HOUR, DAY = 60, 24 * 60
#: Below so many of the smaller unit the larger one would hide how close it was.
ENOUGH = 2


def evidence(sign: Sign, words: Words, units: Mapping[int, str]) -> str:
    """What happened and how close it was. `units` are the names of units by their ids."""
    said = dict(sign.figures)
    if "clock" in said:
        said["clock"] = words(f"clock.{said['clock']}")
    if "left" in said:
        unit = str(said["unit"])
        said["left"], said["of"] = (_length(int(str(said[name])), unit, words) for name in ("left", "of"))
    if "ground" in said:
        said["ground"] = words(f"ground.{said['ground']}")
    if "minutes" in said:
        said["before"] = _minutes(int(str(said["minutes"])), words)
        said["longer"] = words.count(f"length.{said['length_unit']}", int(str(said["to_length"])))
    for name in ("from", "to"):
        if name in said:
            said[name] = units.get(int(str(said[name])), "")
    if "lit_on" in said:
        said["lit_on"] = write_day(date.fromisoformat(str(said["lit_on"])), words.language)
    if "days" in said:
        said["days"] = words.count("length.day", int(str(said["days"])))
    if "working_days" in said:
        said["working_days"] = words.count("length.working_day", int(str(said["working_days"])))
    if "command" in said:
        said["command"] = words(f"command.{said['command']}")
    code = f"gaming.evidence.{sign.code}"
    code += (
        f".{said['light']}"
        if "light" in said
        else ".overdue"
        if said.get("overdue")
        else ".after_light"
        if said.get("after_light")
        else ""
    )
    return words(code, **said)


def _length(n: int, unit: str, words: Words) -> str:
    return _minutes(n, words) if unit == Unit.MINUTE else words.count(f"length.{unit}", n)


def _minutes(n: int, words: Words) -> str:
    """Whole days, hours or minutes, rounded down."""
    for unit, size in (("day", DAY), ("hour", HOUR)):
        if n >= ENOUGH * size:
            return words.count(f"length.{unit}", n // size)
    return words.count("length.minute", n)
