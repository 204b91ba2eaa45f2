"""How I am told: mails now or by digest, quiet hours, and a calendar of my due dates that my telephone subscribes to."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from infra.db import transaction, written_at_once
from ledger.chain import OFFICE_STREAM, lock_head
from people.signin import sign_in_name_of
from people.telling import HOURS, OF_LIGHTS, OF_NEWS, Chosen, choose_telling, read_phone, telling_of
from people.tokens import (
    LASTS_DAYS,
    TooManyTokens,
    calendars_of,
    end_token,
    find_bearer,
    issue_calendar,
    note_token_used,
)
from web.access import PUBLIC, STAFF, get, post
from web.context import Context, Ctx, NoSuchPage
from web.own_password import asks_password, fault_of_own_password
from web.pages import render, see_other, whole_seconds
from web.posted import Form
from web.presenters.due_dates import calendar_of
from web.presenters.own_account import token_view
from web.slowing import wait_after_token
from words import Words

ENDING = ".ics"


@get("/account/telling", who=STAFF)
def telling_page(ctx: Ctx) -> Response:
    return _page(ctx)


@post("/account/telling", who=STAFF)
def choose(ctx: Ctx, form: Form) -> Response:
    typed = {name: form.one(name) for name in ("lights", "news", "quiet_from", "quiet_until", "phone")}
    chosen, phone = _chosen(typed), read_phone(typed["phone"])
    errors = {"quiet_from": "telling.quiet"} if chosen is None else {}
    if typed["phone"] and phone is None:
        errors["phone"] = "telling.phone.wrong"
    if chosen is None or errors:
        return _page(ctx, typed=typed, errors=errors, status=422)
    chosen = replace(chosen, phone=phone)
    with transaction(ctx.engine) as connection:
        lock_head(connection, OFFICE_STREAM)
        choose_telling(connection, ctx.me.id, chosen, actor=ctx.actor, now=ctx.now)
    return see_other("/account/telling", done="telling_chosen")


@post("/account/calendar", who=STAFF)
def begin_feed(ctx: Ctx, form: Form) -> Response:
    """Shows the address, this once. There is one: a new one ends the one before."""
    own, request = ctx.me, form.form_id
    if wrong := fault_of_own_password(ctx, own.id, form.one("password")):
        code, seconds = wrong
        return _page(ctx, errors={"password": code}, seconds=seconds, status=429 if seconds else 422)
    try:
        with transaction(ctx.engine) as connection:
            lock_head(connection, OFFICE_STREAM)  # a double click waits here
            name = Words(ctx.language)("calendar_feed.name")
            token = issue_calendar(connection, own, name=name, now=ctx.now, request=request)
    except TooManyTokens:
        return _page(ctx, errors={"password": "token.too_many"}, status=422)
    if token is None:
        return see_other("/account/telling")
    return _page(ctx, address=f"{ctx.site.settings.base_url()}/calendar/{token}{ENDING}")


@post("/account/calendar/end", who=STAFF, dated=False)
def end_feed(ctx: Ctx, form: Form) -> Response:
    with transaction(ctx.engine) as connection:
        end_token(connection, ctx.me.id, form.one("token"), actor=ctx.actor, now=ctx.now)
    return see_other("/account/telling", done="feed_ended")


@get("/calendar/{name}", who=PUBLIC)
def feed(ctx: Ctx, name: str) -> Response:
    """The calendar of whoever has the address. One that opens nothing is no page, and is counted like any token that is tried."""
    token = name.removesuffix(ENDING)
    with ctx.reading() as connection:
        bearer = find_bearer(connection, token, now=ctx.now, for_calendar=True) if name.endswith(ENDING) else None
        content = calendar_of(connection, ctx, bearer.person) if bearer else ""
    if bearer is None:
        if wait := wait_after_token(ctx.request, token, now=ctx.now):
            return Response(status_code=429, headers={"Retry-After": str(whole_seconds(wait))})
        raise NoSuchPage
    if bearer.needs_noting:
        used = bearer.name
        written_at_once(ctx.engine, lambda connection: note_token_used(connection, used, now=ctx.now))
    return Response(content, media_type="text/calendar; charset=utf-8")


def _chosen(typed: Mapping[str, str]) -> Chosen | None:
    """What was chosen; None for what is not offered, or hours of which one is missing or which are the same."""
    if typed["lights"] not in OF_LIGHTS or typed["news"] not in OF_NEWS:
        return None
    hours = [typed["quiet_from"], typed["quiet_until"]]
    if hours == ["", ""]:
        return Chosen(lights=typed["lights"], news=typed["news"])
    if hours[0] == hours[1] or not {*hours} <= {str(hour) for hour in HOURS}:
        return None
    return Chosen(lights=typed["lights"], news=typed["news"], quiet=(int(hours[0]), int(hours[1])))


def _page(
    ctx: Context, *, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None, seconds: int = 0,
    address: str | None = None, status: int = 200,
) -> Response:  # fmt: skip
    own = ctx.me
    with ctx.reading() as connection:
        chosen = telling_of(connection, own.id)
        feeds = [token_view(one, ctx) for one in calendars_of(connection, own.id, now=ctx.now)]
        login = sign_in_name_of(connection, own.id)
    begins, ends = chosen.quiet or ("", "")
    shown = {
        "lights": chosen.lights,
        "news": chosen.news,
        "quiet_from": str(begins),
        "quiet_until": str(ends),
        "phone": chosen.phone or "",
    }
    return render(
        ctx, "pages/telling.html", status=status, typed=typed or shown, errors=errors or {}, seconds=seconds, feeds=feeds,
        address=address, login=login, asks_password=asks_password(ctx), of_lights=OF_LIGHTS, of_news=OF_NEWS, hours=HOURS, texts=bool(ctx.site.settings.sms_url),
        days=max(LASTS_DAYS),
    )  # fmt: skip
