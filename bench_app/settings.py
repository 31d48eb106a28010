"""Production settings of a small JSON API, as `startproject` and the deployment checklist have it."""

from pathlib import Path

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
]
INSTALLED_APPS: list[str] = []

# Loaders are cached, as they are by default where DEBUG is off.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent / "templates"],
    }
]

USE_TZ = True

# Errors go to the server's log with their traceback; Django's default mails them instead.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # What `runserver` says of every request.
        "django.server": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
    },
}
