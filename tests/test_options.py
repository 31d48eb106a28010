"""Options that contradict each other, or mean nothing alone, are refused before anything is started."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import main
from tests.conftest import BRIEF, ROOT, CommandLine

SLEEP = ("--server", "uvicorn", "--scenario", "sleep")
TARGET = ("--target", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rate", "5", "--users", "3"), "--rate and --users do not go together"),
        ((*TARGET, "--server", "uvicorn"), "--target and --server do not go together"),
        ((*TARGET, "--scenario", "hello"), "--target and --scenario do not go together"),
        ((*TARGET, "--variant", "sync"), "--target and --variant do not go together"),
        ((*TARGET, "--workers", "2"), "--target and --workers do not go together"),
        ((*TARGET, "--threads", "2"), "--target and --threads do not go together"),
        ((*TARGET, "--connections", "9"), "--target and --connections do not go together"),
        ((*TARGET, "--server-cpus", "0"), "--target and --server-cpus do not go together"),
        ((*TARGET, "--port", "8000"), "--target and --port do not go together"),
        ((*TARGET, "--start-timeout", "9"), "--target and --start-timeout do not go together"),
        (("--arrivals", "uniform"), "--arrivals means nothing without --rate"),
        (("--arrivals", "poisson"), "--arrivals means nothing without --rate"),
        (("--max-in-flight", "9"), "--max-in-flight means nothing without --rate"),
        (("--path", "/"), "--path means nothing without --target"),
        (("--expect-status", "204"), "--expect-status means nothing without --target"),
        (("--expect-text", "Hello"), "--expect-text means nothing without --target"),
        (("--allow-remote-target",), "--allow-remote-target means nothing without --target"),
        (("--load-workers", "1"), "--load-workers means nothing without --load-listen"),
        (("--load-listen", "127.0.0.1:5557"), "--load-listen means nothing without --load-workers"),
        (
            ("--load-workers", "1", "--load-listen", "127.0.0.1:5557"),
            "other machines cannot reach a server that the bench",
        ),
        (
            ("--rate", "9", "--max-in-flight", "8", "--load-processes", "2"),
            "2 load processes cannot keep to --max-in-flight",
        ),
        (("--rate", "0"), "--rate"),
        (("--rate", "-3"), "--rate"),
        (("--rate", "nan"), "--rate"),
        (("--rate", "5", "--arrivals", "often"), "--arrivals"),
        (("--rate", "5", "--max-in-flight", "0"), "--max-in-flight"),
        (("--load-processes", "-1"), "--load-processes"),
        (("--connect-timeout", "0"), "--connect-timeout"),
        (("calibrate", "--load-processes", "0"), "--load-processes"),
        (("calibrate", "--load-cpus", "4096"), "no CPU 4096"),
        (("calibrate", "--users", "3"), "No such option"),
        (("serve",), "Missing option '--server'"),
        (("serve", "--server", "uvicron"), "did you mean uvicorn?"),
        (("load-worker",), "Missing option '--master'"),
        (("load-worker", "--master", "nowhere"), "nowhere"),
        (("load-worker", "--master", "a..b:5557"), "'a..b:5557' is not an address"),
        (("--load-workers", "1", "--load-listen", "é..b:5557", *TARGET), "'é..b:5557' is not an address"),
    ],
)
def test_what_does_not_go_together_is_one_clear_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(list(arguments)) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert not list(tmp_path.iterdir())


def test_a_load_that_no_process_makes_is_refused(bench: CommandLine) -> None:
    done = bench.measure("--load-processes", "0", "--server", "uvicorn", "--scenario", "hello", *BRIEF)
    assert done.code == 2
    assert "--load-" in done.err
    assert not done.directory.exists()


@pytest.mark.parametrize("how", ["--sweep", "--quick"])
def test_a_directory_that_is_taken_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """As the calibration is, of which nothing is known yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").write_text("")
    assert main(["--server", "uvicorn", "--scenario", "hello", how, "--out", str(tmp_path / "run")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["precious"]


def test_elsewhere_than_on_linux_it_says_what_it_needs() -> None:
    """Before it imports what is not there."""
    program = "import platform, runpy, sys; platform.system = lambda: 'Windows'; sys.modules['fcntl'] = None; "
    program += f"runpy.run_path({str(ROOT / 'bench.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("bench: the bench needs Linux\n")
