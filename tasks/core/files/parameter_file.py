"""Parameters of a command line that stand in a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

OPTION = "--parameters"
CURE = "Name a JSON or YAML file of parameters by name, such as the parameters.json of a scan."


def named_parameter_file(words: Sequence[str]) -> Path | None:
    """Return the file that `--parameters` names; needed before the other options are read."""
    for position, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == OPTION and (value or position + 1 < len(words)):
            return Path(value or words[position + 1])
    return None


def read_parameters(path: Path) -> dict[str, Any]:
    """Read parameters from YAML; JSON is YAML too.

    Raises:
        ValueError: If the file is missing or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}). {CURE}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is neither JSON nor YAML ({error}). {CURE}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no parameters by name. {CURE}")
    return content
