"""What registering and orders share: under which profile a matter is opened, and what its receipt says."""

from api.answers import Registered
from cases.execute import Opened
from cases.numbers import case_number
from cases.tracking import in_groups
from cases.visibility import case, visible_cases
from web.context import Context, NoSuchPage
from workflow.model import Reason, Refusal
from workflow.policy import Profile


def profile_of(ctx: Context, matter: str) -> Profile:
    """The profile of that name, or of that kind of matter. Raises `Refusal` for what is not taken in here."""
    found = ctx.office.profile_of(matter)
    if found is None:
        raise Refusal((Reason(code="form.not_offered", field="matter"),))
    return ctx.office.policy.profiles[found]


def opened_answer(ctx: Context, opened: Opened) -> Registered:
    """Raises `NoSuchPage` where the matter is out of reach by now: what was sent again is not told what it is."""
    columns = (case.series, case.year, case.serial)
    with ctx.reading() as connection:
        row = connection.execute(visible_cases(ctx.actor, *columns).where(case.id == opened.case_id)).one_or_none()
    if row is None:
        raise NoSuchPage
    return Registered(
        public_id=opened.public_id, number=case_number(ctx.office.short_name, row.series, row.year, row.serial),
        tracking_code=in_groups(opened.code), proof=in_groups(opened.proof),
    )  # fmt: skip
