"""ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench_app.settings")

application = get_asgi_application()

if "BENCH_WEBSOCKETS" in os.environ:
    # Only after Django was set up; and scenarios without WebSockets do not pay for the router.
    from channels.routing import ProtocolTypeRouter, URLRouter

    from bench_app.consumers import urlpatterns

    application = ProtocolTypeRouter({"http": application, "websocket": URLRouter(urlpatterns)})
