"""Small models of OpenSim 4 as text, written piece by piece."""

ANGLE = '<LinearFunction name="function"><coefficients>1 0</coefficients></LinearFunction>'
SPLINE = "<x>-1.5 -0.4 0.3 1.1 2</x><y>0.1 -0.2 0.05 0.3 -0.1</y>"
PARABOLA = "<coefficients>0.1 0.2 0</coefficients>"


def function(kind, inside, scale=None):
    """Return a function of an axis, as OpenSim 4 writes it; in a MultiplierFunction if there is a scale."""
    if scale is None:
        return f'<{kind} name="function">{inside}</{kind}>'
    return (
        f'<MultiplierFunction name="function"><function><{kind}>{inside}</{kind}></function>'
        f"<scale>{scale}</scale></MultiplierFunction>"
    )


def coordinate(name, low=-1.5, high=1.5, **values):
    """Return a <Coordinate>; `values` are further children, such as locked="true"."""
    more = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    return f'<Coordinate name="{name}"><range>{low} {high}</range>{more}</Coordinate>'


def axis(name, direction, coordinates="", what=ANGLE):
    """Return a <TransformAxis>."""
    return (
        f'<TransformAxis name="{name}"><coordinates>{coordinates}</coordinates>'
        f"<axis>{direction}</axis>{what}</TransformAxis>"
    )


def offset(name, parent, translation="0 0 0", orientation="0 0 0"):
    """Return a <PhysicalOffsetFrame>."""
    return (
        f'<PhysicalOffsetFrame name="{name}"><socket_parent>{parent}</socket_parent>'
        f"<translation>{translation}</translation><orientation>{orientation}</orientation></PhysicalOffsetFrame>"
    )


def joint(kind, name, parent, child, coordinates=(), inside="", frames=None):
    """Return a joint between two bodies; frames a bit off both by default."""
    paths = ["/ground" if body == "ground" else f"/bodyset/{body}" for body in (parent, child)]
    if frames is None:
        frames = offset("in_parent", paths[0], "0.1 0.2 -0.05", "0.3 -0.2 0.5") + offset(
            "in_child", paths[1], "-0.02 0.15 0.03", "-0.4 0.1 0.2"
        )
    return (
        f'<{kind} name="{name}"><socket_parent_frame>in_parent</socket_parent_frame>'
        f"<socket_child_frame>in_child</socket_child_frame><coordinates>{''.join(coordinates)}</coordinates>"
        f"<frames>{frames}</frames>{inside}</{kind}>"
    )


def marker(name, body, place="0.05 -0.1 0.2"):
    """Return a <Marker>."""
    parent = "/ground" if body == "ground" else f"/bodyset/{body}"
    return (
        f'<Marker name="{name}"><socket_parent_frame>{parent}</socket_parent_frame>'
        f"<location>{place}</location></Marker>"
    )


def coupler(name, dependent, independent, what, scale=1.0, enforced="true"):
    """Return a <CoordinateCouplerConstraint>."""
    return (
        f'<CoordinateCouplerConstraint name="{name}"><isEnforced>{enforced}</isEnforced>'
        f"<coupled_coordinates_function>{what}</coupled_coordinates_function>"
        f"<independent_coordinate_names>{independent}</independent_coordinate_names>"
        f"<dependent_coordinate_name>{dependent}</dependent_coordinate_name>"
        f"<scale_factor>{scale}</scale_factor></CoordinateCouplerConstraint>"
    )


def document(bodies, joints, markers=(), constraints=(), version=40000, more=""):
    """Return a whole file; masses are those that OpenSim needs to open it."""
    body = "<mass>1</mass><inertia>1 1 1 0 0 0</inertia>"
    listed = "".join(f'<Body name="{name}">{body}</Body>' for name in bodies)
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n'
        f'<OpenSimDocument Version="{version}"><Model name="small">\n'
        f'<Ground name="ground" /><BodySet name="bodyset"><objects>{listed}</objects></BodySet>\n'
        f'<JointSet name="jointset"><objects>{chr(10).join(joints)}</objects></JointSet>\n'
        f'<ConstraintSet name="constraintset"><objects>{"".join(constraints)}</objects></ConstraintSet>\n'
        f'<MarkerSet name="markerset"><objects>{"".join(markers)}</objects></MarkerSet>\n'
        f"{more}</Model></OpenSimDocument>\n"
    )


def knee(name, parent, child):
    """Return a CustomJoint with a rotation, a spline beside it and a scaled one along x."""
    axes = (
        axis("rotation1", "0 0 1", name)
        + axis("rotation2", "1 0 0", name, function("SimmSpline", SPLINE))
        + axis("rotation3", "0 1 0", "", function("Constant", "<value>0.1</value>"))
        + axis("translation1", "1 0 0", name, function("SimmSpline", SPLINE, 0.2))
        + axis(
            "translation2",
            "0 1 0",
            name,
            function("PolynomialFunction", "<coefficients>0.1 0.2 0</coefficients>"),
        )
        + axis("translation3", "0 0 1", "", function("Constant", "<value>0.03</value>"))
    )
    return joint(
        "CustomJoint",
        f"{name}_joint",
        parent,
        child,
        [coordinate(name)],
        f"<SpatialTransform>{axes}</SpatialTransform>",
    )


def small_model():
    """Return the text of a model of six bodies: a knee cap follows the knee, and the toes are locked."""
    six = [coordinate(f"pelvis_{i}") for i in range(6)]
    return document(
        ["pelvis", "thigh", "cap", "shank", "foot", "toes"],
        [
            joint("FreeJoint", "root", "ground", "pelvis", six),
            joint("BallJoint", "hip", "pelvis", "thigh", [coordinate(f"hip_{i}") for i in range(3)]),
            knee("knee", "thigh", "shank"),
            joint("PinJoint", "cap_joint", "thigh", "cap", [coordinate("cap_angle")]),
            joint("UniversalJoint", "ankle", "shank", "foot", [coordinate("ankle_0"), coordinate("ankle_1")]),
            joint(
                "PinJoint", "toe", "foot", "toes", [coordinate("toe_angle", locked="true", default_value=0.2)]
            ),
        ],
        [
            marker(f"on_{body}", body)
            for body in ("ground", "pelvis", "thigh", "cap", "shank", "foot", "toes")
        ],
        [coupler("follow", "cap_angle", "knee", f"<SimmSpline>{SPLINE}</SimmSpline>", 0.7)],
    )
