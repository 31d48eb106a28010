"""Two stored runs beside each other, in words."""

from plots.text import NONE, SUSPECT, number, ratio
from results.two_runs import CaseInBoth, Figures

LEGEND = f"{SUSPECT}: suspect in either run, so that its figures and ratios are in doubt; why stands above."


def name(one: CaseInBoth) -> str:
    """A case, with a mark where it is suspect in either run."""
    return f"{one.name} {SUSPECT}" if one.doubted else one.name


def figures(both: Figures | None) -> tuple[str, str]:
    """Both runs' figures, and their ratio, with ~ where they cannot be told apart."""
    if both is None:
        return NONE, NONE
    tied = "~ " if both.ratio.tied else ""
    return f"{number(both.first.value)} → {number(both.second.value)}", f"{tied}{ratio(both.ratio)}"


def doubts(one: CaseInBoth) -> str:
    """Where a case is suspect and for which reasons, as `suspect in the second run: foreign-load`."""
    sides = {"first": one.first, "second": one.second}
    said = [
        f"in the {run} run: {', '.join(reason.code for reason in judgement.reasons)}"
        for run, judgement in sides.items()
        if judgement.verdict == "suspect"
    ]
    return f"suspect {'; '.join(said)}" if said else ""
