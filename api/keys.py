"""Under which key something is taken once: the form id of a program (docs/decisions/0017).

A form id has to be one that nobody guesses, because the tracking code of a matter follows from it. What a program says is not: the
id is made of it with a secret of the office, and is another for each account. A token that is changed changes nothing.
"""

import hashlib
import hmac

from sqlalchemy import Connection

from people.office_keys import LINKS, pins, secret_at_hand, secret_of_office
from web.context import Context

#: What a key is for: the header, or the number that an order has where it comes from.
BY_HEADER, BY_ORDER = "header", "order"
LENGTH = 32


def form_id_for(connection: Connection, ctx: Context, kind: str, key: str) -> str:
    """The form id of this account's key, in the transaction that it is for; the first use makes the secret. Raises what
    `people/office_keys.py` raises."""
    return _form_id(secret_of_office(connection, ctx.site.settings.home, LINKS, now=ctx.now), ctx, kind, key)


def form_id_known(connection: Connection, ctx: Context, kind: str, key: str) -> str | None:
    """The same without making a secret; None where nothing can have been sent."""
    if LINKS not in pins(connection):
        return None
    return _form_id(secret_at_hand(connection, ctx.site.settings.home, LINKS), ctx, kind, key)


def _form_id(secret: bytes, ctx: Context, kind: str, key: str) -> str:
    said = "\0".join(("program", kind, str(ctx.actor.account), key))
    return hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()[:LENGTH]
