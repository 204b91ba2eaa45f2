"""The office that a database belongs to, with the policy it runs under: what every command is executed with."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, select

from infra.files import read_tree
from people import tables
from workflow.policy import Policy, policy_from

#: Which profile a matter runs under, by what it is. Mediation has a choice: by month or by thirty days.
PROFILE_OF = {"petition": "petition", "hotline": "hotline", "enterprise": "enterprise"}


class NoOffice(Exception):
    """The database holds no office yet: run `huiyin init`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeContext:
    name: str
    short_name: str
    policy: Policy
    mediation_profile: str
    demo: bool
    simulation: bool

    def profile_of(self, matter: str) -> str:
        """The profile for a matter: mediation, petition, hotline or enterprise."""
        return PROFILE_OF.get(matter) or self.mediation_profile


def load_office(connection: Connection) -> OfficeContext:
    """Raises `NoOffice` for an empty database, `PolicyIsWrong` for a policy file that cannot be used."""
    row = connection.execute(select(tables.Office.__table__)).one_or_none()  # type: ignore[attr-defined]
    if row is None:
        raise NoOffice
    return OfficeContext(
        name=row.name,
        short_name=row.short_name,
        policy=load_policy(row.calendar),
        mediation_profile=row.mediation_profile,
        demo=row.demo,
        simulation=row.simulation,
    )


@cache
def load_policy(calendar: str) -> Policy:
    return policy_from(read_tree("workflow", "policies", suffix=".toml"), calendar=calendar)
