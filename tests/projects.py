"""Django projects for tests, as `django-admin startproject` makes them, in repositories of their own."""

import subprocess
import sys
from pathlib import Path

from tests.runners.test_versions import git

VIEWS = """from django.http import HttpResponse


def products(request):
    rows = "".join(f"<li>product {number}" for number in range(50))
    return HttpResponse(f"<ul>{rows}</ul>")
"""
URLS = """from django.urls import path

from shop import views

urlpatterns = [path("products/", views.products)]
"""


def make(folder: Path, *, repository: bool = True) -> Path:
    """A project `shop` that answers /products/; its directory."""
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(folder)], check=True)
    (folder / "shop" / "views.py").write_text(VIEWS)
    (folder / "shop" / "urls.py").write_text(URLS)
    settings = folder / "shop" / "settings.py"
    settings.write_text(
        settings.read_text()
        .replace("DEBUG = True", "DEBUG = False")
        .replace("ALLOWED_HOSTS = []", 'ALLOWED_HOSTS = ["127.0.0.1"]')
    )
    if repository:
        (folder / ".gitignore").write_text("__pycache__/\n*.sqlite3\n.venv/\n")
        git(folder, "init", "--quiet", "--initial-branch", "main")
        commit(folder, "start")
    return folder


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
