"""FastAPI under uvicorn, on uvloop and httptools, with an app of its own: what the same work costs without Django."""

from pathlib import Path

from results.plan import Budget
from runners.servers import BACKLOG, Server

ROOT = Path(__file__).resolve().parent.parent.parent


def command(bind: str, app: str, budget: Budget) -> list[str]:
    host, _, port = bind.rpartition(":")
    return [
        "uvicorn",
        "bench_app.reference:application",
        *("--app-dir", str(ROOT)),  # wherever the Django project is
        *("--host", host),
        *("--port", port),
        *("--workers", str(budget.workers)),
        *("--backlog", str(BACKLOG)),
        *("--loop", "uvloop"),
        *("--http", "httptools"),
        *("--lifespan", "off"),
        *("--log-level", "warning"),
        "--no-access-log",
    ]


SERVER = Server(
    name="fastapi",
    summary="a reference, not Django: FastAPI under uvicorn (scenarios hello, sleep, fanout)",
    interface="asgi",
    distribution="fastapi",
    requires=("starlette", "pydantic", "uvicorn", "uvloop", "httptools"),
    uses=("workers",),
    protocols=("keep-alive",),
    scenarios=("hello", "sleep", "fanout"),
    command=command,
)
