"""OpenTelemetry on or off, as the configuration says: at the start, and whenever that changes."""

import asyncio
from collections.abc import Callable

from plexus.core.logging import logger
from plexus.pipeline.compiled import declared_of
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.telemetry.reporter import Reporter
from plexus.settings.schema import Settings
from plexus.traces.redaction import Redactor, secrets_in

log = logger("plexus.telemetry")
_MISSING = "telemetry is on, and the extra that it needs is not installed: pip install plexus-gateway[otel]"


class Switch:
    """Gives the gateway a reporter and takes it away again. Each configuration's secrets are looked for once."""

    def __init__(self, gateway: Gateway) -> None:
        """Off."""
        self._gateway = gateway
        self._kinds: dict[str, str] = {}
        self._clean: Callable[[str], str] | None = None

    async def set(self, settings: Settings) -> None:
        """Do as this configuration says."""
        gateway, wanted = self._gateway, settings.telemetry
        self._kinds = {name: declared_of(provider).name for name, provider in settings.providers.items()}
        self._clean = _cleaning(settings) if wanted.content else None
        if wanted.enabled and gateway.telemetry is None:
            try:
                gateway.telemetry = await asyncio.to_thread(Reporter, self._kind_of, lambda: self._clean)
            except ImportError:
                log.error(_MISSING)  # noqa: TRY400 - the message says all
        elif not wanted.enabled:
            await self.off()

    async def off(self) -> None:
        """Tell of what is over by now, and end."""
        reporter, self._gateway.telemetry = self._gateway.telemetry, None
        if reporter is not None:
            await reporter.close()

    def _kind_of(self, provider: str) -> str:
        return self._kinds.get(provider, "")


def _cleaning(settings: Settings) -> Callable[[str], str]:
    redactor = Redactor(secrets_in(settings))
    return lambda text: redactor.body(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
