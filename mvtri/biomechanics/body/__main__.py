"""Write both files of the body model: ``python -m mvtri.biomechanics.body [FOLDER]``."""

import sys
from pathlib import Path

from mvtri.biomechanics.body import FREE_MODEL_PATH, MODEL_PATH
from mvtri.biomechanics.body.definition import body_model
from mvtri.biomechanics.body.osim_text import osim_text
from mvtri.files import atomic_file


def main() -> None:
    """Write the files, by default in place of those in the package."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL_PATH.parent
    for path, coupled in ((MODEL_PATH, True), (FREE_MODEL_PATH, False)):
        with atomic_file(folder / path.name) as temporary:
            temporary.write_text(osim_text(body_model(coupled)), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
