"""What part of its amplitude a sine keeps in each filter of mvtri.smoothing: the table in docs/smoothing.md.

python benchmarks/accuracy/filters.py
"""

import numpy as np

from mvtri.smoothing import butterworth, median, savitzky_golay

RATE = 50.0
FREQUENCIES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
FILTERS = {
    "butterworth:6": lambda values: butterworth(values, RATE, 6.0),
    "butterworth:6, not corrected": lambda values: butterworth(values, RATE, 6.0, corrected=False),
    "savitzky-golay:11,3": lambda values: savitzky_golay(values, 11, 3),
    "median:5": lambda values: median(values, 5),
}


def gain(work, frequency):
    """Return the part of the amplitude that stays, away from the ends; the mean over sixteen phases."""
    times = np.arange(int(60 * RATE)) / RATE
    phases = np.arange(16) / 16 * 2 * np.pi
    sines = np.sin(2 * np.pi * frequency * times[:, None] + phases)[..., None]
    inner = slice(len(times) // 4, -len(times) // 4)
    found, sines = work(sines)[inner], sines[inner]
    return float(np.sum(found * sines) / np.sum(sines * sines))


def main():
    print("| frequency, Hz | " + " | ".join(FILTERS) + " |")
    print("|---" * (1 + len(FILTERS)) + "|")
    for frequency in FREQUENCIES:
        values = (f"{gain(work, frequency):.3f}" for work in FILTERS.values())
        print(f"| {frequency:g} | " + " | ".join(values) + " |")


if __name__ == "__main__":
    main()
