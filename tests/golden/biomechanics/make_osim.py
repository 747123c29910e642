"""Write the models and frames here with OpenSim itself: ``pip install opensim==4.6``, then run this.

joints.osim has each kind of joint once, in a chain, and couplers; functions.osim each kind of function, on
the axes of two CustomJoints; old.osim is written by hand in the form of OpenSim 3.  OpenSim opens each file
and says where bodies and markers are for random coordinates (seed 0), within 2 of 0, so that splines are left
at both ends.
"""

import os
import re
import sys
from pathlib import Path

import numpy as np
import opensim as osim

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "helpers"))
import opensim_oracle  # noqa: E402

os.chdir(HERE)
osim.Logger.setLevelString("Off")
random = np.random.default_rng(0)
KINDS = ("Free", "Ball", "Gimbal", "Universal", "Pin", "Slider", "Planar", "Weld")
SCALE = 1.3  # of couplers


def vector(scale):
    """Return a random Vec3 with three digits."""
    return osim.Vec3(*np.round(random.uniform(-scale, scale, 3), 3).tolist())


def attach(model, kind, name, parent, more=()):
    """Add a body and the joint that ties it to its parent."""
    body = osim.Body(name, 1.0, osim.Vec3(0), osim.Inertia(1, 1, 1))
    model.addBody(body)
    ends = parent, vector(0.3), vector(1.0), body, vector(0.1), vector(1.0)
    joint = getattr(osim, f"{kind}Joint")(f"to_{name}", *ends, *more)
    for i in range(joint.numCoordinates()):
        one = joint.upd_coordinates(i)
        if kind != "Custom":
            one.setName(f"{name}_{i}")
        one.setRangeMin(-1.0 - 0.1 * i)
        one.setRangeMax(1.5)
        one.setDefaultValue(round(0.1 * i, 1))
        one.set_locked(name == "body2" and i == 1)
        one.set_clamped(i == 2)
    model.addJoint(joint)
    model.addMarker(osim.Marker(f"on_{name}", body, vector(0.2)))
    return body


def spline(kind, count):
    """Return a function through random points."""
    function = kind()
    for x, y in zip(np.linspace(-1.5, 1.4, count), random.uniform(-0.3, 0.3, count), strict=True):
        function.addPoint(round(float(x), 3), round(float(y), 3))
    return function


def scaled(function, factor):
    """Return a function times a factor; the new one owns the old one."""
    function.thisown = False
    return osim.MultiplierFunction(function, factor)


def joints():
    """Write joints.osim."""
    model = osim.Model()
    model.setName("joints")
    body = model.getGround()
    for i, kind in enumerate(KINDS):
        body = attach(model, kind, f"body{i}", body)
    side = osim.PhysicalOffsetFrame("side", model.getBodySet().get(3), osim.Transform(vector(0.2)))
    side.set_orientation(vector(1.0))
    model.getBodySet().get(3).addComponent(side)
    inner = osim.PhysicalOffsetFrame("inner", side, osim.Transform(vector(0.2)))
    side.addComponent(inner)
    attach(model, "Pin", "branch", side)
    model.addMarker(osim.Marker("on_ground", model.getGround(), vector(1.0)))
    model.addMarker(osim.Marker("on_side", side, vector(0.1)))
    model.addMarker(osim.Marker("on_inner", inner, vector(0.1)))
    for name, dependent, independent, function in (
        ("straight", "body4_0", "body3_1", osim.LinearFunction(-0.7, 0.1)),
        ("curved", "branch_0", "body4_0", spline(osim.SimmSpline, 5)),
    ):
        coupler = osim.CoordinateCouplerConstraint()
        coupler.setName(name)
        names = osim.ArrayStr()
        names.append(independent)
        coupler.setIndependentCoordinateNames(names)
        coupler.setDependentCoordinateName(dependent)
        coupler.setFunction(function)
        osim.PropertyHelper.setValueDouble(SCALE, coupler.updPropertyByName("scale_factor"))
        model.addConstraint(coupler)
    return model


def functions():
    """Write functions.osim."""
    model = osim.Model()
    model.setName("functions")
    body = model.getGround()
    polynomial = osim.PolynomialFunction()
    polynomial.setCoefficients(osim.Vector.createFromMat(np.array([0.02, -0.03, 0.05, 0.1, 0.2, -0.1])))
    groups = (
        (osim.LinearFunction(1, 0), spline(osim.SimmSpline, 7), polynomial),
        (
            scaled(spline(osim.SimmSpline, 6), 0.6),
            osim.Constant(0.07),
            spline(osim.PiecewiseLinearFunction, 4),
        ),
        (osim.LinearFunction(-1, 0.2), spline(osim.SimmSpline, 3), spline(osim.SimmSpline, 2)),
        (osim.LinearFunction(2, 0), scaled(osim.LinearFunction(1, 0), -0.4), osim.LinearFunction(1, 0)),
    )
    for number in range(2):
        transform = osim.SpatialTransform()
        for slot in range(6):
            function = groups[2 * number + slot // 3][slot % 3]
            one = transform.updTransformAxis(slot)
            name = f"turn{number}" if slot < 3 else f"way{number}"
            if not isinstance(function, osim.Constant):
                names = osim.ArrayStr()
                names.append(name)
                one.setCoordinateNames(names)
            one.set_function(function)
            direction = np.eye(3)[slot % 3] * 2.0 + random.uniform(-0.5, 0.5, 3)
            one.setAxis(osim.Vec3(*np.round(direction, 2).tolist()))
        body = attach(model, "Custom", f"body{number}", body, (transform,))
    return model


def poses(model):
    """Return 8 poses; in the last 4 each coordinate with a coupler is what OpenSim's function gives."""
    model.initSystem()
    names = [model.getCoordinateSet().get(i).getName() for i in range(model.getCoordinateSet().getSize())]
    given = np.round(random.uniform(-2.0, 2.0, (8, len(names))), 3)
    for i in range(model.getConstraintSet().getSize()):
        coupler = osim.CoordinateCouplerConstraint.safeDownCast(model.getConstraintSet().get(i))
        source = names.index(coupler.getIndependentCoordinateNames().get(0))
        for row in given[4:]:
            value = coupler.getFunction().calcValue(osim.Vector(1, float(row[source])))
            row[names.index(coupler.getDependentCoordinateName())] = SCALE * value
    return given


def bare(path):
    """Take comments and what is only drawn out of a model's file."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    for tag in (
        "FrameGeometry",
        "attached_geometry",
        "WrapObjectSet",
        "ControllerSet",
        "ForceSet",
        "ContactGeometrySet",
    ):
        text = re.sub(rf"<{tag}\b[^>]*?/>|<{tag}\b.*?</{tag}>", "", text, flags=re.S)
    path.write_text("\n".join(line for line in text.split("\n") if line.strip()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    models = [joints(), functions()]  # kept: OpenSim crashes where Python takes such models away
    for model in models:
        model.finalizeConnections()
        path = Path(f"{model.getName()}.osim")
        model.printToXML(str(path))
        bare(path)
    for path in (Path("joints.osim"), Path("functions.osim"), Path("old.osim")):
        np.savez("given.npz", coordinates=poses(osim.Model(str(path))))
        opensim_oracle.main(path, "given.npz", path.with_suffix(".npz"))
        found = dict(np.load(path.with_suffix(".npz"))) | {"given": np.load("given.npz")["coordinates"]}
        np.savez_compressed(path.with_suffix(".npz"), **found)
        os.remove("given.npz")
    if Path("opensim.log").exists():
        os.remove("opensim.log")
    os._exit(0)  # before Python takes them away
