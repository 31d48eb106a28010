"""The lines along which the parts may depend on each other, read from the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

OWN = {"bench", "bench_app", "scenarios", "runners", "results", "plots", "tests", "benchmarks"}
MAY_IMPORT = {
    "bench.py": {"plots", "results", "runners"},
    "plots": {"plots", "results"},
    "runners": {"results", "runners"},
    "results": {"results"},
    "scenarios": {"runners.load.user", "runners.load.websocket_user", "scenarios"},
    "bench_app": {"bench_app"},
}
PATCHING = {"locust", "gevent"}
LOAD_SIDE = {
    f"runners/load/{name}.py"
    for name in (
        *(
            "__main__",
            "patched",
            "repeat",
            "turns",
            "user",
            "connection",
            "http2",
            "pacer",
            "session",
            "master",
            "worker",
        ),
        "paths",
        *("streaming", "websocket", "sockets", "websocket_user"),
    )
}


def sources(part: str) -> list[Path]:
    return [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.update({node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names})
    return found


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_dependencies_point_one_way(part: str) -> None:
    for path in sources(part):
        for name in imports(path):
            if name.partition(".")[0] in OWN:
                allowed = any(name == one or name.startswith(f"{one}.") for one in MAY_IMPORT[part])
                # `from a.b import c` is seen as both a.b and a.b.c.
                prefix = any(one.startswith(f"{name}.") for one in MAY_IMPORT[part])
                assert allowed or prefix, f"{path.relative_to(ROOT)} imports {name}"


def test_locust_and_gevent_are_imported_in_the_load_process_alone() -> None:
    for part in ("bench.py", "plots", "runners", "results", "bench_app"):
        for path in sources(part):
            if str(path.relative_to(ROOT)) not in LOAD_SIDE:
                assert not {name.partition(".")[0] for name in imports(path)} & PATCHING, path


def test_the_parent_loads_neither_locust_nor_gevent_nor_the_app() -> None:
    """Nor what takes seconds to load before it is needed: two thirds of the time that `--help` once took."""
    script = "import sys, bench; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"locust", "gevent", "django", "bench_app", "scenarios"} & loaded
    assert not {"matplotlib", "scipy.stats", "scipy.special"} & loaded


def test_the_guard_needs_the_standard_library_alone() -> None:
    assert {name.partition(".")[0] for name in imports(ROOT / "runners" / "guard.py")} <= set(sys.stdlib_module_names)


def test_only_the_store_and_the_report_write_files_of_a_run() -> None:
    writers = {
        "results/files.py",
        "results/store.py",
        "plots/matrix.py",
        "plots/report.py",
        "plots/check_page.py",
        "plots/findings.py",
        "plots/publish.py",
        "plots/style.py",
        "runners/certificates.py",
        "runners/process.py",
        "plots/calibration.py",
        "runners/calibration.py",
        "runners/load/repeat.py",
        "runners/load/turns.py",
        "runners/overlay.py",
        "runners/versions.py",
    }
    for part in ("plots", "runners", "results"):
        for path in sources(part):
            text = path.read_text()
            if any(call in text for call in (".write_text(", ".write_bytes(", '.open("w', ".savefig(")):
                assert str(path.relative_to(ROOT)) in writers
