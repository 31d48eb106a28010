"""Django's development server, for those who wonder: one process, a thread per connection, no reloading."""

from results.plan import Budget
from runners.servers import Server


def command(bind: str, app: str, budget: Budget) -> list[str]:
    return ["python", "-m", "django", "runserver", bind, "--noreload", "--skip-checks"]


SERVER = Server(
    name="runserver",
    summary="Django's development server: one process, a thread per connection; not for production",
    interface="wsgi",
    distribution="django",
    uses=(),
    protocols=("keep-alive",),
    app_from_settings=True,
    command=command,
)
