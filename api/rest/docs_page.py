"""The page of docs: the OpenAPI document as HTML, without a script and without anything from elsewhere."""

import json
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from api.rest.openapi import BASE, openapi_document
from api.rest.problems import KINDS, MEDIA_TYPE

_HEAD: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>Moderato REST API</title><link rel="icon" href="data:,"><style>{style}</style></head><body><main>"""
_KEYS: Final = (
    "Send a key as <code>Authorization: Bearer KEY</code> or <code>X-API-Key: KEY</code>. An administrator makes keys "
    "on the Admin page, or with <code>moderato keys create NAME --scope ingest --scope read</code>. Until "
    "there is a key or an account, programs on the same machine need none. In the examples "
    "<code>$MODERATO</code> is this server's address."
)
_PARTS: Final = "#/components/schemas/"


@lru_cache(maxsize=1)
def docs_page() -> str:
    """The whole page."""
    document = openapi_document()
    operations = [
        (method.upper(), path, found) for path, item in document["paths"].items() for method, found in item.items()
    ]
    parts = [
        _HEAD.format(style=files("api.rest").joinpath("docs.css").read_text("utf-8")),
        f"<h1>Moderato REST API</h1><p>{_words(document['info']['description'])}</p><p>{_KEYS}</p>",
        f'<p><a href="{BASE}/openapi.json">OpenAPI document</a></p>',
        _contents(operations),
        *(_operation(*one) for one in operations),
        '<h2 id="shapes">Shapes</h2>',
        *(_shape(name, schema) for name, schema in document["components"]["schemas"].items()),
        _problems(),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def _contents(operations: list[tuple[str, str, dict[str, Any]]]) -> str:
    items = "".join(
        f'<li><a href="#{found["operationId"]}"><b class="{method.lower()}">{method}</b> '
        f"<code>{escape(path)}</code></a> <span>{escape(found['summary'])}</span></li>"
        for method, path, found in operations
    )
    more = '<li><a href="#shapes">Shapes</a></li><li><a href="#problems">Problems</a></li>'
    return f'<nav aria-label="Contents"><ul>{items}{more}</ul></nav>'


def _operation(method: str, path: str, found: dict[str, Any]) -> str:
    name, body = found["operationId"], found.get("requestBody")
    parts = [f'<section><h2 id="{name}">{escape(found["summary"])}</h2>']
    parts.append(f'<p class="at"><b class="{method.lower()}">{method}</b> <code>{escape(path)}</code></p>')
    parts += [f"<p>{_words(text)}</p>" for text in found["description"].split("\n\n")]
    parts.append(_fields(found["parameters"], "Parameter"))
    if body:
        parts.append(f"<p>Body: {_kind(body['content']['application/json']['schema'])}</p>")
    answer = found["responses"]["200"]["content"]["application/json"]["schema"]
    parts.append(f"<p>Answer: {_kind(answer)}. Problems: {_problem_links(found)}.</p>")
    return "".join(parts) + f'<pre tabindex="0"><code>{escape(_curl(method, path, found))}</code></pre></section>'


def _fields(parameters: list[dict[str, Any]], title: str) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><th scope=row><code>{escape(one['name'])}</code>{_needed(one['required'])}</th>"
        f"<td>{_kind(one['schema'])}{_limits(one['schema'])}</td><td>{_words(one['description'])}</td></tr>"
        for one in parameters
    )
    return f'<div class="wide"><table><tr><th>{title}</th><th>Kind</th><th>Meaning</th></tr>{rows}</table></div>'


def _shape(name: str, schema: dict[str, Any]) -> str:
    about = _words(schema.get("description", "").replace("\n", " "))
    head = f'<section><h3 id="{name}">{escape(name)}</h3><p>{about}</p>'
    if values := schema.get("enum"):
        return head + f"<p>{', '.join(f'<code>{escape(str(value))}</code>' for value in values)}</p></section>"
    required = schema.get("required", [])
    fields = [
        {"name": field, "required": field in required, "schema": found, "description": found.get("description", "")}
        for field, found in schema.get("properties", {}).items()
    ]
    return head + _fields(fields, "Name") + "</section>"


def _kind(schema: dict[str, Any]) -> str:
    """What a value is, in words."""
    if target := schema.get("$ref"):
        name = escape(target.removeprefix(_PARTS))
        return f'<a href="#{name}">{name}</a>'
    if options := schema.get("anyOf"):
        return " or ".join(map(_kind, options))
    if values := schema.get("enum"):
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    form = f" ({schema['format']})" if "format" in schema else ""
    return escape(str(schema.get("const", schema.get("type", "anything")))) + form


def _limits(schema: dict[str, Any]) -> str:
    """Sizes and defaults, in words."""
    schema = schema | next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), {})
    said = []
    for low, high, unit in (
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ):
        if high in schema:
            said.append(f"{schema.get(low, 0):,} to {schema[high]:,}{unit}")
        elif low in schema:
            said.append(f"at least {schema[low]:,}{unit}")
    if schema.get("default") is not None:
        said.append(f"default {json.dumps(schema['default'])}")
    return f"<small>{escape('; '.join(said))}</small>" if said else ""


def _needed(required: bool) -> str:
    return "" if required else "<small>optional</small>"


def _problem_links(found: dict[str, Any]) -> str:
    told = " ".join(answer["description"] for answer in found["responses"].values())
    names = [kind.name for kind in KINDS if f"({kind.name})" in told]
    return ", ".join(f'<a href="#problem-{name}">{name}</a>' for name in names)


def _problems() -> str:
    head = f'<h2 id="problems">Problems</h2><p>In the shape of RFC 9457, <code>{MEDIA_TYPE}</code>.</p>'
    items = "".join(
        f'<section><h3 id="problem-{kind.name}">{kind.name} <small>{kind.status}</small></h3>'
        f"<p><b>{escape(kind.title)}.</b> {_words(kind.meaning)}</p></section>"
        for kind in KINDS
    )
    return head + items


def _curl(method: str, path: str, found: dict[str, Any]) -> str:
    address = _EXAMPLES.get(found["operationId"], path)
    asked = f"curl -H 'Authorization: Bearer KEY' \"$MODERATO{address}\""
    if method != "POST":
        return asked
    return f"{asked} \\\n  -H 'Content-Type: application/json' \\\n  -d '{json.dumps(_BODIES[found['operationId']])}'"


def _words(text: str) -> str:
    """Escaped, with `code` and *stress*."""
    made = escape(text)
    for mark, tag in (("`", "code"), ("*", "em")):
        pieces = made.split(mark)
        made = "".join(piece if at % 2 == 0 else f"<{tag}>{piece}</{tag}>" for at, piece in enumerate(pieces))
    return made


_EXAMPLES: Final = {
    "getComment": f"{BASE}/comments/1",
    "findComments": f"{BASE}/comments?source=forum&external_id=17&external_id=18",
    "listDecisions": f"{BASE}/decisions?after=0&limit=100",
    "getMetrics": f"{BASE}/metrics?days=30",
}
_BODIES: Final[dict[str, Any]] = {
    "addComments": {"source": "forum", "comments": [{"external_id": "17", "text": "Well said!"}]},
    "scoreTexts": {"texts": ["Well said!", "You are an idiot."], "spans": True},
}
