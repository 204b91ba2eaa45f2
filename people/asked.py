"""What is asked for of people's posts, of accounts and of units, one frozen dataclass a form, as commands of cases are (`workflow/commands.py`)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from annotated_types import MaxLen, MinLen

from workflow.commands import Command
from workflow.fields import Choice, Seen
from workflow.model import AccountId, Role, UnitId


@dataclass(frozen=True, kw_only=True)
class GivePost(Command):
    """兼任: one account has another role, in its unit or in another one."""

    post_role: Annotated[Role, Choice("roles")]
    post_unit: Annotated[UnitId, Choice("units")]


@dataclass(frozen=True, kw_only=True)
class NameDeputy(Command):
    """代理: a colleague acts in place of somebody who is away, from the first day to the last."""

    absent: Annotated[str, Choice("places")]
    deputy: Annotated[AccountId, Choice("deputies")]
    first_day: date
    last_day: date


@dataclass(frozen=True, kw_only=True)
class Rename(Command):
    """更名: an account or a unit is called otherwise from now on."""

    new_name: Annotated[str, MinLen(1), MaxLen(80), Seen]


@dataclass(frozen=True, kw_only=True)
class Move(Command):
    """调整: an account goes to another unit, or a unit below another one."""

    below: Annotated[UnitId, Choice("units")]
