"""The configuration as a whole: shown, checked, replaced."""

import asyncio
import os
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from plexus.settings.file_home import settings_in
from plexus.settings.known import Known
from plexus.settings.noted import Noted
from plexus.settings.problems import ConfigurationError, Problem
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, shown
from plexus.web.management.configured import ConfigShown, stand
from plexus.web.management.configured import shown as configuration
from plexus.web.management.refusals import Refusal

RESOURCE = APIRouter(tags=["config"], dependencies=[ADMIN])
_YAML: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/yaml": {"schema": {"type": "string"}}}}
}
_AS_YAML: dict[int | str, dict[str, Any]] = {200: {"content": {"application/yaml": {"schema": {"type": "object"}}}}}


class FindingShown(BaseModel):
    """One finding. Lines and columns count from 1 and are 0 where there is no place."""

    line: int
    column: int
    path: str
    message: str
    fix: str


class Verdict(BaseModel):
    """Whether a configuration would be taken, and what was found. Remarks stop nothing."""

    valid: bool
    problems: list[FindingShown]
    remarks: list[FindingShown]


@RESOURCE.get("/config", response_model=ConfigShown, responses=_AS_YAML)
async def whole(managed: Running, form: Literal["json", "yaml"] = "json") -> Any:
    """What is served, every key, as JSON; or what is written, as YAML with its version in `ETag`. Secrets are hidden."""
    home = await stand(managed)
    version = home.version(()) if home is not None else None
    if form == "json":
        return ConfigShown(version=version, config=configuration(managed.settings()))
    editing = managed.editing()
    if editing is None or home is None:
        raise Refusal(409, "there is no YAML: the configuration has no home, or what is there does not load", "no_home")
    return Response(await editing.text(), media_type="application/yaml", headers={"etag": f'"{version}"'})


@RESOURCE.put("/config", openapi_extra=_YAML)
async def put(request: Request, version: Version, changing: Changing) -> ChangedShown:
    """Replace the whole configuration by the YAML (or JSON) in the body. [redacted] where a secret was shown leaves it."""
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(400, "the body is not UTF-8", "invalid_value") from None
    return shown(await changing.make("replace", (), text, version))


@RESOURCE.post("/config/validate", openapi_extra=_YAML)
async def validated(request: Request, managed: Running) -> Verdict:
    """Check a configuration file (YAML, or JSON) as it would be on loading. Nothing is changed."""
    return await asyncio.to_thread(_verdict, await request.body(), managed.known)


def _verdict(content: bytes, known: Known) -> Verdict:
    environ = Noted(os.environ)
    try:
        _, remarks = settings_in(content, "config", known, environ)
    except ConfigurationError as error:
        return Verdict(valid=False, problems=[_finding(problem, environ) for problem in error.problems], remarks=[])
    return Verdict(valid=True, problems=[], remarks=[_finding(remark, environ) for remark in remarks])


def _finding(problem: Problem, environ: Noted) -> FindingShown:
    path, message, fix = (environ.hidden(text) for text in (problem.path, problem.message, problem.fix))
    return FindingShown(line=problem.line, column=problem.column, path=path, message=message, fix=fix)
