"""Debian's Chromium, told what to do by its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

PROGRAM = shutil.which("chromium")
START_TIMEOUT_S = 30.0


class Page:
    """A page that is open. What it asks for and what it complains of is kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._count = 0
        self.requested: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """What the browser answers."""
        self._count += 1
        self._connection.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=30))
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def open(self, url: str) -> None:
        """Open an address and wait until it has loaded."""
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 20
        while self.run("document.readyState") != "complete" or self.run("location.href") == "about:blank":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str, *, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "")

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif (
            message["method"] == "Runtime.exceptionThrown"
            or message["method"] == "Log.entryAdded"
            or parameters.get("type") in ("error", "warning")
        ):
            self.complaints.append(json.dumps(parameters))


@contextmanager
def page() -> Iterator[Page]:
    """A page of a browser of its own, ended with it."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        options = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-port=0",
            "--window-size=1000,800",
        )
        process = subprocess.Popen(
            [PROGRAM, *options, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_address(Path(folder) / "DevToolsActivePort"), max_size=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(told: Path) -> str:
    """Where the page's DevTools listen, which the browser writes into a file when it is up."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (told.is_file() and told.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    port = told.read_text().split()[0]
    pages = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
    return str(next(one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"))
