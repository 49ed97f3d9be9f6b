"""The secrets of a provider, told on demand and noted in the audit log before they are. Client keys cannot be told by anybody."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from plexus.settings.references import names_in
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.changing import Changing
from plexus.web.management.provided import provider_named

RESOURCE = APIRouter(tags=["providers"], dependencies=[ADMIN])


class Revealed(BaseModel):
    """One secret, where it stands in the provider's settings."""

    path: str
    written: str = Field(description="As it stands in the configuration; the environment is not told.")
    variables: list[str] = Field(description="The environment variables it refers to.")


class RevealedAll(BaseModel):
    """The secrets of one provider."""

    provider: str
    secrets: list[Revealed]


@RESOURCE.post("/providers/{name:path}/reveal")
async def revealed(managed: Running, name: str, changing: Changing) -> RevealedAll:
    """The provider's secrets as they are written: a literal one as it is, `${NAME}` as the name of the variable."""
    provider_named(managed, name)
    found = await changing.reveal("providers", name)
    secrets = [Revealed(path=path, written=text, variables=names_in(text)) for path, text in found.items()]
    return RevealedAll(provider=name, secrets=secrets)
