"""The anchors as the auditor's desk lists them: to download, to keep, and how to check a record against them."""

from starlette.responses import Response

from cases.anchors import WANTED_AUDITORS, anchor_text, file_name, list_anchors
from infra.signing import public_key
from people.directory import active_with_role
from people.office_keys import ANCHORS, pins
from web.access import AUDIT, SmallId, get
from web.context import Ctx, NoSuchPage
from web.pages import render
from workflow.model import Role


@get("/anchors", who=AUDIT)
def anchors(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        found = list_anchors(connection)
        auditors = len(active_with_role(connection, Role.AUDITOR))
        pin = pins(connection).get(ANCHORS)
    rows = [(line, ctx.minute(line.made_at)) for line in found]
    return render(
        ctx, "pages/anchors.html", rows=rows, too_few=auditors < WANTED_AUDITORS, auditors=auditors,
        key=(pin and pin.public) or public_key(ctx.site.settings.home),
    )  # fmt: skip


@get("/anchors/{anchor}", who=AUDIT)
def anchor_file(ctx: Ctx, anchor: SmallId) -> Response:
    """The text as it was signed, byte for byte."""
    with ctx.reading() as connection:
        text = anchor_text(connection, anchor)
    if text is None:
        raise NoSuchPage
    headers = {"Content-Disposition": f'attachment; filename="{file_name(anchor)}"'}
    return Response(text.encode(), media_type="text/plain; charset=utf-8", headers=headers)
