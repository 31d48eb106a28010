"""What is asked of an app that has no scenario: paths, in turn."""

import itertools
from collections.abc import Iterator

from locust import task
from locust.env import Environment

from runners.load.user import BenchUser, Expected


class PathsUser(BenchUser):
    """Asks for each path and checks status and text. Users begin at different paths, so that none has its rush hour.

    Each class numbers its users by itself: in a check there is one for each version, and both must ask alike.
    """

    numbers: Iterator[int] = itertools.count()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.numbers = itertools.count()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        asked = self.conduct.asked
        assert asked is not None
        self.status = asked.expect_status
        first = next(self.numbers) % len(asked.paths)
        self.paths = asked.paths[first:] + asked.paths[:first]
        self.expected: Expected = None
        if asked.expect_text is not None:
            wanted = asked.expect_text.encode()
            self.expected = lambda body: wanted in body

    @task
    def ask(self) -> None:
        for path in self.paths:
            self.get(path, self.expected, status=self.status)
