"""Parameters of a command line: those that stand in a file, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

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


def describe(error: ValidationError, options: Mapping[str, str]) -> str:
    """Return what is wrong with parameters: which option, what came, and what is expected.

    Args:
        error: Faults that pydantic found.
        options: Names of the options that are not called like their field.

    Returns:
        One sentence a fault; the option of a nested field is called `--probe.n-px`.
    """
    sentences = []
    for fault in error.errors():
        fields = [part for part in fault["loc"] if isinstance(part, str)]
        name = ".".join(options.get(field, field).replace("_", "-") for field in fields)
        option = f"--{name}" if name else "parameters"
        # What does not fit together has the whole group for its input.
        is_group = isinstance(fault["input"], Mapping)
        shown = option if is_group else f"{option} {fault['input']!r}"
        sentences.append(f"{shown}: {fault['msg'].removeprefix('Value error, ')}")
    return "; ".join(sentences)
