"""Production settings of a small JSON API, as `startproject` and the deployment checklist have it.

What only some scenarios need is set by variables, so that the others do not pay for it.
"""

import json
import os
from pathlib import Path
from typing import Any

from bench_app.middleware import stack

SECRET_KEY = "not-a-secret: this project serves benchmarks on loopback only"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

ROOT_URLCONF = "bench_app.urls"
WSGI_APPLICATION = "bench_app.wsgi.application"
ASGI_APPLICATION = "bench_app.asgi.application"

# What startproject installs, less what an API without sessions, forms and pages has no use for.
# CommonMiddleware sets Content-Length, without which some servers cannot keep a connection alive.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    *stack(os.environ.get("BENCH_MIDDLEWARE", "both:0")),
]
INSTALLED_APPS = ["bench_app"]

# How long connections to the database are kept: for a request, for as long as the worker lives, or in a pool.
CONNECTIONS: dict[str, dict[str, Any]] = {
    "per-request": {"CONN_MAX_AGE": 0},
    "persistent": {"CONN_MAX_AGE": None},
    "pool": {"CONN_MAX_AGE": 0, "OPTIONS": {"pool": {"min_size": 2, "max_size": 10}}},
}


def database(given: str, connections: str) -> dict[str, Any]:
    """The default database, which `given` says as JSON, with its connections kept as `connections` says."""
    default: dict[str, Any] = json.loads(given)
    kept = CONNECTIONS[connections]
    return default | kept | {"OPTIONS": default.get("OPTIONS", {}) | kept.get("OPTIONS", {})}


if "BENCH_DATABASE" in os.environ:
    DATABASES = {
        "default": database(os.environ["BENCH_DATABASE"], os.environ.get("BENCH_DATABASE_CONNECTIONS", "per-request"))
    }

# What carries messages between WebSocket consumers: each process's own memory, or Redis; both with their defaults.
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {}
match os.environ.get("BENCH_CHANNEL_LAYER"):
    case "memory":
        CHANNEL_LAYERS["default"] = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    case "redis":
        CHANNEL_LAYERS["default"] = {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]], "prefix": os.environ["BENCH_REDIS_PREFIX"]},
        }

# Loaders are cached, as they are by default where DEBUG is off.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent / "templates"],
    }
]

# For scenario `rest`: JSON and nothing else, as all other views do; there are no users to be told apart.
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}

USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Errors go to the server's log with their traceback; Django's default mails them instead.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # What `runserver` says of every request.
        "django.server": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # What waitress says of every request that has to wait for a thread.
        "waitress.queue": {"level": "ERROR"},
    },
}
