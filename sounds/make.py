#!/usr/bin/env python3
"""Makes the six sounds of homeroom-client, from nothing but sines. Writes them beside this file.

Each sound is a few notes; a note is a handful of partials under one envelope that begins and ends at zero,
so nothing clicks. The same script makes the same bytes each time. Needs Python's standard library alone.
"""

import math
import pathlib
import struct
import wave

RATE_HZ = 44_100
# The loudest sample, of 1.0. Quiet on purpose: these are heard many times an hour.
PEAK = 0.25

# A partial: (multiple of the note's frequency, loudness, how much faster than the note it fades).
BELL = [(1.0, 1.0, 1.0), (2.0, 0.18, 1.6), (3.0, 0.05, 2.4)]
GLASS = [(1.0, 1.0, 1.0), (2.0, 0.12, 2.0)]
WOOD = [(1.0, 1.0, 1.0), (4.0, 0.10, 4.0)]

# name: (seconds, [(start in seconds, frequency in Hz, attack in s, fade constant in s, loudness, partials)])
SOUNDS = {
    # Two steps up, E5 to B5: somebody comes in.
    "login": (0.42, [(0.00, 659.26, 0.012, 0.085, 0.9, BELL), (0.11, 987.77, 0.012, 0.085, 1.0, BELL)]),
    # Two steps down, D5 to G4: somebody leaves.
    "logout": (0.42, [(0.00, 587.33, 0.012, 0.085, 1.0, BELL), (0.11, 392.00, 0.012, 0.095, 0.9, BELL)]),
    # Two bright taps, G6 and C7: something for you alone.
    "private": (0.30, [(0.00, 1567.98, 0.004, 0.045, 0.9, GLASS), (0.10, 2093.00, 0.004, 0.050, 1.0, GLASS)]),
    # One soft tap, A4: somebody said something.
    "message": (0.18, [(0.00, 440.00, 0.006, 0.040, 1.0, WOOD)]),
    # Two round taps up, F5 to A5: somebody said your name.
    "mention": (0.28, [(0.00, 698.46, 0.005, 0.045, 0.9, GLASS), (0.09, 880.00, 0.005, 0.055, 1.0, GLASS)]),
    # Two low taps down, C#4 to G#3: that didn't work.
    "error": (0.28, [(0.00, 277.18, 0.006, 0.050, 0.9, WOOD), (0.10, 207.65, 0.006, 0.060, 1.0, WOOD)]),
}


def rounded(x):
    """A rise from 0 to 1 without corners: half a cosine."""
    return 0.5 - 0.5 * math.cos(math.pi * min(max(x, 0.0), 1.0))


def note(t, frequency, attack, fade, partials):
    """The note's sample `t` seconds after its start."""
    if t < 0.0:
        return 0.0
    tone = sum(
        loud * math.exp(-t * faster / fade) * math.sin(2.0 * math.pi * frequency * multiple * t)
        for multiple, loud, faster in partials
    )
    return rounded(t / attack) * tone


def samples(seconds, notes):
    """The whole sound as floats, its peak at PEAK, its last tenth faded to nothing."""
    count = round(seconds * RATE_HZ)
    tail = count // 10
    sound = []
    for i in range(count):
        t = i / RATE_HZ
        mixed = sum(loud * note(t - start, hz, attack, fade, parts) for start, hz, attack, fade, loud, parts in notes)
        sound.append(mixed * rounded((count - 1 - i) / tail))
    scale = PEAK / max(abs(sample) for sample in sound)
    return [sample * scale for sample in sound]


def write(path, sound):
    """16-bit mono."""
    frames = b"".join(struct.pack("<h", round(sample * 32767)) for sample in sound)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(frames)


def main():
    here = pathlib.Path(__file__).resolve().parent
    for name, (seconds, notes) in SOUNDS.items():
        path = here / f"{name}.wav"
        write(path, samples(seconds, notes))
        print(f"{path.name}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
