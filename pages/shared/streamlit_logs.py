"""Streamlit's logs, and its server's, go where Moderato's go: their own handlers print errors with their words."""

import logging

import uvicorn.config
from streamlit import config
from streamlit import logger as streamlit_logger

_LOGGERS = {
    "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
    "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
}
"""uvicorn's access log has the query, and so the keys that programs send there; api/request_log.py has our own."""


def take_over() -> None:
    """Let every logger that Streamlit and uvicorn made, and will make, pass its records on to the root's handler alone.

    Streamlit gives each logger a handler of its own, through one function, anew whenever its settings are read; that
    function is replaced. A test pins that it is still there. uvicorn reads its dictionary when a server is configured:
    before this where `uvicorn app:app` starts it, so that this is called again once it runs.
    """
    config.set_option("logger.enableRich", False)  # prints errors past every logger
    streamlit_logger.setup_formatter = _pass_on
    for made in list(streamlit_logger._loggers.values()):
        _pass_on(made)
    uvicorn.config.LOGGING_CONFIG.update(handlers={}, formatters={}, loggers=_LOGGERS)
    for name, wanted in _LOGGERS.items():
        own = logging.getLogger(name)
        own.handlers.clear()
        own.setLevel(str(wanted["level"]))
        own.propagate = bool(wanted["propagate"])


def _pass_on(logger: logging.Logger) -> None:
    if own := getattr(logger, "streamlit_console_handler", None):
        logger.removeHandler(own)
    logger.propagate = logger.name != "uvicorn.access"
