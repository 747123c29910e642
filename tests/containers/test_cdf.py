"""CDF files of all kinds that cdflib writes pass the check; what would let cdflib run on is refused."""

import itertools
import struct

import numpy as np
import pytest

from mvtri.containers.cdf import check_cdf
from mvtri.errors import InputError

cdflib = pytest.importorskip("cdflib")


def write(path, whole=0, packed=0, kind="zVariable", frames=50, **more):
    import cdflib.cdfwrite

    spec = {"Compressed": whole, "Majority": "row_major"}
    variable = {
        "Variable": "Pose",
        "Data_Type": 44,
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Compress": packed,
        "Var_Type": kind,
        "Dim_Sizes": [frames, 96],
        **more,
    }
    if kind == "rVariable":
        spec["rDim_sizes"] = [frames, 96]
        variable["Dim_Vary"] = [True, True]
    file = cdflib.cdfwrite.CDF(path, cdf_spec=spec, delete=True)
    file.write_var(variable, var_data=np.random.default_rng(1).normal(size=(1, frames, 96)).astype("f4"))
    file.write_globalattrs({"about": {0: "poses"}})
    file.close()
    return path


@pytest.mark.parametrize(
    ("whole", "packed", "kind"), list(itertools.product((0, 6), (0, 6), ("zVariable", "rVariable")))
)
def test_what_cdflib_writes_passes(tmp_path, whole, packed, kind):
    path = write(tmp_path / "a.cdf", whole, packed, kind)
    check_cdf(path)
    assert np.asarray(cdflib.CDF(path).varget("Pose")).shape == (1, 50, 96)


def test_many_records_in_blocks_pass(tmp_path):
    import cdflib.cdfwrite

    file = cdflib.cdfwrite.CDF(tmp_path / "a.cdf", delete=True)
    variable = {"Variable": "Pose", "Data_Type": 45, "Num_Elements": 1, "Rec_Vary": True, "Dim_Sizes": [96]}
    file.write_var(variable | {"Compress": 6, "Block_Factor": 7}, var_data=np.ones((500, 96)))
    file.close()
    check_cdf(tmp_path / "a.cdf")


# Places in a record of version 3 (NASA, "CDF Internal Format Description"): of the second record, which
# describes the file (global), and of the first variable.
GLOBAL, VARIABLE = "global", "variable"


def damaged(path, record, place, kind, value):
    data = bytearray(path.read_bytes())
    first = 8 + struct.unpack_from(">q", data, 8)[0]
    at = first if record == GLOBAL else struct.unpack_from(">q", data, first + 20)[0]
    struct.pack_into(kind, data, at + place, at if value == "itself" else value)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("record", "place", "kind", "value", "match"),
    [
        (GLOBAL, 0, ">q", 2**62, "does not fit into it"),
        (GLOBAL, 56, ">i", 2**31 - 1, "axes"),  # the axes of variables of the kind r
        (GLOBAL, 60, ">i", 2**31 - 1, "(leads back to itself|is of the type)"),  # the number of variables
        (VARIABLE, 24, ">i", 2**31 - 2, "needs .* of memory"),  # the last record
        (VARIABLE, 28, ">q", "itself", "is of the type 8, expected 6"),  # the index of values
        (VARIABLE, 48, ">i", 1, "sparse records"),
        (VARIABLE, 64, ">i", 2**31 - 1, "needs .* of memory"),  # numbers of a value
        (VARIABLE, 340, ">i", 2**31 - 1, "axes"),
        (VARIABLE, 344, ">i", 0, "axes of the lengths"),
        (VARIABLE, 344, ">i", 51, "other than the"),  # one row more than is stored
    ],
)
def test_what_would_let_cdflib_run_on_is_refused(tmp_path, record, place, kind, value, match):
    path = write(tmp_path / "a.cdf")
    check_cdf(path)
    damaged(path, record, place, kind, value)
    with pytest.raises(InputError, match=match):
        check_cdf(path)


def test_two_variables_that_lead_to_each_other(tmp_path):
    path = write(tmp_path / "a.cdf")
    damaged(path, GLOBAL, 60, ">i", 2)
    damaged(path, VARIABLE, 12, ">q", "itself")
    with pytest.raises(InputError, match="leads back to itself"):
        check_cdf(path)


def test_every_truncation_is_refused(tmp_path):
    path = write(tmp_path / "a.cdf", frames=2)
    data = path.read_bytes()
    for length in range(0, len(data), 37):
        path.write_bytes(data[:length])
        try:
            check_cdf(path)
        except InputError as error:
            assert "copy it again" in str(error)  # noqa: PT017
        else:  # only attributes, which are not read, are lost
            assert cdflib.CDF(path).varget("Pose").shape == (1, 2, 96)
