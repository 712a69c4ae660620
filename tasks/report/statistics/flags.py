"""What a reader must know before believing a comparison.

The rules for one model are those of `tasks.catalogue.quality_flags`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.catalogue.headline import SUBJECT, arms_among, others_among
from tasks.catalogue.quality_flags import disagreements, flags_of, table_of
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.report.records.comparisons import Comparison

MISSING = "missing"
MOST_LINES = 12
_NUMBER = re.compile(r"\d+(\.\d+)?")
Flag = Mapping[str, str]


def missing_arms(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Return of each comparison the arms that it should have, and has no row of.

    Those are the headline's, and the further ones that another comparison of its split has.
    """
    models = [{row.model for row in comparison.rows or ()} for comparison in comparisons]
    by_split: dict[str, set[str]] = {}
    for comparison, present in zip(comparisons, models, strict=True):
        by_split.setdefault(comparison.key.split, set()).update(present)
    return [
        [arm.name for arm in arms_among(by_split[comparison.key.split]) if arm.name not in present]
        for comparison, present in zip(comparisons, models, strict=True)
    ]


def comparison_flags(comparison: Comparison, missing: Iterable[str]) -> list[dict[str, str]]:
    """Return the flags of one comparison.

    Args:
        comparison: The comparison.
        missing: Arms that it should have.

    Returns:
        Entries {job, model, flag}: arms that are missing, what is wrong with what was
        reconstructed, and under the subject where the headline's metrics disagree about it.
    """
    table = table_of(comparison.rows or ())
    present = {model for model, _ in table}
    found = [(arm, MISSING) for arm in missing]
    for entry in RECONSTRUCTIONS.with_stages:
        if entry.name in present:
            found += [(entry.name, text) for text in flags_of(entry.name, table)]
    for other in others_among(present):
        texts = disagreements(table, other)
        found += [(SUBJECT.name, f"{_against(other)}{text}") for text in texts]
    return [{"job": comparison.name, "model": model, "flag": text} for model, text in found]


def flags_between(flags: Iterable[Flag], other: Reconstruction) -> list[str]:
    """Return the flags that bear on the subject minus one other arm, as sentences."""
    not_meant = tuple(_against(arm) for arm in RECONSTRUCTIONS.arms if arm is not other)
    return [
        flag_text(flag)
        for flag in flags
        if flag["model"] in (SUBJECT.name, other.name) and not flag["flag"].startswith(not_meant)
    ]


def flag_text(flag: Flag) -> str:
    """Return a flag as one line."""
    return f"{flag['job']}, {flag['model']}: {flag['flag']}"


def _against(other: Reconstruction) -> str:
    return f"against {other.name}: "


@dataclass(frozen=True)
class FlagList:
    """What the page says of flags.

    Attributes:
        shown: Lines that are always in sight.
        folded: All flags, where those in sight are kinds of them; else none.
    """

    shown: list[str]
    folded: list[str]

    @property
    def total(self) -> int:
        """Number of flags."""
        return len(self.folded or self.shown)


def flag_list(flags: Sequence[Flag]) -> FlagList:
    """Return each flag, or of many a line a kind."""
    lines = [flag_text(flag) for flag in flags]
    if len(lines) <= MOST_LINES:
        return FlagList(lines, [])
    kinds: dict[tuple[str, str], list[Flag]] = {}
    for flag in flags:
        kinds.setdefault((flag["model"], _NUMBER.sub("…", flag["flag"])), []).append(flag)
    ranked = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    return FlagList([_of_kind(*kind, members) for kind, members in ranked], lines)


def _of_kind(model: str, text: str, members: Sequence[Flag]) -> str:
    """Return `PtyChi: missing (3 comparisons)`; of one flag, the flag."""
    if len(members) == 1:
        return flag_text(members[0])
    return f"{model}: {text} ({len(members)} comparisons)"
