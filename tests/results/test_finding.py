"""The files of findings: all of ours are sound, and what is wrong in one is said."""

from pathlib import Path

import pytest
from msgspec.structs import replace as replaced

from results import finding
from results.errors import BenchError

CASES = '[cases]\none = { server = "uvicorn", scenario = "hello", variant = "sync" }\n'
RATIO = '[[ratio]]\nthat = "t"\nmetric = "p50"\nof = ["one"]\n'
HEAD = 'claim = "c"\nfollows = "f"\n'


def test_ours_are_sound_and_each_is_small() -> None:
    found = finding.discover()
    assert len(found) >= 21
    for path in finding.FOLDER.glob("*.toml"):
        assert len(path.read_text().splitlines()) <= 75
    for one in found.values():
        assert one.claim.endswith(".")
        assert one.follows.endswith((".", ")"))


def test_setups_have_labels_of_their_own() -> None:
    setups = {case.setup for one in finding.discover().values() for case in one.cases.values()}
    assert len({setup.label for setup in setups}) == len(setups)
    assert finding.Setup(workers=2, threads=8, all_cpus=True, database="postgresql").label == (
        "2-workers-8-threads-all-cpus-postgresql"
    )


def test_words_may_be_corrected_after_it_was_measured_and_what_decides_may_not() -> None:
    measured = finding.discover()["one-query"]
    (first, second) = measured.ratio
    said = replaced(measured, note="now", claim="C.", ratio=(replaced(first, that="t"), second))
    assert finding.in_words_of(said, measured) == said
    moved = replaced(said, ratio=(replaced(first, at_least=1.0), second))
    other = replaced(said, cases={"wsgi": replaced(measured.cases["wsgi"], users=1), "asgi": measured.cases["asgi"]})
    for one in (moved, other, replaced(said, ratio=(first,)), None):
        assert finding.in_words_of(one, measured) == measured


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('claim = "c"\n', "follows"),
        (HEAD, "expects nothing"),
        (HEAD + CASES, "nothing is expected of its case 'one'"),
        (HEAD + CASES + RATIO, "either `to` or `to_ms`"),
        (HEAD + CASES + RATIO + "to_ms = 0\n", "positive"),
        (HEAD + CASES + RATIO + 'to = ["two"]\n', "there is no case 'two'"),
        (HEAD + CASES + RATIO + "to_ms = 5\nat_least = 2\nat_most = 1\n", "`at_least` is not less than `at_most`"),
        (HEAD + CASES + RATIO + "to_ms = 5\natleast = 2\n", "atleast"),
        (HEAD + CASES + RATIO + "to_ms = 5\nrefuted_beyond = 2\n", "`refuted_beyond` goes with either"),
        (HEAD + '[[feature]]\nthat = "t"\nservers = ["a"]\nfeature = "h3"\nstatus = ["works"]\n', "no feature 'h3'"),
        (HEAD + CASES + RATIO.replace("p50", "p51") + "to_ms = 5\n", "p51"),
        (HEAD + CASES.replace("uvicorn", "uvicorn\n"), ""),
        (HEAD + '[[status]]\nthat = "t"\ncase = "one"\nstatus = ["works"]\n', "there is no case 'one'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "01-wrong.toml").write_text(text)
    with pytest.raises(BenchError, match=r"finding 01-wrong\.toml is not as it should be") as caught:
        finding.discover(tmp_path)
    assert says in caught.value.message


def test_two_of_one_name(tmp_path: Path) -> None:
    for number in ("01", "02"):
        (tmp_path / f"{number}-same.toml").write_text(HEAD + CASES + RATIO + "to_ms = 5\n")
    with pytest.raises(BenchError, match="two findings 'same'"):
        finding.discover(tmp_path)
