"""A configuration file on disk, and the names a gateway would know."""

import pytest

from plexus.settings.file_home import FileHome
from plexus.settings.known import Known

KNOWN = Known(
    provider_types=frozenset({"openai", "anthropic", "gemini", "ollama", "openai-compatible", "demo"}),
    selectors=frozenset({"random", "in_order"}),
    hosts=frozenset({"api.anthropic.com", "127.0.0.1:11434", "h"}),
    needs_key=frozenset({"openai", "anthropic", "gemini"}),
)


@pytest.fixture
def known():
    return KNOWN


@pytest.fixture
def home(tmp_path):
    """Makes the home of a file with this content (text or bytes) and this environment."""

    def make(content, environ=None):
        path = tmp_path / "plexus.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return FileHome(path, KNOWN, environ or {})

    return make
