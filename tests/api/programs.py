"""A program of somebody's: it brings a token, sends JSON and reads JSON, and keeps no cookies."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from infra.db import transaction
from people.directory import person
from people.tokens import SCOPES, issue_token
from tests.databases import Site

V1 = "/api/v1"


def token_of(
    site: Site, login: str, scopes: Iterable[str] = SCOPES, *, post: int | None = None, days: int = 365
) -> str:
    """A token of the account, as the page issues it."""
    with transaction(site.engine) as connection:
        who = person(connection, site.office.accounts[login], post=post)
        assert who is not None
        return issue_token(
            connection, who, name="热线平台", scopes=tuple(scopes), days=days, now=site.clock(),
            request=secrets.token_hex(16),
        )  # fmt: skip


@dataclass(frozen=True)
class Program:
    client: TestClient
    token: str

    def get(self, path: str, *, language: str = "zh-CN", **query: str) -> Any:
        return self.client.get(V1 + path, params=query, headers=self._headers(language))

    def post(self, path: str, said: Any, *, key: str | None = None, language: str = "zh-CN", **headers: str) -> Any:
        key = secrets.token_hex(16) if key is None else key
        named = {**self._headers(language), **({"Idempotency-Key": key} if key else {}), **headers}
        return self.client.post(V1 + path, json=said, headers=named)

    def read(self, path: str, **query: str) -> Any:
        """What is there, which must be."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def step(self, public_id: str, command: str, *, version: int, key: str | None = None, **fields: Any) -> Any:
        said = {"version": version, "fields": fields}
        return self.post(f"/cases/{public_id}/steps/{command}", said, key=key)

    def _headers(self, language: str) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**bearer, "Accept-Language": language}


def program(site: Site, login: str, scopes: Iterable[str] = SCOPES, *, token: str | None = None, **how: Any) -> Program:
    brought = token_of(site, login, scopes, **how) if token is None else token
    return Program(site.browser(), brought)
