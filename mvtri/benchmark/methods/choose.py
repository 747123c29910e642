"""Choosing methods by name or by group, with the spine that the control ``rigid-spine`` needs."""

from __future__ import annotations

from collections.abc import Sequence

from mvtri.benchmark.methods.ours import RIGID, Method, get_method, list_methods
from mvtri.benchmark.methods.peers import PEERS, SLOW, available
from mvtri.benchmark.methods.rigid_spine import spine_template
from mvtri.datasets import Dataset, SequenceInfo


def choose_methods(
    names: Sequence[str], dataset: Dataset, sequences: Sequence[SequenceInfo]
) -> tuple[tuple[Method, ...], str | None]:
    """Return methods in the order of their names, each once.

    Parameters
    ----------
    names : sequence of str
        Methods, or ``"ours"``, ``"peers"`` (installed and fast ones) or ``"all"``; ours where empty.
    dataset : Dataset
    sequences : sequence of SequenceInfo
        Those that are scored.  The spine of ``rigid-spine`` is made of the others; see `spine_template`.

    Returns
    -------
    methods : tuple of Method
    template : str or None
        The source of the spine of ``rigid-spine``.

    Raises
    ------
    InputError
        If there is no such method.
    """
    fast = [name for name in available() if name not in SLOW]
    groups = {
        "ours": [name for name in list_methods() if name not in PEERS],
        "peers": fast,
        "all": [name for name in list_methods() if name not in PEERS or name in fast],
    }
    wanted = list(dict.fromkeys(name for one in names or ("ours",) for name in groups.get(one, [one])))
    template = spine_template(dataset, sequences) if RIGID in wanted and sequences else None
    if RIGID in wanted and template is None and not names:
        wanted.remove(RIGID)
    return tuple(get_method(name, template) for name in wanted), template.source if template else None
