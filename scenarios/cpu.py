"""The view computes. By hand: `locust -f scenarios/cpu.py --host http://127.0.0.1:8000`."""

from locust import task

from runners.load.user import BenchUser

ROUNDS = 20_000
SCENARIO = {
    "summary": "a view that computes: 20,000 steps of interpreted Python, whose checksum the client verifies",
    "paths": {"sync": "/cpu/sync?rounds=20000", "async": "/cpu/async?rounds=20000"},
    "users": 32,
    "default": True,
}


def checksum(rounds: int) -> int:
    """What the view must arrive at: a linear congruential generator's state, computed here independently.

    n steps of x -> a·x + c (mod m) are one step with a' = a^n and c' = c·(a^(n-1) + ... + a + 1), taken by squaring.
    """
    multiplier, increment, modulus = 1_103_515_245, 12_345, 2**31
    all_multiplier, all_increment = 1, 0
    while rounds:
        if rounds % 2:
            all_multiplier, all_increment = (
                all_multiplier * multiplier % modulus,
                (all_increment * multiplier + increment) % modulus,
            )
        multiplier, increment = multiplier * multiplier % modulus, increment * (multiplier + 1) % modulus
        rounds //= 2
    return (all_multiplier + all_increment) % modulus


class Cpu(BenchUser):
    scenario = SCENARIO
    expected = f'{{"rounds": {ROUNDS}, "checksum": {checksum(ROUNDS)}}}'.encode()

    @task
    def compute(self) -> None:
        self.get(self.path, expect=self.expected)
