"""docs/management.md against the code: the paths with their methods and who may use them, and the resource shown to contributors."""

import re
import types

from fastapi import APIRouter
from fastapi.routing import APIRoute

from plexus.pipeline.explain import _WHY
from plexus.web.management import api
from plexus.web.management.asked import FIELDS
from plexus.web.management.explained import Explained
from plexus.web.management.shapes import LONGEST_PAGE
from tests.docs.documents import blocks, rows, text, ticked

PAGE = "docs/management.md"


def test_the_paths_told_are_those_there_are_with_their_methods_and_who_may_use_them():
    there = {
        (method, route.path_format): api.access_of(route)
        for router in api.routers()
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    told = {
        (method, path): ticked(row[3])[0]
        for row in rows(PAGE, "Paths")
        for path in ticked(row[1])
        for method in ticked(row[0])
    }
    assert told == there


def test_what_an_explanation_says_is_told():
    section = text(PAGE).partition("\n## Explaining a request\n")[2]
    said = set(ticked(re.sub(r"^```.*?^```", "", section, flags=re.MULTILINE | re.DOTALL)))
    assert set(_WHY) <= said
    assert set(FIELDS) <= said
    assert {"outcome", "refusal", "candidates", "excluded", "request"} <= Explained.model_fields.keys() & said
    assert f"1 to {LONGEST_PAGE}" in text(PAGE)


def test_the_resource_shown_is_one():
    page = "docs/contributing/add-a-management-resource.md"
    [block] = [block for block in blocks(page) if block.marker == "resource"]
    module = types.ModuleType("plug")
    exec(compile(block.code, page, "exec"), module.__dict__)
    assert isinstance(module.RESOURCE, APIRouter)
    assert [api.access_of(route) for route in module.RESOURCE.routes if isinstance(route, APIRoute)] == ["admin"]
