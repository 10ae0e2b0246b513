"""The operations: read, ask the services in a thread, answer."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from anyio import to_thread
from pydantic import ValidationError
from starlette.requests import Request

from api.perspective.answers import to_utf16
from api.programs import Programs
from api.rest import told
from api.rest.answers import (
    CommentOut,
    ErrorAt,
    Ledger,
    LookedUp,
    MetricsOut,
    Models,
    PolicyOut,
    Received,
    Span,
    TextsOut,
)
from api.rest.problems import CURSOR_AHEAD, INVALID, NOT_FOUND, Failed
from api.rest.reading import check, check_query, errors_of, pointer, read_body, read_json
from api.rest.requests import (
    Batch,
    CommentIn,
    Lookup,
    Nothing,
    OneComment,
    Since,
    TextsIn,
    Which,
)
from core.batcher import Overloaded
from core.domain import NewComment
from core.errors import BadInput, Conflict
from core.keys import ApiKey
from core.program_comments import Fault
from core.sentences import split_sentences

Result = TypeVar("Result")

MOST_COMMENTS_BODY: Final = 16 * 2**20
MOST_TEXTS_BODY: Final = 2**19
"""Bytes. What the model reads within a second or two: others wait behind it."""
MOST_SENTENCES: Final = 500
_MOST_WAITING: Final = 64
"""Requests that wait for a thread; more are told to come back."""
_LOCAL: Final = "api"
"""Source of comments that came without a key and without a source."""


async def add_comments(request: Request, programs: Programs, key: ApiKey | None) -> Received:
    """Comments in."""
    body = await read_body(request, MOST_COMMENTS_BODY)
    return await _in_thread(programs, lambda: _add(body, programs, key.name if key else _LOCAL))


async def get_comment(request: Request, programs: Programs, _key: ApiKey | None) -> CommentOut:
    """One comment."""
    wanted = check_query(OneComment, request)
    found = await _in_thread(programs, lambda: programs.services.program_reads.by_id(wanted.id))
    if found is None:
        raise Failed(NOT_FOUND, f"There is no comment {wanted.id}.")
    return told.comment(found)


async def find_comments(request: Request, programs: Programs, _key: ApiKey | None) -> LookedUp:
    """Comments by external id."""
    wanted = check_query(Lookup, request)
    reads = programs.services.program_reads
    found = await _in_thread(programs, lambda: reads.by_external_id(wanted.source, wanted.external_id))
    there = {standing.comment.external_id for standing in found}
    absent = [name for name in dict.fromkeys(wanted.external_id) if name not in there]
    erased = await _in_thread(programs, lambda: reads.erased(wanted.source, absent)) if absent else []
    missing = [name for name in absent if name not in erased]
    return LookedUp(comments=[told.comment(standing) for standing in found], erased=erased, missing=missing)


async def list_decisions(request: Request, programs: Programs, _key: ApiKey | None) -> Ledger:
    """The ledger from a cursor on."""
    wanted = check_query(Since, request)
    reads = programs.services.program_reads
    try:
        page = await _in_thread(programs, lambda: reads.ledger(wanted.after, wanted.limit, wanted.source))
    except Conflict as error:
        raise Failed(CURSOR_AHEAD, str(error)) from None
    return Ledger(decisions=[told.entry(one) for one in page.entries], next=page.next, more=page.more)


async def score_texts(request: Request, programs: Programs, _key: ApiKey | None) -> TextsOut:
    """Scores, in one call of the model with whatever else is asked at the moment."""
    wanted = check(TextsIn, read_json(await read_body(request, MOST_TEXTS_BODY)))
    parts = _parts(wanted)
    texts = [*wanted.texts, *(text[a:b] for text, cuts in zip(wanted.texts, parts, strict=True) for a, b in cuts)]
    version, scores = await programs.batcher.score(texts)
    policy = await _in_thread(programs, programs.services.policies.active)
    spans = iter(scores[len(wanted.texts) :])
    results = []
    for text, row, cuts in zip(wanted.texts, scores, parts, strict=False):
        places = to_utf16(text, cuts) if wanted.offsets == "utf16" else cuts
        found = [Span(begin=a, end=b, labels=told.probabilities(next(spans))) for a, b in places]
        results.append(told.scored_text(row, policy.thresholds, found if wanted.spans else None))
    return TextsOut(model=version.name, policy=policy.id, results=results)


async def list_models(request: Request, programs: Programs, _key: ApiKey | None) -> Models:
    """All versions."""
    check_query(Nothing, request)
    return told.models(await _in_thread(programs, programs.services.registry.list_models))


async def get_policy(request: Request, programs: Programs, _key: ApiKey | None) -> PolicyOut:
    """The policy that holds."""
    check_query(Nothing, request)
    return told.policy(await _in_thread(programs, programs.services.policies.active))


async def get_metrics(request: Request, programs: Programs, _key: ApiKey | None) -> MetricsOut:
    """Both views of a model."""
    wanted = check_query(Which, request)
    return await _in_thread(programs, lambda: told.metrics(programs.services, wanted.model, wanted.days))


def _add(body: bytes, programs: Programs, source: str) -> Received:
    """In a thread: what reading 1,000 comments costs must not hold up others."""
    sent = check(Batch[Any], read_json(body))
    errors: dict[int, list[ErrorAt]] = {}
    comments: list[NewComment | tuple[Fault, ...]] = []
    for at, one in enumerate(sent.comments):
        try:
            found = CommentIn.model_validate(one)
            comments.append(NewComment(source="", **found.model_dump()))
        except ValidationError as error:
            errors[at] = errors_of(error, ("comments", at))
            comments.append(())
    try:
        results = programs.services.program_comments.add(sent.source or source, comments)
    except BadInput as error:
        raise Failed(INVALID, "The body does not fit.", errors=[_at(("source",), str(error))]) from None
    for at, result in enumerate(results):
        if result.faults:
            errors[at] = [_at(("comments", at, fault.field), fault.reason) for fault in result.faults]
    return told.received((sent.source or source).strip(), sent.comments, results, errors)


def _at(path: tuple[str | int, ...], words: str) -> ErrorAt:
    return ErrorAt(pointer=pointer(path), detail=words[:1].upper() + words[1:])


def _parts(wanted: TextsIn) -> list[list[tuple[int, int]]]:
    """The stretches of each text that are scored for themselves. Raises Failed for too much."""
    parts = [split_sentences(text) if wanted.spans else [] for text in wanted.texts]
    if (many := sum(map(len, parts))) > MOST_SENTENCES:
        words = f"The texts have {many:,} sentences; with spans, send {MOST_SENTENCES} at a time at most."
        raise Failed(INVALID, "The body does not fit.", errors=[_at(("texts",), words)])
    return parts


async def _in_thread(programs: Programs, work: Callable[[], Result]) -> Result:
    """The database is asked in few threads of their own: a flood of programs leaves the pages theirs."""
    threads = programs.threads
    if threads.statistics().tasks_waiting >= _MOST_WAITING:
        raise Overloaded(1)
    return await to_thread.run_sync(work, limiter=threads)
