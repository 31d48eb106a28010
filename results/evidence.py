"""A directory of findings: what was measured for them, of which all is judged again whenever it is read.

    <findings>/findings.json        the findings as they were then, and what was seen of servers beside the runs
    <findings>/runs/<setup>/        a run for all cases that share workers, threads, CPUs and database

A directory is written by `findings`, and read by it and by `publish`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from results import files
from results.errors import BenchError
from results.finding import Finding, Setup, discover, in_words_of
from results.judging import Evidence, Judged, deciding, judge
from results.matrix import Cell, Feature
from results.plan import Plan
from results.record import Record
from results.store import NOT_EMPTY, Store
from results.summary import RunSummary, summarize, summarize_case
from results.validity import conditions

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class StartSeen:
    """What came of a command line."""

    argv: tuple[str, ...]
    cell: Cell


@dataclass(frozen=True, kw_only=True)
class Probed:
    """The findings of a directory, by name, and what was seen beside its runs, with what; null until it was looked for.

    The findings are judged as they were when they were measured: nobody moves a bound after the figures are known. What
    they say in words is as it stands in the finding's file, if nothing else has changed there.
    """

    schema: int
    findings: dict[str, Finding]
    probed_at: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    features: dict[str, dict[Feature, Cell]] | None = None
    starts: tuple[StartSeen, ...] | None = None


class FindingsStore:
    """The measurements of some findings."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()

    @classmethod
    def create(cls, directory: Path, findings: Mapping[str, Finding], plans: Mapping[Setup, Plan]) -> "FindingsStore":
        """Make `directory` with a run for each of `plans`.

        Raises:
            BenchError: it exists already and is not empty, or cannot be written.
        """
        store = cls(directory)
        files.make_directory(directory, hint=NOT_EMPTY)
        for setup, plan in plans.items():
            if plan.cases or plan.left_out:
                Store.create(store._run(setup), plan)
        store.write(Probed(schema=SCHEMA, findings=dict(findings)))
        return store

    def runs(self) -> list[Store]:
        """Each of its runs."""
        go_on = f"findings --resume {self.directory}"
        return [Store(path.parent, go_on=go_on) for path in sorted(self.directory.glob("runs/*/plan.json"))]

    def write(self, probed: Probed) -> None:
        """Keep what was seen.

        Raises:
            BenchError: it cannot be written.
        """
        files.keep(self.directory / "findings.json", probed)

    def read(self) -> Probed:
        """What there is.

        Raises:
            BenchError: it is no directory of findings, or damaged, or of a newer schema.
        """
        path = self.directory / "findings.json"
        if not path.is_file():
            raise BenchError(
                f"{self.directory} has no findings.json", hint="name a directory that `bench.py findings` has written"
            )
        return files.read(path, Probed, SCHEMA, damaged="measure it again")

    def records(self) -> list[Record]:
        """Those of all its runs.

        Raises:
            BenchError: one is damaged or of a newer schema.
        """
        return [record for run in self.runs() for record in run.records()]

    def judged(self) -> tuple[list[Judged], Evidence]:
        """Its findings with what came of them, and by what.

        Raises:
            BenchError: a record is damaged or of a newer schema, or runs are of several machines or sources.
        """
        _check_alike(self.records(), self.directory)
        probed = self.read()
        evidence = self._evidence(probed)
        known = discover()
        findings = {name: in_words_of(known.get(name), finding) for name, finding in probed.findings.items()}
        return [judge(name, finding, evidence) for name, finding in findings.items()], evidence

    def _evidence(self, probed: Probed) -> Evidence:
        setups = {case.setup for finding in probed.findings.values() for case in finding.cases.values()}
        stores = {setup: Store(self._run(setup)) for setup in setups if (self._run(setup) / "plan.json").is_file()}
        plans = {setup: store.plan() for setup, store in stores.items()}
        return Evidence(
            runs={setup: _decisive(setup, plans[setup], store.records()) for setup, store in stores.items()},
            features=probed.features or {},
            starts={one.argv: one.cell for one in probed.starts or ()},
            probed_at=probed.probed_at,
            versions=probed.versions,
        )

    def _run(self, setup: Setup) -> Path:
        return self.directory / "runs" / setup.label


def _decisive(setup: Setup, plan: Plan, records: Sequence[Record]) -> RunSummary:
    """A run's summary in which each case is by those of its repeats that decide, where there are enough of them."""
    run = summarize(plan.name, plan, records)
    cases = []
    for one in run.cases:
        own = [record for record in records if record.case == one.case]
        kept = deciding(own, setup) if len(own) == plan.repeats else own
        cases.append(one if len(kept) == len(own) else summarize_case(one.case, kept, len(kept)))
    return replace(run, cases=tuple(cases))


def _check_alike(records: Sequence[Record], directory: Path) -> None:
    """Figures of several runs are put beside each other: they must be of one machine, and of one bench."""
    for other in records[1:]:
        here, there = conditions(records[0]), conditions(other)
        for name in ("sources", "load versions", "CPU model", "CPUs", "memory", "kernel", "governor"):
            if here[name] != there[name]:
                raise BenchError(
                    f"the records in {directory} differ in {name}",
                    hint="unlike is not compared with like: measure all of it on one machine, with one bench",
                )
