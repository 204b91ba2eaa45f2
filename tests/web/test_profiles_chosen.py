"""What an office takes in: chosen by the administrator, offered at the desk from then on."""

import json

from sqlalchemy import text

from infra.db import reading
from tests.databases import Site
from tests.web.reading import page


def test_a_chosen_profile_is_offered_at_the_desk_and_noted_in_the_ledger(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/policy").form("/policy/profiles")
    assert set(form.values["profile"]) == {"mediation-30d", "petition", "hotline", "enterprise"}
    chosen = {**form.values, "profile": ["hotline", "petition", "crisis"]}
    assert administrator.post("/policy/profiles", data=chosen).status_code == 303
    desk = site.session_for("clerk")
    offered = [link for link in page(desk, "/intake").links if link.startswith("/intake/")]
    assert offered == ["/intake/petition", "/intake/hotline", "/intake/crisis"], "the order of the desk stays"
    assert desk.get("/intake/enterprise").status_code == 404
    assert desk.get("/intake/crisis").status_code == 200
    with reading(site.engine) as connection:
        found = connection.execute(text("SELECT data FROM event WHERE code = 'office:profiles_chosen'")).scalar_one()
    assert json.loads(found) == {
        "before": ["mediation-30d", "petition", "hotline", "enterprise"],
        "profiles": ["petition", "hotline", "crisis"],
        "schema": 2,
        "wrote": {"office": {"1": {"profiles": "petition hotline crisis"}}},
    }


def test_at_least_one_profile_is_chosen(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/policy").form("/policy/profiles")
    answer = administrator.post("/policy/profiles", data={**form.values, "profile": ["nobody"]})
    assert answer.status_code == 422
    assert "至少选定一种办理类型" in answer.text
    assert page(site.session_for("clerk"), "/intake").links
