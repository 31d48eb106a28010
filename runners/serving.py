"""One deployment as a case has it, kept until somebody ends it."""

import shlex
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from results.errors import BenchError, ExitCode
from results.plan import Plan
from runners import experiment, host
from runners.deployment import BrokenRepeatError
from runners.experiment import Bench

POLL_S = 0.1


def serve(made: Plan, bench: Bench, said: Callable[[str], None], told: Callable[[str], None]) -> None:
    """Start the deployment of a plan's first case, with what it calls, and wait until it ends or is to end.

    `said` is told its command and where it is; `told` what else one may wish to know.

    Raises:
        BenchError: it does not come up, or it ends by itself.
    """
    case = made.cases[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder) / "server.log"
        try:
            with experiment.prepared(case, bench, lambda name: Path(folder) / f"{name}.log") as borrowed:
                deployment = experiment.deployment(made, case, bench, bench.choose_port(), log, borrowed.variables)
                started = time.monotonic()
                with deployment.start() as running:
                    deployment.wait_until_up(running, started)
                    said(f"{shlex.join(deployment.argv)}\nhttp://{host.LOOPBACK}:{deployment.port}")
                    told(f"log in {deployment.log}; Ctrl-C ends it")
                    while running.exit_status() is None:
                        borrowed.check()
                        time.sleep(POLL_S)
                    deployment.check(running, "run")
        except KeyboardInterrupt:
            told("ended")
        except BrokenRepeatError as broken:
            raise BenchError(
                str(broken),
                hint=broken.breakdown.hint,
                log_tail=broken.log_tail,
                exit_code=ExitCode.NOT_MEASURED,
            ) from broken
