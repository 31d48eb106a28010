"""What is asked of a server that the bench did not start: the paths of its target, in turn."""

from locust import task
from locust.env import Environment

from runners.load.user import BenchUser, Expected


class TargetUser(BenchUser):
    """Asks for each path and checks status and text."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        target = self.conduct.target
        assert target is not None
        self.target = target
        self.expected: Expected = None
        if target.expect_text is not None:
            wanted = target.expect_text.encode()
            self.expected = lambda body: wanted in body

    @task
    def ask(self) -> None:
        for path in self.target.paths:
            self.get(path, self.expected, status=self.target.expect_status)
