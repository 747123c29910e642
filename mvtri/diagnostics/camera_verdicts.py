"""What the evidence about the cameras says, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mvtri.diagnostics.agreement import Evidence
from mvtri.diagnostics.verdict import Verdict

_REFINE = "or refine it on the people in view with mvtri calibrate people"
_UNIT = "px (standard deviation of a coordinate)"


def camera_verdicts(evidence: Evidence) -> list[Verdict]:
    """Return what follows from the evidence, none where all cameras agree."""
    makers = {
        "camera": _one_camera,
        "undecidable": _undecidable,
        "rig": _whole_rig,
        "foreign": _foreign,
        "contradiction": _contradiction,
        "agree": _hint,
    }
    text = makers[evidence.conclusion](evidence)
    if not text:
        return []
    level = "check" if evidence.conclusion == "agree" else "bad"
    return [Verdict(level, text, evidence.conclusion, evidence)]  # type: ignore[arg-type]


def _one_camera(evidence: Evidence) -> str:
    camera = evidence.accused
    if camera is None:
        return ""
    name, others = evidence.cameras[camera], np.delete(evidence.rest, camera)
    text = (
        f"Camera {name} does not fit the others: without it they disagree by only "
        f"{evidence.rest[camera]:.1f} "
        f"{_UNIT}, and without any other camera by {others.min():.1f} px or more. "
    )
    turn, move = evidence.shifts[camera]
    if evidence.support[camera] >= evidence.support_all:
        text += f"It would fit if it were turned by {turn:.1f} degrees and moved by {100 * move:.0f} cm. "
    return text + (
        "It was moved after the calibration, or its calibration, its name or its synchronisation is wrong. "
        f"Run again without it ({_without(evidence, camera)}), or calibrate it again."
    )


def _undecidable(evidence: Evidence) -> str:
    disagree = f"{_disagreement(evidence)}, and that is more than the errors of a detector"
    if evidence.groups:
        first, second = (_listed([evidence.cameras[c] for c in group]) for group in evidence.groups)
        return (
            f"Cameras {first} fit each other, and so do cameras {second}, but the two pairs contradict each "
            f"other ({disagree}). Two against two cannot be decided: one of the pairs was moved. "
            f"Calibrate again, {_REFINE}."
        )
    if len(evidence.cameras) == 3:
        return (
            f"The three cameras contradict each other: {disagree}. Which one is wrong cannot be decided, "
            "because any two of three cameras fit each other better than all three. Add a camera, calibrate "
            f"again, {_REFINE}."
        )
    return (
        f"The rig is off: {disagree}; {evidence.refined:.1f} px would be left if all cameras were moved a "
        "little. "
        "Whether one camera was moved or the whole calibration is inaccurate cannot be decided, because "
        "these explanations are about equally good, so mvtri accuses no camera. Calibrate again, "
        f"{_REFINE}. Until then, expect systematic errors in the 3D points, whose size mvtri can only guess "
        "(systematic_sd in the tracks)."
    )


def _whole_rig(evidence: Evidence) -> str:
    if len(evidence.cameras) == 2:
        return (
            f"The two cameras contradict each other: {_disagreement(evidence)}. Which one is wrong cannot be "
            f"decided from two cameras. Calibrate again, {_REFINE}."
        )
    return (
        f"The calibration as a whole is a little off: {_disagreement(evidence)}, and "
        f"{evidence.refined:.1f} px "
        "would be left if all cameras were moved a little. No single camera explains it. The cameras were "
        "moved since the calibration, or it was inaccurate, or it belongs to another recording. Calibrate "
        f"again, {_REFINE}. "
        "Until then, expect systematic errors in the 3D points, whose size mvtri can only guess "
        "(systematic_sd in the tracks)."
    )


def _foreign(evidence: Evidence) -> str:
    return (
        f"This 2D and this calibration do not belong together: {_disagreement(evidence)}, but with the "
        "cameras "
        f"in slightly other places only {evidence.refined:.2g} px would be left, less than any detector "
        "has. So "
        "the 2D was probably not detected in these images: it was projected or corrected with another "
        "calibration. Use the calibration that it was made with, or detect again. No single camera is "
        "the cause."
    )


def _contradiction(evidence: Evidence) -> str:
    return (
        f"The views contradict each other ({_disagreement(evidence)}), and no displacement of cameras "
        "explains "
        "it. Check that the videos are synchronised, that their names are those of the calibration, and that "
        "the 2D shows the same person in all views."
    )


def _hint(evidence: Evidence) -> str:
    if not evidence.hint:
        return ""
    return (
        f"A camera may be slightly displaced: {_disagreement(evidence)}. The errors of a detector explain "
        "that nearly as well, so mvtri cannot decide it, and names no camera."
    )


def _disagreement(evidence: Evidence) -> str:
    return f"the views disagree by {evidence.all_views:.1f} {_UNIT}"


def _without(evidence: Evidence, camera: int) -> str:
    return "--cams " + ",".join(name for c, name in enumerate(evidence.cameras) if c != camera)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
