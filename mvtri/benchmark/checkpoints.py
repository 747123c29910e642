"""Scores on disk, one file per sequence, so that a benchmark that was stopped can continue."""

from __future__ import annotations

import json
import re
import shutil
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mvtri.benchmark.noise_sweep import Sweep
from mvtri.benchmark.score_sequence import Entry, Scored
from mvtri.benchmark.tally import Tally
from mvtri.datasets import SequenceInfo
from mvtri.errors import ExistsError
from mvtri.files import atomic_file, file_name
from mvtri.locks import sweep

PLAN, SEQUENCES = "plan.json", "sequences"


class Checkpoints:
    """The folder of a run: its plan, and the scores of the sequences that are done.

    Parameters
    ----------
    folder : Path
        It is created when the first sequence is done.
    fingerprint : dict
        What distinguishes this run from others (`Plan.fingerprint`).
    overwrite : bool
        Whether the scores of a different run may be deleted.

    Raises
    ------
    ExistsError
        If the folder holds anything but an earlier part of this run.
    """

    def __init__(self, folder: Path, fingerprint: dict[str, Any], overwrite: bool = False):
        self._plan, self._sequences = folder / PLAN, folder / SEQUENCES
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        for place in (folder, self._sequences):
            sweep(place)
        earlier = _read(self._plan)
        self._is_ours = earlier == fingerprint and not overwrite
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        if taken and earlier != fingerprint and not overwrite:
            raise ExistsError(_refusal(folder, earlier, fingerprint))

    def load(self, info: SequenceInfo) -> Scored | None:
        """Return the scores of a sequence; None if it has none yet."""
        stored = _read(self._path(info)) if self._is_ours else None
        try:
            return None if stored is None or stored["sequence"] != str(info) else _scored(info, stored)
        except (KeyError, TypeError, ValueError, AttributeError):  # JSON, but not what `save` writes
            return None

    def save(self, scored: Scored) -> None:
        """Write the scores of a sequence, all or nothing; the first call deletes those of a different run."""
        with self._lock:
            if not self._is_ours:
                if self._sequences.exists():
                    shutil.rmtree(self._sequences)
                _write(self._plan, self._fingerprint)
                self._is_ours = True
        entries = [
            {
                "setting": entry.setting,
                "method": entry.method,
                "cameras": list(entry.cameras),
                "tally": entry.tally.to_json(),
            }
            for entry in scored.entries
        ]
        stored = {
            "sequence": str(scored.info),
            "rig": list(scored.rig),
            "entries": entries,
            "sweep": scored.sweep.to_json() if scored.sweep else None,
            "left_out": [[*pair, why] for pair, why in scored.left_out.items()],
            "seconds": scored.seconds,
            "unseen": scored.unseen,
        }
        _write(self._path(scored.info), stored)

    def missing(self, sequences: Sequence[SequenceInfo]) -> list[SequenceInfo]:
        """Return the sequences that have no scores yet."""
        return [info for info in sequences if self.load(info) is None]

    def _path(self, info: SequenceInfo) -> Path:
        readable = file_name(re.sub(r"[^\w.-]+", "_", f"{info.subject}-{info.name}"))
        # names may differ in other characters
        return self._sequences / f"{readable}-{zlib.crc32(str(info).encode()):08x}.json"


def _scored(info: SequenceInfo, stored: Any) -> Scored:
    """Return the scores of a sequence from what `Checkpoints.save` wrote."""
    entries = [
        Entry(one["setting"], one["method"], tuple(one["cameras"]), Tally.from_json(one["tally"]))
        for one in stored["entries"]
    ]
    sweep = Sweep.from_json(stored["sweep"]) if stored["sweep"] else None
    left_out = {(setting, method): why for setting, method, why in stored["left_out"]}
    return Scored(info, tuple(stored["rig"]), entries, sweep, left_out, stored["seconds"], stored["unseen"])


def _read(path: Path) -> Any:
    """Return the content of a JSON file; None if there is no file, or it is truncated."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(path: Path, content: Any) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def _refusal(folder: Path, earlier: Any, fingerprint: dict[str, Any]) -> str:
    if not isinstance(earlier, dict):
        return f"{folder} exists already and holds no benchmark; choose another folder with --out"
    other = [key for key in fingerprint if earlier.get(key) != fingerprint[key]]
    return (
        f"{folder} holds a benchmark with other {', '.join(other)}; choose another folder with --out, or "
        "pass --overwrite to delete its scores"
    )
