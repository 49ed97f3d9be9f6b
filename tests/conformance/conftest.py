"""One real gateway process for the official packages, and behind it the demo provider and a simulated, faulty upstream.

Every name is an alias that forces one upstream protocol: `tools-on-gemini` is demo/tools over gemini, and
`status-429-on-chat` the simulated upstream's fault of that name over chat.
"""

import pytest

from tests.conformance.sdks import KEY, LIMITED_KEY, Sdks
from tests.harness.background import Background
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway

UPSTREAMS = ("chat", "messages", "responses", "gemini")
DEMO = ("echo", "chat", "tools", "thinking")
FAULTS = (
    "ok",
    "text-only",
    "tool-two",
    "status-400",
    "status-401",
    "status-403",
    "status-404",
    "status-413",
    "status-500",
    "status-503",
    "status-529",
    "retry-seconds",
    "first-event-error",
    "error-after-2",
    "cut-after-2",
    "reset-after-2",
    "fin-before-headers",
)


@pytest.fixture(params=UPSTREAMS)
def upstream(request):
    """The protocol spoken upstream."""
    return request.param


@pytest.fixture(scope="session")
def faulty():
    """The simulated upstream; `received` is what reached it."""
    server = FaultUpstream(tempo=0.01)
    with Background() as background:
        background.run(server.start())
        yield server
        background.run(server.stop())


@pytest.fixture(scope="session")
def gateway(faulty):
    """The process."""
    with Gateway(configuration(faulty)) as running:
        yield running


@pytest.fixture(scope="session")
def sdks(gateway):
    """The clients of all packages. One set for all tests: making one costs more than a hundred requests."""
    with Sdks(gateway.base_url) as clients:
        yield clients


def configuration(faulty):
    providers: dict[str, dict] = {}
    aliases = {}
    for protocol in UPSTREAMS:
        demo, bad = f"demo-{protocol}", f"bad-{protocol}"
        providers[demo] = {"type": "demo", "models": {f"demo/{name}": {"access_via": [protocol]} for name in DEMO}}
        providers[bad] = {
            "api_base_url": {protocol: faulty.base_url(protocol)},
            "disable_cooldown": True,
            "api_key": "sk-upstream-secret",
            "models": [f"fault/{name}" for name in FAULTS],
        }
        names = {name: (demo, f"demo/{name}") for name in DEMO} | {name: (bad, f"fault/{name}") for name in FAULTS}
        for name, (provider, model) in names.items():
            aliases[f"{name}-on-{protocol}"] = {"targets": [{"provider": provider, "model": model}]}
    keys = {"me": {"secret": KEY}, "limited": {"secret": LIMITED_KEY, "allowed_models": ["echo-on-chat"]}}
    return {"providers": providers, "models": aliases, "keys": keys, "limits": {"body": "1MB"}}
