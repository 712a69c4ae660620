"""Flags on the page: each of them, or of many a line a kind, with all of them folded below."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.report.statistics.flags import flag_text

MOST_LINES = 12
_NUMBER = re.compile(r"\d+(\.\d+)?")


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


def flag_list(flags: Sequence[Mapping[str, str]]) -> FlagList:
    """Return the flags of `metrics_summary.json` for the page."""
    lines = [flag_text(flag) for flag in flags]
    if len(lines) <= MOST_LINES:
        return FlagList(lines, [])
    kinds: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for flag in flags:
        kinds.setdefault((flag["model"], _NUMBER.sub("…", flag["flag"])), []).append(flag)
    ranked = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    return FlagList([_of_kind(*kind, members) for kind, members in ranked], lines)


def _of_kind(model: str, text: str, members: Sequence[Mapping[str, str]]) -> str:
    """Return `PtyChi: missing (3 comparisons)`; of one flag, the flag."""
    if len(members) == 1:
        return flag_text(members[0])
    return f"{model}: {text} ({len(members)} comparisons)"
