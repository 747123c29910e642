"""OpenPose JSON: PATH/<subject>/<sequence>/<camera>, one file a frame."""

from pathlib import Path

from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.stored2d.base import Candidates, Stored2D, check_frames
from mvtri.datasets.stored2d.locate import sequence_folder
from mvtri.formats.detections.openpose import camera_folders, frame_files, read_openpose
from mvtri.names import match_names
from mvtri.tracks import provenance_of, to_array


class OpenPoseFolders(Stored2D):
    """One folder a camera, with or without ``_json`` at its end."""

    format = "openpose"
    description = "OpenPose JSON"

    @staticmethod
    def sniff(path: Path) -> bool:
        """Return whether JSON files lie as deep as these do."""
        return any(path.glob("*/*/*/*.json"))

    def locate(self, info: SequenceInfo) -> Path:
        """Return the folder of a sequence."""
        return sequence_folder(self.path, info)

    def read(self, sequence: Sequence) -> Candidates:
        """Read every file of every camera."""
        folder = self.locate(sequence.info)
        found = camera_folders(folder)
        matched = match_names(sequence.cameras.names, list(found), "camera", f"folders in {folder}")
        folders = {name: found[matched[name]] for name in sequence.cameras.names}
        for place in folders.values():
            check_frames(len(frame_files(place)), sequence, str(place))
        people = read_openpose(folders, sequence.cameras.image_sizes, skeleton=self.skeleton)
        return Candidates(
            to_array(people),
            to_array(people, "confidence"),
            [str(name) for name in people["keypoints"].to_numpy()],
            people.attrs["skeleton"],
            provenance=provenance_of(people),
        )
