"""Findings: a claim that people make about deployments, what follows from it, and what would confirm or refute that.

Each is one TOML file in `results/findings/`; docs/findings.md walks through one.
"""

from pathlib import Path
from typing import Literal

import msgspec

from results.errors import BenchError
from results.matrix import FEATURES, Feature, Status
from results.plan import Database, Interface, Variant

FOLDER = Path(__file__).resolve().parent / "findings"

Metric = Literal["throughput", "p50", "p99", "CPU per request"]


class Setup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What cases must share to be measured in one run.

    Attributes:
        workers: processes of a server.
        threads: of each, where it has any; null: what the bench gives by itself.
        all_cpus: the server may use all CPUs, and shares one with the load; else each has its own.
        database: for scenarios that need one.
    """

    workers: int = 1
    threads: int | None = None
    all_cpus: bool = False
    database: Database = "sqlite"

    @property
    def label(self) -> str:
        """A short name, as `1-worker` or `2-workers-all-cpus`."""
        parts = [f"{self.workers}-worker{'s' if self.workers > 1 else ''}"]
        parts += [f"{self.threads}-threads"] * (self.threads is not None)
        parts += ["all-cpus"] * self.all_cpus
        parts += [self.database] * (self.database != "sqlite")
        return "-".join(parts)


class CaseAsked(Setup, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that a claim rests on; `set` are those of the scenario's parameters that are not at their defaults."""

    server: str
    scenario: str
    variant: Variant
    set: dict[str, int | str] = {}
    users: int | None = None

    @property
    def setup(self) -> Setup:
        return Setup(workers=self.workers, threads=self.threads, all_cpus=self.all_cpus, database=self.database)

    @property
    def name(self) -> str:
        """The name of the case in its run."""
        settings = ",".join(f"{name}={value}" for name, value in self.set.items())
        point = f"{self.users}users" if self.users is not None else ""
        return "/".join(part for part in (self.server, self.scenario, self.variant, settings, point) if part)


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is expected, in a few words; a `control` that is not met leaves its claim undecided, never refuted."""

    that: str
    control: bool = False


class RatioExpected(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many times a figure of the cases `of` is that of each of the cases `to`, or that many ms (`to_ms`).

    It is confirmed by an interval from `at_least` to `at_most`, and refuted by one beyond these, or only by one beyond
    `refuted_beyond`, which lies farther off: between them is what nobody would call either. Without bounds the ratio
    is only told.
    """

    metric: Metric
    of: tuple[str, ...]
    to: tuple[str, ...] = ()
    to_ms: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    refuted_beyond: float | None = None

    @property
    def decides(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    @property
    def pairs(self) -> int:
        """How many ratios it has."""
        return len(self.of) * max(1, len(self.to))


class StatusExpected(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what status a case is, and what was seen of it has `says` in it."""

    case: str
    status: tuple[Status, ...]
    says: str = ""


class FeatureExpected(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether servers speak something."""

    servers: tuple[str, ...]
    feature: Feature
    status: tuple[Status, ...]


class StartExpected(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a command line serves the app: `BIND`, `PORT` and `APP` stand for address, port and import path.

    It is not tried where one of the packages that it `needs` is missing. `says` must be in what it writes, and
    `says_nothing_of` must not; Python is told to show all warnings.
    """

    argv: tuple[str, ...]
    interface: Interface
    needs: tuple[str, ...]
    status: tuple[Status, ...]
    says: str = ""
    says_nothing_of: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One claim.

    Attributes:
        claim: as people make it.
        follows: what would be seen if it held, in a sentence or two.
        cases: what is measured for it, by a name of its own.
        ratio, status, feature, start: what is expected of that; all of it must be confirmed.
        note: what must be known to read it rightly.
    """

    claim: str
    follows: str
    cases: dict[str, CaseAsked] = {}
    ratio: tuple[RatioExpected, ...] = ()
    status: tuple[StatusExpected, ...] = ()
    feature: tuple[FeatureExpected, ...] = ()
    start: tuple[StartExpected, ...] = ()
    note: str = ""


def discover(folder: Path = FOLDER) -> dict[str, Finding]:
    """All findings in the order of their files, by name: `sleeping-worker` for `01-sleeping-worker.toml`.

    Raises:
        BenchError: a file is not as it should be, with what is wrong in it.
    """
    found: dict[str, Finding] = {}
    for path in sorted(folder.glob("*.toml")):
        name = path.stem.partition("-")[2] if path.stem[:1].isdigit() else path.stem
        if name in found:
            raise BenchError(f"there are two findings {name!r}")
        found[name] = _read(path)
    return found


def in_words_of(current: Finding | None, measured: Finding) -> Finding:
    """`measured`, or `current` if that differs in words alone: words may be corrected later, bounds and cases not."""
    if current is None or _wordless(current) != _wordless(measured):
        return measured
    return current


def _wordless(finding: Finding) -> Finding:
    """What is measured, and what decides."""
    return msgspec.structs.replace(
        finding,
        claim="",
        follows="",
        note="",
        ratio=tuple(msgspec.structs.replace(one, that="") for one in finding.ratio),
        status=tuple(msgspec.structs.replace(one, that="") for one in finding.status),
        feature=tuple(msgspec.structs.replace(one, that="") for one in finding.feature),
        start=tuple(msgspec.structs.replace(one, that="") for one in finding.start),
    )


def _read(path: Path) -> Finding:
    try:
        finding = msgspec.toml.decode(path.read_bytes(), type=Finding)
        _check(finding)
    except (ValueError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BenchError(f"finding {path.name} is not as it should be: {error}", hint="see docs/findings.md") from error
    return finding


def _check(finding: Finding) -> None:
    """What types cannot say."""
    named = [name for one in finding.ratio for name in (*one.of, *one.to)] + [one.case for one in finding.status]
    for name in named:
        if name not in finding.cases:
            raise ValueError(f"there is no case {name!r} among its cases")
    unused = sorted(set(finding.cases) - set(named))
    if unused:
        raise ValueError(f"nothing is expected of its case {unused[0]!r}")
    for one in finding.ratio:
        _check_ratio(one)
    unknown = [one.feature for one in finding.feature if one.feature not in FEATURES]
    if unknown:
        raise ValueError(f"there is no feature {unknown[0]!r}")
    if not (finding.ratio or finding.status or finding.feature or finding.start):
        raise ValueError("it expects nothing")


def _check_ratio(one: RatioExpected) -> None:
    if not one.of or bool(one.to) == (one.to_ms is not None):
        raise ValueError(f"{one.that!r} needs `of`, and either `to` or `to_ms`")
    if one.to_ms is not None and (one.metric not in ("p50", "p99") or one.to_ms <= 0):
        raise ValueError(f"{one.that!r}: `to_ms` is of latencies, and positive")
    if one.at_least is not None and one.at_most is not None and one.at_least >= one.at_most:
        raise ValueError(f"{one.that!r}: `at_least` is not less than `at_most`")
    if one.refuted_beyond is not None and (one.at_least is None) == (one.at_most is None):
        raise ValueError(f"{one.that!r}: `refuted_beyond` goes with either `at_least` or `at_most`")
