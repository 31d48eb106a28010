"""Which paths are asked in turn, and what is none."""

import pytest

from results.errors import BenchError
from runners import paths


def test_paths_may_have_weights() -> None:
    assert paths.in_turn(["3:/a/", "/b/?next=/c:d/"]) == ("/a/", "/b/?next=/c:d/", "/a/", "/a/")
    assert paths.in_turn([]) == ()


@pytest.mark.parametrize("wrong", ["a/", "0:/a/", "x:/a/", "101:/a/", "/a b/", "/ä/"])
def test_what_is_no_path_is_refused(wrong: str) -> None:
    with pytest.raises(BenchError, match="--path"):
        paths.in_turn([wrong])
