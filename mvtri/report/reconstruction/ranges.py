"""The table of the ranges of motion in the report."""

import pandas as pd

from mvtri.kinematics.motion_range import range_table
from mvtri.report.html.markup import Entry, folded, table
from mvtri.report.reconstruction.spine import FittedSpine

_ABOUT = (
    "Range of motion: the lowest and the highest value that each angle kept up for a moment (running median "
    "over 0.1 s), less what noise adds, with 95 % intervals in small print."
)
_HEADS = ("angle (°)", "lowest", "highest", "range")
_TRUNK = ("trunk_", "head_", "lumbar_", "thoracic_")  # the others are folded
_PER_METRE = "_curvature"


def ranges_part(spine: FittedSpine) -> str:
    """Return the ranges of a person's trunk as a table, and those of segments and limbs folded below it."""
    found = range_table(spine.ranges.expand_dims("individuals"))
    found = found[~found["angle"].str.endswith(_PER_METRE)]
    trunk = found["angle"].str.startswith(_TRUNK)
    main, other = _rows(found[trunk]), _rows(found[~trunk])
    content = f"<p>{_ABOUT}</p>{table(_HEADS, main)}" if main else ""
    return content + (
        folded("Ranges of motion of single segments and of limbs", table(_HEADS, other)) if other else ""
    )


def _rows(found: pd.DataFrame) -> list[list[str | Entry]]:
    return [
        [row["angle"].replace("_", " "), *(_cell(row, end) for end in ("lowest", "highest", "range"))]
        for _, row in found.iterrows()
    ]


def _cell(row: pd.Series, end: str) -> Entry:
    value, low, high = (
        f"{row[column]:.1f}".replace("-", "−") for column in (end, f"{end}_low", f"{end}_high")
    )
    return Entry(value, f"{low} to {high}")
