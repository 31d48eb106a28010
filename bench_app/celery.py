"""The Celery app and its one task, on the Redis that the environment names; all keys begin with the repeat's prefix.

A task is acknowledged when it is done, not when it is begun: what Redis still holds is what is still to be done.
"""

import os
import time

import redis
from celery import Celery
from celery.signals import worker_ready

URL, PREFIX = os.environ["BENCH_CELERY_URL"], os.environ["BENCH_REDIS_PREFIX"]
DONE_KEY, READY_KEY = f"{PREFIX}offload-done", f"{PREFIX}celery-ready"
QUEUE = "offload"
RESULT_EXPIRES_S = 600

app = Celery("bench_app", broker=URL, backend=URL)
app.conf.update(
    broker_connection_retry_on_startup=False,  # a worker that cannot work is to end, and say why
    broker_connection_retry=False,
    broker_transport_options={"global_keyprefix": PREFIX},
    result_backend_transport_options={"global_keyprefix": PREFIX},
    result_backend_thread_safe=True,  # else each new thread, and so each request of an event loop, connects anew
    result_expires=RESULT_EXPIRES_S,
    task_acks_late=True,
    task_default_queue=QUEUE,
    worker_enable_remote_control=False,
)
counters = redis.Redis.from_url(os.environ["BENCH_REDIS_URL"])


@app.task  # type: ignore[untyped-decorator]  # Celery has no types
def nap(ms: int) -> int:
    """Sleep, and count what was done."""
    time.sleep(ms / 1000)
    counters.incr(DONE_KEY)
    return ms


@worker_ready.connect  # type: ignore[untyped-decorator]  # as above
def say_ready(**_: object) -> None:
    """Have the worker itself say that it takes tasks from now on."""
    counters.set(READY_KEY, 1)
