"""The routes of the Perspective dialect."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from api.cors import ConfiguredCors
from api.perspective.answers import attribute_scores, stretches, texts_of
from api.perspective.checks import Wanted, check_analyze, check_languages, check_suggestion
from api.perspective.discovery import discovery_document
from api.perspective.errors import Problem, bad_key, no_key, no_model, not_in_scope, over_limit, refused
from api.perspective.fields import Mask, parse_fields, select
from api.perspective.messages import AnalyzeRequest, SuggestRequest, read
from api.programs import Programs, ProgramsAt, needs_no_key, secret_of
from core.api_intake import source_of
from core.batcher import Overloaded
from core.domain import ModelVersion
from core.errors import DatabaseTrouble, ModelUnavailable, ModeratoError
from core.key_ring import OverLimit
from core.keys import ApiKey, Scope
from core.log_text import whereabouts
from core.old_scale import to_ranks
from core.routing import is_probability
from core.scoring.protocol import Scores
from core.suggestions import Sent
from core.text import storable

log = logging.getLogger("moderato.api")

MOST_BODY: Final = 1_048_576

Handler = Callable[[Request, Programs], Awaitable[dict[str, Any]]]


def build_routes(programs: ProgramsAt) -> list[BaseRoute]:
    """The routes, with CORS for the configured origins."""
    cors = Middleware(ConfiguredCors, origins=lambda: programs().settings.api_origins)

    def route(path: str, handler: Handler, *methods: str) -> Route:
        return Route(path, _answering(handler, programs), methods=list(methods), middleware=[cors])

    return [
        route("/v1alpha1/comments:analyze", _analyze, "POST", "OPTIONS"),
        route("/v1alpha1/comments:suggestscore", _suggest, "POST", "OPTIONS"),
        route("/$discovery/rest", _discover, "GET", "OPTIONS"),
        route("/v1alpha1/{rest:path}", _nothing, "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"),
    ]


def _answering(handler: Handler, programs: ProgramsAt) -> Callable[[Request], Awaitable[Response]]:
    """Turn what a handler returns or raises into an answer. An unforeseen error is told to nobody but the log."""

    async def answer(request: Request) -> Response:
        try:
            if request.method == "OPTIONS":  # a preflight was answered before
                return Response(status_code=204)
            mask, pretty = _presentation(request)
            found = await handler(request, programs())
            return _json(select(found, mask) if mask else found, pretty=pretty)
        except Problem as problem:
            return problem.response()
        except (OverLimit, Overloaded) as error:
            return over_limit(str(error), error.retry_after).response()
        except (ModelUnavailable, DatabaseTrouble) as error:
            return no_model(str(error)).response()
        except ModeratoError as error:
            return refused(str(error)).response()
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        except Exception as error:
            log.error("a program's request failed: %s", whereabouts(error))
            return Problem(500, "Internal error encountered.").response()

    return answer


async def _analyze(request: Request, programs: Programs) -> dict[str, Any]:
    key = await _caller(request, programs, Scope.ANALYZE)
    message = read(await _body(request), AnalyzeRequest)
    wanted = check_analyze(message, _languages(programs))
    source = storable(message.comment.text or "") if message.comment else ""
    stores = bool(programs.settings.api_store and key and not message.do_not_store)
    if stores and programs.intake.is_full:
        raise Overloaded(1)
    parts = stretches(wanted.shown, sentences=bool(message.span_annotations))
    _, scores = await programs.batcher.score(texts_of(wanted.shown, parts))
    if stores and key:
        programs.intake.add(wanted.shown.text.strip(), source_of(message.community_id, key.name), message.client_token)
    return _analysis(wanted, source, parts, _scaled(scores, programs), message.client_token)


def _analysis(
    wanted: Wanted, source: str, parts: list[tuple[int, int]], scores: Scores, client_token: str | None
) -> dict[str, Any]:
    answer: dict[str, Any] = {"attributeScores": attribute_scores(wanted, source, parts, scores)}
    if wanted.languages:
        answer["languages"] = list(wanted.languages)
    return answer | ({"clientToken": client_token} if client_token else {})


async def _suggest(request: Request, programs: Programs) -> dict[str, Any]:
    if (key := await _caller(request, programs, Scope.SUGGEST)) is None:
        raise no_key()
    message = read(await _body(request), SuggestRequest)
    shown, scores, given = check_suggestion(message)
    languages = check_languages(message.languages, next(iter(scores)), _languages(programs), shown)
    version, model_scores = await programs.batcher.score([shown.text])
    _refuse_unscored(model_scores, version)
    sent = Sent(shown.text.strip(), source_of(message.community_id, key.name), given, scores, message.client_token)
    await to_thread.run_sync(lambda: programs.services.suggestions.add(sent, key, version=version, scores=model_scores))
    answer: dict[str, Any] = {"requestedLanguages": list(languages)} if message.languages else {}
    return answer | ({"clientToken": message.client_token} if message.client_token else {})


async def _discover(request: Request, programs: Programs) -> dict[str, Any]:
    secret, known = secret_of(request), await programs.ring.known()
    if secret and not known.find(secret) and not await needs_no_key(request, programs, known):
        raise bad_key()
    if (version := request.query_params.get("version", "v1alpha1")) != "v1alpha1":
        raise Problem(404, f"Discovery document not found for version {version[:40]}.")
    return discovery_document(str(request.base_url))


async def _nothing(request: Request, programs: Programs) -> dict[str, Any]:  # noqa: ARG001 (a Handler)
    raise Problem(404, "Method not found.")


async def _caller(request: Request, programs: Programs, scope: Scope) -> ApiKey | None:
    """The key that asks; None for somebody on this machine who tries things out. Raises Problem, OverLimit."""
    secret, known = secret_of(request), await programs.ring.known()
    if scope is Scope.ANALYZE and await needs_no_key(request, programs, known):
        return None
    if secret is None:
        raise no_key()
    key = known.find(secret)
    if key is None:
        raise bad_key()
    if scope not in key.scopes:
        raise not_in_scope(scope)
    programs.ring.admit(key)
    return key


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise refused(f"Request payload size exceeds the limit: {MOST_BODY} bytes.")
    return bytes(body)


def _presentation(request: Request) -> tuple[Mask, bool]:
    query = request.query_params
    if query.get("alt", "json") != "json":
        raise refused("The only representation there is is json: leave `alt` out, or set it to json.")
    fields = query.get("fields") or request.headers.get("x-goog-fieldmask")
    return parse_fields(fields) if fields else {}, query.get("prettyPrint", "false").lower() in {"true", "1"}


def _json(found: dict[str, Any], *, pretty: bool) -> Response:
    if not pretty:
        return JSONResponse(found)
    return Response(json.dumps(found, indent=2, ensure_ascii=False) + "\n", media_type="application/json")


def _languages(programs: Programs) -> list[str]:
    return [code.strip() for code in programs.settings.api_languages.split(",") if code.strip()] or ["en"]


def _scaled(scores: Scores, programs: Programs) -> Scores:
    _refuse_unscored(scores, None)
    return to_ranks(scores) if programs.settings.api_scale == "quantile" else scores


def _refuse_unscored(scores: Scores, version: ModelVersion | None) -> None:
    if not is_probability(scores).all():
        name = f"Model {version.name}" if version else "The live model"
        raise ModelUnavailable(f"{name} fails on this comment, which stays not scored.")
