"""Whether a repeat measured what it says, and a case. Pure; the rules are in `rules`, their table in the docs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from results.record import Record
from results.rules import Reason, Verdict, answers, generator, machine, steadiness

SEVERITY: dict[Verdict, int] = {"valid": 0, "suspect": 1, "invalid": 2}
RULES: tuple[Callable[[Record], Iterator[Reason]], ...] = (
    *answers.RULES,
    *steadiness.RULES,
    *generator.RULES,
    *machine.RULES,
)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with its reasons, the worst first; none when it is valid."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


def judge(record: Record) -> Judgement:
    """The verdict on one repeat: the worst of its reasons."""
    reasons = tuple(reason for rule in RULES for reason in rule(record))
    return _by(reasons)


def judge_case(records: Sequence[Record], planned: int) -> Judgement:
    """The verdict on a case: the worst of its repeats'. A case without all its repeats is suspect at best."""
    by_code: dict[str, dict[int, Reason]] = {}
    for record in records:
        for reason in judge(record).reasons:
            by_code.setdefault(reason.code, {}).setdefault(record.repeat, reason)
    reasons = [_over_repeats(list(found.values()), len(records)) for found in by_code.values()]
    reasons.extend(_unlike(records))
    if len(records) < planned:
        reasons.append(_missing(len(records), planned))
    return _by(reasons)


def _by(reasons: Sequence[Reason]) -> Judgement:
    ordered = sorted(reasons, key=_severity, reverse=True)
    return Judgement(verdict=ordered[0].verdict if ordered else "valid", reasons=tuple(ordered))


def _severity(reason: Reason) -> int:
    return SEVERITY[reason.verdict]


def _over_repeats(found: Sequence[Reason], repeats: int) -> Reason:
    first = max(found, key=_severity)
    if repeats == 1:
        return first
    where = f"in all {repeats} repeats" if len(found) == repeats else f"in {len(found)} of {repeats} repeats"
    return Reason(code=first.code, verdict=first.verdict, text=f"{first.text} ({where})", cure=first.cure)


def _unlike(records: Sequence[Record]) -> Iterator[Reason]:
    """Repeats that were not of the same thing are not pooled."""
    for other in records[1:]:
        name = next(unlike(records[0], other), None)
        if name is not None:
            yield Reason(
                code="unlike-repeats",
                verdict="invalid",
                text=f"repeats {records[0].repeat} and {other.repeat} differ in {name}",
                cure="start a new run",
            )
            return


def unlike(one: Record, other: Record) -> Iterator[str]:
    """Names of the conditions in which two records differ, in order."""
    here, there = conditions(one), conditions(other)
    for name in here:
        unknown = name == "backends" and None in (here[name], there[name])
        if here[name] != there[name] and not unknown:
            yield name


def conditions(record: Record) -> dict[str, object]:
    """What must be the same in all repeats of a case, by name; backends are None where nothing was measured."""
    machine = record.machine
    return {
        "app": record.app,
        "budget": record.budget,
        "load CPUs": record.load_cpus,
        "parameters": record.case.parameters,
        "backends": _backends(record),
        "path": record.path,
        "command": tuple(word.replace(str(record.port), "PORT") for word in record.command or ()),
        "environment": record.environment,
        "sources": record.sources,
        "versions": record.versions,
        "load versions": record.load_versions,
        "CPU model": machine.cpu_model,
        "CPUs": (machine.cpus_online, machine.cores),
        "memory": round(machine.memory_bytes / 2**30),
        "kernel": machine.kernel,
        "governor": machine.governor,
    }


def _backends(record: Record) -> object:
    """Which ones the app called, as they were set; without what they used."""
    if record.load is None:
        return None
    return [(one.name, one.version, one.started, one.settings) for one in record.backends]


def _missing(done: int, planned: int) -> Reason:
    return Reason(
        code="repeats-missing",
        verdict="suspect" if done else "invalid",
        text=f"{done} of {planned} repeats were measured",
        cure="finish the run with --resume",
    )
