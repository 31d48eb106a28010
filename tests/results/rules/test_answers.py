"""Where the rules about what came back begin to fire."""

from dataclasses import replace

import pytest

from results.record import Work
from tests.results.factory import CASE, OPEN_CASE, load, record, second, texts


def served(*answered: int) -> dict[str, str]:
    """The verdict on a repeat whose users got so many answers."""
    return texts(record(load(second([5.0] * 500), answered=answered)))


def test_users_may_be_served_a_little_unevenly() -> None:
    assert "uneven-service" not in served(100, 100, 100, 22)  # 322² / (4 × 30,484) = 0.8503
    assert "uneven-service" in served(100, 100, 100, 21)  # 0.8462


def test_how_unevenly_users_were_served_is_said() -> None:
    text = served(1200, 1200, 1200, 21)["uneven-service"]
    assert "Jain's index 0.76" in text
    assert "the least got 21 answers, the best 1,200" in text


def test_few_answers_say_nothing_of_evenness() -> None:
    assert "uneven-service" not in served(26, 26, 26, 1)
    assert "uneven-service" in served(26, 26, 26, 2)


def test_users_without_any_answer_are_another_matter() -> None:
    assert set(served(100, 100, 100, 0)) == {"starved-users"}


def test_connections_of_an_open_profile_need_not_be_used_evenly() -> None:
    uneven = load(second([5.0] * 500), answered=(100, 100, 100, 0))
    assert not texts(record(uneven, case=OPEN_CASE))


@pytest.mark.parametrize(("dropped", "fires"), [(0, False), (1, False), (2, True)])
def test_one_arrival_in_a_thousand_may_be_dropped(dropped: int, fires: bool) -> None:
    found = texts(record(load(replace(second([5.0] * 999), dropped=dropped)), case=OPEN_CASE))
    assert set(found) == ({"dropped-arrivals"} if fires else set())
    if fires:
        assert found["dropped-arrivals"].startswith("0.2% of the arrivals were dropped, as all 4 connections were busy")


@pytest.mark.parametrize(
    ("kind", "code", "what"),
    [
        ("EADDRNOTAVAIL", "ports-exhausted", "no port left"),
        ("EMFILE", "descriptors-exhausted", "the load process had no file descriptor left"),
        ("ENFILE", "descriptors-exhausted", "the machine had no file descriptor left"),
    ],
)
def test_a_single_request_for_which_something_ran_out_is_too_many(kind: str, code: str, what: str) -> None:
    found = texts(record(load(second([5.0] * 9_999, errors=1), failures={kind: 1})))
    assert set(found) == {code}
    assert what in found[code]
    assert found[code].endswith(": 1 of 10,000 requests")


def test_other_failures_are_not_taken_for_something_that_ran_out() -> None:
    assert set(texts(record(load(second([5.0] * 90, errors=10), failures={"ECONNABORTED": 10})))) == {"failures"}


def test_one_request_in_ten_may_need_a_new_connection() -> None:
    kept = load(second([5.0] * 900))  # 1,000 requests from start to end, by 4 users
    assert not texts(record(replace(kept, connections_opened=104)))
    text = texts(record(replace(kept, connections_opened=105)))["connections-not-kept"]
    with_ten = replace(CASE, parameters={"sockets": 10})
    assert not texts(record(replace(kept, connections_opened=140), case=with_ten))
    assert "connections-not-kept" in texts(record(replace(kept, connections_opened=141), case=with_ten))
    assert "105 connections were made for 1,000 requests" in text


def test_connections_that_are_not_to_be_kept_need_not_be() -> None:
    reconnecting = replace(load(second([5.0] * 900)), connections_opened=1000)
    profile = replace(CASE.profile, keep_alive=False)
    assert not texts(record(reconnecting, case=replace(CASE, profile=profile)))


def test_half_of_the_window_is_too_long_for_one_answer() -> None:
    def waited(*waits_ms: int) -> set[str]:
        longest = tuple(1000 * wait_ms for wait_ms in waits_ms)
        return set(texts(record(replace(load(second([5.0]), second([5.0])), longest_wait_us=longest))))

    assert not waited(100, 100, 100, 999)
    assert waited(100, 100, 100, 1000) == {"stuck-users"}
    assert not waited(201, 201, 201, 1000), "the best served had to wait a fifth of it too"
    assert waited(200, 201, 201, 1000) == {"stuck-users"}


def test_work_is_pending_or_lost_where_less_was_done_than_answered() -> None:
    served_well = replace(load(second([5.0] * 900)), requests_unsafe=1000)  # from start to end

    def worked(done: int, pending: int) -> dict[str, str]:
        return texts(replace(record(served_well), work=Work(done=done, pending=pending, waited_s=10.2)))

    assert not worked(1000, 0)
    assert not worked(1000, 1), "of a request that failed, or done and not acknowledged yet"
    assert "10 s after the load the work of 3 of 1,000 good answers" in worked(997, 5)["work-pending"]
    assert "the work of 1 was never done" in worked(997, 2)["lost-work"]


def test_of_a_mixture_only_the_orders_must_be_done() -> None:
    mixed = replace(load(second([5.0] * 100)), requests_unsafe=30)
    done = {count: replace(record(mixed), work=Work(done=count, pending=0, waited_s=0.0)) for count in (29, 30)}
    assert "lost-work" not in texts(done[30])
    assert "the work of 1 was never done" in texts(done[29])["lost-work"]
