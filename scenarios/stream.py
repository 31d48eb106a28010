"""The answer comes in pieces. By hand: `locust -f scenarios/stream.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "a streamed answer of five chunks 20 ms apart, or as many server-sent events; its first byte is timed",
    "paths": {
        "sync": "/stream/sync?chunks={chunks}&gap_ms={gap_ms}&format={format}",
        "async": "/stream/async?chunks={chunks}&gap_ms={gap_ms}&format={format}",
    },
    "users": 32,
    "parameters": {"chunks": 5, "gap_ms": 20, "format": ["text", "events"]},
    "most": {"chunks": 1000, "gap_ms": 10_000},
}
PIECES = {"text": "chunk {}\n", "events": "data: chunk {}\n\n"}


class Stream(BenchUser):
    scenario = SCENARIO
    times_first_byte = True

    def on_start(self) -> None:
        piece = PIECES[str(self.parameters["format"])]
        self.expected = "".join(piece.format(number) for number in range(int(self.parameters["chunks"]))).encode()

    @task
    def read(self) -> None:
        self.get(self.path, expect=self.expected)
