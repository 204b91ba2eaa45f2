"""The tables of steps, one file a procedure, each readable by an official."""

from collections.abc import Mapping

from workflow.definition import Procedure
from workflow.procedures.mediation import MEDIATION
from workflow.procedures.petition import PETITION

PROCEDURES: Mapping[str, Procedure] = {procedure.name: procedure for procedure in (PETITION, MEDIATION)}
