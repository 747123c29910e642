"""Calibrations that state no unit of length: refused until somebody says it."""

import numpy as np
import pytest

import mvtri
from mvtri.cli.command import _run
from mvtri.errors import InputError
from mvtri.sessions.find_files import find_cameras


@pytest.fixture
def folder(tmp_path):
    """Return a session's folder with a calibration as Anipose writes it, and a video that is none."""
    file = tmp_path / "calibration" / "anipose.toml"
    mvtri.write_cameras(file, mvtri.human36m_cameras("S9"), format="aniposelib")
    lines = file.read_text(encoding="utf-8").splitlines()  # without what our writer says of itself
    file.write_text("\n".join(line for line in lines if "unit" not in line), encoding="utf-8")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "54138969.mp4").write_bytes(b"no video")
    return tmp_path


@pytest.mark.parametrize("named", [True, False])
def test_the_unit_is_asked_for_and_heeded(folder, named):
    file = folder / "calibration" / "anipose.toml" if named else None
    with pytest.raises(InputError, match=r"states no unit of length; .*--unit"):
        find_cameras(folder, file)
    metres = mvtri.human36m_cameras("S9").translations
    for unit, factor in (("m", 1.0), ("cm", 1e-2), ("mm", 1e-3)):
        cams, files = find_cameras(folder, file, unit=unit)
        np.testing.assert_allclose(cams.translations, factor * metres)
        assert [path.name for path in files] == ["anipose.toml"]


def test_the_command_line_passes_it_on(folder, capfd):
    arguments = ["--quiet", "reconstruct", str(folder), "--out", str(folder / "out")]
    assert _run(arguments, debug=False) == 1
    assert "--unit" in capfd.readouterr().err
    assert _run([*arguments, "--unit", "mm"], debug=False) == 1
    error = capfd.readouterr().err
    assert "unit" not in error
    assert "54138969" in error or "camera" in error  # the calibration is read, and videos come next
