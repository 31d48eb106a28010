"""The rules that need a fault of the bench, a slow machine or an odd budget to fire; the others: real bad servers."""

from dataclasses import replace

from results.record import BackendUse, Breakdown, HostUse, Record
from results.validity import judge, judge_case
from tests.results.factory import load, record, second

STEADY = load(second([5.0] * 500), second([5.0] * 500))


def test_a_sound_repeat_is_valid() -> None:
    judgement = judge(record(STEADY))
    assert (judgement.verdict, judgement.reasons) == ("valid", ())


def test_one_failure_in_a_thousand_is_borne_and_more_is_not() -> None:
    borne = load(second([5.0] * 999, errors=1), failures={"status 500": 1})
    assert judge(record(borne)).verdict == "valid"
    not_borne = load(second([5.0] * 998, errors=2), failures={"status 500": 2})
    judgement = judge(record(not_borne))
    assert judgement.verdict == "invalid"
    assert "2 × status 500" in judgement.reasons[0].text


def test_requests_without_an_answer_are_invalid_however_many_others_had_one() -> None:
    for stuck in (
        load(second([5.0] * 50_000, unfinished=1)),
        load(second([5.0] * 50_000, timeouts=1), failures={"timeout": 1}),
    ):
        judgement = judge(record(stuck))
        assert [reason.code for reason in judgement.reasons] == ["unanswered"]
        assert judgement.verdict == "invalid"


def test_users_that_wait_while_others_are_served_are_stuck() -> None:
    steady = replace(STEADY, longest_wait_us=(5_000, 6_000, 5_000, 1_200_000))
    judgement = judge(record(steady))
    assert (judgement.verdict, judgement.reasons[0].code) == ("invalid", "stuck-users")
    assert "1 of 4 users had to wait 1.2 s or longer" in judgement.reasons[0].text
    all_alike = replace(STEADY, longest_wait_us=(1_200_000,) * 4)
    assert judge(record(all_alike)).verdict == "valid"


def test_a_worker_that_was_replaced_is_seen() -> None:
    whole = record(STEADY)
    assert whole.server is not None
    lost = replace(whole, server=replace(whole.server, processes_lost=1))
    assert [(reason.code, reason.verdict) for reason in judge(lost).reasons] == [("worker-died", "invalid")]


def test_others_on_the_servers_cpus_are_suspect() -> None:
    whole = record(STEADY)
    assert whole.host is not None
    for code, use in (
        ("foreign-load", replace(whole.host, foreign_cpu_s=0.2)),
        ("stolen-time", replace(whole.host, stolen_s=0.2)),
    ):
        judgement = judge(replace(whole, host=use))
        assert [(reason.code, reason.verdict) for reason in judgement.reasons] == [(code, "suspect")]
        assert "10% of the server's CPUs" in judgement.reasons[0].text


def test_a_server_that_should_keep_connections_and_does_not_is_suspect() -> None:
    reconnecting = record(replace(STEADY, connections_opened=1000))
    assert [reason.code for reason in judge(reconnecting).reasons] == ["connections-not-kept"]
    assert judge(replace(reconnecting, protocols=())).verdict == "valid"


def test_counts_that_do_not_add_up_are_invalid() -> None:
    lost = load(replace(second([5.0] * 100), sent=101))
    unsettled = replace(STEADY, requests_settled=STEADY.requests_settled - 1)
    beside_histogram = load(replace(second([5.0] * 100), latency=second([5.0] * 99).latency))
    beside_kinds = load(second([5.0] * 9999, errors=1), failures={})
    unread = replace(STEADY, answers_read=STEADY.answers_read + 1)
    user_missing = replace(STEADY, answered_per_user=(5, 5, 5))
    for broken in (lost, unsettled, beside_histogram, beside_kinds, unread, user_missing):
        assert [reason.code for reason in judge(record(broken)).reasons] == ["not-reconciled"]


def test_a_busy_generator_is_suspect() -> None:
    (process,) = STEADY.processes
    judgement = judge(record(replace(STEADY, processes=(replace(process, cpu_s=1.9),))))
    assert (judgement.verdict, judgement.reasons[0].code) == ("suspect", "generator-bound")
    assert "95%" in judgement.reasons[0].text
    kept_waiting = judge(record(replace(STEADY, processes=(replace(process, cpu_wait_s=0.2),))))
    assert [(reason.code, reason.verdict) for reason in kept_waiting.reasons] == [("generator-starved", "suspect")]


def test_shared_cpus_are_suspect() -> None:
    shared = replace(record(STEADY), load_cpus=(0, 1))
    assert [reason.code for reason in judge(shared).reasons] == ["shared-cpus"]
    whole = record(STEADY)
    threads_of_one_core = replace(whole, machine=replace(whole.machine, cores=((0, 1),)))
    assert [reason.code for reason in judge(threads_of_one_core).reasons] == ["shared-cpus"]


def test_unlike_repeats_are_not_pooled() -> None:
    first, second_one = record(STEADY), record(STEADY, repeat=2)
    moved = replace(second_one, port=20_002, command=("uvicorn", "--port", "20002"))
    assert judge_case([first, moved], planned=2).verdict == "valid"
    for name, other in (
        ("versions", replace(second_one, versions={"python": "3.12"})),
        ("sources", replace(second_one, sources={"bench": "b", "app": "changed"})),
        ("command", replace(second_one, command=("uvicorn", "--port", "20001", "--reload"))),
        ("kernel", replace(second_one, machine=replace(second_one.machine, kernel="Linux 7"))),
    ):
        judgement = judge_case([first, other], planned=2)
        assert judgement.verdict == "invalid"
        assert judgement.reasons[0].text == f"repeats 1 and 2 differ in {name}"


def test_a_window_in_which_nothing_was_sent_is_invalid() -> None:
    assert "nothing-sent" in {reason.code for reason in judge(record(load(second([])))).reasons}


def test_a_case_is_as_bad_as_its_worst_repeat() -> None:
    broken = replace(
        record(None, repeat=2), breakdown=Breakdown(stage="run", message="uvicorn exited with code 3", hint="see")
    )
    judgement = judge_case([record(STEADY), broken], planned=2)
    assert judgement.verdict == "invalid"
    assert judgement.reasons[0].text == "uvicorn exited with code 3 (in 1 of 2 repeats)"


def test_missing_repeats_are_named() -> None:
    assert judge_case([record(STEADY)], planned=3).reasons[0].text == "1 of 3 repeats were measured"
    assert judge_case([record(STEADY)], planned=3).verdict == "suspect"
    assert judge_case([], planned=3).verdict == "invalid"


def test_repeats_with_another_database_are_not_pooled() -> None:
    def beside(version: str, repeat: int) -> Record:
        used = BackendUse(
            name="postgresql", version=version, started=True, settings={}, cpu_s=0.1, connections_peak=repeat
        )
        return replace(record(STEADY, repeat=repeat), backends=(used,))

    assert "unlike-repeats" not in codes_of([beside("15", 1), beside("15", 2)])
    assert "unlike-repeats" in codes_of([beside("15", 1), beside("16", 2)])
    broken = replace(record(None, repeat=2), breakdown=Breakdown(stage="backend", message="m", hint="h"))
    assert "unlike-repeats" not in codes_of([beside("15", 1), broken])


def codes_of(records: list[Record]) -> set[str]:
    return {reason.code for reason in judge_case(records, len(records)).reasons}


def test_the_worst_reason_comes_first() -> None:
    failing = record(load(second([5.0] * 20, errors=30), failures={"status 500": 30}))
    slowed = replace(failing, host=HostUse(foreign_cpu_s=0.9, stolen_s=0.0, load_stolen_s=0.0, throttled_s=0.0))
    for found in (judge(slowed), judge_case([slowed], planned=3)):
        assert {reason.verdict for reason in found.reasons} == {"invalid", "suspect"}
        assert found.reasons[0].verdict == found.verdict == "invalid"
