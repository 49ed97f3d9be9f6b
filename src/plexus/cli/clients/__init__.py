"""The shape of a client that `plexus connect` can point at a gateway: what it reads, and where. One file per client."""

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct


class Gateway(Struct, frozen=True, kw_only=True):
    """Where the gateway is, and with which key and model it shall be asked."""

    url: str
    """Without a slash at its end and without `/v1`."""
    key: str
    model: str = ""
    """Empty: the client's own choice."""

    @property
    def v1(self) -> str:
        """The base URL as OpenAI clients want it."""
        return f"{self.url}/v1"


class Place(Struct, frozen=True, kw_only=True):
    """The machine a client runs on, as far as it decides where its files are."""

    home: Path
    environ: Mapping[str, str] = {}
    platform: str = "linux"

    def folder(self, variable: str, otherwise: str) -> Path:
        """The folder a variable names, or else one below the home folder."""
        named = self.environ.get(variable)
        return Path(named) if named else self.home / otherwise


class ConfigFile(Struct, frozen=True, kw_only=True):
    """One file of a client: where it is, and its text changed so that the client uses the gateway (or CannotEdit)."""

    path: Callable[[Place], Path]
    edit: Callable[[str, Gateway], str]


class Client(Struct, frozen=True, kw_only=True):
    """One client. `source` is the page of its vendor that these facts are from."""

    name: str
    title: str
    source: str
    variables: Callable[[Gateway], dict[str, str]]
    """Environment variables that do it."""
    files: tuple[ConfigFile, ...] = ()
    """Files that do it as well, and for good."""
    variables_beside_files: bool = False
    """Whether the variables are needed even where the files are written."""
    example: Callable[[Gateway], str]
    """What to run to try it."""
    needs_model: bool = True
    """Whether it cannot do without being told a model."""
    remark: str = ""
