"""What is wrong with parameters, in words that a person at a command line can use."""

from collections.abc import Mapping

from pydantic import ValidationError


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
