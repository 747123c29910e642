"""Choosing methods by name or by group, with the spine that the control ``rigid-spine`` needs."""

from __future__ import annotations

from collections.abc import Sequence

from mvtri.benchmark.methods.method import Method
from mvtri.benchmark.methods.ours import OURS, OVER_TIME, RIGID, get_method
from mvtri.benchmark.methods.peers import SLOW, available
from mvtri.benchmark.methods.rigid_spine import spine_template
from mvtri.datasets import Dataset, SequenceInfo


def choose_methods(
    names: Sequence[str], dataset: Dataset, sequences: Sequence[SequenceInfo]
) -> tuple[tuple[Method, ...], str | None]:
    """Return methods in the order of their names, each once.

    Parameters
    ----------
    names : sequence of str
        Methods (`mvtri.benchmark.get_method`), or ``"ours"``, ``"peers"`` (installed and fast ones) or
        ``"all"``; ours where empty.
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
        "ours": [*OURS, RIGID, *OVER_TIME],
        "peers": fast,
        "all": [*OURS, RIGID, *OVER_TIME, *fast],
    }
    wanted = list(dict.fromkeys(name for one in names or ("ours",) for name in groups.get(one, [one])))
    rigid = [name for name in wanted if name.startswith(RIGID)]
    template = spine_template(dataset, sequences) if rigid and sequences else None
    if template is None and not names:
        wanted = [name for name in wanted if name not in rigid]
    return tuple(get_method(name, template) for name in wanted), template.source if template else None
