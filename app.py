"""The ASGI application: Streamlit, the routes beside it, security headers, and the embedded worker's life."""

import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware

import api.local
from api import ops
from api.company import CompanyRoutes
from api.door import Door
from api.guard import OwnHost, SameOrigin, SecurityHeaders
from api.limits import BodyLimit, Held, SessionLimit, UploadLimit
from api.perspective.routes import build_routes
from api.programs import ProgramsAt
from api.request_log import RequestLog
from api.rest.routes import build_rest_routes
from api.sign_in import HANDLERS, SignInRoutes
from api.sockets import send_at_once
from api.words import Reader
from core.logs import set_up_logs
from core.metrics.ahead import FoldAhead
from core.reach import check_reach
from core.settings import LOOPBACK, Settings
from core.worker import EmbeddedWorker
from pages.shared import chart, streamlit_logs, trouble
from pages.shared.held_uploads import held
from pages.shared.resources import services

log = logging.getLogger("moderato")
set_up_logs(Settings())
streamlit_logs.take_over()
programs = ProgramsAt(services)
watched = ops.Ops(programs)


@cache
def settings() -> Settings:
    """Those of the running process, asked for with every request."""
    return services().settings


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Open the database and run the embedded worker while the server runs."""
    address = st.get_option("server.address")
    streamlit_logs.take_over()  # again: under `uvicorn app:app` the server set its own up before
    wired = services()
    check_reach(wired, "" if address in LOOPBACK else address or "all addresses")
    send_at_once(st.get_option("server.port"))
    worker = EmbeddedWorker(wired.build_worker("dashboard")) if wired.settings.embedded_worker else None
    gc.collect()
    sys.setswitchinterval(0.0005)  # the worker's threads must not make a page's wait for five milliseconds at a time
    gc.freeze()  # later collections need not walk what the imports left, which keeps pages quick
    if worker:
        worker.start()
    wired.start_beside()
    wired.nearest.start()
    ahead = FoldAhead(wired.metrics)
    ahead.start()
    try:
        yield
    finally:
        await programs.close()
        ahead.stop()
        wired.nearest.stop()
        wired.stop_beside()
        if worker:
            worker.stop()
        wired.close()


app = st.App(
    "pages/router.py",
    lifespan=lifespan,
    on_script_error=trouble.tell,
    routes=[
        *api.local.routes,
        *chart.routes,
        *build_routes(programs),
        *build_rest_routes(programs),
        *ops.build_routes(watched),
        *SignInRoutes(services).routes,
        *CompanyRoutes(services, Settings()).routes,
    ],
    middleware=[
        Middleware(RequestLog, meter=watched.meter),
        Middleware(Reader),
        Middleware(SecurityHeaders),
        Middleware(OwnHost, names=lambda: settings().own_names),
        Middleware(SameOrigin),
        Middleware(Door, services=services),
        Middleware(SessionLimit, settings=settings),
        Middleware(BodyLimit, settings=settings),
        Middleware(UploadLimit, settings=settings, held=lambda session: Held(*held(session))),
    ],
    exception_handlers=HANDLERS,
)
