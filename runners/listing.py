"""What there is to choose from, and what installs those that are missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from results.plan import App
from runners import choosing, scenarios, servers
from runners.app import Environment
from runners.parameters import Choice


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A server or scenario; `lack` is what is missing, empty where nothing is, and `install` what gets it.

    `parameters` may be set, and `variants` are measured only when they are asked for.
    """

    name: str
    summary: str
    lack: str
    install: str
    parameters: Mapping[str, Choice] = field(default_factory=dict)
    variants: tuple[str, ...] = ()


def of_servers(environment: Environment) -> list[Listed]:
    """Every server."""
    found = servers.availability(servers.discover().values(), environment)
    return [
        Listed(name=name, summary=one.server.summary, lack=", ".join(one.missing), install=one.install)
        for name, one in found.items()
    ]


def of_servers_for(app: App) -> list[Listed]:
    """The servers for a project: it can have those of whose interface it has an application.

    What its interpreter lacks for them is put beside it when they are measured.
    """
    found, known = [], servers.discover()
    for one in of_servers(Environment.of(app)):
        if known[one.name].scenarios:
            continue  # it serves an app of its own
        interface = known[one.name].interface
        has = app.asgi if interface == "asgi" else app.wsgi
        lack = "" if has else f"{interface.upper()}_APPLICATION in the settings"
        beside = f" ({one.lack} is put beside the project's packages)" if one.lack and has else ""
        found.append(replace(one, summary=one.summary + beside, lack=lack, install="" if has else "set it"))
    return found


def of_scenarios(environment: Environment) -> list[Listed]:
    """Every scenario."""
    known = scenarios.discover()
    lacks = choosing.scenario_lacks(known.values(), environment, "sqlite", {})
    return [
        Listed(
            name=name,
            summary=one.scenario.summary,
            lack=lack.what if lack else "",
            install=lack.install if lack else "",
            parameters=one.scenario.parameters,
            variants=tuple(one.scenario.more_paths),
        )
        for (name, one), lack in zip(known.items(), lacks.values(), strict=True)
    ]
