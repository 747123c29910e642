"""Where data comes from: session folders as Pose2Sim users have them, and the demo in the box."""

from mvtri.datasets.embedded import demo_folder, demo_session, demo_truth
from mvtri.datasets.frames import parse_frames
from mvtri.datasets.session import Session, open_session

__all__ = ["Session", "demo_folder", "demo_session", "demo_truth", "open_session", "parse_frames"]
