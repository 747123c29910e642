import cv2
import numpy as np
import pytest
from boards_calib import CHARUCO, photograph, poses, ring

from mvtri.calib.boards import search
from mvtri.calib.boards.detect import Found
from mvtri.calib.boards.search import find_boards
from mvtri.calib.boards.sources import find_recordings, folder_of
from mvtri.errors import InputError, MissingFileError
from mvtri.video import Stills

CAMS = ring(2, coefficients=(0, 0, 0, 0))
TURNS, PLACES = poses(4, seed=5, spread=0.1, tilt=0.4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of images a camera; the third moment repeats the second one, the fourth has no board."""
    folder = tmp_path_factory.mktemp("boards")
    for c, name in enumerate(("ext_cam1_img", "ext_cam2_img")):
        (folder / name).mkdir()
        for f, moment in enumerate((0, 1, 1)):
            picture, _ = photograph(CAMS, c, CHARUCO, TURNS[moment], PLACES[moment])
            cv2.imwrite(str(folder / name / f"{f + 9}.png"), picture)
        cv2.imwrite(str(folder / name / "12.png"), np.full_like(picture, 99))
    return folder


def test_a_folder_of_images_a_camera_is_found(folder):
    found = find_recordings(folder)
    assert list(found) == ["cam1", "cam2"]
    assert [file.name for file in found["cam1"].files] == ["9.png", "10.png", "11.png", "12.png"]


def test_boards_are_found_and_the_rest_has_reasons(folder):
    reports = []
    views = find_boards(find_recordings(folder), CHARUCO, lambda *one: reports.append(one))
    assert views.corners.shape == (2, 24, 2, 2)
    assert views.frames == ("9.png", "10.png")
    assert views.image_sizes.tolist() == [[960, 600]] * 2
    for f in range(2):
        for c in range(2):
            truth = photograph(CAMS, c, CHARUCO, TURNS[f], PLACES[f])[1]
            assert np.nanmax(np.abs(views.corners[f, :, c] - truth)) < 0.3
    reasons = {(one.camera, one.frame): one.reason for one in views.rejected}
    assert reasons == {
        ("cam1", "11.png"): "the same view again",
        ("cam2", "11.png"): "the same view again",
        ("cam1", "12.png"): "no board found",
        ("cam2", "12.png"): "no board found",
    }
    assert reports[-1] == ("board", 8, 8)


def test_a_video_is_searched_where_the_picture_changes(tmp_path):
    pictures = [photograph(CAMS, 0, CHARUCO, TURNS[f], PLACES[f])[0] for f in (0, 0, 0, 1, 1)]
    writer = cv2.VideoWriter(str(tmp_path / "cam1.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (960, 600))
    for picture in pictures:
        writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    writer.release()
    views = find_boards(find_recordings(tmp_path), CHARUCO)
    assert views.frames == ("0", "3")
    assert {one.reason for one in views.rejected} == {"as the frame before"}


def test_videos_of_unequal_length_are_paired_by_time(tmp_path):
    for c, moments in enumerate(((0, 1, 2, 3), (0, 1, 2))):
        writer = cv2.VideoWriter(
            str(tmp_path / f"cam{c + 1}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (960, 600)
        )
        for f in moments:
            picture = photograph(CAMS, c, CHARUCO, TURNS[f], PLACES[f])[0]
            writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
        writer.release()
    views = find_boards(find_recordings(tmp_path), CHARUCO)
    assert views.frames == ("0", "1", "2", "3")
    assert views.seen.tolist() == [[True, True]] * 3 + [[True, False]]
    assert [(one.camera, one.reason) for one in views.rejected] == [("cam2", "the frame is lost")]


def test_why_no_board_was_found_is_counted_without_numbers(folder, monkeypatch):
    """A sentence with the width of the edges of each picture would be endless."""
    widths = iter([11.2, 14.1])
    nothing = np.full((len(CHARUCO.points), 2), np.nan)

    def blurred(picture):
        return Found(nothing, f"blurred (edges are {next(widths)} px wide)")

    monkeypatch.setattr(search, "corner_finder", lambda board, quick: blurred)
    files = find_recordings(folder)["cam1"].files[:2]
    with pytest.raises(InputError, match=r"\(blurred 2 times\)"):
        find_boards({"a": Stills(files)}, CHARUCO)


def test_images_are_files_in_the_order_of_their_numbers(tmp_path):
    for name in ("\u00b210.png", "\u00b29.png"):  # a digit to Python, but no number
        cv2.imwrite(str(tmp_path / "one.png"), np.zeros((50, 60), np.uint8))
        (tmp_path / "one.png").rename(tmp_path / name)
    (tmp_path / "old.png").mkdir()
    (found,) = find_recordings(tmp_path).values()
    assert [file.name for file in found.files] == ["\u00b29.png", "\u00b210.png"]


def test_where_pictures_are_looked_for(tmp_path):
    assert folder_of(tmp_path, "intrinsics") is None
    (tmp_path / "calibration" / "intrinsics").mkdir(parents=True)
    assert folder_of(tmp_path, "intrinsics") == tmp_path / "calibration" / "intrinsics"
    with pytest.raises(MissingFileError, match="there is no folder"):
        find_recordings(tmp_path / "none")
    with pytest.raises(InputError, match="no recordings of a board"):
        find_recordings(tmp_path / "calibration" / "intrinsics")


def test_recordings_that_do_not_fit_are_refused(tmp_path, folder):
    files = find_recordings(folder)["cam1"].files
    with pytest.raises(InputError, match="unequal numbers of images \\(a 4, b 3\\)"):
        find_boards({"a": Stills(files), "b": Stills(files[:3])}, CHARUCO)
    with pytest.raises(InputError, match=r"no usable view of a ChArUco board.*no board found 1 times"):
        find_boards({"a": Stills(files[3:])}, CHARUCO)
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((50, 60), np.uint8))
    with pytest.raises(InputError, match="960 x 600 px and 60 x 50 px; expected one size"):
        find_boards({"a": Stills((files[0], tmp_path / "small.png"))}, CHARUCO)
    (tmp_path / "int_a_img").mkdir()
    (tmp_path / "a").mkdir()
    for place in ("int_a_img", "a"):
        cv2.imwrite(str(tmp_path / place / "1.png"), np.zeros((50, 60), np.uint8))
    with pytest.raises(InputError, match="two recordings of the camera a"):
        find_recordings(tmp_path)
