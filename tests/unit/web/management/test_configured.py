"""S23: no secret of any configuration is in what is shown of it."""

import json
from pathlib import Path

from plexus.app import known
from plexus.settings.file_home import settings_in
from plexus.web.management.configured import rest, shown

ROOT = Path(__file__).parents[4]
CANARY = "canary-8f1c22d0aa"
HASH = "5f" * 32
EVERY = f"""
providers:
  p:
    type: openai
    api_key: sk-{CANARY}-1
    headers: {{x-own: "{CANARY}-2"}}
    models: [m]
    quota_checker: {{type: openai, options: {{cookie: "{CANARY}-3", nested: {{deep: "{CANARY}-4"}}}}}}
keys:
  k: {{secret: "{CANARY}-5"}}
  h: {{secret_hash: "sha256:{HASH}", previous: [{{secret_hash: "sha256:{HASH}", until: 2030-01-01T00:00:00Z}}]}}
mcp_servers:
  s: {{url: "https://mcp.example.test", headers: {{authorization: "Bearer {CANARY}-6"}}}}
network: {{metrics_token: "{CANARY}-7"}}
"""


def test_every_kind_of_secret_is_hidden():
    settings, _ = settings_in(EVERY.encode(), "test", known(), {})
    text = json.dumps([shown(settings), rest(settings)])
    assert CANARY not in text
    assert HASH not in text
    assert text.count("[redacted]") >= 9


def test_every_form_of_the_configuration_can_be_shown():
    content = (ROOT / "tests" / "golden" / "settings" / "every-form.yaml").read_bytes()
    names = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "BOTH_KEY", "ALICE_KEY", "DOCS_TOKEN")
    settings, _ = settings_in(content, "test", known(), {name: f"{CANARY}-{name}" for name in names})
    text = json.dumps(shown(settings))
    assert CANARY not in text
    assert json.loads(text)["providers"]["openai"]["api_key"] == "[redacted]"
