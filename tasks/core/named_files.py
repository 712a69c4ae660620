"""Files that parameters name: their content is a parameter too, not their path alone."""

from pathlib import Path

from tasks.core.files import sha256_of


def with_fingerprint(values: object, field: str, what: str) -> object:
    """Fill in the SHA-256 of a named file; refuse one that is not the file planned with.

    For a pydantic validator in mode `before`; the fingerprint is the field `file_sha256`.

    Args:
        values: Raw values of a model; anything but a mapping with a file is returned as it is.
        field: Name of the field that holds the path.
        what: What the file holds, for messages, such as "The probe's file".

    Returns:
        The values with `file_sha256`.

    Raises:
        ValueError: If the file is missing, or was changed since its fingerprint was taken.
    """
    if not isinstance(values, dict) or values.get(field) is None:
        return values
    path = Path(values[field])
    if not path.is_file():
        raise ValueError(f"{what} {path} is not there. Give the path of a file.")
    found, planned = sha256_of(path), values.get("file_sha256")
    if planned not in (None, found):
        raise ValueError(
            f"{what} {path} has SHA-256 {found}, but {planned} was expected: it was changed "
            f"since. Put the old file back, or leave file_sha256 out to take this one."
        )
    return values | {"file_sha256": found}
