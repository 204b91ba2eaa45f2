"""Figures for whatever collects them (Prometheus): requests by route, the age of each job's work, the outbox.

They are given on an address of their own, `HUIYIN_METRICS_PORT` of this machine, and never by the pages. Several workers
count into files of one folder, which the program that started them adds up.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import Engine, func, select

from cases.jobruns import all_runs
from infra.db import reading
from infra.settings import Settings
from ledger.tables import Message

log = logging.getLogger(__name__)

#: Where the library finds the counts of several processes.
HERE = "127.0.0.1"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
_message = Message.__table__.c  # type: ignore[attr-defined]


class OfficeFigures:
    """Asked of the database each time somebody collects."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            yield from self._collected(datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 (the edge to the library, which would print what the driver said)
            log.warning("figures cannot be read", extra={"error": type(error).__name__})

    def _collected(self, now: datetime) -> Iterator[GaugeMetricFamily]:
        with reading(self._engine) as connection:
            runs = all_runs(connection)
            waiting, dead = (
                connection.execute(select(func.count()).where(test)).scalar_one()
                for test in (_message.next_try_at.is_not(None), _message.dead_at.is_not(None))
            )
        ages = GaugeMetricFamily("huiyin_job_age_seconds", "Since a job last went well", labels=["job"])
        failing = GaugeMetricFamily("huiyin_job_failing", "1 while a job fails at every run", labels=["job"])
        for run in runs:
            if run.succeeded_at:
                ages.add_metric([run.job], (now - run.succeeded_at).total_seconds())
            failing.add_metric([run.job], float(run.failing_since is not None))
        mails = GaugeMetricFamily("huiyin_mails", "Mails that wait, and that were given up", labels=["state"])
        mails.add_metric(["waiting"], waiting)
        mails.add_metric(["dead"], dead)
        yield from (ages, failing, mails)


def _started(port: int, registry: CollectorRegistry) -> tuple[WSGIServer, Thread]:
    try:
        return start_http_server(port, addr=HERE, registry=registry)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{HERE}:{port}") from None  # the address is what has to be changed


@contextmanager
def given_out(engine: Engine, settings: Settings, *, workers: int = 1) -> Iterator[None]:
    """While the block runs, if the office has set a port. The workers are started inside it."""
    if not settings.metrics_port:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="huiyin-figures-") as folder:
        registry: CollectorRegistry = REGISTRY
        if workers > 1:
            os.environ[SHARED] = folder
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        figures = OfficeFigures(engine)
        registry.register(figures)
        server, thread = _started(settings.metrics_port, registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            registry.unregister(figures)
