"""Waiting for ``async`` features from plain code, also where a loop runs already, as in Jupyter."""

from __future__ import annotations

import threading
from types import CoroutineType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class Awaiter:
    """An event loop on a thread of its own; it starts with the first coroutine.

    Coroutines of several threads wait together on it. Changes only by starting and closing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def finished(self, value: Any) -> Any:
        """Return what a coroutine gives, or any other value as it is."""
        if type(value) is not CoroutineType:
            return value
        import asyncio

        future = asyncio.run_coroutine_threadsafe(value, self._started())
        try:
            return future.result()
        except BaseException:  # an interrupt must not leave it running
            future.cancel()
            raise

    def close(self) -> None:
        """End the loop, where one was started; what still waits is cancelled."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            import asyncio

            asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="feature-loop", daemon=True
                )
                self._thread.start()
            return self._loop


async def _cancel_others() -> None:
    import asyncio

    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
