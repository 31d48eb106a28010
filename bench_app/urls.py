"""One path per scenario and variant: /<scenario>/<variant>."""

import os

import django
from django.urls import path

from bench_app.views import (
    boundary,
    cpu,
    hello,
    middleware,
    mixed,
    orm_read,
    orm_write,
    sleep,
    stream,
    template,
    upload,
)

urlpatterns = [
    path("hello/sync", hello.hello_sync),
    path("hello/async", hello.hello_async),
    path("sleep/sync", sleep.sleep_sync),
    path("sleep/async", sleep.sleep_async),
    path("cpu/sync", cpu.cpu_sync),
    path("cpu/async", cpu.cpu_async),
    path("boundary/sync", boundary.boundary_sync),
    path("boundary/async", boundary.boundary_async),
    path("template/sync", template.template_sync),
    path("template/async", template.template_async),
    path("upload/sync", upload.upload_sync),
    path("upload/async", upload.upload_async),
    path("orm-read/sync", orm_read.orm_read_sync),
    path("orm-read/async", orm_read.orm_read_async),
    path("orm-write/sync", orm_write.orm_write_sync),
    path("orm-write/async", orm_write.orm_write_async),
    path("orm-write/work", orm_write.orm_write_work),
    path("middleware/sync", middleware.middleware_sync),
    path("middleware/async", middleware.middleware_async),
    path("mixed/sync", mixed.mixed_sync),
    path("mixed/async", mixed.mixed_async),
    path("stream/sync", stream.stream_sync),
    path("stream/async", stream.stream_async),
    # Given by name, so that Django imports it when it is asked for and others do not pay for what it needs.
    path("rest/", ("bench_app.views.rest", None, None)),  # type: ignore[arg-type]  # as URLResolver takes it
]

if django.VERSION >= (6, 0):
    from bench_app.views import tasks

    urlpatterns += [path("tasks/sync", tasks.tasks_sync), path("tasks/async", tasks.tasks_async)]

# httpx is imported only where there is a service to call, and Celery only where there is a worker: other scenarios do
# not pay for them.
if "BENCH_UPSTREAM_URL" in os.environ:
    from bench_app.views import fanout

    urlpatterns += [
        path("fanout/sync", fanout.fanout_sync),
        path("fanout/async", fanout.fanout_async),
        path("fanout/sync-threads", fanout.fanout_sync_threads),
        path("fanout/sync-per-request", fanout.fanout_sync_per_request),
        path("fanout/sync-threads-per-request", fanout.fanout_sync_threads_per_request),
        path("fanout/async-per-request", fanout.fanout_async_per_request),
    ]

if "BENCH_CELERY_URL" in os.environ:
    from bench_app.views import offload

    urlpatterns += [
        path("offload/sync", offload.offload_sync),
        path("offload/async", offload.offload_async),
        path("offload/sync-wait", offload.offload_sync_wait),
        path("offload/async-wait", offload.offload_async_wait),
        path("offload/work", offload.offload_work),
    ]
