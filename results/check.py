"""The types of a check, as it is stored: two versions of one app, the blocks that were measured, the verdict."""

from dataclasses import dataclass
from typing import Literal

from results.blocks import Block, Side
from results.decision import Decision, Rules
from results.errors import ExitCode
from results.plan import App, Asked, Budget, Interface, Parameters, Variant
from results.record import Machine

# History of the schema, newest first.
#   1  first version
CHECK_SCHEMA_VERSION = 1

TroubleKind = Literal["not importable", "does not start", "dies", "hangs", "fails", "answers differently"]
CheckVerdict = Literal["passed", "improved", "regressed", "inconclusive", "broken", "different"]


@dataclass(frozen=True, kw_only=True)
class Version:
    """What was compared, as it was asked for; `commit` is null outside git; `dirty`: it was changed since."""

    name: str
    commit: str | None
    dirty: bool

    @property
    def label(self) -> str:
        """Short, for screens and pages."""
        if self.commit is None:
            return self.name
        short = self.commit[:9]
        named = short if self.commit.startswith(self.name) else f"{self.name} ({short})"
        return f"{named}, changed" if self.dirty else named


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Why there is nothing to compare: a version that does not serve, or that does not answer alike.

    Attributes:
        kind: what kind of trouble.
        side: whose; null where both differ from each other.
        message: one line.
        details: what shows it: log lines, or a difference.
        hint: the next step.
    """

    kind: TroubleKind
    side: Side | None
    message: str
    details: tuple[str, ...]
    hint: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a check asks, and of what.

    Attributes:
        server, interface: the deployment.
        scenario, variant, parameters: what is asked for; `asked` where that is no scenario.
        budget, load_cpus: what server and load may use.
        users: of each side.
        rules: of the decision.
        max_time_s: for the blocks.
    """

    server: str
    interface: Interface
    scenario: str
    variant: Variant | None
    parameters: Parameters
    asked: Asked | None
    budget: Budget
    load_cpus: tuple[int, ...]
    users: int
    timeout_s: float
    rules: Rules
    max_time_s: float

    @property
    def name(self) -> str:
        """As `uvicorn/orm-read/async`, or with paths `uvicorn: /a/, /b/`."""
        if self.asked is not None:
            return f"{self.server}: {', '.join(dict.fromkeys(self.asked.paths))}"
        return "/".join(filter(None, (self.server, self.scenario, self.variant)))


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check, as far as it has come.

    Attributes:
        versions: of what was compared.
        apps, packages, commands: of each side what is served, by what, and how.
        load_packages: of what the load is made with.
        notes: what one should know beside the verdict.
        trial: block 0, by which turns and rate were chosen; it counts for nothing else.
        blocks: those that count.
        trouble: null where both serve alike.
        decision: null before the first look.
        wall_s: since it was begun, preparations included.
    """

    schema: int
    name: str
    started_at: str
    question: Question
    versions: dict[Side, Version]
    apps: dict[Side, App]
    packages: dict[Side, dict[str, str]]
    commands: dict[Side, tuple[str, ...]]
    load_packages: dict[str, str]
    machine: Machine
    notes: tuple[str, ...] = ()
    trial: Block | None = None
    blocks: tuple[Block, ...] = ()
    trouble: Trouble | None = None
    decision: Decision | None = None
    wall_s: float = 0.0

    @property
    def verdict(self) -> CheckVerdict:
        if self.trouble is not None:
            return "different" if self.trouble.kind == "answers differently" else "broken"
        return self.decision.verdict if self.decision is not None else "inconclusive"


def exit_code(verdict: CheckVerdict, inconclusive: Literal["pass", "fail"] | None) -> ExitCode:
    """What to exit with; `inconclusive` says what that is to count as."""
    if verdict == "inconclusive" and inconclusive is not None:
        return ExitCode.DONE if inconclusive == "pass" else ExitCode.REGRESSED
    return {
        "passed": ExitCode.DONE,
        "improved": ExitCode.DONE,
        "regressed": ExitCode.REGRESSED,
        "inconclusive": ExitCode.INCONCLUSIVE,
        "broken": ExitCode.NOT_MEASURED,
        "different": ExitCode.NOT_MEASURED,
    }[verdict]
