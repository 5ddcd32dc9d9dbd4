"""The valve: a reply's source that two may hold back, the client who reads slowly and a guard who judges slowly."""

from collections.abc import Callable

from gateway.reply import Flow, Source


class Valve:
    """The source flows while neither holds it. Once it is ``closed`` nobody is there to wait for anything."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._client_slow = False
        self.held = False
        self.closed = False
        self.on_close: Callable[[], None] = lambda: None

    def begin(self, flow: Flow) -> None:
        self._source.begin(flow)

    def pause(self) -> None:
        self._client_slow = True
        self._source.pause()

    def resume(self) -> None:
        self._client_slow = False
        if not self.held:
            self._source.resume()

    def hold(self) -> None:
        """For the guard."""
        if not self.held:
            self.held = True
            self._source.pause()

    def let_flow(self) -> None:
        """For the guard."""
        if self.held:
            self.held = False
            if not self._client_slow:
                self._source.resume()

    def cancel(self) -> None:
        self.closed = True
        self._source.cancel()
        self.on_close()
