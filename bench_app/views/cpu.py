"""CPU-bound: a fixed amount of interpreted Python per request, with a checksum that proves it was done."""

from django.http import HttpRequest, JsonResponse

from bench_app.parameters import bounded_int

DEFAULT_ROUNDS = 20_000
MAXIMUM_ROUNDS = 10_000_000


def checksum(rounds: int) -> int:
    """The state of a linear congruential generator (a=1103515245, c=12345, m=2**31, seed 1) after `rounds` steps."""
    state = 1
    for _ in range(rounds):
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state


def cpu_sync(request: HttpRequest) -> JsonResponse:
    rounds = bounded_int(request, "rounds", DEFAULT_ROUNDS, MAXIMUM_ROUNDS)
    return JsonResponse({"rounds": rounds, "checksum": checksum(rounds)})


async def cpu_async(request: HttpRequest) -> JsonResponse:
    rounds = bounded_int(request, "rounds", DEFAULT_ROUNDS, MAXIMUM_ROUNDS)
    return JsonResponse({"rounds": rounds, "checksum": checksum(rounds)})
