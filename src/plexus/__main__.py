"""`python -m plexus` and the `plexus` script."""


def main() -> None:
    """Run the command line."""
    from plexus.cli.app import app  # noqa: PLC0415 - `import plexus.__main__` alone costs nothing

    app(prog_name="plexus")


if __name__ == "__main__":
    main()
