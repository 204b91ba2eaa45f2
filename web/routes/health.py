"""Whether the program answers and reaches its database."""

from sqlalchemy import text
from starlette.responses import PlainTextResponse, Response

from infra.db import reading
from web.access import PUBLIC, get
from web.context import Ctx


@get("/healthz", who=PUBLIC)
def health(ctx: Ctx) -> Response:
    with reading(ctx.engine) as connection:
        connection.execute(text("SELECT 1"))
    return PlainTextResponse("ok")
