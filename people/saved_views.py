"""Filters of the list of matters that somebody keeps under a name. They are nobody else's, and say nothing of any matter."""

from sqlalchemy import Connection, delete, func, select

from infra.statements import insert_or
from people.tables import SavedView
from workflow.model import AccountId

MOST_VIEWS = 20
LONGEST_NAME = 40
_view = SavedView.__table__.c  # type: ignore[attr-defined]


class TooManyViews(Exception):
    """The account keeps as many as a page can offer. Forget one first."""


def keep_view(connection: Connection, account: AccountId, name: str, filters: str) -> None:
    """The filters are kept under the name; what was kept under it before is not any more. Raises `TooManyViews`."""
    others = select(func.count()).select_from(SavedView).where(_view.account_id == account, _view.name != name)
    if connection.execute(others).scalar_one() >= MOST_VIEWS:
        raise TooManyViews
    row = insert_or(connection, SavedView).values(account_id=account, name=name, filters=filters)
    connection.execute(row.on_conflict_do_update(index_elements=["account_id", "name"], set_={"filters": filters}))


def forget_view(connection: Connection, account: AccountId, name: str) -> None:
    """Once is as good as twice."""
    connection.execute(delete(SavedView).where(_view.account_id == account, _view.name == name))
