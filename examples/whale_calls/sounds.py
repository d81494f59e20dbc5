"""Two-second clips of an underwater microphone, drawn from random numbers.

A right whale's call is a tone that rises from about 100 to 200 Hz within a second. Half of the
clips have one, in the noise of the sea, of ships (steady tones), and of clicks. The clips of the
original competition (Kaggle, "The Marinexplore and Cornell University whale detection challenge")
have the same length and sampling rate, and may be read in their place.
"""

import csv
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import spectrogram

RATE = 2000  # samples per second
SAMPLES = 2 * RATE
FRAME, STEP = 160, 80  # 80 ms, every 40 ms


def call(rng, time):
    """Return a rising tone at a random place."""
    length = rng.uniform(0.6, 1.1)
    start = rng.uniform(0, 2 - length)
    low, high = rng.uniform(80, 130), rng.uniform(170, 230)
    since = np.clip(time - start, 0, length)
    phase = 2 * np.pi * (low * since + (high - low) * since**2 / (2 * length))
    inside = (time > start) & (time < start + length)
    return inside * np.sin(np.pi * since / length) * np.sin(phase)


def clip(rng, has_call):
    """Return the samples of one clip."""
    time = np.arange(SAMPLES) / RATE
    sound = np.cumsum(rng.normal(size=SAMPLES)) * 0.05 + rng.normal(size=SAMPLES)  # sea
    sound += rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(60, 300) * time)  # ship
    for _ in range(rng.poisson(1.5)):  # clicks
        at = rng.integers(0, SAMPLES - 50)
        sound[at : at + 50] += 4 * rng.normal(size=50) * np.exp(-np.arange(50) / 10)
    if has_call:
        sound += rng.uniform(0.25, 0.8) * call(rng, time)
    elif rng.uniform() < 0.3:  # what sounds like a call, but falls
        sound += rng.uniform(0.25, 0.8) * call(rng, time)[::-1]
    return sound


def draw(seed, count):
    """Return clips (count, SAMPLES) and labels (count,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    return np.stack([clip(rng, bool(label)) for label in labels]), labels


def read_folder(folder):
    """Return clips and labels of a folder with ``labels.csv`` (file, 0 or 1) and WAV files."""
    with Path(folder, "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row and row[1] in ("0", "1")]
    clips = np.zeros((len(rows), SAMPLES))
    for index, (name, _) in enumerate(rows):
        rate, sound = wavfile.read(Path(folder, name))
        if rate != RATE or sound.ndim != 1:
            raise ValueError(f"{name}: expected one channel at {RATE} Hz, got {rate} Hz")
        clips[index, : len(sound)] = sound[:SAMPLES]
    return clips, np.array([int(label) for _, label in rows])


def pictures(clips):
    """Return log spectrograms, (clips, 1 * frequencies * frames) in float32, and (1, H, W).

    Each picture is scaled to mean 0 and deviation 1.
    """
    power = spectrogram(clips, RATE, nperseg=FRAME, noverlap=FRAME - STEP)[2]
    power = np.log(power[:, :64] + 1e-8)  # up to 800 Hz
    power -= power.mean(axis=(1, 2), keepdims=True)
    power /= power.std(axis=(1, 2), keepdims=True)
    return power.reshape(len(clips), -1).astype(np.float32), (1, *power.shape[1:])
