"""The ASGI application: Streamlit, the routes beside it, security headers, and the embedded worker's life."""

import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware

import api.local
from api.company import CompanyRoutes
from api.door import Door
from api.guard import SameOrigin, SecurityHeaders
from api.perspective.routes import build_routes
from api.programs import ProgramsAt
from api.sign_in import HANDLERS, SignInRoutes
from api.sockets import send_at_once
from core.metrics.ahead import FoldAhead
from core.reach import check_reach
from core.settings import LOOPBACK, Settings
from core.worker import EmbeddedWorker
from pages.shared import chart
from pages.shared.resources import services

log = logging.getLogger("moderato")
programs = ProgramsAt(services)


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Open the database and run the embedded worker while the server runs."""
    address = st.get_option("server.address")
    wired = services()
    check_reach(wired, "" if address in LOOPBACK else address or "all addresses")
    send_at_once(st.get_option("server.port"))
    worker = EmbeddedWorker(wired.build_worker("dashboard")) if wired.settings.embedded_worker else None
    gc.collect()
    sys.setswitchinterval(0.0005)  # the worker's threads must not make a page's wait for five milliseconds at a time
    gc.freeze()  # later collections need not walk what the imports left, which keeps pages quick
    if worker:
        worker.start()
    wired.search_index.start()
    ahead = FoldAhead(wired.metrics)
    ahead.start()
    try:
        yield
    finally:
        await programs.close()
        ahead.stop()
        wired.search_index.stop()
        if worker:
            worker.stop()
        wired.close()


app = st.App(
    "pages/router.py",
    lifespan=lifespan,
    routes=[
        *api.local.routes,
        *chart.routes,
        *build_routes(programs),
        *SignInRoutes(services).routes,
        *CompanyRoutes(services, Settings()).routes,
    ],
    middleware=[Middleware(SecurityHeaders), Middleware(SameOrigin), Middleware(Door, services=services)],
    exception_handlers=HANDLERS,
)
