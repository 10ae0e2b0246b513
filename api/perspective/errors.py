"""Errors in Google's shape. Clients match on the names and the messages, so both are as they were."""

from typing import Any, Final

from starlette.responses import JSONResponse

from core.keys import Scope

_ERROR: Final = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Problem(Exception):
    """An answer that is an error. Its message never holds comment text."""

    def __init__(
        self, code: int, message: str, *, details: list[dict[str, Any]] | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.details, self.retry_after = code, message, details, retry_after

    def response(self) -> JSONResponse:
        """The answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": _STATUS[self.code]}
        if self.details:
            error["details"] = self.details
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse({"error": error}, self.code, headers)


def refused(message: str, error_type: str = "INVALID_REQUEST", **more: Any) -> Problem:
    """400, with the API's own kind of error."""
    return Problem(400, message, details=[{"@type": _ERROR, "errorType": error_type, **more}])


def no_language_for(attribute: str, languages: list[str]) -> Problem:
    """The attribute is not scored in those languages."""
    return refused(
        f"Attribute {attribute} does not support request languages: {', '.join(languages)}",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        languageNotSupportedByAttributeError={"attribute": attribute, "requestedLanguages": languages},
    )


def bad_json() -> Problem:
    """The body cannot be read. Says nothing of what stands in it."""
    return Problem(400, "Invalid JSON payload received. The body is not a JSON object.")


def no_key() -> Problem:
    """No key, where one is needed."""
    return Problem(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
        "form of API consumer identity to call this API.",
    )


def bad_key() -> Problem:
    """A key that is none, or none any more."""
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    return Problem(400, "API key not valid. Please pass a valid API key.", details=[reason])


def not_in_scope(scope: Scope) -> Problem:
    """A key that may not do this."""
    return Problem(403, f"This API key lacks the scope {scope}. Make another key with it, on Moderato's Admin page.")


def over_limit(message: str, retry_after: int) -> Problem:
    """Too much is asked."""
    return Problem(429, f"Quota exceeded. {message}", retry_after=retry_after)


def no_model(message: str) -> Problem:
    """Nothing can be scored at the moment."""
    return Problem(503, message, retry_after=10)
