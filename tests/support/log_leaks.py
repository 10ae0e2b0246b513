"""Every way in which a library or Python itself prints an error's message, each with a comment in it. A script."""

import asyncio
import gc
import logging
import threading
import warnings

from streamlit import error_util
from streamlit.logger import get_logger

from core.logs import set_up_logs
from core.settings import Settings
from pages.shared import streamlit_logs

CANARY = "canary\x1b[2J\nFAKE LINE\u2028you idiot"


class Dying:
    """Fails when it is collected."""

    def __del__(self) -> None:
        raise ValueError(CANARY)


def fail() -> None:
    """An error whose words are a comment, caused by another."""
    try:
        raise KeyError(CANARY)
    except KeyError as cause:
        raise ValueError(CANARY) from cause


async def forget() -> None:
    """A task that fails, and that nobody looks at."""

    async def task() -> None:
        fail()

    asyncio.get_running_loop().create_task(task())
    await asyncio.sleep(0.01)
    gc.collect()


def main() -> None:
    """All of them, the last one ends the process."""
    set_up_logs(Settings())
    streamlit_logs.take_over()
    try:
        fail()
    except ValueError as error:
        error_util._log_uncaught_app_exception(error)
        get_logger("made.later").exception("a page failed: %s", error)
        logging.getLogger("some.library").warning("it says %s", error)
        logging.getLogger("some.library").error(error)
        logging.getLogger("moderato").error("ours", exc_info=error)
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)
    logging.getLogger("uvicorn.access").info('"POST /v1alpha1/comments:analyze?key=%s"', CANARY)
    get_logger("websockets").debug("< TEXT %s", CANARY)
    warnings.warn(CANARY, stacklevel=1)
    asyncio.run(forget())
    thread = threading.Thread(target=fail, name="failing")
    thread.start()
    thread.join()
    Dying()
    logging.getLogger("moderato").warning("a name with\nFAKE LINE\x1b[2J in it", extra={"key": "k\nFAKE"})
    fail()


if __name__ == "__main__":
    main()
