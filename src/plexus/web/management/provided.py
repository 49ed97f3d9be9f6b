"""A configured provider as a request names it, and the taking out of secrets from what a provider says."""

from collections.abc import Callable

from plexus.settings.provider import ProviderSettings
from plexus.traces.redaction import Redactor, secrets_in
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import not_found


def provider_named(managed: Managed, name: str) -> ProviderSettings:
    """The provider.

    Raises:
        Refusal: 404 when there is none of this name.
    """
    found = managed.settings().providers.get(name)
    if found is None:
        raise not_found("provider", name)
    return found


def cleaning(managed: Managed) -> Callable[[str], str]:
    """Takes every secret of the configuration, and what looks like one, out of a text of a provider."""
    admin = (managed.admin_key,) if managed.admin_key is not None else ()
    return Redactor(secrets_in((managed.settings(), admin))).text
