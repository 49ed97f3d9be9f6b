"""The running configuration as a whole, and checking another one."""

import asyncio
import os
from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Request
from pydantic import BaseModel

from plexus.core.secret import REDACTED
from plexus.settings.file_home import settings_in
from plexus.settings.known import Known
from plexus.settings.problems import ConfigurationError, Problem
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.configured import ConfigShown, shown

RESOURCE = APIRouter(tags=["config"])
_YAML = {"requestBody": {"required": True, "content": {"application/yaml": {"schema": {"type": "string"}}}}}
_SHORTEST = 4
"""Characters of a value from the environment below which hiding it would garble every message."""


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


@RESOURCE.get("/config", dependencies=[ADMIN])
async def whole(managed: Running) -> ConfigShown:
    """The running configuration, every key, secrets as [redacted]."""
    return ConfigShown(version=managed.gateway.snapshot.version, config=shown(managed.settings()))


@RESOURCE.post("/config/validate", dependencies=[ADMIN], openapi_extra=_YAML)
async def validated(request: Request, managed: Running) -> Verdict:
    """Check a configuration file (YAML, or JSON) as it would be on loading. Nothing is changed."""
    return await asyncio.to_thread(_verdict, await request.body(), managed.known)


def _verdict(content: bytes, known: Known) -> Verdict:
    environ = _Noted(os.environ)
    try:
        _, remarks = settings_in(content, "config", known, environ)
    except ConfigurationError as error:
        return Verdict(valid=False, problems=[_finding(problem, environ) for problem in error.problems], remarks=[])
    return Verdict(valid=True, problems=[], remarks=[_finding(remark, environ) for remark in remarks])


def _finding(problem: Problem, environ: "_Noted") -> FindingShown:
    path, message, fix = (environ.hidden(text) for text in (problem.path, problem.message, problem.fix))
    return FindingShown(line=problem.line, column=problem.column, path=path, message=message, fix=fix)


class _Noted(Mapping[str, str]):
    """The environment, which notes what it gave, so that a finding that names a value does not tell it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._given: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._environ[name]
        self._given |= {value, repr(value)[1:-1]}
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def hidden(self, text: str) -> str:
        """The text without the values it gave."""
        for value in sorted(self._given, key=len, reverse=True):
            if len(value) >= _SHORTEST:
                text = text.replace(value, REDACTED)
        return text
