"""Which steps may be taken for several matters of a list, and who has any of them."""

from dataclasses import dataclass

from workflow.commands import Command
from workflow.model import Role
from workflow.procedures import PROCEDURES


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAtOnce:
    """A command, with the roles that any procedure gives it to. Whether a case has it, and for whom, its own rules say."""

    command: type[Command]
    roles: frozenset[Role]


def _found() -> dict[str, StepAtOnce]:
    steps = [step for procedure in PROCEDURES.values() for step in procedure.steps if step.at_once]
    return {
        step.command.__name__: StepAtOnce(
            command=step.command,
            roles=frozenset(role for one in steps if one.command is step.command for role, _ in one.allowed),
        )
        for step in steps
    }


AT_ONCE = _found()
#: Whoever has one of them.
WORKING = frozenset(role for step in AT_ONCE.values() for role in step.roles)


def commands_at_once(role: Role) -> tuple[str, ...]:
    """What a list offers this role for the matters that are ticked."""
    return tuple(name for name, step in AT_ONCE.items() if role in step.roles)
