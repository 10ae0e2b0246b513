"""Whatever is sent, fitting the OpenAPI document or not: answers as the document says, and never a server's error.

A short look with a fixed seed. At length: serve, then `st run http://127.0.0.1:8501/api/v1/openapi.json -n 2000`.
"""

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api.rest.openapi import openapi_document
from api.rest.operations import OPERATIONS
from core.services import build_services
from core.settings import Settings
from tests.support.programs import application, make_key
from tests.support.queue import fill_queue, flagged

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EACH_FOR_ITSELF = {"addComments"}
"""Operations that refuse a bad item in an answer that is a success: the others are taken."""
OFTEN = settings(
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def forum(ready, tmp_path_factory):
    """One client for all examples: what they leave behind is part of what the next ones meet."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "moderato.db").write_bytes((ready / "moderato.db").read_bytes())
    services = build_services(Settings(data_dir=folder))
    fill_queue(services.sessions, flagged(5))
    with TestClient(application(services), base_url="http://moderato.test", client=("192.0.2.7", 5)) as client:
        client.headers["X-API-Key"] = make_key(services)
        yield client
    services.close()


@pytest.fixture(scope="module")
def described(forum):
    """The document as Schemathesis reads it."""
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", forum.app)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_answers_are_as_the_document_says(forum, described, operation, mode):
    found = described[f"/api/v1{operation.path}"][operation.method]
    checks = [
        check for check in CHECKS if operation.name not in EACH_FOR_ITSELF or check is not negative_data_rejection
    ]
    cases = found.as_strategy(generation_mode=mode)

    @seed(20_261_125)
    @OFTEN
    @given(data=st.data())
    def ask(data):
        case = data.draw(cases)
        case.call_and_validate(headers={"X-API-Key": forum.headers["X-API-Key"]}, checks=checks)

    ask()


def test_the_document_is_an_openapi_document(described):
    described.validate()
    for schema in openapi_document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
