"""Skeletons drawn over pictures: where they should be, in their colours, and nowhere else."""

import numpy as np
import pytest
from report_scene import scene

from mvtri.diagnostics import read_recording
from mvtri.errors import InputError
from mvtri.report import draw_overlay
from mvtri.report.html import colours
from mvtri.report.reconstruction import overlay, pictures
from mvtri.skeletons import get_skeleton

COCO = get_skeleton("coco17")


def points(**places):
    found = np.full((17, 2), np.nan)
    for name, place in places.items():
        found[COCO.keypoints.index(name)] = place
    return found


def grey(height=200, width=300):
    return np.full((height, width, 3), 120, np.uint8)


def near(image, x, y, colour, within=60):
    red, green, blue = colours.rgb(colour)
    return np.abs(image[y, x].astype(int) - (blue, green, red)).max() < within


def test_limbs_are_drawn_between_their_ends_in_the_colour_of_their_side():
    found = points(
        left_shoulder=(50, 50), left_elbow=(150, 50), right_shoulder=(50, 150), right_elbow=(150, 150)
    )
    image = draw_overlay(grey(), found, "coco17", thickness=5)
    assert near(image, 100, 50, colours.SIDES[0])
    assert near(image, 100, 150, colours.SIDES[2])
    assert near(image, 50, 100, colours.SIDES[1])  # from shoulder to shoulder
    assert (image[100, 100:] == 120).all()


def test_the_picture_itself_stays_as_it_was():
    image = grey()
    draw_overlay(image, points(nose=(5, 5), left_eye=(50, 50)), COCO)
    assert (image == 120).all()


def test_missing_and_far_away_points_are_not_drawn():
    image = draw_overlay(grey(), points(left_shoulder=(50, 50), right_shoulder=(1e7, 50)), COCO)
    assert (image == 120).all()


def test_detections_are_white_and_rejected_ones_crossed_out():
    detected = points(nose=(50, 50), left_hip=(150, 100), right_hip=(250, 50))
    made = np.ones(17, bool)
    made[COCO.keypoints.index("left_hip")] = False
    score = np.ones(17)
    score[COCO.keypoints.index("right_hip")] = 0.2
    nowhere = np.full((17, 2), np.nan)
    image = draw_overlay(grey(), nowhere, COCO, detected=detected, inliers=made, scores=score, thickness=4)
    assert near(image, 50, 50, "#ffffff")
    assert near(image, 150, 100, colours.REJECTED)
    assert (image[30:70, 230:270] == 120).all()


def test_a_grey_picture_becomes_a_colour_one():
    assert draw_overlay(np.zeros((20, 30), np.uint8), points(), COCO).shape == (20, 30, 3)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="16 points were given for the 17 keypoints of coco17"):
        draw_overlay(grey(), np.zeros((16, 2)), COCO)
    with pytest.raises(InputError, match="expected"):
        draw_overlay(grey(), np.zeros((17, 3)), COCO)
    with pytest.raises(InputError, match="the detections have the shape"):
        draw_overlay(grey(), np.zeros((1, 17, 2)), COCO, detected=np.zeros((2, 17, 2)))


def test_several_people_have_colours_of_their_own():
    spine = get_skeleton("spinetrack37")
    found = np.full((2, 37, 2), np.nan)
    for person, x in enumerate((50, 150)):
        found[person, spine.keypoints.index("hip")] = (x, 150)
        found[person, spine.keypoints.index("spine_01")] = (x, 50)
    image = draw_overlay(grey(), found, spine, thickness=5)
    assert near(image, 50, 100, colours.person_colour(0))
    assert near(image, 150, 100, colours.person_colour(1))


def test_points_stay_on_their_pixels_when_a_picture_is_cut_and_scaled():
    image = np.zeros((100, 200, 3), np.uint8)
    image[40, 120] = 255
    part, (moved,) = overlay.cut(image, (100, 20, 140, 60), 400, np.array([120.0, 40.0]))
    assert part.shape == (400, 400, 3)
    weight = part[..., 0].astype(float)
    y, x = np.indices(weight.shape)
    centre = [(weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()]
    np.testing.assert_allclose(moved, centre, atol=0.2)


def test_the_window_shows_all_people_and_stays_in_the_picture():
    found = np.array([[300.0, 100.0], [400.0, 700.0], [np.nan, 5.0], [1e6, 0.0]])
    box = overlay.people_box(found, (1000, 800))
    assert box[0] < 300
    assert box[1] < 100
    assert box[2] > 400
    assert box[3] > 700
    x0, y0, x1, y1 = overlay.window(box, (1000, 800), 0.8)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(0.8, abs=0.02)
    assert 0 <= x0 < x1 <= 1000
    assert 0 <= y0 < y1 <= 800


def test_without_people_the_window_is_the_picture():
    box = overlay.people_box(np.full((3, 2), np.nan), (640, 480))
    assert overlay.window(box, (640, 480), 640 / 480) == (0, 0, 640, 480)


def test_people_beside_the_picture_do_not_empty_the_window():
    beside = np.array([[-90.0, 100.0], [-80.0, 120.0], [-90.0, 130.0]])
    assert overlay.people_box(beside, (640, 480)).tolist() == [0, 0, 640, 480]


def test_the_picture_is_of_the_fullest_frame_nearest_the_middle():
    tracks, _, truth = scene(11)
    tracks["position"][:] = truth.transpose(0, 3, 2, 1)
    assert pictures.best_frame(read_recording(tracks)) == 5
    tracks["position"][4:7, :, 3] = np.nan
    assert pictures.best_frame(read_recording(tracks)) in (3, 7)
    assert pictures.best_frame(read_recording(tracks), reach=2) in (0, 1)
