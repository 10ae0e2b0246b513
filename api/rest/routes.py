"""The routes of the REST API. Whatever is asked beneath /api/v1, the answer is JSON, or a problem."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from api.cors import ConfiguredCors
from api.programs import ProgramsAt
from api.rest.callers import caller
from api.rest.docs_page import docs_page
from api.rest.openapi import BASE, openapi_document
from api.rest.operations import OPERATIONS, Operation
from api.rest.problems import BAD_METHOD, INTERNAL, INVALID, NO_DATABASE, NO_MODEL, NOT_FOUND, Failed, over_limit
from core.batcher import Overloaded
from core.errors import BadInput, DatabaseTrouble, ModelUnavailable, NotFound
from core.key_ring import OverLimit
from core.log_text import whereabouts

log = logging.getLogger("moderato.api")

Answer = Callable[[Request], Awaitable[Response]]

_NO_STORE: Final = {"Cache-Control": "no-store"}


class Resource:
    """What stands at one address: an answer by method, and problems for all else. An ASGI application."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = dict(answers)
        if "GET" in self._answers:
            self._answers.setdefault("HEAD", self._answers["GET"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        allow = ", ".join(sorted({*self._answers, "OPTIONS"}))
        if request.method == "OPTIONS":  # a preflight was answered before
            return Response(status_code=204, headers={"Allow": allow})
        if answer := self._answers.get(request.method):
            return await _guarded(answer, request)
        return Failed(BAD_METHOD, f"Here one can {allow}.", headers={"Allow": allow}).response()


async def _guarded(answer: Answer, request: Request) -> Response:
    """Turn what is raised into a problem. An unforeseen error is told to nobody but the log."""
    try:
        return await answer(request)
    except Failed as failed:
        return failed.response()
    except (OverLimit, Overloaded) as error:
        return over_limit(str(error), error.retry_after).response()
    except ModelUnavailable as error:
        return Failed(NO_MODEL, str(error), headers={"Retry-After": "10"}).response()
    except DatabaseTrouble as error:
        return Failed(NO_DATABASE, str(error), headers={"Retry-After": "5"}).response()
    except NotFound as error:
        return Failed(NOT_FOUND, str(error)).response()
    except BadInput as error:
        return Failed(INVALID, str(error)).response()
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:
        log.error("a program's request failed: %s", whereabouts(error))
        return Failed(INTERNAL, "Something went wrong here; the server's log says where.").response()


def build_rest_routes(programs: ProgramsAt) -> list[BaseRoute]:
    """The routes, with CORS for the configured origins."""
    cors = Middleware(ConfiguredCors, origins=lambda: programs().settings.api_origins)
    resources: dict[str, dict[str, Answer]] = {}
    for operation in OPERATIONS:
        resources.setdefault(operation.path, {})[operation.method] = _answering(operation, programs)
    resources |= {"": {"GET": _to_docs}, "/openapi.json": {"GET": _document}, "/docs": {"GET": _page}}
    resources["/{rest:path}"] = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _nothing)
    return [Route(BASE + path, Resource(found), middleware=[cors]) for path, found in resources.items()]


def _answering(operation: Operation, programs: ProgramsAt) -> Answer:
    async def answer(request: Request) -> Response:
        key = await caller(request, programs(), operation.scope)
        found = await operation.handler(request, programs(), key)
        return Response(found.model_dump_json(), media_type="application/json", headers=_NO_STORE)

    return answer


async def _document(_request: Request) -> Response:
    return Response(json.dumps(openapi_document(), ensure_ascii=False), media_type="application/json")


async def _page(_request: Request) -> Response:
    return HTMLResponse(docs_page())


async def _to_docs(_request: Request) -> Response:
    return RedirectResponse(f"{BASE}/docs", 307)


async def _nothing(_request: Request) -> Response:
    raise Failed(NOT_FOUND, f"There is nothing at this address; {BASE}/docs lists what there is.")
