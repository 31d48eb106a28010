"""What scenarios may require, and what is said where it is not there."""

import pytest

from results.errors import BenchError
from runners import choosing, requirements, scenarios
from runners.app import BENCH_APP, Environment
from runners.scenarios import ScenarioFile

ENVIRONMENT = Environment.of(BENCH_APP)
VERSIONS = {"python": "3.11.7", "django": "5.2.19", "celery": "5.7.0rc1", "six": "6"}


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        ("celery", None),
        ("celery>=5", None),
        ("celery>=5.7.0", None),
        ("django>=5.2", None),
        ("django>=5.10", "django 5.10 or newer (5.2.19 is there)"),
        ("django>=6.0", "django 6.0 or newer (5.2.19 is there)"),
        ("python>=3.12", "python 3.12 or newer (3.11.7 is there)"),
        ("six>=6.0", None),
        ("adrf", "adrf"),
        ("adrf>=1", "adrf 1 or newer"),
    ],
)
def test_what_is_lacking(text: str, lack: str | None) -> None:
    found = requirements.parse(text)
    assert found.text == text
    assert found.lack(VERSIONS) == lack


@pytest.mark.parametrize("text", ["", "Django>=6", "django>6", "django>=", "django>=6.x", "django >= 6", "a==1"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither NAME nor NAME>=VERSION"):
        requirements.parse(text)


def requiring(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    """Have `sleep` require that."""
    found = scenarios.discover()
    value = scenarios.Scenario(summary="s", paths={"sync": "/"}, users=1, requires=texts)
    found["sleep"] = ScenarioFile(name="sleep", locustfile=found["sleep"].locustfile, scenario=value)
    monkeypatch.setattr(scenarios, "discover", lambda: found)


def test_a_scenario_that_was_named_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    requiring(monkeypatch, "celery", "django>=99.0", "no-such-package")
    with pytest.raises(BenchError) as caught:
        choosing.scenarios(["sleep"], ENVIRONMENT, "sqlite", {})
    assert str(caught.value).startswith("scenario sleep cannot be measured: django 99.0 or newer (")
    assert str(caught.value).endswith(" is there), no-such-package is missing")
    assert caught.value.hint.endswith("constraints.txt 'django>=99.0' no-such-package")


def test_of_all_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    requiring(monkeypatch, "python>=99.0", "django>=99.0")
    found, left_out = choosing.scenarios(["all"], ENVIRONMENT, "sqlite", {})
    (why,) = [one.why for one in left_out if one.scenario == "sleep"]
    assert "sleep" not in {one.name for one in found}
    assert why.startswith("python 99.0 or newer (3.")
    assert why.endswith("requirements.txt, and run the bench by python99.0")
