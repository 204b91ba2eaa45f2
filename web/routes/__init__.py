"""The routes, one file a question a page answers. Importing them all is what puts them into the table of routes."""

from web.routes import (
    anchors,
    appeals,
    as_of,
    assessment,
    bulletin,
    cases,
    closures,
    health,
    mails,
    people,
    policy,
    public,
    serials,
    signin,
    signs,
    work_list,
)

__all__ = [
    "anchors",
    "appeals",
    "as_of",
    "assessment",
    "bulletin",
    "cases",
    "closures",
    "health",
    "mails",
    "people",
    "policy",
    "public",
    "serials",
    "signin",
    "signs",
    "work_list",
]
