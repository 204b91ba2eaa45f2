"""The client in one file, against the program as it is served."""

import importlib.util
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra.db import transaction
from people.directory import person
from people.tokens import SCOPES, issue_token
from tests.experiments.offices import Matters, small_office
from tests.program import serving

DOCS = Path(__file__).resolve().parents[2] / "docs"
ORDER = {"title": "路灯不亮", "statement": "三号楼前路灯不亮。", "applicant": "石某"}


@pytest.fixture(scope="module")
def client() -> ModuleType:
    spec = importlib.util.spec_from_file_location("huiyin_client", DOCS / "huiyin_client.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Matters]]:
    home = tmp_path_factory.mktemp("served")
    matters = small_office(home)
    try:
        with serving(home, "--no-timers") as program:
            yield f"http://127.0.0.1:{program.port}", matters
    finally:
        matters.office.engine.dispose()


def huiyin(client: ModuleType, served: tuple[str, Matters], login: str, **how: Any) -> Any:
    address, matters = served
    with transaction(matters.office.engine) as connection:
        who = person(connection, matters.office.accounts[login])
        assert who
        token = issue_token(
            connection, who, name="热线", scopes=SCOPES, days=30, now=datetime.now(UTC), request=secrets.token_hex(16)
        )
    return client.Huiyin(address, f"{token}\n", **how)


def test_it_needs_nothing_but_the_standard_library() -> None:
    said = (DOCS / "huiyin_client.py").read_text("utf-8")
    named = {line.split()[1].partition(".")[0] for line in said.splitlines() if line.startswith(("import ", "from "))}
    assert named <= sys.stdlib_module_names


def test_a_hotline_sends_an_order_follows_it_and_hears_what_happens(client: ModuleType, served: Any) -> None:
    hotline, clerk = (huiyin(client, served, "clerk") for _ in range(2))
    place = hotline.end_of_feed()
    made = hotline.send_order("hotline", "12345-1", **ORDER)
    assert hotline.send_order("hotline", "12345-1", **ORDER) == made
    assert hotline.order("12345-1")["state"]["code"] == "registered"
    case = clerk.case(made["public_id"])
    taken = clerk.step(made["public_id"], "Accept", version=case["version"])
    assert taken["version"] == case["version"] + 1
    assert [entry["event"] for entry in hotline.feed(place)] == ["case:registered", "case:accepted"]
    assert hotline.order("12345-1")["state"]["code"] == "accepted"
    assert made["public_id"] in {one["public_id"] for one in hotline.cases(q="路灯")}
    assert hotline.receipt(made["public_id"], case["clocks"][0]["number"])


def test_what_is_not_done_is_raised_with_its_code_and_its_reasons(client: ModuleType, served: Any) -> None:
    clerk = huiyin(client, served, "clerk", language="en")
    with pytest.raises(client.Problem) as raised:
        clerk.register("petition", title="", statement="x", applicant="y")
    assert (raised.value.status, raised.value.code) == (422, "refused")
    assert [reason["field"] for reason in raised.value.reasons] == ["title"]
    with pytest.raises(client.Problem, match="404 not_found"):
        clerk.case("0" * 32)
    with pytest.raises(client.Problem, match="401 token_unknown"):
        client.Huiyin(served[0], "huiyin_" + "0" * 64).me()


def test_all_of_a_list_is_read_and_what_can_be_registered_is_told(client: ModuleType, served: Any) -> None:
    clerk = huiyin(client, served, "clerk")
    assert len(list(clerk.cases(show="all"))) >= len(served[1].cases)
    assert {one["matter"] for one in clerk.matters()} >= {"petition", "hotline"}
    made = clerk.register("petition", key="k-1", **ORDER)
    assert clerk.register("petition", key="k-1", **ORDER) == made
    assert clerk.asks(made["public_id"], "AddNote")["fields"]["required"] == ["note"]


def test_where_nobody_answers_it_is_tried_again_and_then_said(client: ModuleType) -> None:
    with pytest.raises(OSError):  # noqa: PT011 (whatever the machine calls it)
        client.Huiyin("http://127.0.0.1:9", "t", tries=1).me()
