"""Whether two versions of an app answer alike: what a user would call the same page."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from results.blocks import SIDES, Side
from results.check import Trouble
from runners import host

TIMES = 2
"""How often each path is asked of each side: what differs from itself tells nothing by differing from the other."""
SHOWN_LINES, SHOWN_WIDTH = 12, 200
REDIRECTS = range(300, 400)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came: a status and a body, or why there was none."""

    status: int | None
    kind: str
    body: bytes
    location: str = ""
    error: str = ""
    hung: bool = False

    @property
    def text(self) -> str:
        """In a few words."""
        if self.status is None:
            return self.error
        return f"{self.status} to {self.location}" if self.status in REDIRECTS else str(self.status)


def ask(port: int, paths: Sequence[str], timeout_s: float) -> dict[str, list[Answer]]:
    """What the server on `port` answers to each path, each time it is asked."""
    with httpx.Client(base_url=f"http://{host.LOOPBACK}:{port}", timeout=timeout_s, trust_env=False) as client:
        return {path: [_ask(client, path, timeout_s) for _ in range(TIMES)] for path in dict.fromkeys(paths)}


def _ask(client: httpx.Client, path: str, timeout_s: float) -> Answer:
    try:
        answer = client.get(path)
    except httpx.TimeoutException:
        return Answer(status=None, kind="", body=b"", error=f"no answer within {timeout_s:g} s", hung=True)
    except httpx.HTTPError as error:
        return Answer(status=None, kind="", body=b"", error=f"no answer: {error}")
    return Answer(
        status=answer.status_code,
        kind=answer.headers.get("content-type", "").partition(";")[0],
        body=answer.content,
        location=answer.headers.get("location", ""),
    )


def trouble(
    answers: dict[Side, dict[str, list[Answer]]], expect_status: int | None, *, may_differ: bool
) -> Trouble | None:
    """What keeps the two from being compared; the head's answers are held against the base's.

    Args:
        answers: of each side to the same paths.
        expect_status: what is right; None: what the base says.
        may_differ: whether bodies need not be alike.
    """
    for path in answers["base"]:
        base, head = (answers[side][path][0] for side in SIDES)
        for side, answer in (("base", base), ("head", head)):
            expected = expect_status if expect_status is not None else base.status
            if answer.status is None or answer.status != expected:
                return _wrong(side, path, answer, base if side == "head" else None, expected)  # type: ignore[arg-type]  # a literal
        found = None if may_differ else _difference(path, answers["base"][path], answers["head"][path])
        if found is not None:
            return found
    return None


def unstable(answers: dict[Side, dict[str, list[Answer]]]) -> tuple[Side, str] | None:
    """A version that answers otherwise each time, and the path to which it does."""
    for side in SIDES:
        for path, found in answers[side].items():
            if len({answer.body for answer in found}) > 1:
                return side, path
    return None


def _wrong(side: Side, path: str, answer: Answer, base: Answer | None, expected: int | None) -> Trouble:
    where = f" where the base answers {base.text}" if base is not None and base.status is not None else ""
    hint = "see its log" if answer.status is None or answer.status >= 500 else "correct --path, or --expect-status"
    message = (
        f"the {side} answers {answer.text} to {path}{where}" if answer.status else f"the {side}: {path}: {answer.text}"
    )
    if answer.status in REDIRECTS and "login" in answer.location:
        message = f"the {side} sends {path} to a login ({answer.location})"
        hint = "ask for paths that need no login, or let --setup make one unnecessary"
    elif answer.status == 400:
        hint = f"a 400 by Django is often ALLOWED_HOSTS, which must have {host.LOOPBACK}"
    elif answer.status and expected is not None and where == "":
        message += f", not {expected}"
    return Trouble(
        kind="hangs" if answer.hung else "fails",
        side=side,
        message=message,
        details=tuple(_lines(answer.body))[:SHOWN_LINES],
        hint=hint,
    )


def _difference(path: str, base: Sequence[Answer], head: Sequence[Answer]) -> Trouble | None:
    first, other = base[0], head[0]
    stable = len({answer.body for answer in base}) == 1 and len({answer.body for answer in head}) == 1
    if first.kind == other.kind and (not stable or first.body == other.body):
        return None
    what = "bodies" if first.kind == other.kind else f"types, {first.kind or 'none'} and {other.kind or 'none'}"
    compared = difflib.unified_diff(_lines(first.body), _lines(other.body), "base", "head", lineterm="", n=1)
    return Trouble(
        kind="answers differently",
        side=None,
        message=f"the versions answer {path} with different {what}",
        details=tuple(list(compared)[:SHOWN_LINES]),
        hint="if it is meant to differ, say so with --different-answers",
    )


def _lines(body: bytes) -> list[str]:
    return [line[:SHOWN_WIDTH] for line in body.decode(errors="replace").splitlines()]
