"""A check carried out: both versions prepared, asked whether they answer alike, and measured block by block."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from results import decision
from results.blocks import SIDES, Block, Metric, Side, Turn
from results.check import Check, Trouble, TroubleKind
from results.errors import BenchError, ExitCode
from results.losses import losses, throughput
from results.plan import Case, Plan
from runners import answers, block, experiment, host, schedule
from runners.block import BrokenSideError, Taken
from runners.deployment import BrokenRepeatError, Deployment
from runners.experiment import Bench
from runners.load.job import TurnsJob
from runners.process import tail
from runners.scenarios import ScenarioFile

FAILURE_SHARE = 0.001
"""As in a run: more failures than these, and what was measured is not the app (`results/rules/answers.py`)."""
FEWEST_FAILURES, FEW_SHARE = 3, 0.01
"""One may be a kept connection that the server closed just when it was used again."""
TIMEOUT_KINDS = ("timeout", "unfinished")


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


class TroubleError(Exception):
    """There is nothing to compare, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


Told = Callable[[Check], None]
"""Is told of the check whenever it has come further, to keep and to show it."""


class Checking:
    """Measures one check.

    Args:
        check: what is asked, before anything is measured.
        contenders: both versions.
        may_differ: whether the bodies of their answers need not be alike.
        logs: the directory that servers and load write to.
    """

    def __init__(self, check: Check, contenders: Mapping[Side, Contender], logs: Path, *, may_differ: bool) -> None:
        self._check = check
        self._question = check.question
        self._contenders = contenders
        self._may_differ = may_differ
        self._logs = logs
        self._began = time.monotonic()

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
        except TroubleError as trouble:
            self._check = replace(self._check, trouble=trouble.trouble)
        found = self._now()
        told(found)
        return found

    def _trial(self) -> schedule.Pace:
        """Block 0: whether both answer alike, and what suits the base."""
        first = schedule.first_side(0)
        trial = self._block(0, first, schedule.trial(first), None, met=self._compare_answers)
        self._check = replace(self._check, trial=trial)
        return schedule.pace(throughput(trial, "base"))

    def _rules(self, pace: schedule.Pace) -> decision.Rules:
        """Those of the question, with the looks that there is time for."""
        rules = self._question.rules
        looks = tuple(look for look in rules.looks if look * pace.block_s <= self._question.max_time_s)
        if not looks:
            raise too_short(rules.looks[0] * pace.block_s)
        return replace(rules, looks=looks)

    def _measure(self, pace: schedule.Pace, rules: decision.Rules, told: Told) -> None:
        """Blocks up to the look that settles it."""
        deadline = time.monotonic() + self._question.max_time_s
        found: list[dict[Metric, float]] = []
        for number in range(1, rules.looks[-1] + 1):
            began = time.monotonic()
            first = schedule.first_side(number)
            measured = self._block(number, first, schedule.turns(first, pace), pace.rate_rps)
            found.append(losses(measured))
            self._check = replace(self._check, blocks=(*self._check.blocks, measured))
            if number in rules.looks:
                self._check = replace(self._check, decision=decision.decide(found, rules))
            elif number > 1:
                self._check = replace(self._check, decision=decision.estimate(found, rules))
            told(self._now())
            decided = self._check.decision is not None and self._check.decision.verdict != "inconclusive"
            now = time.monotonic()
            if decided or now + (now - began) > deadline:
                return

    def _now(self) -> Check:
        return replace(self._check, wall_s=time.monotonic() - self._began)

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
            raise TroubleError(self._of_broken(broken)) from broken
        except BrokenRepeatError as broken:
            raise BenchError(
                str(broken), hint=broken.breakdown.hint, log_tail=broken.log_tail, exit_code=ExitCode.NOT_MEASURED
            ) from broken
        self._refuse_failures(number, taken, whole=len(taken.outcome.slices) == len(turns))
        return Block(
            number=number,
            first=first,
            started_at=started_at,
            rate_rps=rate_rps,
            slices=taken.outcome.slices,
            failures=taken.outcome.failures,
            stolen_s=taken.stolen_s,
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
            timeout_s=self._question.timeout_s,
        )

    def _compare_answers(self, ports: Mapping[Side, int]) -> None:
        asked = self._contenders["base"].plan.asked
        paths = asked.paths if asked is not None else [self._contenders["base"].path]
        found = {side: answers.ask(ports[side], paths, self._question.timeout_s) for side in SIDES}
        expected = asked.expect_status if asked is not None else None
        trouble = answers.trouble(found, expected, may_differ=self._may_differ)
        if trouble is not None:
            raise TroubleError(self._with_log(trouble))
        changing = answers.unstable(found)
        if changing:
            note = f"the body of {changing[0]} changes from answer to answer: only status and type were compared"
            self._check = replace(self._check, notes=(*self._check.notes, note))

    def _refuse_failures(self, number: int, taken: Taken, *, whole: bool) -> None:
        """A side that fails under load is not slower, it is broken; the base first, as the head may have it from there.

        Raises:
            TroubleError: one does.
        """
        for one in sorted(taken.outcome.failures, key=lambda found: SIDES.index(found.side)):
            few = one.failed < FEWEST_FAILURES and one.share <= FEW_SHARE
            if whole and (few or one.share <= FAILURE_SHARE):
                continue
            most = max(one.kinds, key=lambda kind: one.kinds[kind])
            kinds = ", ".join(f"{count:,} × {kind}" for kind, count in one.kinds.items())
            raise TroubleError(
                Trouble(
                    kind="hangs" if most in TIMEOUT_KINDS else "fails",
                    side=one.side,
                    message=f"of {one.requests:,} requests to the {one.side} {one.failed:,} failed: {kinds}",
                    details=(*one.examples.values(), *self._log_tail(number, one.side)),
                    hint="its log has more",
                )
            )

    def _of_broken(self, broken: BrokenSideError) -> Trouble:
        kind: TroubleKind = "dies" if broken.breakdown.stage == "run" else "hangs" if broken.hung else "does not start"
        return Trouble(
            kind=kind,
            side=broken.side,
            message=f"the {broken.side}: {broken}",
            details=self._contenders[broken.side].bench.environment.anonymous(broken.log_tail),
            hint=broken.breakdown.hint,
        )

    def _with_log(self, trouble: Trouble) -> Trouble:
        if trouble.side is None:
            return trouble
        return replace(trouble, details=(*trouble.details, *self._log_tail(0, trouble.side)))

    def _log_tail(self, number: int, side: Side) -> tuple[str, ...]:
        """What the server of a side wrote last."""
        lines = tail(self._logs / f"{number:02}-{side}-server.log")
        return self._contenders[side].bench.environment.anonymous(lines)[-12:]


def too_short(least_s: float) -> BenchError:
    return BenchError(
        "--max-time is too short for any verdict", hint=f"a first look takes about {least_s:.0f} s here: give it more"
    )
