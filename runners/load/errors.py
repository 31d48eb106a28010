"""What an exchange may end by instead of a right answer."""

EXAMPLE_CHARACTERS = 60


class ConnectTimeoutError(TimeoutError):
    """The connection was not made in time."""


class ClosedEarlyError(ConnectionError):
    """The server closed the connection before its answer was complete."""


class ExchangeError(Exception):
    """An exchange ended without a right answer, for a reason that is no error of the network's.

    Attributes:
        kind: of failure, in a few words.
        example: what was the matter.
        answered: whether the server answered at all.
    """

    def __init__(self, kind: str, example: str, *, answered: bool = False) -> None:
        super().__init__(example)
        self.kind, self.example, self.answered = kind, example, answered


def excerpt(body: bytes) -> str:
    """The beginning of what came, in one line."""
    text = " ".join(body[: 4 * EXAMPLE_CHARACTERS].decode(errors="replace").split())
    return text if len(text) <= EXAMPLE_CHARACTERS else f"{text[:EXAMPLE_CHARACTERS]}..."
