"""The command line: one thin module a verb; each parses, loads, calls and saves, and computes nothing."""

from mvtri.cli.command import main

__all__ = ["main"]
