"""On PostgreSQL, the role that a program runs as: made by the server's own administrator, and gone afterwards."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from infra.settings import settings
from tests.ops.command_line import run


@contextmanager
def plain_role(url: str, attributes: str = "") -> Iterator[tuple[str, str]]:
    """A new role that may sign in and nothing else, and the URL of the same database as it."""
    name, password = f"huiyin_app_{secrets.token_hex(4)}", secrets.token_hex(8)
    administrator = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {attributes}".encode())
        try:
            yield name, make_url(url).set(username=name, password=password).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP OWNED BY {name}".encode())
            connection.execute(f"DROP ROLE {name}".encode())


def granted(monkeypatch: pytest.MonkeyPatch, url: str, role: str) -> None:
    """What the owner does once."""
    result = granting(monkeypatch, url, role)
    assert result.exit_code == 0, result.output


def granting(monkeypatch: pytest.MonkeyPatch, url: str, role: str):  # type: ignore[no-untyped-def]  # a Result of click's
    with monkeypatch.context() as own:
        own.setenv("HUIYIN_DATABASE", url)
        settings.cache_clear()
        try:
            return run("database", "grant", role)
        finally:
            settings.cache_clear()
