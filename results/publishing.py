"""Stored measurements, copied to where they are published: whole, and the same bytes whenever it is done."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec

from results.errors import BenchError
from results.evidence import FindingsStore
from results.files import write_whole
from results.record import Record
from results.store import SET_ASIDE, Store, record_name

Kind = Literal["run", "findings"]
INDEX = "index"
"""What the page of all that is published is called."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def kind(directory: Path) -> Kind:
    """What a directory holds.

    Raises:
        BenchError: nothing that can be published.
    """
    if (directory / "findings.json").is_file():
        return "findings"
    if (directory / "plan.json").is_file():
        return "run"
    raise BenchError(
        f"{directory} is neither a run nor findings", hint="name a directory that `bench.py` or `findings` has written"
    )


def check_name(name: str) -> str:
    """The name under which something is published.

    Raises:
        BenchError: it would be no good directory and link.
    """
    if not NAME.fullmatch(name) or name == INDEX:
        raise BenchError(f"{name!r} is no name to publish under", hint="write it in small letters, as four-servers")
    return name


def copy(source: Path, target: Path) -> None:
    """Copy what `source` holds to `target`, a new directory; logs and pages are left out.

    Records of older schemas are upgraded.

    Raises:
        BenchError: something is damaged, of a newer schema, of several machines or of somebody's own project, or there
            is no record.
        OSError: `target` cannot be written.
    """
    if kind(source) == "run":
        _copy_run(Store(source), target)
    else:
        _copy_findings(FindingsStore(source), target)


def _copy_findings(store: FindingsStore, target: Path) -> None:
    found = store.read()
    store.judged()
    for run in store.runs():
        if run.plan().cases:
            _copy_run(run, target / "runs" / run.directory.name)
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / "findings.json", msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def _copy_run(store: Store, target: Path) -> None:
    plan, records = store.plan(), store.records()
    if not records:
        raise BenchError(f"{store.directory} has no records: there is nothing to publish")
    _check_machines(records, store.directory)
    if any(app is not None and app.directory is not None for app in (plan.app, *(record.app for record in records))):
        raise BenchError(
            f"{store.directory} is of a project of somebody's own: its directories and variables would be published",
            hint="publish runs of the bench's own app",
        )
    (target / "records").mkdir(parents=True)
    plan = replace(plan, left_out=tuple(one.elsewhere for one in plan.left_out))
    write_whole(target / "plan.json", msgspec.json.encode(plan) + b"\n")
    for record in records:
        write_whole(target / "records" / record_name(record.case, record.repeat), msgspec.json.encode(record) + b"\n")
    for name, record in store.all_set_aside().items():
        (target / SET_ASIDE).mkdir(exist_ok=True)
        write_whole(target / SET_ASIDE / name, msgspec.json.encode(record) + b"\n")


def _check_machines(records: Sequence[Record], directory: Path) -> None:
    machines = {record.machine for record in records}
    if len(machines) > 1:
        raise BenchError(
            f"the records in {directory} are of {len(machines)} machines: "
            f"{'; '.join(sorted(machine.summary for machine in machines))}",
            hint="unlike is not published as one: measure all of it on one machine",
        )
