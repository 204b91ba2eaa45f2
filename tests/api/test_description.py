"""The description of the interface: whole, true of every route, and its examples are what they look like."""

import json
from typing import Any

import jsonschema_rs
import pytest

from api.declared import BASE, OPERATIONS
from api.description import commands, description
from api.examples import EXAMPLES
from tests.api.programs import V1, program
from tests.api.test_cases import REGISTERED, a_petition
from tests.databases import Site, step
from web.access import ROUTES
from workflow.commands import adapter_of
from workflow.procedures import PROCEDURES


@pytest.fixture(scope="module")
def said() -> Any:
    return json.loads(json.dumps(description("zh_CN")))


def test_every_route_of_the_interface_is_described_and_nothing_else_is() -> None:
    assert set(OPERATIONS) == {route for route in ROUTES if route.split()[1].startswith("/api/")}


def test_every_step_that_a_form_knows_is_described_with_the_fields_of_its_command(said: Any) -> None:
    told = {path.rpartition("/")[2] for path in said["paths"] if "/steps/" in path} - {"{command}"}
    asked = {
        step.command.__name__ for one in PROCEDURES.values() for step in one.steps if step.command is not one.opens
    }
    assert told == asked == set(commands())
    for name, kind in commands().items():
        schema = said["components"]["schemas"][f"command.{name}"]
        assert schema["properties"].keys() == adapter_of(kind).json_schema().get("properties", {}).keys()


def test_nothing_that_it_refers_to_is_missing(said: Any) -> None:
    known = said["components"]["schemas"]
    text = json.dumps(said)
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= known.keys()
    assert "#/$defs/" not in text
    for schema in known.values():
        jsonschema_rs.validator_for({**schema, "components": said["components"]})


def test_everything_in_it_that_a_person_reads_is_in_words_of_either_language() -> None:
    for language in ("zh_CN", "en"):
        text = json.dumps(description(language), ensure_ascii=False)
        for key in ("title", "description", "summary"):
            for family in ("api.", "field.", "command.", "help.", "dispute.", "choice."):
                assert f'"{key}": "{family}' not in text, (language, key, family)


def test_it_is_there_for_anybody_and_says_nothing_of_this_office(site: Site) -> None:
    a_petition(site)
    answer = site.browser().get(f"{V1}/openapi.json", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    for name in ("滨江", "滨园", "账号-", "停车位", "人民调解室"):
        assert name not in answer.text


def test_the_examples_are_taken_as_they_stand(site: Site) -> None:
    one = program(site, "clerk")
    assert one.post("/cases", EXAMPLES["register"]).status_code == 201
    assert one.post("/orders", EXAMPLES["send_order"]).status_code == 201
    for name in EXAMPLES.keys() & set(commands()):
        answer = one.post(f"/cases/{a_petition(site)}/steps/{name}", EXAMPLES[name])
        assert answer.status_code == 200, (name, answer.text)


def test_what_is_answered_is_what_is_described(site: Site, said: Any) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    paths = {f"/cases/{public_id}": "CaseAnswer", "/cases": "CaseList", "/me": "Me", "/feed": "Feed", "/matters": "Matters", f"/cases/{public_id}/steps/AddNote": "StepAnswer"}  # fmt: skip
    for path, name in paths.items():
        schema = {**said["components"]["schemas"][name], "components": said["components"]}
        assert jsonschema_rs.validator_for(schema).is_valid(one.read(path)), path
        assert not jsonschema_rs.validator_for(schema).is_valid({}), name


def test_the_schema_of_a_step_offers_what_its_form_does_and_refuses_everything_else(site: Site) -> None:
    opened = site.office.tell("petition", REGISTERED, step("2026-03-02T09:10", "clerk", "Accept"))
    said = program(site, "coordinator").read(f"/cases/{opened.public_id}")
    assign = next(one for one in said["open_steps"] if one["command"]["code"] == "Assign")
    offered = {one["const"]: one["title"] for one in assign["fields"]["properties"]["unit"]["oneOf"]}
    assert offered[site.office.units["room"]] == "人民调解室"
    valid = jsonschema_rs.validator_for(assign["fields"]).is_valid
    assert valid({"unit": site.office.units["room"]})
    assert not valid({"unit": site.office.units["upstream"]})
    assert not valid({"unit": str(site.office.units["room"])})
    one = program(site, "coordinator")
    refused = one.step(opened.public_id, "Assign", version=said["version"], unit=site.office.units["upstream"])
    assert refused.json()["reasons"][0]["code"] == "form.not_offered"
    assert (
        one.step(opened.public_id, "Assign", version=said["version"], unit=site.office.units["room"]).status_code == 200
    )


def test_nothing_under_another_number_answers(site: Site) -> None:
    assert BASE == V1 == "/api/v1"
    answer = program(site, "clerk").client.get("/api/v2/me")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
