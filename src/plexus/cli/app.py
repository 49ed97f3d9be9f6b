"""The `plexus` command line: declares the commands and their options. What a command does is imported when it is called."""
# ruff: noqa: PLC0415 - commands import what they do when they are called, so that `--version` costs nothing

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import plexus

app = typer.Typer(
    name="plexus",
    help="Plexus: a universal gateway for LLM APIs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold secrets
    rich_markup_mode=None,
)
config_app = typer.Typer(name="config", help="Check, import and export configurations.", no_args_is_help=True)
app.add_typer(config_app)
keys_app = typer.Typer(name="keys", help="Client API keys.", no_args_is_help=True)
app.add_typer(keys_app)
_CONFIG = typer.Option(
    help="The configuration file. Default: PLEXUS_CONFIG_PATH, else config/plexus.yaml, else the database."
)


def _version(asked: bool) -> None:
    if asked:
        print(f"plexus {plexus.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Plexus: a universal gateway for LLM APIs."""


@app.command()
def serve(
    config: Annotated[
        Path | None,
        typer.Option(help="The configuration file. Default: PLEXUS_CONFIG_PATH, else config/plexus.yaml if it exists."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: HOST, else 127.0.0.1.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port to listen on, 0 for any free one. Default: PORT, else 4000."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes. More than one needs PostgreSQL and REDIS_URL.")] = 1,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the built-in demo provider on loopback, no configuration needed.")
    ] = False,
) -> None:
    """Run the gateway."""
    from plexus.cli.serve import NotServed
    from plexus.cli.serve import serve as run
    from plexus.settings.problems import ConfigurationError

    try:
        run(config, host, port, workers, demo)
    except (NotServed, ConfigurationError) as reason:
        _stop(str(reason))


@config_app.command("validate")
def config_validate(file: Annotated[Path, typer.Argument(help="The configuration file.")]) -> None:
    """Check a configuration file: tells every problem with its file, line, column, path and fix."""
    from plexus.cli.config import validate

    if not validate(file):
        raise typer.Exit(1)


@config_app.command("import")
def config_import(file: Annotated[Path, typer.Argument(help="The configuration file.")]) -> None:
    """Make a file the configuration of the database. Of client secrets only hashes are kept."""
    from plexus.cli.config_database import import_file
    from plexus.cli.database import told

    told(lambda environment: import_file(environment, file), _stop)


@config_app.command("export")
def config_export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it. Default: standard output.")] = None,
) -> None:
    """Write the configuration as YAML: of the file in use, or of the database where there is none."""
    from plexus.cli.config_database import export
    from plexus.cli.database import told

    told(lambda environment: export(environment, file), _stop)


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="A name for the key.")],
    config: Annotated[Path | None, _CONFIG] = None,
    comment: Annotated[str | None, typer.Option(help="For people.")] = None,
    quota: Annotated[list[str] | None, typer.Option(help="A quota it draws on. May be given several times.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model it may ask for. May be given several times.")] = None,
    expires: Annotated[str | None, typer.Option(help="When it ends, such as 2027-12-31T00:00:00Z.")] = None,
) -> None:
    """Make a client key. Its secret is printed once; only a hash of it is kept."""
    from plexus.cli import keys
    from plexus.cli.database import told

    fields = {"comment": comment, "expires_at": expires, "quotas": quota, "allowed_models": model}
    told(lambda environment: keys.create(environment, config, name, fields), _stop)


@keys_app.command("list")
def keys_list(config: Annotated[Path | None, _CONFIG] = None) -> None:
    """List the client keys and when each was last used, without their secrets."""
    from plexus.cli import keys
    from plexus.cli.database import told

    told(lambda environment: keys.listed(environment, config), _stop)


@keys_app.command("revoke")
def keys_revoke(
    name: Annotated[str, typer.Argument(help="The key.")],
    config: Annotated[Path | None, _CONFIG] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it out instead of disabling it.")] = False,
) -> None:
    """End a client key. A running gateway refuses it within a second or two."""
    from plexus.cli import keys
    from plexus.cli.database import told

    told(lambda environment: keys.revoke(environment, config, name, remove=remove), _stop)


@app.command()
def explain(
    file: Annotated[str, typer.Argument(help="The body of a request as JSON; - for standard input.")],
    key: Annotated[str | None, typer.Option(help="The name of the client key to ask as.")] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="chat, responses, messages or gemini. Default: told by the path, or the body's shape."),
    ] = None,
    path: Annotated[str | None, typer.Option(help="The path a client would use. Gemini names the model there.")] = None,
    url: Annotated[str | None, typer.Option(help="The gateway. Default: http://127.0.0.1:PORT.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Ask no gateway: decide by this file, as if nothing had been served yet.")
    ] = None,
    raw: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
) -> None:
    """Tell what would become of a request, without making it."""
    from plexus.cli import explain as command
    from plexus.settings.problems import ConfigurationError

    port = os.environ.get("PORT", "").strip() or "4000"
    try:
        asked = command.question(file, {"key": key, "protocol": protocol, "path": path})
        told = command.offline(asked, config) if config else command.online(asked, url or f"http://127.0.0.1:{port}")
    except (command.NotExplained, ConfigurationError) as reason:
        _stop(str(reason))
    print(told.decode() if raw else "\n".join(command.readable(told)))


@app.command()
def rekey() -> None:
    """Encrypt every secret in the database with NEW_ENCRYPTION_KEY instead of ENCRYPTION_KEY."""
    from plexus.cli.database import told
    from plexus.cli.rekey import rekey as run

    told(run, _stop)


@app.command("migrate-quota-snapshots")
def migrate_quota_snapshots() -> None:
    """Copy what quota checkers of earlier versions read into the table of today, once. Needs DATABASE_URL."""
    from plexus.cli.database import told
    from plexus.cli.migrate_quota_snapshots import migrate_quota_snapshots as run

    told(run, _stop)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write it; a file that is there is replaced.")]) -> None:
    """Write the whole database into one file, while the gateway runs or not."""
    from plexus.cli.backup import backup as run
    from plexus.cli.database import told

    told(lambda environment: run(environment, file), _stop)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `plexus backup` wrote.")]) -> None:
    """Replace the content of the database by that of a backup, made from SQLite or PostgreSQL."""
    from plexus.cli.database import told
    from plexus.cli.restore import restore as run

    told(lambda environment: run(environment, file), _stop)


@app.command()
def connect(
    client: Annotated[str, typer.Argument(help="The client, such as claude-code; `list` names them all.")],
    write: Annotated[
        bool, typer.Option("--write", help="Write it into the client's own files, with a backup.")
    ] = False,
    url: Annotated[str | None, typer.Option(help="The gateway. Default: http://127.0.0.1:PORT.")] = None,
    key: Annotated[str | None, typer.Option(help="The client's key. Default: PLEXUS_API_KEY.")] = None,
    model: Annotated[str, typer.Option(help="The model or alias to use.")] = "",
) -> None:
    """Show, or write, the settings that point a client at this gateway."""
    from plexus.cli import connect as command
    from plexus.cli.clients import Gateway

    known = command.clients()
    if client == "list":
        print("\n".join(known))
        return
    if client not in known:
        raise typer.BadParameter(f"unknown client {client!r}; known: {', '.join(known)}")
    port = os.environ.get("PORT", "").strip() or "4000"
    try:
        place = command.base_url(url or f"http://127.0.0.1:{port}")
        gateway = Gateway(url=place, key=key or os.environ.get("PLEXUS_API_KEY", ""), model=model)
        command.connect(known[client], gateway, write=write)
    except command.NotConnected as reason:
        _stop(str(reason))


def _stop(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
