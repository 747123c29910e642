"""Where things of the checkout are that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
DEMO = "mvtri reconstruct --cams 4"  # which the integration tests run once: the fixture `demo_run`
