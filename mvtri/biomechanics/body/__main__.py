"""Write the body model to a file: ``python -m mvtri.biomechanics.body [PATH]``."""

import sys
from pathlib import Path

from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.body.definition import body_model
from mvtri.biomechanics.body.osim_text import osim_text
from mvtri.files import atomic_file


def main() -> None:
    """Write the file, by default in place of the one in the package."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL_PATH
    with atomic_file(path) as temporary:
        temporary.write_text(osim_text(body_model()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
