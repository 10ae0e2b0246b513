"""The discovery document, from which Google's generic clients build themselves."""

from typing import Any, Final

_STRING: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_NUMBER: Final = {"type": "number", "format": "float"}
_WHOLE: Final = {"type": "integer", "format": "int32"}


def discovery_document(root_url: str) -> dict[str, Any]:
    """The document of a server at `root_url`, which ends with a slash."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "canonicalName": "Comment Analyzer",
        "version": "v1alpha1",
        "revision": "20261125",
        "title": "Perspective Comment Analyzer API, as Moderato speaks it",
        "description": "Scores comments, and takes corrections of scores.",
        "documentationLink": "https://developers.perspectiveapi.com/",
        "ownerName": "Moderato",
        "protocol": "rest",
        "rootUrl": root_url,
        "servicePath": "",
        "baseUrl": root_url,
        "basePath": "",
        "batchPath": "batch",
        "fullyEncodeReservedExpansion": True,
        "version_module": True,
        "parameters": _PARAMETERS,
        "schemas": _SCHEMAS,
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "Analyzes a text and returns scores for the requested attributes."),
                    "suggestscore": _method("suggestscore", "Suggests scores of a comment, as training data."),
                }
            }
        },
    }


def _method(name: str, description: str) -> dict[str, Any]:
    request, response = _MESSAGES[name]
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": f"v1alpha1/comments:{name}",
        "flatPath": f"v1alpha1/comments:{name}",
        "httpMethod": "POST",
        "description": description,
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": request},
        "response": {"$ref": response},
        "scopes": ["https://www.googleapis.com/auth/userinfo.email"],
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": name}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _map(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


def _schema(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": "object", "properties": properties}


def _enum(*names: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(names), "enumDescriptions": [""] * len(names)}


def _parameter(description: str, kind: dict[str, Any] = _STRING, **more: Any) -> dict[str, Any]:
    return {**kind, "location": "query", "description": description, **more}


_MESSAGES: Final = {
    "analyze": ("AnalyzeCommentRequest", "AnalyzeCommentResponse"),
    "suggestscore": ("SuggestCommentScoreRequest", "SuggestCommentScoreResponse"),
}
_PARAMETERS: Final = {
    "$.xgafv": _parameter("V1 error format.", _enum("1", "2")),
    "alt": _parameter("Data format for response.", _enum("json"), default="json"),
    "fields": _parameter("Selector specifying which fields to include in a partial response."),
    "key": _parameter("API key."),
    "prettyPrint": _parameter("Returns response with indentations and line breaks.", _FLAG, default="false"),
    "quotaUser": _parameter("Accepted, and not used."),
}
_SCORE_TYPE: Final = _enum("SCORE_TYPE_UNSPECIFIED", "PROBABILITY")
_COMMON: Final = {
    "comment": _ref("TextEntry"),
    "context": _ref("Context"),
    "languages": _list(_STRING),
    "clientToken": _STRING,
    "communityId": _STRING,
    "sessionId": _STRING,
}
_SCHEMAS: Final = {
    made["id"]: made
    for made in (
        _schema("TextEntry", text=_STRING, type=_enum("TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")),
        _schema("ArticleAndParentComment", article=_ref("TextEntry"), parentComment=_ref("TextEntry")),
        _schema("Context", entries=_list(_ref("TextEntry")), articleAndParentComment=_ref("ArticleAndParentComment")),
        _schema("AttributeParameters", scoreType=_SCORE_TYPE, scoreThreshold=_NUMBER),
        _schema("Score", value=_NUMBER, type=_SCORE_TYPE),
        _schema("SpanScore", begin=_WHOLE, end=_WHOLE, score=_ref("Score")),
        _schema("AttributeScores", summaryScore=_ref("Score"), spanScores=_list(_ref("SpanScore"))),
        _schema(
            "AnalyzeCommentRequest",
            **_COMMON,
            requestedAttributes=_map(_ref("AttributeParameters")),
            doNotStore=_FLAG,
            spanAnnotations=_FLAG,
            dropUnsupportedAttributes=_FLAG,
        ),
        _schema(
            "AnalyzeCommentResponse",
            attributeScores=_map(_ref("AttributeScores")),
            languages=_list(_STRING),
            detectedLanguages=_list(_STRING),
            clientToken=_STRING,
        ),
        _schema("SuggestCommentScoreRequest", **_COMMON, attributeScores=_map(_ref("AttributeScores"))),
        _schema(
            "SuggestCommentScoreResponse",
            clientToken=_STRING,
            detectedLanguages=_list(_STRING),
            requestedLanguages=_list(_STRING),
        ),
    )
}
