"""Session folders as Pose2Sim users have them, and the built-in demo."""

from mvtri.sessions.built_in_demo import demo_folder, demo_session, demo_truth
from mvtri.sessions.frame_range import parse_frames
from mvtri.sessions.session import Session, open_session

__all__ = ["Session", "demo_folder", "demo_session", "demo_truth", "open_session", "parse_frames"]
