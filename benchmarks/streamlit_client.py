"""A browser's side of Streamlit's websocket without a browser: many of them fit into one process."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect


class Client:
    """One tab on one page: runs its script, keeps widget states, and repeats what the page wants repeated."""

    def __init__(self, port: int, page: str, person: str) -> None:
        self._port, self._page, self._person = port, page, person
        self._socket: ClientConnection | None = None
        self._hash = ""
        self._states: dict[str, str] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._ran = asyncio.Event()
        self.on_component: Callable[[str, str, dict[str, Any]], None] = lambda _id, _fragment, _data: None
        """Called with widget id, fragment id and data of every component that came."""
        self.name = ""
        """Component that `on_component` is about."""
        self.errors: Counter[str] = Counter()
        self.runs = 0
        """Script and fragment runs that ended."""

    async def open(self) -> None:
        """Connect and wait for the first run of the page to end."""
        server = f"127.0.0.1:{self._port}"
        self._socket = await connect(
            f"ws://{server}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=f"http://{server}",
            additional_headers={"Cookie": f"moderato_name={self._person}"},
            max_size=None,
            compression=None,
            ping_interval=None,
        )
        self._reader = asyncio.create_task(self._read())
        await self._rerun("")
        await asyncio.wait_for(self._ran.wait(), 60)

    async def close(self) -> None:
        """Leave."""
        for task in (*self._timers.values(), self._reader):
            if task:
                task.cancel()
        if self._socket:
            await self._socket.close()

    async def set_state(self, widget: str, fragment: str, state: dict[str, Any]) -> None:
        """Set a component's state, which runs its fragment."""
        self._states[widget] = json.dumps(state)
        await self._rerun(fragment)

    async def _rerun(self, fragment: str, *, by_timer: bool = False) -> None:
        ask = BackMsg()
        run = ask.rerun_script
        run.query_string, run.page_name, run.fragment_id = "", self._page, fragment
        run.page_script_hash, run.is_auto_rerun = self._hash, by_timer
        for widget, state in self._states.items():
            sent = run.widget_states.widgets.add()
            sent.id, sent.json_value = widget, state
        if self._socket:
            await self._socket.send(ask.SerializeToString())

    async def _read(self) -> None:
        try:
            async for raw in self._socket or ():
                message = ForwardMsg()
                message.ParseFromString(raw)
                self._take(message)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.errors[f"connection: {type(error).__name__}"] += 1
        else:
            self.errors["the server closed the connection"] += 1

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._hash = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:  # a run of the whole page
                self._stop_timers(list(self._timers))
        elif kind == "script_finished":
            self.runs += 1
            self._ran.set()
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            self._stop_timers(list(message.stop_auto_rerun.fragment_ids))
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta.new_element, message.delta.fragment_id)

    def _element(self, element: Any, fragment: str) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors[f"page: {element.exception.type}"] += 1
        elif kind == "alert" and element.alert.format == 1:
            self.errors[f"page: {element.alert.body[:80]}"] += 1
        elif kind == "bidi_component" and element.bidi_component.component_name == self.name:
            self.on_component(element.bidi_component.id, fragment, json.loads(element.bidi_component.json))

    def _start_timer(self, fragment: str, seconds: float) -> None:
        if fragment in self._timers:
            self._timers[fragment].cancel()
        self._timers[fragment] = asyncio.create_task(self._repeat(fragment, seconds))

    def _stop_timers(self, fragments: list[str]) -> None:
        for fragment in fragments:
            if timer := self._timers.pop(fragment, None):
                timer.cancel()

    async def _repeat(self, fragment: str, seconds: float) -> None:
        with suppress(Exception):  # a closed connection is noted by its reader
            while True:
                await asyncio.sleep(seconds)
                await self._rerun(fragment, by_timer=True)
