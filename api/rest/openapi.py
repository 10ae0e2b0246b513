"""The OpenAPI 3.1 document, made from the operations and their models: it cannot say anything else than they do."""

import re
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.rest.answers import Problem
from api.rest.operations import OPERATIONS, Operation
from api.rest.problems import MEDIA_TYPE, OVER_LIMIT, Kind

BASE: Final = "/api/v1"
_REF: Final = "#/components/schemas/{model}"
_ABOUT: Final = (
    "Send comments in, read where they stand and what people decide, score texts, read models, policy and metrics. "
    "A comment that is *not scored* is never said to be clean. Answers never hold a comment's text."
)
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of Moderato's Admin page."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


@lru_cache(maxsize=1)
def openapi_document() -> dict[str, Any]:
    """The document. Do not change what is returned."""
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(BASE + operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Moderato", "version": "1", "description": _ABOUT},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in _SECURITY],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }


def _schemas() -> dict[str, Any]:
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    for operation in OPERATIONS:
        asked.append((operation.answer, "serialization"))
        asked += [(operation.body, "validation")] if operation.body else []
    found = models_json_schema(asked, ref_template=_REF)[1]["$defs"]
    return {name: _plain(schema) for name, schema in sorted(found.items())}


def _plain(schema: Any) -> Any:
    """Without the titles that pydantic makes of names."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _plain(one) for name, one in schema.items() if name != "title" or not isinstance(one, str)}


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"{operation.description}\n\nNeeds the scope `{operation.scope}`.",
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(operation.body)}}}
    return made


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    schema = operation.query.model_json_schema()
    in_path, required = re.findall(r"{(\w+)}", operation.path), schema.get("required", [])
    made = []
    for name, found in schema.get("properties", {}).items():
        plain = {key: value for key, value in found.items() if key not in {"title", "description"}}
        place = "path" if name in in_path else "query"
        parameter = {"name": name, "in": place, "required": name in required}
        made.append(parameter | {"description": found.get("description", ""), "schema": _given(plain)})
    return made


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not: there is no null in an address."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


def _responses(operation: Operation) -> dict[str, Any]:
    answer = {"description": operation.summary, "content": {"application/json": {"schema": _ref(operation.answer)}}}
    made: dict[str, Any] = {"200": answer}
    by_status: dict[int, list[Kind]] = {}
    for kind in operation.problems:
        by_status.setdefault(kind.status, []).append(kind)
    for status, kinds in sorted(by_status.items()):
        made[str(status)] = _problem(kinds)
    return made


def _problem(kinds: list[Kind]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": "; ".join(f"{kind.title} ({kind.name})" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": _ref(Problem)}},
    }
    if any(kind.status in (OVER_LIMIT.status, 503) for kind in kinds):
        made["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return made


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=re.sub(r"[^\w.-]", "_", model.__name__))}
