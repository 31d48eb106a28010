"""What makes a version of a check broken rather than slower: whose it is, of what kind, and what shows it."""

from results.blocks import SIDES
from results.check import Trouble, TroubleKind
from runners.block import BrokenSideError
from runners.load.job import TurnsOutcome

FAILURE_SHARE = 0.001
"""As in a run: more failures than these, and what was measured is not the app (`results/rules/answers.py`)."""
FEWEST_FAILURES, FEW_SHARE = 3, 0.01
"""One may be a kept connection that the server closed just when it was used again."""
TIMEOUT_KINDS = ("timeout", "unfinished")


class TroubleError(Exception):
    """There is nothing to compare, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


def of_failures(outcome: TurnsOutcome, turns: int) -> Trouble | None:
    """What failed under load in a block of so many turns, if a side failed too often.

    The base comes first, as the head may have it from there; but a block that was cut short was so by the side that
    failed in its last turn.
    """
    ended_by = outcome.slices[-1].side if len(outcome.slices) < turns else None
    for one in sorted(outcome.failures, key=lambda found: (found.side != ended_by, SIDES.index(found.side))):
        few = one.failed < FEWEST_FAILURES and one.share <= FEW_SHARE
        if one.side != ended_by and (few or one.share <= FAILURE_SHARE):
            continue
        most = max(one.kinds, key=lambda kind: one.kinds[kind])
        kinds = ", ".join(f"{count:,} × {kind}" for kind, count in one.kinds.items())
        return Trouble(
            kind="hangs" if most in TIMEOUT_KINDS else "fails",
            side=one.side,
            message=f"of {one.requests:,} requests to the {one.side} {one.failed:,} failed: {kinds}",
            details=tuple(one.examples.values()),
            hint="its log has more",
        )
    return None


def of_broken(broken: BrokenSideError) -> Trouble:
    """A server that did not come up, or ended."""
    kind: TroubleKind = "dies" if broken.breakdown.stage == "run" else "hangs" if broken.hung else "does not start"
    return Trouble(
        kind=kind,
        side=broken.side,
        message=f"the {broken.side}: {broken}",
        details=broken.log_tail,
        hint=broken.breakdown.hint,
    )
