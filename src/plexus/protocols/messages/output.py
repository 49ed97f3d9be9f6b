"""Structured output: a schema in `output_config.format`, else an instruction to the model.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from typing import Any

from plexus.core import json
from plexus.protocols.messages.closed_schema import closed
from plexus.protocols.messages.draft import Draft

_ANY_OBJECT = "Answer with one valid JSON object and nothing else: no prose, no code fence."
_BY_SCHEMA = _ANY_OBJECT + " It must follow this JSON Schema: "


def write_output(draft: Draft, body: dict[str, Any]) -> None:
    """Put the output format into the body. Any-JSON mode is an instruction: the API binds output to a closed schema only."""
    output = draft.request.output
    if output is None:
        return
    if output.kind == "schema" and output.schema is not None and draft.target.dialect.json_schema:
        extras = draft.own(output.extras, "output")
        schema = output.schema if draft.native else closed(output.schema)
        if schema is not output.schema:
            draft.lose("approximated", "output.schema", "objects are closed, bounds are told in words")
        wire = {"type": "json_schema", "schema": schema, **extras}
        if draft.native and output.name:
            wire["name"] = output.name
        body.setdefault("output_config", {})["format"] = wire
        for name in ("name", "description"):
            if getattr(output, name) and not (draft.native and name == "name"):
                draft.lose("dropped", f"output.{name}", "no place in this protocol")
        return
    draft.own(output.extras, "output")
    draft.lose("approximated", "output", "told to the model as an instruction")
    text = _ANY_OBJECT
    if output.kind == "schema" and output.schema is not None:
        text = _BY_SCHEMA + json.dumps(output.schema).decode()
    said = body.get("system", [])
    blocks = [{"type": "text", "text": said}] if isinstance(said, str) else said
    body["system"] = [*blocks, {"type": "text", "text": text}]
