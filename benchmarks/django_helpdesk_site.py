"""django-helpdesk with so many open tickets, asked for its list as a browser asks: the page, and the rows that the page fetches.

A process of its own, which `benchmarks/django_helpdesk.py` starts. `python django_helpdesk_site.py FOLDER TICKETS ROWS` says `ready` and
how many rows come, which may be so many; then, for each number on a line of stdin, it asks for the list so many times and says how many CPU seconds that took.
"""

import json
import re
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

#: This file is where django looks for addresses.
urlpatterns: list[URLPattern | URLResolver] = []


def set_up(folder: Path) -> None:
    installed = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "sites", "humanize")
    middleware = (
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    )
    processors = ("debug", "request")
    settings.configure(
        SECRET_KEY="of a benchmark",  # noqa: S106  # nobody reaches it
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["testserver"],
        SITE_ID=1,
        USE_TZ=True,
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in installed), "rest_framework", "helpdesk"],
        MIDDLEWARE=list(middleware),
        STATIC_URL="/static/",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HELPDESK_TEAMS_MODE_ENABLED=False,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "helpdesk.sqlite")}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        *(f"django.template.context_processors.{name}" for name in processors),
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
    )
    django.setup()
    urlpatterns.append(path("", include("helpdesk.urls")))


def fill(tickets: int) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from helpdesk.models import Queue, Ticket

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("coordinator", "coordinator@example.org", "of a benchmark")
    queue = Queue.objects.create(title="Room", slug="room")
    made = (Ticket(title=f"Matter {n}", queue=queue, status=1 + n % 2, description="...") for n in range(tickets))
    Ticket.objects.bulk_create(made, batch_size=5000)


def main() -> None:
    set_up(Path(sys.argv[1]))
    fill(int(sys.argv[2]))
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get())

    def asked() -> int:
        """How many rows came."""
        page = client.get("/tickets/").content.decode()
        query = re.search(r"datatables_ticket_list/([^\"/?]+)", page)
        assert query, "the page says where its rows are"
        rows = client.get(f"/datatables_ticket_list/{query[1]}?draw=1&start=0&length={sys.argv[3]}")
        return len(json.loads(rows.content)["data"])

    print("ready", asked(), flush=True)
    for line in sys.stdin:
        begun = time.process_time()
        for _ in range(int(line)):
            asked()
        print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main()
