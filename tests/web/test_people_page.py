"""The page of units and accounts: what is added is added once, it is said that it worked, and a level fits above the top."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from infra.db import reading
from people.tables import Account, Unit, UnitAbove
from tests.databases import Site, found, serving
from tests.web.reading import page, read

UNIT, ABOVE = Unit.__table__.c, UnitAbove.__table__.c  # type: ignore[attr-defined]
NEW = {"name": "何静洲", "role": "clerk", "login": "hejingzhou", "email": "he@example.test"}


def rows(site: Site, table: Any) -> int:
    with reading(site.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def form_of_an_account(site: Site, administrator: Any) -> Any:
    form = page(administrator, "/people").form("/people")
    return form.typed(**NEW, unit=str(site.office.units["room"]))


def test_the_name_of_a_unit_is_called_so_and_not_a_persons_name(site: Site) -> None:
    html = site.session_for("administrator").get("/people").text
    assert '<label for="unit_name">单位名称</label>' in html
    assert '<label for="name">姓名</label>' in html


def test_an_account_added_is_said_to_be_added_by_name(site: Site) -> None:
    administrator = site.session_for("administrator")
    text = read(administrator.post("/people", data=form_of_an_account(site, administrator)).text).text
    assert "账号已添加" in text
    assert "何静洲" in text.partition("账号已添加")[2]


def test_the_same_form_twice_is_one_account_and_a_link_both_times(engine: Engine, tmp_path: Any) -> None:
    with serving(found(engine), tmp_path) as site:
        administrator = site.session_for("administrator")
        typed, before = form_of_an_account(site, administrator), rows(site, Account)
        for _ in range(2):
            answer = administrator.post("/people", data=typed)
            assert answer.status_code == 200
            assert "/signin/link/" in answer.text
        assert rows(site, Account) == before + 1


@pytest.mark.parametrize(
    "address", ["a@b%0d%0aBcc:x@y", "\x01a@b", "a@.", "a@b\r\nBcc: x@y", "a@b, c@d", "王@b.cn", "A <a@b.cn>"]
)
def test_an_account_gets_no_address_that_no_mail_server_takes(address: str, site: Site) -> None:
    administrator = site.session_for("administrator")
    typed, before = form_of_an_account(site, administrator), rows(site, Account)
    assert administrator.post("/people", data={**typed, "email": address}).status_code in (400, 422)
    assert rows(site, Account) == before


@pytest.mark.parametrize(("name", "other"), [("name", "何静"), ("login", "hjz"), ("email", "h@example.test"), ("role", "auditor")])  # fmt: skip
def test_another_person_under_the_same_form_is_a_conflict_that_keeps_what_was_typed(
    name: str, other: str, site: Site
) -> None:
    administrator = site.session_for("administrator")
    typed = form_of_an_account(site, administrator)
    administrator.post("/people", data=typed)
    before = rows(site, Account)
    answer = administrator.post("/people", data={**typed, name: other})
    shown = read(answer.text)
    assert (answer.status_code, rows(site, Account)) == (409, before)
    assert "已提交过另一份内容" in shown.text
    again = shown.form("/people")
    assert again.values[name] == [other]
    assert again.values["form_id"] != typed["form_id"]


def test_a_unit_added_is_said_to_be_added_and_stands_in_the_tree(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/people").form("/people/units")
    typed = form.typed(name="法律咨询室", kind="unit", parent=str(site.office.units["centre"]))
    before = rows(site, Unit)
    answers = [administrator.post(form.action, data=typed) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert rows(site, Unit) == before + 1, "the same form, sent twice"
    shown = page(administrator, answers[0].headers["location"])
    assert "单位已添加" in shown.text
    assert "法律咨询室" in shown.text.partition("单位已添加")[2]
    other = administrator.post(form.action, data={**typed, "name": "心理咨询室"})
    assert (other.status_code, rows(site, Unit)) == (409, before + 1)
    assert read(other.text).form("/people/units").values["name"] == ["心理咨询室"]


def test_a_level_above_the_top_can_be_made_and_its_head_sees_what_is_below(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/people").form("/people/units")
    top = site.office.units["upstream"]
    typed = form.typed(name="市委社会工作部", kind="upstream", parent=f"above:{top}")
    assert administrator.post(form.action, data=typed).status_code == 303
    with reading(site.engine) as connection:
        made = connection.execute(select(UNIT.id).where(UNIT.name == "市委社会工作部")).scalar_one()
        below = set(connection.execute(select(ABOVE.unit).where(ABOVE.above == made)).scalars())
        parent = connection.execute(select(UNIT.parent_id).where(UNIT.id == top)).scalar_one()
    assert below == {made, *site.office.units.values()}
    assert parent == made
    again = administrator.post(form.action, data={**typed, "form_id": "0" * 32, "name": "省"})
    assert again.status_code == 409, "it is no longer on top"
    assert "已有上级单位" in read(again.text).text


@pytest.mark.parametrize("parent", ["", "above:", "above:999", "999", "above:x", "²"])
def test_a_place_that_is_not_in_the_tree_is_refused_and_the_name_kept(parent: str, site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/people").form("/people/units")
    answer = administrator.post(form.action, data=form.typed(name="法律咨询室", kind="unit", parent=parent))
    assert answer.status_code == 422
    assert read(answer.text).form("/people/units").values["name"] == ["法律咨询室"]


def test_what_an_address_says_was_done_is_one_of_ours_or_nothing(site: Site) -> None:
    administrator = site.session_for("administrator")
    for typed in ("<script>", "nothing_we_know", ""):
        html = administrator.get("/people", params={"done": typed, "account": "999", "unit": "x" * 3}).text
        assert 'class="done"' not in html
