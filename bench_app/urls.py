"""One path per scenario and variant: /<scenario>/<variant>."""

from django.urls import path

from bench_app.views import boundary, cpu, hello, sleep, template, upload

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
]
