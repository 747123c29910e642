"""Where the stored 2D of a sequence lies; names match ignoring case and punctuation."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from mvtri.datasets.human36m.conventions import ALIASES
from mvtri.datasets.sequence import SequenceInfo
from mvtri.errors import InputError, MissingFileError
from mvtri.names import canonical

_SHOWN = 8  # names in a message


def plain(name: str) -> str:
    """Return a name in lower case without punctuation, Human3.6M's actions in their short form."""
    bare = canonical(name)
    for long, short in ALIASES.items():
        bare = bare.replace(long.lower(), short.lower())
    return bare


def matching_name(wanted: str, found: Iterable[str], what: str, where: object) -> str:
    """Return the one of `found` that is called `wanted`.

    Raises
    ------
    InputError
        If none or several are; the message says `what` they are, and `where`.
    """
    there = list(found)
    fitting = [name for name in there if plain(name) == plain(wanted)]
    if len(fitting) > 1:
        raise InputError(
            f"{where} holds several that match the {what} {wanted} ({', '.join(fitting)}); rename all but one"
        )
    if not fitting:
        shown = ", ".join(there[:_SHOWN]) + (
            f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        )
        raise MissingFileError(
            f"{where} has no {what} {wanted} (it has {shown or 'none'}); store it, or leave that one out"
        )
    return fitting[0]


def places(root: Path) -> Iterator[Path]:
    """Yield where 2D may lie: a lone file, files at the top and one folder below, folders two below."""
    if root.is_file():
        yield root
        return
    for pattern in ("*", "*/*"):
        for path in sorted(root.glob(pattern)):
            if not path.name.startswith(".") and (path.is_file() or pattern == "*/*"):
                yield path


def recording_folder(path: Path, info: SequenceInfo) -> Path:
    """Return PATH/<subject>/<sequence>, or raise `MissingFileError`."""
    place = path
    for wanted, what in ((info.subject, "subject"), (info.name, "sequence")):
        place = place / matching_name(wanted, _names(place, "*", folders=True), what, place)
    return place


def sequence_file(path: Path, info: SequenceInfo, suffix: str) -> Path:
    """Return PATH/<subject>_<sequence><suffix> or PATH/<subject>/<sequence><suffix>.

    Raises
    ------
    MissingFileError, InputError
        If there is none, or there are both or several.
    """
    subjects = [name for name in _names(path, "*", folders=True) if plain(name) == plain(info.subject)]
    fitting = [
        place / name
        for place, wanted in [
            (path, info.subject + info.name),
            *((path / name, info.name) for name in subjects),
        ]
        for name in _names(place, f"*{suffix}")
        if plain(Path(name).stem) == plain(wanted)
    ]
    if len(fitting) > 1:
        raise InputError(f"several files are of {info} ({', '.join(map(str, fitting))}); remove all but one")
    if not fitting:
        raise MissingFileError(
            f"{path} has no file of {info}; expected {info.subject}_{info.name}{suffix} or "
            f"{info.subject}/{info.name}{suffix}"
        )
    return fitting[0]


def _names(folder: Path, pattern: str, folders: bool = False) -> list[str]:
    found = sorted(folder.glob(pattern)) if folder.is_dir() else []
    return [path.name for path in found if path.is_dir() == folders and not path.name.startswith(".")]
