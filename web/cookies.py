"""The session's cookie, begun and ended."""

from starlette.responses import Response

from infra.db import transaction
from infra.settings import Settings
from people.signin import end_session
from web.context import SESSION_COOKIE, Context


def start(response: Response, token: str, settings: Settings) -> Response:
    response.set_cookie(SESSION_COOKIE, token, path="/", httponly=True, samesite="lax", secure=settings.secure_cookies)
    return response


def end(ctx: Context, response: Response) -> Response:
    """Ends the session on the server too, so that a copied cookie is worth nothing."""
    token = ctx.request.cookies.get(SESSION_COOKIE)
    if token:
        with transaction(ctx.engine) as connection:
            end_session(connection, token)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response
