"""A small Django project as an object to be checked: as `startproject` makes it, with pages of unlike cost."""

import shutil
import subprocess
import sys
from pathlib import Path

PATHS = {"page": ("/",), "pages": ("/", "/long/", "/short/")}
"""What is asked of it, by name."""
VIEWS = """from django.http import HttpResponse

ROUNDS = {rounds}


def page(request):
    for number in range(ROUNDS):
        number * number
    return _listed(200)


def long(request):
    return _listed(2000)


def short(request):
    return _listed(2)


def _listed(count):
    rows = "".join(f"<li>product {{number}}</li>" for number in range(count))
    return HttpResponse(f"<ul>{{rows}}</ul>")
"""
URLS = """from django.urls import path

from shop import views

urlpatterns = [path("", views.page), path("long/", views.long), path("short/", views.short)]
"""


def write(folder: Path, rounds: int) -> Path:
    """Make it anew in `folder`, with so many rounds of a loop that does nothing on the page `/`; the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(folder)], check=True)
    (folder / "shop" / "views.py").write_text(VIEWS.format(rounds=rounds))
    (folder / "shop" / "urls.py").write_text(URLS)
    settings = folder / "shop" / "settings.py"
    text = settings.read_text().replace("DEBUG = True", "DEBUG = False")
    settings.write_text(text.replace("ALLOWED_HOSTS = []", 'ALLOWED_HOSTS = ["127.0.0.1"]'))
    return folder
