"""The models that are known without asking anybody: prices from the built-in catalogue, abilities from the profiles."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from plexus.ir.target import ModelProfile
from plexus.providers.catalogue import profile_of
from plexus.usage.known_models import KnownModel, known_models, prices_of
from plexus.usage.price import Scale
from plexus.usage.row import amount_text
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.shapes import Page, Pages, Paging

RESOURCE = APIRouter(tags=["models"], dependencies=[ADMIN])
Word = Annotated[str | None, Query(max_length=200)]


class Rates(BaseModel):
    """USD for a million tokens, decimal text, for requests with `from_tokens` of input or more."""

    from_tokens: int
    rates: dict[str, str] = Field(description="By kind of token, those that are known; `web_search` for a thousand.")


class ModelKnown(BaseModel):
    """One model at one provider; null is unknown. What a profile says holds for the model wherever it is served."""

    provider: str
    model: str
    title: str | None
    family: str | None
    context_window: int | None
    max_output: int | None
    inputs: list[str] | None = Field(description="What it takes beside text; null when no profile knows it.")
    reasoning: str | None = Field(description="How it is told how long to think: effort, budget …; none.")
    efforts: list[str]
    protocols: list[str] = Field(description="The protocols its maker serves it in; empty: all of the maker's.")
    deprecated: bool
    prices: list[Rates]
    price_per_request: str
    source: str | None = Field(description="The page the profile comes from.")


class Wanted:
    """Which models are asked for."""

    def __init__(
        self,
        provider: Annotated[Word, Query(description="Only at this provider.")] = None,
        search: Annotated[Word, Query(description="Only with this in the id or the title, in any case.")] = None,
        takes: Annotated[Word, Query(description="Only those that take this beside text, such as `image`.")] = None,
        reasoning: Annotated[
            bool | None, Query(description="Only those that reason, or do not, as far as known.")
        ] = None,
        min_context: Annotated[int | None, Query(ge=1, le=10**12, description="Tokens, at least.")] = None,
    ) -> None:
        """As the query says."""
        self._provider, self._search = provider, search.lower() if search is not None else None
        self._takes, self._reasoning, self._context = takes, reasoning, min_context

    def fits(self, model: KnownModel) -> bool:
        """Whether the model is one of those."""
        if self._provider is not None and model.provider != self._provider:
            return False
        if self._search is not None and self._search not in f"{model.id}\n{model.title or ''}".lower():
            return False
        if self._context is not None and (model.context_window or 0) < self._context:
            return False
        return (self._takes is None and self._reasoning is None) or self._able(profile_of(model.id))

    def _able(self, profile: ModelProfile) -> bool:
        if self._takes is not None and self._takes not in profile.inputs:
            return False
        return self._reasoning is None or _reasons(profile) is self._reasoning


@RESOURCE.get("/models/catalogue", response_model=Page[ModelKnown])
async def listed(managed: Running, pages: Pages, wanted: Annotated[Wanted, Depends()]) -> dict[str, Any]:
    """The known models, by provider and id."""
    return await asyncio.to_thread(_page, pages, wanted, datetime.fromtimestamp(managed.gateway.clock.wall(), UTC))


def _page(pages: Paging, wanted: Wanted, at: datetime) -> dict[str, Any]:
    fitting = [model for model in known_models() if wanted.fits(model)]
    page = pages.page(fitting, lambda model: (model.provider, model.id))
    return {**page, "data": [_shown(model, at) for model in page["data"]]}


def _shown(model: KnownModel, at: datetime) -> dict[str, Any]:
    profile, (scales, each) = profile_of(model.id), prices_of(model, at)
    return {
        "provider": model.provider,
        "model": model.id,
        "title": model.title,
        "family": profile.family or None,
        "context_window": model.context_window,
        "max_output": profile.max_output,
        "inputs": list(profile.inputs) or None,
        "reasoning": profile.reasoning.style or None,
        "efforts": list(profile.reasoning.efforts),
        "protocols": list(profile.protocols),
        "deprecated": model.deprecated,
        "prices": [_rates(scale) for scale in scales],
        "price_per_request": amount_text(each),
        "source": profile.source or None,
    }


def _rates(scale: Scale) -> dict[str, Any]:
    told = {name: getattr(scale.rates, name) for name in scale.rates.__struct_fields__}
    return {
        "from_tokens": scale.lower,
        "rates": {name: amount_text(rate) for name, rate in told.items() if rate is not None},
    }


def _reasons(profile: ModelProfile) -> bool | None:
    return None if not profile.reasoning.style else profile.reasoning.style != "none"
