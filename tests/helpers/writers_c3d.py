"""C3D files written by hand from the description of the format (https://www.c3d.org), of every kind.

ezc3d writes only floats of Intel processors; others wrote integers, and on DEC and MIPS.
"""

import struct

import numpy as np

INTEL, DEC, MIPS = 84, 85, 86


def c3d(points, fourth, analog, *, processor=INTEL, floats=True, scale=0.5, offsets, scales, **more):
    """Return the bytes of a file.

    points (T, M, 3) and fourth (T, M) are what the file stores of each marker; analog (S T, 2).
    """
    order = ">" if processor == MIPS else "<"

    def real(values):
        values = np.asarray(values, dtype=f"{order}f4")
        if processor != DEC:
            return values.tobytes()
        halves = np.frombuffer((values * np.float32(4)).tobytes(), "<u2").reshape(-1, 2)
        return np.ascontiguousarray(halves[:, ::-1]).tobytes()

    def whole(values):
        return np.asarray(values).astype(f"{order}i2").tobytes()

    def record(name, group, body):
        link = struct.pack(f"{order}H", len(body) + 2)
        return struct.pack("bb", len(name), group) + name.encode() + link + body

    def parameter(name, group, kind, shape, raw):
        return record(name, group, struct.pack("bB", kind, len(shape)) + bytes(shape) + raw + b"\0")

    frames, markers = points.shape[:2]
    samples, channels = len(analog) // frames, analog.shape[1]
    signed = -scale if floats else scale
    rate = more.get("rate", 50.0)
    parts = [
        record("POINT", -1, b"\0"),
        parameter("USED", 1, 2, (), whole([markers])),
        parameter("SCALE", 1, 4, (), real([signed])),
        parameter("RATE", 1, 4, (), real([rate])),
        parameter("FRAMES", 1, 2, (), whole([more.get("frames", frames)])),
        parameter("UNITS", 1, -1, (2,), b"mm"),
        parameter("LABELS", 1, -1, (2, markers), b"".join(b"m%d" % index for index in range(markers))),
        record("ANALOG", -2, b"\0"),
        parameter("USED", 2, 2, (), whole([channels])),
        parameter("GEN_SCALE", 2, 4, (), real([1.5])),
        parameter("RATE", 2, 4, (), real([rate * samples])),
        parameter("SCALE", 2, 4, (channels,), real(scales)),
        parameter("OFFSET", 2, 2, (channels,), whole(offsets)),
    ]
    section = bytes([1, 0x50, 2, processor]) + b"".join(parts) + b"\0\0"
    blocks = -(-len(section) // 512)
    section = (section[:2] + bytes([blocks]) + section[3:]).ljust(512 * blocks, b"\0")
    first = more.get("first", 1)
    head = bytes([2, 0x50]) + struct.pack(
        f"{order}5H", markers, channels * samples, first, first + frames - 1, 10
    )
    head += real([signed]) + struct.pack(f"{order}2H", 2 + blocks, samples) + real([rate])
    put = real if floats else whole
    markers_of = np.concatenate([points, fourth[..., None]], axis=-1).reshape(frames, -1)
    rows = np.concatenate([markers_of, analog.reshape(frames, -1)], axis=1)
    data = b"".join(put(row) for row in rows)
    return head.ljust(512, b"\0") + section + data.ljust(-(-len(data) // 512) * 512, b"\0")
