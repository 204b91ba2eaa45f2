"""Where passkeys are good: at the address by which people reach the office, and at no other."""

from people.passkeys import Place, place_of
from web.context import Context, NoSuchPage


def passkey_place(ctx: Context) -> Place:
    """Raises `NoSuchPage` where no browser has passkeys."""
    place = place_of(ctx.site.settings.base_url())
    if place is None:
        raise NoSuchPage
    return place


def passkeys_are_offered(ctx: Context) -> bool:
    """Whether a browser that asks for us by this name can have any."""
    place = place_of(ctx.site.settings.base_url())
    return place is not None and ctx.request.headers.get("host", "").rsplit(":", 1)[0].lower() == place.name
