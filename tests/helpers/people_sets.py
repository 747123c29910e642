"""Generated sets of labelled and found people, as COCO's JSON: crowds, ties, people without keypoints."""

import numpy as np


def coco_set(seed, keypoints=17, images=30):
    """Return the ground truth (a table) and the results (a list of rows) of COCO's JSON."""
    rng = np.random.default_rng(seed)
    people, results, shown = [], [], []
    for image in rng.permutation(np.arange(1, images + 1) * 7).tolist():
        shown.append({"id": image, "file_name": f"{image:06d}.jpg", "width": 640, "height": 480})
        here = [
            _person(rng, image, keypoints) for _ in range(rng.choice([0, 1, 2, 4], p=[0.1, 0.3, 0.3, 0.3]))
        ]
        people += here
        guesses = [_guess(rng, one, keypoints) for one in here for _ in range(rng.choice([0, 1, 2, 3]))]
        guesses += [
            _guess(rng, _person(rng, image, keypoints), keypoints) for _ in range(rng.choice([0, 0, 1, 9]))
        ]
        if here and rng.random() < 0.2:  # more than the twenty that count
            guesses += [_guess(rng, here[0], keypoints) for _ in range(25)]
        results += [guesses[place] for place in rng.permutation(len(guesses))]
    for number, one in enumerate(people, start=1):
        one["id"] = number
    table = {
        "images": shown,
        "annotations": people,
        "categories": [{"id": 1, "name": "person", "keypoints": [f"k{n}" for n in range(keypoints)]}],
    }
    return table, results


def _person(rng, image, keypoints):
    width, height = rng.uniform(10, 60) * np.array([1.0, 2.0]) * rng.choice([0.6, 1.0, 3.0])
    left, top = rng.uniform(0, [640 - width, 480 - height / 2])
    points = np.array([left, top]) + rng.uniform(0, 1, (keypoints, 2)) * [width, height]
    flags = rng.choice([0, 1, 2], p=[0.2, 0.2, 0.6], size=keypoints)
    crowd = rng.random() < 0.1
    if rng.random() < 0.15 or crowd:
        flags[:] = 0
    points[flags == 0] = 0.0
    return {
        "image_id": image,
        "category_id": 1,
        "iscrowd": int(crowd),
        "area": float(width * height * 0.53),
        "bbox": [float(left), float(top), float(width), float(height)],
        "num_keypoints": int((flags > 0).sum()),
        "keypoints": np.column_stack([points, flags]).ravel().tolist(),
    }


def _guess(rng, person, keypoints):
    points = np.array(person["keypoints"]).reshape(-1, 3)[:, :2]
    left, top, width, height = person["bbox"]
    absent = (points == 0).all(axis=1)
    points[absent] = np.array([left, top]) + rng.uniform(-0.2, 1.2, (absent.sum(), 2)) * [width, height]
    points += rng.normal(0, rng.choice([0.01, 0.05, 0.2]) * height, points.shape)
    return {
        "image_id": person["image_id"],
        "category_id": 1,
        "keypoints": np.column_stack([points, rng.uniform(0, 1, keypoints)]).ravel().tolist(),
        "score": float(np.round(rng.uniform(0, 1), 1)),  # so that many are equal
    }
