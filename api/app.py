"""The whole application: the pages, and the interface for programs beside them. Whoever serves takes it from here."""

import api.routes
from web.app import Lifespan, create_app

__all__ = ["INTERFACE", "Lifespan", "create_app"]

INTERFACE = api.routes  #: imported for what it does: each of its modules adds to the table of routes
