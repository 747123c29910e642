"""Read a model of OpenSim (.osim)."""

from os import PathLike
from pathlib import Path

import numpy as np

from mvtri.biomechanics.osim.arrays import build_tree
from mvtri.biomechanics.osim.document import SOCKETS, model_document, named, opensim_document
from mvtri.biomechanics.osim.model import Model
from mvtri.biomechanics.osim.ordering import check_unique, joints_from_ground
from mvtri.biomechanics.osim.parts import Coupler, Parts, read_markers, read_parts
from mvtri.biomechanics.osim.values import members
from mvtri.biomechanics.osim.version3 import read_old_parts
from mvtri.errors import InputError, one_of

_MOST_BODIES, _MOST_COORDINATES = 1000, 2000


def read_osim(path: str | PathLike[str], markers: str | PathLike[str] | None = None) -> Model:
    """Read a model of OpenSim.

    Read are bodies, joints (Custom, Pin, Universal, Ball, Gimbal, Slider, Planar, Free, Weld) with their
    offset frames, coordinates and their couplers, and markers.  Forces, muscles and geometry are not.

    Parameters
    ----------
    path : path-like
        A file of OpenSim 4, 3 or 2.
    markers : path-like, optional
        A MarkerSet file: its markers come on top of the model's, and replace those of the same name.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is damaged, or holds something that moves bodies in a way that cannot be represented.
    """
    path = Path(path)
    with named(path):
        parts = _parts(path)
    if markers is not None:
        with named(Path(markers)):
            parts = _with_markers(parts, Path(markers))
    with named(path):
        return _model(parts)


def _parts(path: Path) -> Parts:
    _, model, version = model_document(path)
    return read_parts(model) if version >= SOCKETS else read_old_parts(model)


def _with_markers(parts: Parts, path: Path) -> Parts:
    root = opensim_document(path, "a MarkerSet of OpenSim")
    added = read_markers(members(root, "MarkerSet"), parts.bodies)
    if not added:
        raise InputError("has no markers; expected a MarkerSet of OpenSim, so check the path")
    check_unique((one.name for one in added), "markers")
    replaced = {one.name for one in added}
    return parts._replace(markers=[*(one for one in parts.markers if one.name not in replaced), *added])


def _model(parts: Parts) -> Model:
    _check_sizes(parts)
    for names, what in (
        (parts.bodies, "bodies"),
        ((one.name for one in parts.joints), "joints"),
        ((one.name for one in parts.markers), "markers"),
        ((one.name for joint in parts.joints for one in joint.coordinates), "coordinates"),
    ):
        check_unique(names, what)
    joints = joints_from_ground(parts.bodies, parts.joints)
    coordinates = [one for joint in parts.joints for one in joint.coordinates]
    locked = {one.name for one in coordinates if one.locked}
    couplers = _by_dependent(parts.couplers, [one.name for one in coordinates], locked)
    return Model(
        name=parts.name,
        bodies=tuple(joint.child.body for joint in joints),
        coordinates=tuple(one.name for one in coordinates),
        markers=tuple(one.name for one in parts.markers),
        ranges=np.array([one.range for one in coordinates], dtype=np.float64).reshape(-1, 2),
        defaults=np.array([one.default for one in coordinates], dtype=np.float64),
        locked=np.array([one.locked for one in coordinates], dtype=bool),
        clamped=np.array([one.clamped for one in coordinates], dtype=bool),
        units=tuple(one.unit for one in coordinates),
        couplers={name: one.independent for name, one in couplers.items()},
        tree=build_tree(joints, coordinates, couplers, parts.markers),
    )


def _check_sizes(parts: Parts) -> None:
    if not parts.joints:
        raise InputError("has no joints, so nothing that could move; check the path")
    coordinates = sum(len(joint.coordinates) for joint in parts.joints)
    for count, most, what in (
        (len(parts.bodies), _MOST_BODIES, "bodies"),
        (coordinates, _MOST_COORDINATES, "coordinates"),
    ):
        if count > most:
            raise InputError(f"has {count} {what}, expected at most {most}; is it the model of one person?")


def _by_dependent(couplers: list[Coupler], names: list[str], locked: set[str]) -> dict[str, Coupler]:
    found: dict[str, Coupler] = {}
    for one in couplers:
        for name in (one.dependent, one.independent):
            if name not in names:
                raise InputError(f"has the coupler {one.name}, but {one_of(name, names, 'coordinate')}")
        if one.dependent in found or one.dependent in locked:
            also = "locked" if one.dependent in locked else f"coupled by {found[one.dependent].name}"
            raise InputError(
                f"has the coordinate {one.dependent} coupled by {one.name} and {also}; remove one of the two"
            )
        found[one.dependent] = one
    return found
