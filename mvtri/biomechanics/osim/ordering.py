"""The order in which bodies and coordinates can be computed, and what makes that impossible."""

from collections import Counter
from collections.abc import Iterable

from mvtri.biomechanics.osim.frames import GROUND
from mvtri.biomechanics.osim.joints import Joint
from mvtri.biomechanics.osim.parts import Coupler
from mvtri.errors import InputError


def check_unique(names: Iterable[str], what: str) -> None:
    """Raise `InputError` where a name is there twice; `what` is the plural of what has it."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"has two {what} called {twice[0]!r}; rename one")


def joints_from_ground(bodies: list[str], joints: list[Joint]) -> list[Joint]:
    """Return the joints such that each parent comes before its children.

    Raises
    ------
    InputError
        If a body has no joint or two, a joint moves the ground, or bodies hang on each other in a circle.
    """
    by_child: dict[str, Joint] = {}
    by_parent: dict[str, list[Joint]] = {}
    for joint in joints:
        child = joint.child.body
        if child == GROUND:
            raise InputError(
                f"has the joint {joint.name} with the ground as its child; exchange its two frames"
            )
        if child in by_child:
            raise InputError(
                f"has the body {child} as the child of two joints ({by_child[child].name}, {joint.name}), a "
                "loop, which mvtri cannot represent; remove one of the two"
            )
        by_child[child] = joint
        by_parent.setdefault(joint.parent.body, []).append(joint)
    loose = next((body for body in bodies if body not in by_child), None)
    if loose is not None:
        raise InputError(
            f"has the body {loose}, which is the child of no joint; add a joint, such as a FreeJoint"
        )
    ordered, waiting = [], by_parent.get(GROUND, [])[::-1]
    while waiting:
        joint = waiting.pop()
        ordered.append(joint)
        waiting += by_parent.get(joint.child.body, [])[::-1]
    if len(ordered) < len(joints):
        reached = {one.name for one in ordered}
        lost = next(one for one in joints if one.name not in reached)
        raise InputError(
            f"has the body {lost.child.body} in a circle of joints that does not reach the ground; correct "
            f"the parent of the joint {lost.name}"
        )
    return ordered


def followed_first(names: list[str], couplers: dict[str, Coupler]) -> list[str]:
    """Return the coordinates such that each comes after the one that it follows.

    Raises
    ------
    InputError
        If coordinates follow each other in a circle.
    """
    done: dict[str, None] = {}
    for name in names:
        chain: dict[str, None] = {}
        while name not in done:
            if name in chain:
                raise InputError(f"has couplers by which {name} follows itself; disable one of them")
            chain[name] = None
            if name not in couplers:
                break
            name = couplers[name].independent
        done.update(dict.fromkeys(reversed(chain)))
    return list(done)
