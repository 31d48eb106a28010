"""A connection that also knows when the first byte of an answer's body came."""

from typing import Any

from runners.load.connection import Connection


class StreamConnection(Connection):
    """As `Connection`, which need not look at the clock for every answer.

    `first_byte_ns` is 0 if there was no body, or if the whole answer came at once and was that which came before.
    """

    def exchange(self, request: Any) -> int:
        self.first_byte_ns = 0
        return super().exchange(request)

    def on_body(self, body: bytes) -> None:
        if not self._pieces:
            self.first_byte_ns = self.arrived_ns
        super().on_body(body)
