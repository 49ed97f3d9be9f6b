"""curl: one request that needs nothing else."""

import json
import shlex

from plexus.cli.clients import Client, Gateway


def _example(gateway: Gateway) -> str:
    body = json.dumps({"model": gateway.model, "messages": [{"role": "user", "content": "Say hello"}]})
    return f"""\
curl {shlex.quote(f"{gateway.v1}/chat/completions")} \\
  -H "Authorization: Bearer $PLEXUS_API_KEY" -H 'Content-Type: application/json' \\
  -d {shlex.quote(body)}"""


CLIENT = Client(
    name="curl",
    title="curl",
    source="https://curl.se/docs/manpage.html",
    variables=lambda gateway: {"PLEXUS_API_KEY": gateway.key},
    example=_example,
)
