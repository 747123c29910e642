"""``mvtri models``: the networks that mvtri knows, where their files are, and how to add one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvtri.errors import InputError, MvtriError

if TYPE_CHECKING:
    from mvtri.models.card import Card

FILE = click.Path(path_type=Path)
HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP)
def models() -> None:
    """List, download and add the networks that detect people and keypoints.

    mvtri runs networks in the ONNX format.  A card (a short TOML file) describes each of them: its input, its
    output and its keypoints.
    """


@models.command("list", context_settings=HELP)
def list_models() -> None:
    """List all models that mvtri knows, your own included.

    The last column says where the file of a model is: built-in, on this computer, "to download", or "bring
    your own" where it cannot be downloaded.
    """
    from mvtri.models.library import known_cards

    columns = ["name", "finds", "keypoints", "input", "licence", "file"]
    rows = [
        [
            card.name,
            card.FINDS,
            card.skeleton or "-",
            card.input_text(),
            card.licence,
            _state(card),
        ]
        for card in known_cards().values()
    ]
    rows.sort(key=lambda row: (row[1] != "keypoints", row[0]))
    _print_columns(columns, rows)
    click.echo("\n`mvtri models show NAME` says more about a model; `mvtri models get NAME` downloads it.")


@models.command(context_settings=HELP)
@click.argument("name")
@click.option("--toml", is_flag=True, help="Print the card itself (TOML), as a start for a card of your own.")
def show(name: str, toml: bool) -> None:
    """Show what mvtri knows about the model NAME: input, output, licence, source and file."""
    from mvtri.models.card_files import card_text
    from mvtri.models.library import find_card

    card = find_card(name)
    if toml:
        click.echo(card_text(card), nl=False)
        return
    for label, value in _facts(card):
        if value:
            click.echo(f"{label:<8} {value}")


def _facts(card: Card) -> list[tuple[str, str]]:
    """Return labels and texts; an empty text is not printed."""
    from mvtri.models.library import model_path

    return [
        ("name", card.name),
        ("", card.description),
        *card.details(),
        ("licence", card.licence),
        ("source", card.source),
        ("family", card.family),
        ("address", card.urls[0] if card.urls else "none; bring the file yourself"),
        *(("or", url) for url in card.urls[1:]),
        ("archive", f"the model is {card.member} in it" if card.member else ""),
        ("SHA-256", card.sha256 or "not known; recorded when the file is first downloaded"),
        ("file", f"{model_path(card)} ({_state(card)})"),
    ]


@models.command(context_settings=HELP)
@click.argument("name", required=False)
@click.option("--all-of", metavar="FAMILY", help="Download all models of a family, such as spinepose, "
              "and the person detectors that they use.")  # fmt: skip
@click.pass_obj
def get(state: dict[str, Any] | None, name: str | None, all_of: str | None) -> None:
    """Download the model NAME, check it, and print where it is.

    To prepare a computer without internet, run this on another one and copy its folder of models (MVTRI_HOME,
    else the usual cache; `mvtri models show NAME` prints it).
    """
    from mvtri.cli.terminal import progress
    from mvtri.models.library import family_of, find_card, local_file

    if (name is None) == (all_of is None):
        raise click.UsageError("name one model, or a family with --all-of FAMILY")
    cards = [find_card(name)] if name is not None else family_of(str(all_of))
    failed = []
    for card in cards:
        try:
            with progress((state or {}).get("quiet", False)) as report:
                path, digest = local_file(card, report)
        except MvtriError as error:
            if name is not None:
                raise
            click.echo(f"mvtri: {error}", err=True)
            failed.append(card.name)
            continue
        click.echo(path)
        click.echo(f"SHA-256 {digest}", err=True)
    if failed:
        raise InputError(
            f"{len(failed)} of {len(cards)} models are missing ({', '.join(failed)}); the lines above say why"
        )


@models.command(context_settings=HELP)
@click.argument("file", type=FILE)
@click.option("--card", type=FILE, help="The card (TOML) that describes FILE, unless mvtri knows it.")
@click.option("--overwrite", is_flag=True, help="Replace a model that you added under this name.")
def add(file: Path, card: Path | None, overwrite: bool) -> None:
    """Add an ONNX FILE to your models; then use it by its name.

    mvtri recognises the models that it knows by their SHA-256; any other FILE needs --card.  mvtri runs the
    model once to check that it fits its card.
    """
    from mvtri.detection import load_boxes, load_detector
    from mvtri.lifting import load_lifter
    from mvtri.models import read_card
    from mvtri.models.library import add_model

    found = read_card(card) if card else _known(file)
    load: Any = {"pose": load_detector, "boxes": load_boxes, "lifter": load_lifter}[found.kind]
    load(file, device="cpu", card=card)
    path = add_model(file, found, overwrite)
    click.echo(f"added {found.name}: {path}")


def _known(file: Path) -> Card:
    from mvtri.errors import MissingFileError
    from mvtri.files import sha256
    from mvtri.models.load import known_card

    if not file.is_file():
        raise MissingFileError(f"there is no model file {file}; check the path")
    return known_card(file, sha256(file))


def _state(card: Card) -> str:
    from mvtri.models.library import model_path, user_folder

    path = model_path(card)
    if path.is_file():
        return "on this computer" if path.is_relative_to(user_folder()) else "built-in"
    return "to download" if card.urls else "bring your own"


def _print_columns(columns: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    for row in [columns, ["-" * width for width in widths], *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
