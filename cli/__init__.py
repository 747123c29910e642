"""The command line: one thin module per verb, which parses, loads, calls, saves and prints."""

from mvtri.cli.command import main

__all__ = ["main"]
