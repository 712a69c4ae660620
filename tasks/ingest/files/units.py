"""Energies and lengths of other programs in eV and metres; what no instrument has is refused."""

from collections.abc import Sequence

from tasks.core.files.scan_record import (
    DETECTOR_PIXEL_WINDOW_M,
    DISTANCE_WINDOW_M,
    ELECTRONVOLT_J,
    ENERGY_WINDOW_EV,
    LIGHT_SPEED_M_PER_S,
    PLANCK_J_S,
)

ENERGY_UNITS_EV = {"J": 1 / ELECTRONVOLT_J, "eV": 1.0, "keV": 1e3, "MeV": 1e6, "GeV": 1e9}
LENGTH_UNITS_M = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "nm": 1e-9, "pm": 1e-12}
LENGTH_UNITS_M |= {"metre": 1.0, "meter": 1.0, "meters": 1.0, "micron": 1e-6, "microns": 1e-6}
LENGTH_UNITS_M |= {"angstrom": 1e-10, "A": 1e-10}

SQUARE = 1e-3


def energy_ev(value: float, units: str, where: str) -> float:
    """Return a photon energy [eV]; `where` is what to call it in messages.

    ValueError if the unit is not known, or the energy is outside 50 eV to 200 keV; the message
    names the units in which it would be that of photons.
    """
    least, most = ENERGY_WINDOW_EV
    if units not in ENERGY_UNITS_EV:
        raise ValueError(
            f"{where} has the unit {units!r}, expected J, eV or keV. Give --energy-ev."
        )
    found = value * ENERGY_UNITS_EV[units]
    if least <= found <= most:
        return found
    fitting = [name for name, ev in ENERGY_UNITS_EV.items() if least <= value * ev <= most]
    guesses = " or ".join(f"--energy-ev {value * ENERGY_UNITS_EV[name]:.6g}" for name in fitting)
    hint = f" It would be that of photons in {' or '.join(fitting)}: then give {guesses}."
    raise ValueError(
        f"{where} is {value:.6g} {units}, {found:.4g} eV, but photons have 50 eV to 200 keV."
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
    if units not in LENGTH_UNITS_M:
        raise ValueError(
            f"{where} has the unit {units!r}, expected m, mm, um or nm. Give the value in an "
            f"option."
        )
    return value * LENGTH_UNITS_M[units]


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
