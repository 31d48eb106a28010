"""Imports Locust, which has gevent patch the standard library: in a load process this comes before all else.

gevent looks for plugins with every module that it patches, and each time `importlib.metadata` reads what it says of
everything installed: 25 times, a third of the time that a load process took to start. Here it reads that once.
"""

import importlib.metadata

_look_up = importlib.metadata.entry_points
_installed = _look_up()
importlib.metadata.entry_points = _installed.select
try:
    import locust  # noqa: F401
finally:
    importlib.metadata.entry_points = _look_up
