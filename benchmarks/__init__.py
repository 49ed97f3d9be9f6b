"""Plexus beside a bare proxy and nginx, measured in one run."""
