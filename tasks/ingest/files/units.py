"""Energies and lengths of other programs in eV and metres; what no instrument has is refused.

Units may have any SI prefix, as a symbol (`cm`, `µm`, `keV`) or as a word (`centimetre`).
"""

from collections.abc import Sequence

from tasks.core.files.scan_record import (
    DETECTOR_PIXEL_WINDOW_M,
    DISTANCE_WINDOW_M,
    ELECTRONVOLT_J,
    LIGHT_SPEED_M_PER_S,
    PLANCK_J_S,
    energy_window_ev,
)

# The units in which a number may have been meant, for hints.
ENERGY_UNITS_EV = {"J": 1 / ELECTRONVOLT_J, "eV": 1.0, "keV": 1e3, "MeV": 1e6, "GeV": 1e9}

PREFIXES = {
    "": 1.0,
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "c": 1e-2,
    "d": 1e-1,
    "da": 1e1,
    "h": 1e2,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}
PREFIX_WORDS = {
    "": 1.0,
    "femto": 1e-15,
    "pico": 1e-12,
    "nano": 1e-9,
    "micro": 1e-6,
    "milli": 1e-3,
    "centi": 1e-2,
    "deci": 1e-1,
    "kilo": 1e3,
    "mega": 1e6,
    "giga": 1e9,
}
LENGTH_WORDS = ("meter", "metre", "meters", "metres")
ANGSTROMS = ("a", "å", "angstrom", "angstroms", "ångström", "ångstrom", "ang")
MICRONS = ("micron", "microns")
ENERGY_WORDS = ("electronvolt", "electronvolts", "electron volt", "electron volts")
JOULE_WORDS = ("joule", "joules")
PIXELS = ("px", "pixel", "pixels")

SQUARE = 1e-3


def metres_per_unit(units: str) -> float | None:
    """Return how many metres a unit of length is; None for a unit that is not known."""
    symbol = _plain(units)
    word = symbol.lower()
    if word in ANGSTROMS:
        return 1e-10
    if word in MICRONS:
        return 1e-6
    if symbol.endswith("m") and symbol[:-1] in PREFIXES:
        return PREFIXES[symbol[:-1]]
    return _of_words(word, LENGTH_WORDS)


def ev_per_unit(units: str) -> float | None:
    """Return how many electronvolts a unit of energy is; None for a unit that is not known."""
    symbol = _plain(units)
    word = symbol.lower()
    for name, size in (("eV", 1.0), ("J", 1 / ELECTRONVOLT_J)):
        if symbol.endswith(name) and symbol[: -len(name)] in PREFIXES:
            return PREFIXES[symbol[: -len(name)]] * size
    if word in ("ev", "kev", "gev"):  # mev may be milli or mega
        return PREFIXES[{"e": "", "k": "k", "g": "G"}[word[0]]]
    if (found := _of_words(word, ENERGY_WORDS)) is not None:
        return found
    joules = _of_words(word, JOULE_WORDS)
    return None if joules is None else joules / ELECTRONVOLT_J


def _plain(units: str) -> str:
    """Return a unit without spaces around, its sign for micro as `u`."""
    return units.strip().replace("\u00b5", "u").replace("\u03bc", "u").replace("\u212b", "\u00c5")


def _of_words(word: str, names: Sequence[str]) -> float | None:
    for name in sorted(names, key=len, reverse=True):
        if word.endswith(name) and word[: -len(name)] in PREFIX_WORDS:
            return PREFIX_WORDS[word[: -len(name)]]
    return None


def energy_ev(value: float, units: str, where: str) -> float:
    """Return a photon energy [eV]; `where` is what to call it in messages.

    ValueError if the unit is not known, or the energy is outside 50 eV to 200 keV, in J 1 eV to
    200 keV; the message names the units in which it would be that of photons.
    """
    least, most = energy_window_ev(_plain(units))
    size = ev_per_unit(units)
    if size is None:
        raise ValueError(
            f"{where} has the unit {units!r}, expected J, eV or keV. Give --energy-ev."
        )
    found = value * size
    if least <= found <= most:
        return found
    windows = {name: energy_window_ev(name) for name in ENERGY_UNITS_EV}
    fitting = [
        name
        for name, ev in ENERGY_UNITS_EV.items()
        if windows[name][0] <= value * ev <= windows[name][1]
    ]
    guesses = " or ".join(f"--energy-ev {value * ENERGY_UNITS_EV[name]:.6g}" for name in fitting)
    hint = f" It would be that of photons in {' or '.join(fitting)}: then give {guesses}."
    raise ValueError(
        f"{where} is {value:.6g} {units}, {found:.4g} eV, but photons have {least:g} eV to 200 keV."
        f"{hint if fitting else ' It may be that of the machine. Give --energy-ev.'}"
    )


def energy_of_wavelength_ev(wavelength_m: float, where: str) -> float:
    """Return the energy of photons of a wavelength [eV]."""
    if not wavelength_m > 0:
        raise ValueError(f"{where} is {wavelength_m:g} m, expected more than 0. Give --energy-ev.")
    joules = PLANCK_J_S * LIGHT_SPEED_M_PER_S / wavelength_m
    return energy_ev(joules, "J", f"{where}, as the energy of the photons,")


def length_m(value: float, units: str, where: str) -> float:
    """Return a length [m]; refuse a unit that is not known."""
    size = metres_per_unit(units)
    if size is None:
        raise ValueError(
            f"{where} has the unit {units!r}, expected metres with any SI prefix (m, cm, mm, um, "
            f"nm) or angstrom. Give the value in an option."
        )
    return value * size


def plausible_m(name: str, value: float | None) -> float | None:
    """Return a `distance_m` or a `detector_pixel_m`, or none; refuse what no instrument has."""
    windows = {"distance_m": DISTANCE_WINDOW_M, "detector_pixel_m": DETECTOR_PIXEL_WINDOW_M}
    least, most = windows[name]
    if value is not None and not least <= value <= most:
        raise ValueError(
            f"The file gives {name} = {value:g}, expected {least:g} to {most:g} m. It may be in "
            f"another unit: give --{name.replace('_', '-')} in metres."
        )
    return value


def square(sides: Sequence[float], where: str) -> float:
    """Return the side of a square pixel; refuse sides that differ by more than a thousandth."""
    if max(sides) > (1 + SQUARE) * min(sides):
        raise ValueError(
            f"{where} has pixels of {sides[0]:g} x {sides[-1]:g} m, expected square ones. "
            f"Resample the patterns to square pixels, or give --detector-pixel-m."
        )
    return sides[0]
