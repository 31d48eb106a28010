"""One path per scenario and variant: /<scenario>/<variant>."""

from django.urls import path

from bench_app.views import cpu, hello, sleep

urlpatterns = [
    path("hello/sync", hello.hello_sync),
    path("hello/async", hello.hello_async),
    path("sleep/sync", sleep.sleep_sync),
    path("sleep/async", sleep.sleep_async),
    path("cpu/sync", cpu.cpu_sync),
    path("cpu/async", cpu.cpu_async),
]
