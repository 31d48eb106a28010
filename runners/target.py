"""A server that is already running, as the target of a load."""

import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from results.errors import BenchError, ExitCode
from results.plan import Target
from runners import paths

CONNECT_TIMEOUT_S = 10.0


def parse(url: str, asked: Sequence[str], expect_status: int, expect_text: str | None) -> Target:
    """The target that the options describe; its URL is kept without path.

    What is asked is the URL's own path, or the paths of `asked`, which may have weights (`paths.in_turn`).

    Raises:
        BenchError: the URL is not one that can be loaded, a path is none, or its weight none.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError as error:
        raise BenchError(f"{url!r} is not a URL: {error}", hint="write it as http://127.0.0.1:8000") from error
    if parts.scheme != "http" or not parts.hostname:
        raise BenchError(f"{url!r} is not an http URL", hint="write it as http://127.0.0.1:8000; TLS is not spoken")
    if parts.username is not None:
        raise BenchError("credentials in a URL would be recorded", hint="leave them out")
    if parts.port == 0:
        raise BenchError(f"{url!r} is not a URL: nobody listens on port 0", hint="write it as http://127.0.0.1:8000")
    if asked and (parts.path.strip("/") or parts.query):
        raise BenchError(f"{url!r} has a path, and --path is given", hint="give paths in one of the two ways")
    own = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not paths.is_path(own):
        raise BenchError(f"{own!r} is not a path", hint="write it as /hello?name=value, percent-encoded")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    taken = paths.in_turn(asked) or (own,)
    return Target(url=f"http://{name}:{port}", paths=taken, expect_status=expect_status, expect_text=expect_text)


def address_of(target: Target) -> tuple[str, int]:
    """Its host and port."""
    parts = urlsplit(target.url)
    return parts.hostname or "", parts.port or 80


def check(target: Target, *, allow_remote: bool, timeout_s: float) -> None:
    """See that the target may be loaded, is there, and answers within `timeout_s` as is expected of it.

    Raises:
        BenchError: it may not, is not, or does not.
    """
    name, port = address_of(target)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:  # the latter of what is no name at all
        why = error.strerror if isinstance(error, OSError) else error
        raise BenchError(
            f"target {target.url}: {name} is not known: {why}", hint="write it as http://127.0.0.1:8000"
        ) from error
    if not allow_remote and not _is_of_this_machine(found[0], found[4][0]):
        raise BenchError(
            f"target {target.url} is not on this machine",
            hint="if it is yours to load, say so with --allow-remote-target",
        )
    _check_address(target, found[0], found[4])
    with httpx.Client(base_url=target.url, timeout=timeout_s, trust_env=False) as client:
        for path in dict.fromkeys(target.paths):
            _check_path(client, target, path)


def _check_address(target: Target, family: int, address: tuple[Any, ...]) -> None:
    """See that it answers where the load goes, which is the first address of its name."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_TIMEOUT_S)
        try:
            probe.connect(address)
        except OSError as error:
            raise BenchError(
                f"target {target.url} does not answer at {address[0]}: {error.strerror or error}",
                hint="start it first, or write the address that it listens on, as http://127.0.0.1:8000",
                exit_code=ExitCode.NOT_MEASURED,
            ) from error


def _check_path(client: httpx.Client, target: Target, path: str) -> None:
    try:
        answer = client.get(path)
    except httpx.HTTPError as error:
        raise BenchError(
            f"target {target.url} does not answer: {error}", hint="start it first", exit_code=ExitCode.NOT_MEASURED
        ) from error
    if answer.status_code != target.expect_status:
        raise BenchError(
            f"target {target.url} answers {answer.status_code} to {path}, not {target.expect_status}",
            hint="mend it, or say what is right with --expect-status",
            exit_code=ExitCode.NOT_MEASURED,
        )
    if target.expect_text is not None and target.expect_text.encode() not in answer.content:
        raise BenchError(
            f"target {target.url}: {target.expect_text!r} is not in its answer to {path}",
            hint="mend it, or correct --expect-text",
            exit_code=ExitCode.NOT_MEASURED,
        )


def _is_of_this_machine(family: int, address: object) -> bool:
    """Whether this machine has the address: only then can a socket be bound to it."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
