"""A person at the dashboard without a browser: Streamlit's websocket, spoken as the browser speaks it."""

import json
import time
from types import TracebackType
from typing import Any
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.support.server import Server


class Visitor:
    """One tab. Holds what the review card was told, and the words of the latest run."""

    def __init__(self, server: Server, name: str, page: str = "") -> None:
        self.name, self.page = name, page
        self.card: dict[str, Any] = {}
        self.words = ""
        self.kinds: list[str] = []
        self._hash = self._card_id = self._fragment = ""
        self._socket = connect(
            server.url.replace("http", "ws") + "/_stcore/stream",
            subprotocols=["streamlit"],
            origin=server.url,
            additional_headers={"Cookie": f"moderato_name={name}"},
            max_size=None,
            compression=None,
            legacy=True,
        )

    def __enter__(self) -> "Visitor":
        """The tab, with the page open."""
        return self.open(self.page)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close the tab."""
        self._socket.close()

    def open(self, page: str) -> "Visitor":
        """Go to a page; waits until its script has ended."""
        self.page, self.words, self.kinds = page, "", []
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        ask.rerun_script.page_name = page
        return self._run(ask)

    def report(self, *steps: dict[str, Any]) -> list[dict[str, Any]]:
        """Tell the card's steps, as the browser does until they are answered; returns the answers."""
        beat = {"kind": "beat", "id": str(uuid4()), "have": [], "bare": [], "awake": True}
        self.words, self.kinds = "", []
        ask = BackMsg()
        state = ask.rerun_script.widget_states.widgets.add()
        state.id, state.json_value = self._card_id, json.dumps({"log": [*steps, beat]})
        ask.rerun_script.fragment_id = self._fragment
        ask.rerun_script.page_script_hash, ask.rerun_script.page_name = self._hash, self.page
        self._run(ask)
        return self.card["answers"]

    def decision(self, comment_id: int, **more: Any) -> dict[str, Any]:
        """The step that removes the comment."""
        step = {"id": str(uuid4()), "by": self.name, "kind": "decide", "comment": comment_id, "outcome": "remove"}
        return {**step, "labels": [0], "seconds": 1.0, "note": None, **more}

    def _run(self, ask: BackMsg) -> "Visitor":
        self._socket.send(ask.SerializeToString())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = ForwardMsg()
            message.ParseFromString(self._socket.recv(timeout=60))
            kind = message.WhichOneof("type")
            if kind == "script_finished":
                return self
            if kind == "new_session":
                self._hash = message.new_session.page_script_hash
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._see(message)
        raise TimeoutError("the script did not end within a minute")

    def _see(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        self.kinds.append(element.WhichOneof("type"))
        self.words += str(element)
        if element.WhichOneof("type") == "bidi_component" and element.bidi_component.component_name == "review_card":
            self.card = json.loads(element.bidi_component.json)
            self._card_id, self._fragment = element.bidi_component.id, message.delta.fragment_id
