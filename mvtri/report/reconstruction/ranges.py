"""The table of the ranges of motion in the report."""

import pandas as pd

from mvtri.kinematics.body_angles import PER_METRE
from mvtri.kinematics.motion_range import range_table
from mvtri.report.html.markup import Entry, folded, table
from mvtri.report.reconstruction.spine import FittedSpine

_ABOUT = (
    "Range of motion: the lowest and the highest value that each angle kept up for a moment (running median "
    "over 0.1 s), less what noise adds, with 95 % intervals in small print."
)
_ENDS = ("lowest", "highest", "range")
_HEADS = ("angle (°)", *_ENDS)
_TRUNK = ("trunk_", "head_", "lumbar_", "thoracic_")  # the others are folded


def ranges_part(spine: FittedSpine) -> str:
    """Return the ranges of a person's trunk as a table, and those of segments and limbs folded below it."""
    found = range_table(spine.ranges.expand_dims("individuals"))
    found = found[~found["angle"].str.endswith(PER_METRE)]
    true = None
    if spine.true_ranges is not None:
        true = range_table(spine.true_ranges.expand_dims("individuals")).set_index("angle")
    trunk = found["angle"].str.startswith(_TRUNK)
    main, other = (_table(found[which], true) for which in (trunk, ~trunk))
    content = f"<p>{_ABOUT}</p>{main}" if main else ""
    return content + (folded("Ranges of motion of single segments and of limbs", other) if other else "")


def _table(found: pd.DataFrame, true: pd.DataFrame | None) -> str:
    """Return the table of some angles, with the true ranges where they are known; "" without angles."""
    rows = []
    for _, row in found.iterrows():
        cells = [row["angle"].replace("_", " "), *(_cell(row, end) for end in _ENDS)]
        if true is not None:
            known = row["angle"] in true.index
            cells += [Entry(_number(true.loc[row["angle"], end]) if known else "–") for end in _ENDS]
        rows.append(cells)
    heads = _HEADS if true is None else (*_HEADS, *(f"true {end}" for end in _ENDS))
    return table(heads, rows) if rows else ""


def _cell(row: pd.Series, end: str) -> Entry:
    value, low, high = (_number(row[column]) for column in (end, f"{end}_low", f"{end}_high"))
    return Entry(value, f"{low} to {high}")


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
