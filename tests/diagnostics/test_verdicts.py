"""What `diagnose` says of whole tracks: the headline, implausible results, and who is not to blame."""

import dataclasses

import numpy as np
import pytest
from sessions_verdicts import changed, detected, person, rig, tracks_of, turned

from mvtri.diagnostics import diagnose, gather_evidence, implausible, read_recording, verdicts
from mvtri.diagnostics.camera_verdicts import camera_verdicts
from mvtri.diagnostics.summary import camera_summaries, image_diagonals
from mvtri.report.reconstruction.evidence import evidence_part

pytestmark = pytest.mark.filterwarnings("ignore::mvtri.plausibility.PlausibilityWarning")


@pytest.fixture(scope="module")
def sound():
    cams = rig()
    return tracks_of(detected(person(), cams, bias=2.5), cams), cams


def kinds(diagnosis):
    return [verdict.kind for verdict in diagnosis.verdicts if verdict.kind]


def test_a_sound_run_is_good(sound):
    diagnosis = diagnose(*sound)
    assert [verdict.level for verdict in diagnosis.verdicts] == ["good"]
    assert diagnosis.status == "good"
    assert diagnosis.evidence.conclusion == "agree"


def test_cameras_are_matched_by_name(sound):
    tracks, cams = sound
    other = cams.subset(cams.names[::-1])
    assert diagnose(tracks, other).evidence.cameras == tuple(cams.names)
    assert diagnose(tracks, cams.subset(cams.names[:3])).evidence is None  # one is not known
    assert diagnose(tracks).evidence is None


def test_a_displaced_camera_is_named_in_the_verdicts():
    cams = rig()
    bad = turned(cams, 2, 5.0, (0.0, 1.0, 0.0))
    diagnosis = diagnose(tracks_of(detected(person(), cams), bad), bad)
    assert "camera" in kinds(diagnosis)
    assert diagnosis.evidence.accused == 2
    assert diagnosis.status == "bad"


@pytest.mark.parametrize(
    ("factor", "kind"), [(1000.0, "unit"), (1 / 25.4, "unit"), (2.0, "board_size"), (0.5, "board_size")]
)
def test_an_impossible_body_is_no_good_headline(factor, kind):
    cams = rig()
    scaled = changed(cams, translations=factor * cams.translations)
    diagnosis = diagnose(tracks_of(detected(person(), cams), scaled), scaled)
    assert kind in kinds(diagnosis)
    named = next(verdict for verdict in diagnosis.verdicts[1:] if verdict.kind == kind)
    assert named.factor == pytest.approx(factor, rel=0.1)
    if named.level == "bad":
        assert diagnosis.verdicts[0].level == "bad"
        assert "the result cannot be right" in diagnosis.verdicts[0].text
    assert diagnosis.status != "good"
    assert diagnosis.evidence.accused is None  # a scale shows in no view


def test_2d_of_another_resolution_accuses_no_camera():
    cams = rig()
    diagnosis = diagnose(tracks_of(0.5 * detected(person(), cams), cams), cams)
    assert "resolution" in kinds(diagnosis)
    assert diagnosis.evidence is None
    assert not any(name in verdict.text for name in cams.names for verdict in diagnosis.verdicts[1:])
    assert diagnosis.verdicts[0].level == "bad"


def test_absurd_noise_is_no_good_headline(sound):
    """Where everything else looks right: the residuals of a run that gave its errors to the noise."""
    tracks, cams = sound
    recording = dataclasses.replace(read_recording(tracks), noise=np.full((1, 4), 60.0))
    rows = camera_summaries(recording, image_diagonals(cams))
    findings = implausible(recording, cams)
    assert [finding.kind for finding in findings] == ["noise"]
    first, second = verdicts(recording, rows, None, findings)
    assert first.level == "bad"
    assert first.text.endswith("but the result cannot be right, for the reason below.")
    assert "no detector has more than 2 %" in second.text
    assert verdicts(recording, rows, None, [])[0].level == "good"


def test_a_camera_that_is_not_used_is_not_to_blame_for_a_rig_that_is_off(sound):
    tracks, cams = sound
    recording = read_recording(tracks)
    inlier = recording.inlier.copy()
    inlier[..., 3] = False
    recording = dataclasses.replace(recording, inlier=inlier)
    rows = camera_summaries(recording, image_diagonals(cams))
    evidence = gather_evidence(detected(person(), cams), cams)
    for conclusion, accused, innocent in (("rig", None, True), ("agree", None, False), ("camera", 3, False)):
        judged = verdicts(
            recording, rows, dataclasses.replace(evidence, conclusion=conclusion, accused=accused)
        )
        (idle,) = [verdict for verdict in judged if verdict.kind == "idle"]
        assert ("does not mean that this camera is the wrong one" in idle.text) == innocent


def test_each_conclusion_has_words_and_none_but_one_names_a_camera():
    cams = rig()
    evidence = gather_evidence(detected(person(), cams), cams)
    assert camera_verdicts(evidence) == []
    for conclusion in ("undecidable", "rig", "foreign", "contradiction"):
        (verdict,) = camera_verdicts(dataclasses.replace(evidence, conclusion=conclusion))
        assert verdict.level == "bad"
        assert not any(name in verdict.text for name in cams.names)
        assert "No camera is accused" in evidence_part(dataclasses.replace(evidence, conclusion=conclusion))
    (verdict,) = camera_verdicts(dataclasses.replace(evidence, hint=True))
    assert verdict.level == "check"
    assert "names no camera" in verdict.text
    accused = dataclasses.replace(evidence, conclusion="camera", accused=1)
    assert f"Camera {cams.names[1]}" in camera_verdicts(accused)[0].text


def test_the_report_shows_pairs_and_cameras_left_out():
    cams = rig()
    evidence = gather_evidence(detected(person(), cams), turned(cams, 0, 5.0, (0.0, 1.0, 0.0)))
    text = evidence_part(evidence)
    for value in (*evidence.pairs[0, 1:], *evidence.left_out, *evidence.rest):
        assert f">{value:.2f}</td>" in text
    assert f"It is {cams.names[0]}." in text
    assert "A small value proves nothing" in text
    sound = evidence_part(gather_evidence(detected(person(), cams), cams))
    assert "would be noticed in nine of ten directions" in sound
    assert "without them no camera is accused" in evidence_part(None)


def test_people_are_judged_each_by_itself(sound):
    import xarray as xr

    tracks, _ = sound

    small = tracks.assign_coords(individuals=["child"])
    small["position"] = 0.1 * small["position"]
    both = xr.concat([tracks.assign_coords(individuals=["ada"]), small], "individuals")
    both.attrs = tracks.attrs
    both["position"] = both["position"].transpose(*tracks["position"].dims)
    found = [finding.text for finding in implausible(read_recording(both), None)]
    assert len(found) == 1
    assert "person child is 0.1" in found[0]


def test_what_a_note_of_the_reconstruction_says_is_not_said_twice(sound):
    cams = rig()
    halved = tracks_of(0.5 * detected(person(), cams), cams)
    findings = implausible(read_recording(halved), cams)
    (text,) = [finding.text for finding in findings if finding.kind == "resolution"]
    other = text.replace("instead of", "and not")  # the same with other figures
    notes = (other, "c3 was lost: nobody knows why.")
    recording = dataclasses.replace(read_recording(halved), notes=notes)
    texts = [verdict.text for verdict in verdicts(recording, [], None, findings)]
    assert other not in texts
    assert text in texts
    assert notes[1] in texts
