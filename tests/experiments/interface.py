"""Whatever the description of the interface allows is sent to it: nothing may be answered 5xx or otherwise than described, and
nothing may change without an event of the record that says so.

schemathesis makes the requests from the description. They are sent with tokens of every role, and most of them name a matter
that there is, and its present version, so that they come further than the door.
"""

import hashlib
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase
from sqlalchemy import select, text

import migrations
from api.description import description
from cases.execute import Opened
from infra.columns import Row
from infra.db import open_engine, reading
from tests.api.programs import Program, token_of
from tests.databases import Site, found, serving, step
from verify.checking import verify
from web.strict_headers import HEADERS

ABOUT = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人"}
WHO = (
    "clerk", "mediator", "coordinator", "clerk", "duty_leader", "mediator", "clerk", "assessor", "coordinator", "auditor",
    "administrator",
)  # fmt: skip
#: What is written beside the record: who has tried what, who has looked at what, when a token was last used.
BESIDE = frozenset({"tries", "case_read", "job_run", "finding", "known_browser"})
NOTED = frozenset({"used_at"})
PROBLEM = frozenset({"type", "title", "status", "detail", "code"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    examples: int  #: of each operation
    seed: int


@dataclass(slots=True)
class Found:
    seconds: float = 0
    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    changes: int = 0
    failures: list[str] = field(default_factory=list)


def run(plan: Plan) -> Found:
    result, begun = Found(), time.monotonic()
    made: dict[str, Any] = json.loads(json.dumps(description("en")))
    schema = schemathesis.openapi.from_dict(made)
    operations = [one.ok() for one in schema.get_all_operations()]
    with tempfile.TemporaryDirectory(prefix="huiyin-interface-") as name:
        home = Path(name)
        owning = open_engine(f"sqlite:///{home / 'huiyin.db'}", owner=True)
        migrations.upgrade(owning)
        owning.dispose()
        engine = open_engine(f"sqlite:///{home / 'huiyin.db'}")
        with serving(found(engine), home) as site:
            asked = _Asked(site, made, result)
            for operation in operations:
                asked.ask(operation, plan)
            report = verify(str(engine.url))
            result.failures += [f"verify: {finding}" for finding in report.findings]
        engine.dispose()
    result.operations, result.seconds = len(operations), time.monotonic() - begun
    return result


def figures(result: Found) -> str:
    return (
        f"{sum(result.statuses.values())} requests of {result.operations} operations in {result.seconds:.0f} s, "
        f"answers {dict(sorted(result.statuses.items()))}, {result.changes} changes with their event"
    )


class _Asked:
    """The office that is asked, and what it answers held against the description."""

    def __init__(self, site: Site, made: Mapping[str, Any], result: Found) -> None:
        self._site, self._made, self._result = site, made, result
        self._client = site.browser(raise_errors=False)
        self._tokens = {login: token_of(site, login) for login in WHO}
        self._cases = [one.public_id for one in _matters(site)]
        site.clock.set("2026-03-03T09:00")
        self._validators: dict[str, Any] = {}
        self._number = 0
        warm = {
            "matter": "petition",
            "fields": ABOUT,
        }  # the first key of all makes the office's secret, which is an event
        Program(self._client, self._tokens["clerk"]).post("/cases", warm)
        self._open = self._open_steps()
        self._before = self._state()

    def ask(self, operation: Any, plan: Plan) -> None:
        everything = hypothesis.settings(
            max_examples=plan.examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck), print_blob=False,
        )  # fmt: skip

        @hypothesis.seed(plan.seed)
        @everything
        @hypothesis.given(operation.as_strategy())
        def each(case: Any) -> None:
            self._send(operation, case)

        each()

    def _open_steps(self) -> Mapping[str, list[tuple[str, str, Any]]]:
        """By command, for whom it is open in which matter, and what its fields offer."""
        found: dict[str, list[tuple[str, str, Any]]] = defaultdict(list)
        for login in dict.fromkeys(WHO):
            one = Program(self._client, self._tokens[login])
            for public_id in self._cases:
                page = one.get(f"/cases/{public_id}")
                if page.status_code != 200:
                    continue
                for open_step in page.json()["open_steps"]:
                    found[open_step["command"]["code"]].append((login, public_id, open_step["fields"]["properties"]))
                for at_any_time in page.json()["at_any_time"]:
                    said = one.get(f"/cases/{public_id}/steps/{at_any_time['code']}").json()
                    found[at_any_time["code"]].append((login, public_id, (said["fields"] or {}).get("properties", {})))
        return found

    def _send(self, operation: Any, case: Any) -> None:
        self._number += 1
        login, path, body = self._aimed(operation, case)
        headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        headers["Authorization"] = f"Bearer {self._tokens[login]}"
        before = self._before
        answer = self._client.request(
            case.method, path, headers=headers, params=dict(case.query or {}),
            **({"json": body} if isinstance(body, dict) else {}),
        )  # fmt: skip
        self._before = after = self._state()
        self._result.statuses[answer.status_code] += 1
        self._result.changes += before[1] != after[1]
        for wrong in self._wrong(operation, answer, before, after):
            self._result.failures.append(f"{operation.label} {path} {body!r} by {login}: {wrong}"[:800])

    def _aimed(self, operation: Any, case: Any) -> tuple[str, str, Any]:
        """Who asks, the address and the body: of a step mostly by somebody to whom it is open in a matter that there is, on its
        present version, with some of what is offered."""
        body, login = case.body if isinstance(case.body, dict) else None, WHO[self._number % len(WHO)]
        if "public_id" not in (case.path_parameters or {}) or self._number % 5 == 0:
            return login, case.formatted_path, body
        public_id, offered = self._cases[self._number % len(self._cases)], {}
        if found := self._open.get(operation.path.rpartition("/")[2]):
            login, public_id, offered = found[self._number % len(found)]
        case.path_parameters["public_id"] = public_id
        if body is not None and self._number % 5 > 1:
            fields = body.get("fields") or {}
            body = {**body, "version": self._version(public_id), "fields": _as_offered(fields, offered)}
        return login, case.formatted_path, body

    def _version(self, public_id: str) -> int:
        with reading(self._site.engine) as connection:
            query = text("SELECT version FROM cases WHERE public_id = :p")
            return int(connection.execute(query, {"p": public_id}).scalar_one())

    def _state(self) -> tuple[int, str]:
        """How many events there are, and a hash of everything that they vouch for."""
        digest = hashlib.sha256()
        with reading(self._site.engine) as connection:
            events = connection.execute(text("SELECT count(*) FROM event")).scalar_one()
            for name, table in sorted(Row.metadata.tables.items()):
                if name not in BESIDE:
                    columns = [column for column in table.columns if column.name not in NOTED]
                    digest.update(repr(sorted(map(repr, connection.execute(select(*columns))))).encode())
        return int(events), digest.hexdigest()

    def _wrong(self, operation: Any, answer: Any, before: tuple[int, str], after: tuple[int, str]) -> list[str]:
        wrong = []
        if answer.status_code >= 500:
            wrong.append(f"answered {answer.status_code}")
        if before[1] != after[1] and before[0] == after[0]:
            wrong.append("something has changed without an event")
        if before[0] != after[0] and answer.status_code >= 400:
            wrong.append(f"answered {answer.status_code}, and something was written")
        if lacking := [name for name, value in HEADERS.items() if answer.headers.get(name) != value]:
            wrong.append(f"without {lacking}")
        responses = self._made["paths"][operation.path][operation.method]["responses"]
        said = responses.get(str(answer.status_code))
        if said is None:
            wrong.append(f"{answer.status_code} is not described")
        elif answer.status_code >= 400:
            if answer.headers["content-type"] != "application/problem+json" or not answer.json().keys() >= PROBLEM:
                wrong.append(f"no problem: {answer.text[:200]}")
        elif fault := self._fault(said["content"]["application/json"]["schema"], answer.json()):
            wrong.append(f"not as described: {fault}")
        return wrong

    def _fault(self, schema: dict[str, Any], said: Any) -> str:
        name = json.dumps(schema)
        if name not in self._validators:
            whole = {**schema, "components": self._made["components"]}
            self._validators[name] = jsonschema_rs.validator_for(whole)
        return next((str(error) for error in self._validators[name].iter_errors(said)), "")


def _as_offered(fields: Mapping[str, Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the first of what is offered where there is something to choose."""
    found = dict(fields)
    for name, schema in offered.items():
        many = schema.get("items", {}).get("oneOf")
        one = schema.get("oneOf") or next((part["oneOf"] for part in schema.get("anyOf", ()) if "oneOf" in part), None)
        if many:
            found[name] = [many[0]["const"]]
        elif one:
            found[name] = one[0]["const"]
    return found


def _matters(site: Site) -> list[Opened]:
    """Matters in many states: just come in, accepted, sent to a unit, in hand, answered; mediations on their way."""
    registered = step("2026-03-02T09:00", "clerk", "Register", **ABOUT)
    taken = (
        registered, step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
    )  # fmt: skip
    in_hand = (
        *taken, step("2026-03-02T09:30", "mediator", "SignFor"),
        step("2026-03-02T10:00", "mediator", "ContactPerson", note="已联系。"),
    )  # fmt: skip
    answered = (*in_hand, step("2026-03-02T12:00", "mediator", "Reply", form="oral", answer="已清理。"))
    applied = (
        step("2026-03-02T09:00", "clerk", "Apply", **ABOUT, respondents=["丙"], dispute_type="11"),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party="丙", answer="given"),
    )
    mediated = (
        *applied, step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator"),
        step("2026-03-02T11:00", "mediator", "NotifyRights", signed_by="all"),
    )  # fmt: skip
    told = [site.office.tell("petition", registered) for _ in range(3)]
    told += [site.office.tell("hotline", *steps) for steps in (taken[:2], taken, in_hand, in_hand, answered)]
    return told + [site.office.tell("mediation", *steps) for steps in (applied[:1], applied, mediated)]
