"""A check carried out: both versions prepared, asked whether they answer alike, and measured block by block."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from results import decision
from results.blocks import FEWEST, SIDES, Block, Metric, Side, Turn
from results.check import Check, Trouble
from results.errors import BenchError, ExitCode
from results.losses import losses, throughput
from results.plan import Case, Plan
from runners import answers, block, experiment, host, schedule, trouble
from runners.block import BrokenSideError
from runners.deployment import BrokenRepeatError, Deployment
from runners.experiment import Bench
from runners.load.job import TurnsJob
from runners.process import tail
from runners.scenarios import ScenarioFile
from runners.trouble import TroubleError


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One version, ready to be served: the plan of a run of it, and what its names stand for."""

    plan: Plan
    bench: Bench

    @property
    def case(self) -> Case:
        return self.plan.cases[0]

    @property
    def path(self) -> str:
        """What readiness is probed with."""
        return experiment.path(self.plan, self.case, self.bench)

    @property
    def scenario(self) -> ScenarioFile:
        return self.bench.scenarios[self.case.scenario]


Told = Callable[[Check], None]
"""Is told of the check whenever it has come further, to keep and to show it."""


class Checking:
    """Measures one check.

    Args:
        check: what is asked, before anything is measured.
        contenders: both versions.
        may_differ: whether the bodies of their answers need not be alike.
        logs: the directory that servers and load write to.
        began_s: when the check was begun, of the monotonic clock.
    """

    def __init__(
        self, check: Check, contenders: Mapping[Side, Contender], logs: Path, *, may_differ: bool, began_s: float
    ) -> None:
        self._check = check
        self._question = check.question
        self._contenders = contenders
        self._may_differ = may_differ
        self._logs = logs
        self._began_s = began_s

    def carry_out(self, told: Told) -> Check:
        """Measure until it is decided, the time is used up, or there is nothing to compare.

        Raises:
            BenchError: the load failed, or the time is too short for a first look.
        """
        try:
            pace = self._trial()
            told(self._now())
            rules = self._rules(pace)
            self._check = replace(self._check, question=replace(self._question, rules=rules))
            self._measure(pace, rules, told)
        except TroubleError as error:
            self._check = replace(self._check, trouble=error.trouble)
        found = self._now()
        told(found)
        return found

    def _trial(self) -> schedule.Pace:
        """Block 0: whether both answer alike, and what suits them."""
        first, began_s = schedule.first_side(0), time.monotonic()
        turns = schedule.trial(first)
        trial = self._block(0, first, turns, None, met=self._compare_answers)
        took_s = time.monotonic() - began_s
        self._check = replace(self._check, trial=trial)
        loaded_s = math.fsum(one.elapsed_s for one in trial.slices)
        pace = schedule.pace(
            min(throughput(trial, side) for side in SIDES),
            drain_s=max(0.0, loaded_s - math.fsum(turn.duration_s for turn in turns)) / len(turns),
            # The first start is the slowest; a look that there is no time for after all is taken when it is used up.
            start_s=min(took_s - loaded_s, schedule.START_S),
        )
        return pace if self._looks(pace) else self._without_latency(pace)

    def _looks(self, pace: schedule.Pace) -> tuple[int, ...]:
        """The numbers of blocks to look at that there is time for, and the next, which comes when it is used up."""
        wanted = self._question.rules.looks
        fit = sum(look * pace.block_s <= self._question.max_time_s for look in wanted)
        return wanted[: fit + 1] if fit else ()

    def _without_latency(self, pace: schedule.Pace) -> schedule.Pace:
        within = f"within {self._question.max_time_s:g} s"
        note = (
            f"an answer takes too long for requests at a rate {within}: give --max-time more to have p50 and p95 judged"
        )
        self._check = replace(self._check, notes=(*self._check.notes, note))
        return schedule.without_latency(pace)

    def _rules(self, pace: schedule.Pace) -> decision.Rules:
        """Those of the question, with the looks that there is time for: at the least one, when it is used up."""
        fits = int(self._question.max_time_s / pace.block_s)
        looks = self._looks(pace) or (min(fits, self._question.rules.looks[-1]),)
        if looks[0] < FEWEST:
            raise too_short(FEWEST * pace.block_s)
        return replace(self._question.rules, looks=looks)

    def _measure(self, pace: schedule.Pace, rules: decision.Rules, told: Told) -> None:
        """Blocks up to the look that settles it."""
        deadline = time.monotonic() + self._question.max_time_s
        found: list[dict[Metric, float]] = []
        for number in range(1, rules.looks[-1] + 1):
            began = time.monotonic()
            first = schedule.first_side(number)
            measured = self._block(number, first, schedule.turns(first, pace), pace.rate_rps)
            found.append(losses(measured))
            now = time.monotonic()
            is_last = now + (now - began) > deadline
            looks = decision.looks(number, rules) if is_last else rules.looks
            decided = _decided(found, rules, looked=number in looks)
            self._check = replace(self._check, blocks=(*self._check.blocks, measured), decision=decided)
            told(self._now())
            if is_last or (decided is not None and decided.verdict != "inconclusive"):
                return

    def _now(self) -> Check:
        return replace(self._check, wall_s=time.monotonic() - self._began_s)

    def _block(
        self,
        number: int,
        first: Side,
        turns: Sequence[Turn],
        rate_rps: float | None,
        met: Callable[[Mapping[Side, int]], None] = lambda _ports: None,
    ) -> Block:
        """Measure one block.

        Raises:
            TroubleError: a side does not come up, dies, or fails.
            BenchError: the load failed.
        """
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
        ports = self._ports(first)
        try:
            with self._deployments(number, ports) as deployments:
                commands = {side: tuple(one.argv) for side, one in deployments.items()}
                self._check = replace(self._check, commands=commands)
                taken = block.measure(
                    deployments,
                    first,
                    self._job(ports, turns, rate_rps),
                    load_variables=self._contenders["base"].bench.environment.inherited(),
                    load_cpus=self._question.load_cpus,
                    load_log=self._logs / f"{number:02}-load.log",
                    met=lambda: met(ports),
                )
        except BrokenSideError as broken:
            found = trouble.of_broken(broken)
            anonymous = self._contenders[broken.side].bench.environment.anonymous
            raise TroubleError(replace(found, details=anonymous(found.details))) from broken
        except BrokenRepeatError as broken:
            raise BenchError(
                str(broken), hint=broken.breakdown.hint, log_tail=broken.log_tail, exit_code=ExitCode.NOT_MEASURED
            ) from broken
        failed = trouble.of_failures(taken.outcome, len(turns))
        if failed is not None:
            raise TroubleError(self._with_log(failed, number))
        return Block(
            number=number,
            first=first,
            started_at=started_at,
            rate_rps=rate_rps,
            slices=taken.outcome.slices,
            failures=taken.outcome.failures,
            stolen_s=taken.stolen_s,
            memory_bytes=taken.memory_bytes,
        )

    def _ports(self, first: Side) -> dict[Side, int]:
        """Two free ports, the lower for the side that comes first."""
        one = other = host.free_port()
        while other == one:
            other = host.free_port()
        low, high = sorted((one, other))
        return {side: low if side == first else high for side in SIDES}

    @contextlib.contextmanager
    def _deployments(self, number: int, ports: Mapping[Side, int]) -> Iterator[dict[Side, Deployment]]:
        """Both servers, with what each needs besides the app."""
        with contextlib.ExitStack() as stack:
            found: dict[Side, Deployment] = {}
            for side, one in self._contenders.items():

                def log(process: str, side: Side = side) -> Path:
                    return self._logs / f"{number:02}-{side}-{process}.log"

                borrowed = stack.enter_context(experiment.prepared(one.case, one.bench, log))
                found[side] = experiment.deployment(
                    one.plan, one.case, one.bench, ports[side], log("server"), borrowed.variables
                )
            yield found

    def _job(self, ports: Mapping[Side, int], turns: Sequence[Turn], rate_rps: float | None) -> TurnsJob:
        base = self._contenders["base"]
        return TurnsJob(
            locustfile=str(base.scenario.locustfile),
            variant=base.case.variant,
            parameters=base.case.parameters,
            asked=base.plan.asked,
            host=host.LOOPBACK,
            ports=dict(ports),
            users=self._question.users,
            turns=tuple(turns),
            rate_rps=rate_rps,
            early=experiment.apart(base.plan),
            lead_in=schedule.LEAD_IN,
            timeout_s=self._question.timeout_s,
        )

    def _compare_answers(self, ports: Mapping[Side, int]) -> None:
        asked = self._contenders["base"].plan.asked
        paths = asked.paths if asked is not None else [self._contenders["base"].path]
        found = {side: answers.ask(ports[side], paths, self._question.timeout_s) for side in SIDES}
        expected = asked.expect_status if asked is not None else None
        different = answers.trouble(found, expected, may_differ=self._may_differ)
        if different is not None:
            raise TroubleError(self._with_log(different, 0))
        changing = answers.unstable(found)
        if changing:
            side, path = changing
            note = f"the {side}'s body of {path} changes from answer to answer: only status and type were compared"
            self._check = replace(self._check, notes=(*self._check.notes, note))

    def _with_log(self, found: Trouble, number: int) -> Trouble:
        """With what the server of its side wrote last."""
        if found.side is None:
            return found
        lines = tail(self._logs / f"{number:02}-{found.side}-server.log")
        anonymous = self._contenders[found.side].bench.environment.anonymous
        return replace(found, details=(*found.details, *anonymous(lines)[-12:]))


def _decided(
    found: Sequence[Mapping[Metric, float]], rules: decision.Rules, *, looked: bool
) -> decision.Decision | None:
    """What the blocks say so far; None where that cannot be said yet.

    Raises:
        BenchError: it must be, and there is no metric that most blocks have.
    """
    try:
        return decision.decide(found, rules) if looked else decision.estimate(found, rules)
    except ValueError as error:
        if not looked:
            return None
        raise BenchError(
            f"nothing could be compared in {len(found)} blocks",
            hint="no metric was there in most of them: see the logs, and give --users less",
            exit_code=ExitCode.NOT_MEASURED,
        ) from error


def too_short(least_s: float) -> BenchError:
    return BenchError(
        "--max-time is too short for any verdict", hint=f"a first look takes about {least_s:.0f} s here: give it more"
    )
