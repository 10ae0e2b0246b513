"""What can be asked: each operation once, for the routes, the OpenAPI document and its page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import BaseModel
from starlette.requests import Request

from api.programs import Programs
from api.rest import answers, handlers, problems, requests
from api.rest.problems import Kind
from core.keys import ApiKey, Scope

Handler = Callable[[Request, Programs, ApiKey | None], Awaitable[BaseModel]]

_ALWAYS = (
    problems.NO_KEY,
    problems.BAD_KEY,
    problems.NOT_IN_SCOPE,
    problems.INVALID,
    problems.OVER_LIMIT,
    problems.INTERNAL,
    problems.NO_DATABASE,
)
_BODY = (problems.BAD_JSON, problems.TOO_LARGE, problems.BAD_TYPE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    name: str
    method: str
    path: str
    """Beneath /api/v1; {name} stands for a parameter."""
    scope: Scope
    summary: str
    description: str
    handler: Handler
    answer: type[BaseModel]
    query: type[BaseModel] = requests.Nothing
    """Parameters, those of the path too."""
    body: type[BaseModel] | None = None
    more_problems: tuple[Kind, ...] = field(default=())

    @property
    def problems(self) -> tuple[Kind, ...]:
        """The kinds of problems that it may answer with."""
        return (*_ALWAYS, *(_BODY if self.body else ()), *self.more_problems)


OPERATIONS = (
    Operation(
        "addComments", "POST", "/comments", Scope.INGEST, "Send comments in",
        "Up to 1,000 at a time, in one transaction. A comment is known by `source` and `external_id`: sent again, it "
        "changes nothing. Each is new, known or refused for itself; one that is refused costs the others nothing. New "
        "ones wait for scores, which takes seconds.",
        handlers.add_comments, answers.Received, body=requests.CommentsIn,
    ),
    Operation(
        "getComment", "GET", "/comments/{id}", Scope.READ, "One comment",
        "Where it stands, its scores, and every decision on it. Not its text.",
        handlers.get_comment, answers.CommentOut, query=requests.OneComment, more_problems=(problems.NOT_FOUND,),
    ),
    Operation(
        "findComments", "GET", "/comments", Scope.READ, "Comments by external id",
        "Where up to 100 comments of a source stand, by your own ids: repeat `external_id`. Those that it does not "
        "have are listed as missing.",
        handlers.find_comments, answers.LookedUp, query=requests.Lookup,
    ),
    Operation(
        "listDecisions", "GET", "/decisions", Scope.READ, "Decisions since a cursor",
        "The ledger in the order in which it was written, revocations too. Ask with `after` = the last `next`: nothing "
        "is missed or told twice, however many people decide meanwhile.",
        handlers.list_decisions, answers.Ledger, query=requests.Since, more_problems=(problems.CURSOR_AHEAD,),
    ),
    Operation(
        "scoreTexts", "POST", "/score", Scope.ANALYZE, "Score without storing",
        "Up to 100 texts by the live model. Nothing of them is kept.",
        handlers.score_texts, answers.TextsOut, body=requests.TextsIn, more_problems=(problems.NO_MODEL,),
    ),
    Operation(
        "listModels", "GET", "/models", Scope.READ, "Models", "Every version of the model, and which one is live.",
        handlers.list_models, answers.Models,
    ),
    Operation(
        "getPolicy", "GET", "/policy", Scope.READ, "Policy", "The policy that holds: thresholds and audit rates.",
        handlers.get_policy, answers.PolicyOut,
    ),
    Operation(
        "getMetrics", "GET", "/metrics", Scope.READ, "Metrics",
        "What a model is worth, per label: as reviewed and of all traffic, each with a 95 % interval.",
        handlers.get_metrics, answers.MetricsOut, query=requests.Which,
        more_problems=(problems.NOT_FOUND, problems.NO_MODEL),
    ),
)  # fmt: skip
