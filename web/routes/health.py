"""Whether the program answers and reaches its database, and whether the office's work goes on: for whatever watches it."""

from sqlalchemy import text
from starlette.responses import PlainTextResponse, Response

from cases.clock_watch import doubt_about
from cases.jobruns import all_runs
from web.access import PUBLIC, get
from web.context import Ctx


@get("/healthz", who=PUBLIC)
def health(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        connection.execute(text("SELECT 1"))
    return PlainTextResponse("ok")


#: Jobs that run every minute: later than this, lights and mails are late too. A round of mails may take five minutes and a
#: slow mail, and counts from its start.
NO_OLDER_SECONDS = {"sweep": 300, "deliver": 1200, "tally": 600}
#: What else whoever watches wants to know the age of.
WATCHED = ("backup",)


@get("/readyz", who=PUBLIC)
def ready(ctx: Ctx) -> Response:
    """One line a job: how many seconds ago it last went well. 503 if one is too old, or the clock is in doubt."""
    with ctx.reading() as connection:
        doubted = doubt_about(connection, now=ctx.now) is not None
        last = {run.job: run.succeeded_at for run in all_runs(connection)}
    ages = {
        name: int((ctx.now - at).total_seconds()) if (at := last.get(name)) else None
        for name in (*NO_OLDER_SECONDS, *WATCHED)
    }
    late = [
        name
        for name, longest in NO_OLDER_SECONDS.items()
        if (age := ages[name]) is None or not -longest <= age <= longest
    ]
    lines = [f"{name} {'never' if age is None else age}" for name, age in ages.items()]
    wrong = [*late, *(["clock"] if doubted else [])]
    said = f"not ready: {', '.join(wrong)}" if wrong else "ready"
    return PlainTextResponse("\n".join([said, *lines]) + "\n", status_code=503 if wrong else 200)
