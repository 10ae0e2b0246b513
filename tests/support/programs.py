"""Programs that call the API: an application of its routes alone, and keys to call it with."""

from collections.abc import Collection

import numpy as np
from starlette.applications import Starlette

from api.perspective.routes import build_routes
from api.programs import ProgramsAt
from api.rest.routes import build_rest_routes
from core.accounts import local_person
from core.keys import ApiKey, Scope
from core.services import Services
from core.suggestions import Sent
from tests.support.queue import TOXIC

ANALYZE, SUGGEST = "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore"


def application(services: Services) -> Starlette:
    """The API's routes on these services."""
    programs = ProgramsAt(lambda: services)
    made = Starlette(routes=[*build_routes(programs), *build_rest_routes(programs)])
    made.state.programs = programs
    return made


def make_key(services: Services, name: str = "forum", scopes: Collection[Scope] = tuple(Scope), **limits) -> str:
    """A new key's secret."""
    options = {"rate": None, "daily": None, **limits}
    return services.keys.create(name, scopes, by=local_person("Root"), **options)[1]


def question(text: str = "You are an idiot.", *attributes: str, **more) -> dict:
    """An analyze request."""
    asked = {name: {} for name in attributes or ("TOXICITY",)}
    return {"comment": {"text": text}, "requestedAttributes": asked, **more}


def correction(text: str = "You are an idiot.", **more) -> dict:
    """A suggestscore request; scores by attribute."""
    scores = more.pop("scores", {"TOXICITY": 0})
    given = {name: {"summaryScore": {"value": value}} for name, value in scores.items()}
    return {"comment": {"text": text}, "attributeScores": given, **more}


def send(services: Services, key: ApiKey, text="You are an idiot.", source="site", scores=TOXIC, **given: bool) -> int:
    """A suggestion that names labels, "not toxic" without any; returns its id."""
    sent = Sent(text, source, given or {"toxic": False}, {"TOXICITY": 0.0})
    live = services.registry.require_live()
    return services.suggestions.add(sent, key, version=live, scores=np.array([scores], np.float32))
