"""`list --matrix` and `doctor`, as their users run them."""

import json
import re
from pathlib import Path

import pytest

from bench import main
from runners import servers
from tests.conftest import ROOT, CommandLine


@pytest.mark.long
@pytest.mark.timeout(220)
def test_a_matrix_has_every_cell_with_what_was_observed(bench: CommandLine, tmp_path: Path) -> None:
    """And what was published of these servers is still so."""
    out = tmp_path / "matrix"
    which = ("--server", "uvicorn", "--server", "uwsgi-gevent", "--scenario", "hello", "--scenario", "orm-read")
    done = bench.run("list", "--matrix", *which, "--set", "query=row,lazy", "--out", str(out), "--json", timeout_s=200)
    assert done.code == 0, done.err
    found = done.json()
    assert found == json.loads((out / "matrix.json").read_text())
    names = {"hello/sync", "hello/async", *(f"orm-read/{one}" for one in ("sync", "async"))}
    names |= {f"orm-read/{one}/query=lazy" for one in ("sync", "async")}
    assert {server: set(cells) for server, cells in found["cases"].items()} == dict.fromkeys(
        ("uvicorn", "uwsgi-gevent"), names
    )
    assert all(cell["seen"] for cells in found["cases"].values() for cell in cells.values())
    lazy = found["cases"]["uvicorn"]["orm-read/async/query=lazy"]
    assert lazy["status"] == "fails"
    assert "SynchronousOnlyOperation" in lazy["seen"]
    assert found["features"]["uwsgi-gevent"]["http/2 clear text"]["status"] == "fails"
    assert found["cases"]["uwsgi-gevent"]["orm-read/sync"]["status"] == "works"
    published = json.loads((ROOT / "results" / "published" / "matrix.json").read_text())
    for kind in ("features", "cases"):
        for server, cells in found[kind].items():
            for name, cell in cells.items():
                if name in published[kind][server]:
                    assert cell["status"] == published[kind][server][name]["status"], (server, name, cell)
    page = (out / "matrix.md").read_text()
    assert "| uvicorn | ✓ |" in page
    assert "SynchronousOnlyOperation" in page


def test_the_doctor_says_what_is_missing_and_what_gets_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor", "--json"]) == 0
    found = {(one["subject"], one["name"]): one for one in json.loads(capsys.readouterr().out)}
    assert {name for subject, name in found if subject == "server"} == set(servers.discover())
    assert found["backend", "sqlite"]["there"]
    speed = found["machine", "speed"]
    slowest, fastest = map(float, re.findall(r"\d\.\d\d", speed["found"]))
    assert 0 < slowest <= 1 <= fastest
    assert speed["there"] == (not speed["install"])
    missing = found["backend", "redis"]
    assert not missing["there"]
    assert missing["install"] == "apt-get install redis-server"
    assert main(["doctor", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "apt-get install redis-server" in shown
    assert "sqlite" not in shown.partition("redis: ")[0].replace("(--database sqlite)", "")
