"""The demo office: its units and its people, all of them invented. What happens in it is in `demo_stories.py`.

Every mail address ends in `.invalid`, which no mail server will ever accept (RFC 2606).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from cases.office import establish
from people.staffing import add_account
from people.tables import Office
from people.units import add_unit
from stories.story import Stage, actor_of
from workflow.model import Role, UnitId

OFFICE_NAME, SHORT_NAME = "滨江园区党群服务中心", "滨园"
#: By the month, as the national rules have it: they let the parties pause for an appraisal, the thirty days do not.
PROFILES = ("mediation-month", "petition", "hotline", "enterprise")


class DemoUnit(NamedTuple):
    key: str
    name: str
    kind: str
    parent: str | None


class Employee(NamedTuple):
    login: str
    name: str
    unit: str
    role: Role
    language: str = "zh_CN"


UNITS = (
    DemoUnit("upstream", "区委社会工作部", "upstream", None),
    DemoUnit("centre", OFFICE_NAME, "centre", "upstream"),
    DemoUnit("room", "人民调解室", "unit", "centre"),
    DemoUnit("talk", "谈心室", "unit", "centre"),
    DemoUnit("appeals", "群众诉求组", "unit", "centre"),
    DemoUnit("enterprise", "园区企业党群组织", "unit", "centre"),
)
STAFF = (
    Employee("linxiaohe", "林晓禾", "centre", Role.CLERK),
    Employee("hejingzhou", "何静洲", "room", Role.CLERK),
    Employee("chenyulan", "陈语岚", "centre", Role.COORDINATOR),
    Employee("zhaowenbo", "赵文柏", "room", Role.MEDIATOR),
    Employee("sunqingyi", "孙清仪", "room", Role.MEDIATOR),
    Employee("zhoumingting", "周明汀", "talk", Role.MEDIATOR),
    Employee("wufanghua", "吴芳桦", "appeals", Role.MEDIATOR),
    Employee("zhenghaochuan", "郑皓川", "enterprise", Role.MEDIATOR, "en"),
    Employee("hanshouzhuo", "韩守拙", "centre", Role.SUPERVISOR),
    Employee("fengliyan", "冯砺言", "room", Role.SUPERVISOR),
    Employee("chuanning", "褚安凝", "talk", Role.SUPERVISOR),
    Employee("jiangruogu", "蒋若榖", "appeals", Role.SUPERVISOR),
    Employee("shenhuaiyu", "沈怀屿", "enterprise", Role.SUPERVISOR),
    Employee("yangjingxun", "杨景洵", "upstream", Role.SUPERVISOR),
    Employee("xuzhiheng", "许执衡", "centre", Role.ASSESSOR),
    Employee("luyichen", "陆亦辰", "upstream", Role.ASSESSOR),
    Employee("qinguanlan", "秦观岚", "upstream", Role.AUDITOR),
    Employee("tangshuqiao", "唐书桥", "upstream", Role.AUDITOR, "en"),
    Employee("youzian", "尤梓桉", "centre", Role.ADMINISTRATOR),
)

CLERK, ROOM_CLERK, COORDINATOR = "linxiaohe", "hejingzhou", "chenyulan"
MEDIATORS = tuple(one.login for one in STAFF if one.role is Role.MEDIATOR)
MEDIATORS_OF: Mapping[str, tuple[str, ...]] = {
    unit.key: tuple(one.login for one in STAFF if one.role is Role.MEDIATOR and one.unit == unit.key)
    for unit in UNITS
    if unit.kind == "unit"
}
UNIT_OF: Mapping[str, str] = {one.login: one.unit for one in STAFF}
ASSESSORS = tuple(one.login for one in STAFF if one.role is Role.ASSESSOR)
AUDITORS = tuple(one.login for one in STAFF if one.role is Role.AUDITOR)
SUPERVISOR_OF: Mapping[str, str] = {one.unit: one.login for one in STAFF if one.role is Role.SUPERVISOR}
#: Whose desk a visitor of the demo may sit at: the widest view of each role.
SEATS: Mapping[Role, str] = {
    Role.CLERK: CLERK,
    Role.COORDINATOR: COORDINATOR,
    Role.MEDIATOR: "zhaowenbo",
    Role.SUPERVISOR: SUPERVISOR_OF["centre"],
    Role.ASSESSOR: "xuzhiheng",
    Role.AUDITOR: "qinguanlan",
    Role.ADMINISTRATOR: "youzian",
}


class OfficeIsThere(Exception):
    """A demo is only built in an empty database: it must never stand beside real cases."""


def found_demo_office(connection: Connection, *, now: datetime) -> Stage:
    """The office, its units and its people. Raises `OfficeIsThere`."""
    if connection.execute(select(func.count()).select_from(Office)).scalar_one():
        raise OfficeIsThere
    establish(
        connection,
        name=OFFICE_NAME,
        short_name=SHORT_NAME,
        profiles=PROFILES,
        now=now,
        demo=True,
    )
    units: dict[str, UnitId] = {}
    for key, name, kind, parent in UNITS:
        above = units[parent] if parent else None
        units[key] = add_unit(connection, name=name, kind=kind, parent=above, takes_intake=kind == "centre", now=now)
    accounts = {
        login: add_account(
            connection,
            unit=units[unit],
            role=role,
            login=login,
            name=name,
            email=f"{login}@demo.invalid",
            now=now,
            language=language,
        )
        for login, name, unit, role, language in STAFF
    }
    people = {login: actor_of(connection, account) for login, account in accounts.items()}
    return Stage(people=people, units=units)
