"""Which roles are given which reports. Pages and whoever makes a report for later ask the same."""

from workflow.model import Role

ASSESSMENT = frozenset({Role.ASSESSOR, Role.AUDITOR, Role.SUPERVISOR})
AUDIT = frozenset({Role.AUDITOR, Role.ASSESSOR})
#: Signs of gaming are questions: nobody who is asked about, or who gives points, knows that one was asked.
SIGNS = frozenset({Role.AUDITOR})
