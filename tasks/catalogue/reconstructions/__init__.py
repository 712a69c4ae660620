"""The catalogue of reconstructions: one file for each, or for a few of one kind, and one line here.

A package that is installed beside this one brings its own by an entry point of the group
`phase_g.reconstructions`, which names a `Reconstruction`.
"""

from collections.abc import Collection, Iterable

from tasks.catalogue.reconstruction import Reconstruction, Role, check_reconstruction
from tasks.catalogue.registry import Catalogue

GROUP = "phase_g.reconstructions"
# In the order of every table.
MODULES = (
    "ptychopinn",
    "baseline",
    "ptychi",
    "classic",
    "adapted",
    "refined",
    "no_network",
    "oracle",
    "blurred",
    "flat",
)
OTHER_COLOUR = "#595959"


class Reconstructions(Catalogue[Reconstruction]):
    """The catalogue, the parts of it that others ask for, and what one run has beside it."""

    _brought: tuple[Reconstruction, ...] = ()

    def bring(self, entries: Iterable[Reconstruction]) -> None:
        """Have these entries of a run after those of the catalogue, in place of those before.

        One whose name the catalogue has itself is left out.
        """
        fixed = {name: entry for name, entry in self.entries.items() if entry not in self._brought}
        taken = {self.key(name) for name in fixed}
        found = tuple(entry for entry in entries if self.key(entry.name) not in taken)
        if found != self._brought:
            # At once: other threads may be reading.
            self.entries = fixed | {entry.name: entry for entry in found}
            self._brought = found

    @property
    def brought(self) -> tuple[Reconstruction, ...]:
        """What one run has beside the catalogue."""
        return self._brought

    @property
    def registered(self) -> tuple[str, ...]:
        """The names of the catalogue's entries, without what one run has beside them."""
        return tuple(name for name, entry in self.entries.items() if entry not in self._brought)

    @property
    def with_stages(self) -> tuple[Reconstruction, ...]:
        """Those that a run makes by stages: not the images that are made of the truth."""
        return tuple(entry for entry in self.entries.values() if not is_image(entry))

    @property
    def images(self) -> tuple[Reconstruction, ...]:
        """The controls that are made of the truth."""
        return tuple(entry for entry in self.entries.values() if is_image(entry))

    @property
    def arms(self) -> tuple[Reconstruction, ...]:
        """The arms of the comparison."""
        return tuple(entry for entry in self.entries.values() if entry.role is Role.ARM)

    @property
    def default_arms(self) -> tuple[str, ...]:
        """The names of the arms of a run that names none."""
        return tuple(arm.name for arm in self.arms if arm.by_default)

    def of_run(self, arms: Collection[str]) -> tuple[str, ...]:
        """Return what the catalogue has for a run of some arms: not arms that it has to name."""
        return tuple(
            entry.name
            for entry in map(self.get, self.registered)
            if entry.role is not Role.ARM or entry.by_default or entry.name in arms
        )

    @property
    def networks(self) -> tuple[Reconstruction, ...]:
        """The arms that train a network."""
        return tuple(arm for arm in self.arms if arm.is_network)

    def colour_of(self, name: str) -> str:
        """Return a colour as `#RRGGBB`; a dark grey for what is not in the catalogue."""
        return self.entries[name].colour if name in self.entries else OTHER_COLOUR


def is_image(entry: Reconstruction) -> bool:
    """Tell whether an entry is an image that the comparison makes of the truth."""
    return type(entry).image is not Reconstruction.image


RECONSTRUCTIONS = Reconstructions("reconstruction", Reconstruction, check_reconstruction, str.lower)
RECONSTRUCTIONS.add_modules(__name__, MODULES, "RECONSTRUCTION")
RECONSTRUCTIONS.add_entry_points(GROUP)
