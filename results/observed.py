"""What was seen of each server while it was measured, beside what its file says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.record import Record


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One server, over all its records.

    `processes` and `threads` are the most seen. `extensions` are the packages whose compiled parts it had loaded,
    None where nobody looked. `requests_per_connection` is the mean over all of its connections.
    """

    processes: int
    threads: int
    extensions: tuple[str, ...] | None
    requests_per_connection: float | None


def observed(records: Sequence[Record]) -> dict[str, Observed]:
    """By server, for those that the bench started."""
    found = {}
    for name in sorted({record.case.server for record in records}):
        own = [record for record in records if record.case.server == name]
        uses = [record.server for record in own if record.server is not None]
        loads = [record.load for record in own if record.load is not None]
        opened = sum(load.connections_opened for load in loads)
        if uses:
            loaded = [use.extensions for use in uses if use.extensions is not None]
            found[name] = Observed(
                processes=max(use.processes for use in uses),
                threads=max(use.threads_peak for use in uses),
                extensions=tuple(sorted({package for one in loaded for package in one})) if loaded else None,
                requests_per_connection=sum(load.answers_read for load in loads) / opened if opened else None,
            )
    return found
