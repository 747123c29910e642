"""COCO's JSON as the columns of `mvtri.detection_scores`, read without mvtri's reader."""

import numpy as np

from mvtri.detection_scores.people import FoundPeople, TruePeople, extent


def columns(table, results):
    """Return the labelled and the found people, and how many images there are."""
    order = {number: place for place, number in enumerate(sorted(image["id"] for image in table["images"]))}
    marked = np.array([row["keypoints"] for row in table["annotations"]]).reshape(
        len(table["annotations"]), -1, 3
    )
    truth = TruePeople(
        images=np.array([order[row["image_id"]] for row in table["annotations"]]),
        keypoints=marked[..., :2],
        areas=np.array([row["area"] for row in table["annotations"]]),
        flags=marked[..., 2].astype(int),
        boxes=np.array([row["bbox"] for row in table["annotations"]]),
        crowd=np.array([bool(row["iscrowd"]) for row in table["annotations"]]),
        ignored=np.array([row["num_keypoints"] == 0 for row in table["annotations"]]),
    )
    points = np.array([row["keypoints"] for row in results]).reshape(len(results), -1, 3)
    found = FoundPeople(
        images=np.array([order[row["image_id"]] for row in results]),
        keypoints=points[..., :2],
        areas=extent(points[..., :2]),
        scores=np.array([row["score"] for row in results]),
        keypoint_scores=points[..., 2],
    )
    return truth, found, len(order)
