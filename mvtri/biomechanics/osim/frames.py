"""Frames that are fixed in bodies: offset frames, and the paths by which a model names them."""

import posixpath
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from mvtri.biomechanics.osim.values import name_of, place_of, text_of, vector_of
from mvtri.errors import InputError

GROUND = "ground"
_MOST_FRAMES = 100  # one in the other


class Offset(NamedTuple):
    """A frame in a body: x in the body = rotation x + place."""

    body: str
    rotation: np.ndarray
    place: np.ndarray


class _Fixed(NamedTuple):
    """An offset frame as the file gives it: its parent is a path, which is resolved later."""

    parent: str
    rotation: np.ndarray
    place: np.ndarray


class Frames:
    """The bodies and offset frames of a model, by path."""

    def __init__(self) -> None:
        self._bodies = {f"/{GROUND}": GROUND}
        self._fixed: dict[str, _Fixed] = {}

    def add_body(self, path: str, name: str) -> None:
        """Add a body at a path."""
        self._bodies[path] = name

    def add_offset(self, element: Element, owner: str) -> str:
        """Add a <PhysicalOffsetFrame> that a component at the path `owner` holds; return its own path."""
        path = posixpath.join(owner, name_of(element))
        what = f"the frame {path}"
        if path in self._fixed or path in self._bodies:
            raise InputError(f"has {what} twice; rename one")
        rotation = xyz_rotation(vector_of(element, "orientation", what))
        parent = text_of(element, "socket_parent")
        if not parent:
            raise InputError(f"has {what} without a parent (socket_parent); save the model with OpenSim 4")
        self._fixed[path] = _Fixed(parent, rotation, place_of(element, "translation", what))
        return path

    def find(self, socket: str, owner: str, what: str) -> Offset:
        """Return the frame that a component at the path `owner` names.

        Parameters
        ----------
        socket : str
            A path, absolute or relative to the owner, or the bare name of a body.
        owner : str
        what : str
            Of whom, for messages.

        Raises
        ------
        InputError
            If there is no such frame, or its parents go round in a circle.
        """
        rotation, place = np.eye(3), np.zeros(3)
        passed: set[str] = set()
        path = self._path(socket, owner, what)
        while path not in self._bodies:
            if path in passed:
                raise InputError(f"has {what} on the frame {path}, whose parents go round in a circle")
            if len(passed) == _MOST_FRAMES:
                raise InputError(f"has {what} in more than {_MOST_FRAMES} frames one in the other")
            passed.add(path)
            parent, turn, shift = self._fixed[path]
            rotation, place = turn @ rotation, turn @ place + shift
            path = self._path(parent, path, f"the frame {path}")
        return Offset(self._bodies[path], rotation, place)

    def _path(self, socket: str, owner: str, what: str) -> str:
        path = posixpath.normpath(posixpath.join(owner, socket))
        if path in self._bodies or path in self._fixed:
            return path
        bare = [one for one, name in self._bodies.items() if name == socket]
        if len(bare) == 1:
            return bare[0]
        shown = ", ".join(sorted(self._bodies.values())[:10])
        raise InputError(
            f"has {what} on {socket!r}, but no body or frame of that name (bodies: {shown} ...); correct the "
            "name"
        )


def xyz_rotation(angles: np.ndarray) -> np.ndarray:
    """Return the rotation (3, 3) about x, then y, then z of the frame that turns, in radians."""
    (a, b, c), (d, e, f) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, a, -d], [0.0, d, a]])
    about_y = np.array([[b, 0.0, e], [0.0, 1.0, 0.0], [-e, 0.0, b]])
    about_z = np.array([[c, -f, 0.0], [f, c, 0.0], [0.0, 0.0, 1.0]])
    product: np.ndarray = about_x @ about_y @ about_z
    return product
