"""The view renders a page. By hand: `locust -f scenarios/template.py --host http://127.0.0.1:8000`."""

from html import escape

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "an HTML page: twelve rows through Django's template engine, escaped",
    "paths": {"sync": "/template/sync", "async": "/template/async"},
    "users": 32,
}


def page() -> bytes:
    """The page, put together without the template engine."""
    messages = [f"<b>row {number}</b> & 'more' of \"it\"" for number in range(1, 13)]
    rows = "".join(
        f"<tr><td>{number}</td><td>{escape(message)}</td></tr>\n" for number, message in enumerate(messages, start=1)
    )
    return (
        "<!DOCTYPE html>\n<html>\n<head><title>Rows &amp; more</title></head>\n<body>\n<table>\n"
        f"<tr><th>id</th><th>message</th></tr>\n{rows}</table>\n</body>\n</html>\n"
    ).encode()


class Template(BenchUser):
    scenario = SCENARIO
    expected = page()

    @task
    def render(self) -> None:
        self.get(self.path, expect=self.expected)
