"""``mvtri models``: the networks that detection knows, where their files are, and how to add one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mvtri.models.card import Card

FILE = click.Path(path_type=Path)
HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP)
def models() -> None:
    """List, show, fetch and add the ONNX models that detection runs on."""


@models.command("list", context_settings=HELP)
def list_models() -> None:
    """List the models that have a card, those in the box and your own."""
    from mvtri.models.library import known_cards

    columns = ["name", "finds", "keypoints", "input", "licence", "file"]
    rows = [
        [
            card.name,
            "person boxes" if card.kind == "boxes" else "keypoints",
            card.skeleton or "-",
            "{} x {}".format(*card.input.size),
            card.licence,
            _state(card),
        ]
        for card in known_cards().values()
    ]
    rows.sort(key=lambda row: (row[1] != "keypoints", row[0]))
    _print_columns(columns, rows)
    click.echo("\n`mvtri models show NAME` tells more; `mvtri models get NAME` fetches a file.")


@models.command(context_settings=HELP)
@click.argument("name")
@click.option("--toml", is_flag=True, help="Print the card as TOML, to start one of your own from.")
def show(name: str, toml: bool) -> None:
    """Show the card of the model NAME."""
    from mvtri.models.card import card_text
    from mvtri.models.library import find_card, place_of

    card = find_card(name)
    if toml:
        click.echo(card_text(card), nl=False)
        return
    finds = "person boxes" if card.kind == "boxes" else f"keypoints ({card.skeleton})"
    boxes = "finds its person by itself" if card.boxes.mode == "self" else "needs person boxes"
    given, output = card.input, card.output
    decoding = f", decoded by {output.decoding}" if card.kind == "pose" else ""
    rows = [
        ["name", card.name],
        ["", card.description],
        ["finds", finds + (f"; {boxes}" if card.kind == "pose" else "")],
        ["input", "{} x {} px, {}, {}".format(*given.size, given.colour.upper(), given.layout.upper())],
        ["output", output.kind + decoding],
        ["licence", card.licence],
        ["source", card.source],
        ["address", card.url or "none: bring the file"],
        ["member", card.member],
        ["SHA-256", card.sha256 or "not known; recorded when the file is first fetched"],
        ["file", f"{place_of(card)} ({_state(card)})"],
    ]
    for label, value in rows:
        if value:
            click.echo(f"{label:<8} {value}")


@models.command(context_settings=HELP)
@click.argument("name")
@click.pass_obj
def get(state: dict[str, Any] | None, name: str) -> None:
    """Fetch the file of the model NAME, verify it, and print where it is."""
    from mvtri.cli.screen import progress
    from mvtri.models.library import find_card, local_file

    card = find_card(name)
    with progress((state or {}).get("quiet", False)) as report:
        path, digest = local_file(card, report)
    click.echo(path)
    click.echo(f"SHA-256 {digest}", err=True)


@models.command(context_settings=HELP)
@click.argument("file", type=FILE)
@click.option("--card", type=FILE, help="The card (TOML) that describes FILE; a known file needs none.")
@click.option("--overwrite", is_flag=True, help="Replace a model of yours that has this name.")
def add(file: Path, card: Path | None, overwrite: bool) -> None:
    """Add an ONNX FILE with its card to your models, so that it goes by its name from then on.

    A FILE that a card is known for, by its SHA-256, needs no --card.  The file is loaded and run once, to be
    sure that it fits its card.
    """
    from mvtri.detection import load_boxes, load_detector
    from mvtri.models import read_card
    from mvtri.models.library import add_model

    found = read_card(card) if card else _known(file)
    load = load_detector if found.kind == "pose" else load_boxes
    load(file, device="cpu", card=card)
    path = add_model(file, found, overwrite)
    click.echo(f"added {found.name}: {path}")


def _known(file: Path) -> Card:
    from mvtri.errors import InputError, MissingFileError
    from mvtri.files import sha256
    from mvtri.models.library import card_of

    if not file.is_file():
        raise MissingFileError(f"there is no model file {file}; check the path")
    digest = sha256(file)
    card = card_of(digest)
    if card is None:
        raise InputError(
            f"{file} is not a file that a card is known for (SHA-256 {digest}); pass --card with a TOML file "
            "that describes it (`mvtri models show NAME --toml` prints one to start from)"
        )
    return card


def _state(card: Card) -> str:
    from mvtri.models.library import place_of, user_folder

    place = place_of(card)
    if place.is_file():
        return "here" if place.is_relative_to(user_folder()) else "in the box"
    return "to fetch" if card.url else "bring your own"


def _print_columns(columns: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    for row in [columns, ["-" * width for width in widths], *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
