"""The procedures, a folder each: states, commands, records, rules, and a table of steps that an official can read.

What the rest of the program has to know of a procedure it asks here. The three places that still know one by name are in
`docs/decisions/0032`.
"""

from collections.abc import Mapping

from workflow.commands import Command
from workflow.model import UNFILED, Record, State
from workflow.procedure import Part, Procedure
from workflow.procedures.mediation.steps import MEDIATION
from workflow.procedures.petition.steps import PETITION
from workflow.records import OF_EVERY_CASE

PROCEDURES: Mapping[str, Procedure] = {procedure.name: procedure for procedure in (PETITION, MEDIATION)}

#: Everything that may be asked of a case, by name. Of one name there is one command.
COMMANDS: Mapping[str, type[Command]] = {
    name: command for procedure in PROCEDURES.values() for name, command in procedure.commands.items()
}
#: Where a case may stand, before it is opened and after.
STATES: tuple[State, ...] = (
    UNFILED, *dict.fromkeys(state.value for procedure in PROCEDURES.values() for state in procedure.states),
)  # fmt: skip
#: Every kind of record.
RECORDS: tuple[type[Record], ...] = (
    *OF_EVERY_CASE, *dict.fromkeys(kind for procedure in PROCEDURES.values() for kind in procedure.records),
)  # fmt: skip


#: The time limits that say how long a matter took, of every procedure: for statements over all cases. Of one case, its own
#: procedure says it.
DECIDING: tuple[str, ...] = tuple(
    dict.fromkeys(name for procedure in PROCEDURES.values() for name in procedure.deciding)
)


#: Where a matter waits for somebody of its unit to sign for it.
UNSIGNED: tuple[State, ...] = tuple(sorted({str(s) for procedure in PROCEDURES.values() for s in procedure.unsigned}))


def clocks_that(part: Part) -> tuple[str, ...]:
    """The time limits that are this in some procedure, those of a petition before those of a mediation."""
    return tuple(dict.fromkeys(name for one in PROCEDURES.values() for name in one.clocks_that(part)))
