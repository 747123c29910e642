"""Writing small videos with PyAV: each frame shows its number, at the time that the test chooses."""

from fractions import Fraction

import numpy as np

BITS = 10
FINE = Fraction(1, 30000)  # s, a time base that holds the usual rates


def picture(number, size=(160, 96)):
    """Return a grey picture whose white and black bars are the bits of a number."""
    width, height = size
    image = np.full((height, width, 3), 90, np.uint8)
    bar = width // BITS
    for bit in range(BITS):
        image[height // 4 : height // 2, bit * bar : (bit + 1) * bar - 2] = 255 * (number >> bit & 1)
    return image


def number_of(image):
    """Return the number that a decoded picture shows."""
    height, width = image.shape[:2]
    bar = width // BITS
    return sum(
        1 << bit
        for bit in range(BITS)
        if image[3 * height // 8, bit * bar + bar // 2].astype(float).mean() > 127
    )


def write_video(path, times, numbers=None, *, codec="libx264", rate=30, unit=FINE, size=(160, 96),
                options=None, container=None, images=None, format="yuv420p"):  # fmt: skip
    """Write frames with some `numbers` (by default counted from 0) at some `times`, s.

    `options` are the codec's (such as ``{"bf": "2"}`` for two B-frames), `container` the format's;
    `format` is that of the pixels.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = range(len(times)) if numbers is None else numbers
    with av.open(str(path), "w", options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = format
        stream.codec_context.time_base = unit
        for index, (time, number) in enumerate(zip(times, numbers)):
            image = picture(number, size) if images is None else images[index]
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = round(time / unit), unit
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path


def remux(source, target, shift=0, keep=lambda index: True, container=None):
    """Copy the packets of a video to another file, `shift` time units later; only those to `keep`."""
    import av

    with av.open(str(source)) as old, av.open(str(target), "w", options=container or {}) as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        for index, packet in enumerate(old.demux(stream)):
            if packet.dts is not None and keep(index):
                packet.pts += shift
                packet.dts += shift
                packet.stream = copy
                new.mux(packet)
    return target


def turned(path, turn):
    """Write a rotation tag of 90, 180 or 270 degrees into an MP4 file, as phones do; return its path."""
    content = path.read_bytes()
    one = (1 << 16).to_bytes(4, "big")
    minus, zero = (2**32 - (1 << 16)).to_bytes(4, "big"), bytes(4)
    last = (1 << 30).to_bytes(4, "big")
    matrices = {
        0: [one, zero, zero, zero, one, zero, zero, zero, last],
        90: [zero, one, zero, minus, zero, zero, zero, zero, last],
        180: [minus, zero, zero, zero, minus, zero, zero, zero, last],
        270: [zero, minus, zero, one, zero, zero, zero, zero, last],
    }
    place = content.index(b"tkhd") + 4 + 40  # the matrix of the track's header
    assert content[place : place + 36] == b"".join(matrices[0])
    path.write_bytes(content[:place] + b"".join(matrices[turn]) + content[place + 36 :])
    return path
