"""`python -m plexus` and the `plexus` script."""


def main() -> None:
    """Run the command line."""
