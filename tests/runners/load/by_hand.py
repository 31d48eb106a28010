"""Locust, run by hand with a locustfile of the bench's."""

import json
import re
import sys
from typing import Any

from tests.serving import running

LOCUST = [sys.executable, "-m", "locust"]
SO_FAR = re.compile(r" +Aggregated +(\d+) ")


def run(*arguments: str, users: int, least: int) -> tuple[int, dict[tuple[str, str], Any]]:
    """Locust without its page, ended when it has counted so many requests.

    Its exit code, and its statistics by method and name.
    """
    how = ("--headless", "--json", "--users", str(users), "--spawn-rate", str(users))
    with running([*LOCUST, *arguments, *how]) as process:
        assert process.stderr is not None
        while (line := process.stderr.readline()) and not ((found := SO_FAR.match(line)) and int(found[1]) >= least):
            pass
        process.terminate()
        out, _ = process.communicate(timeout=60)
    return process.returncode, {(one["method"], one["name"]): one for one in json.loads(out)}
