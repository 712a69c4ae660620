"""What the models of the JSON files of a hub share: their types, and how a fault is told.

Each file has one model: it is held against the files that are verified, reports read through it,
and the JSON schemas of the documentation are drawn from it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from tasks.catalogue import headline
from tasks.core.files.atomic_files import read_json

_DATE, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}:[0-9]{2}"
SHOWN_FAULTS = 3
SHOWN_CHARACTERS = 160

Value = TypeVar("Value")
Model = TypeVar("Model", bound=BaseModel)

Version = Annotated[
    Literal[1],
    Field(description="Raised when a key changes its meaning or goes; new keys do not raise it"),
]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Dose = Annotated[Number, Field(gt=0, description="Photons per pattern")]
Replicate = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
# Of arms, other models and metrics. They are also names of files, and never markup.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=64)]
UtcTime = Annotated[str, Field(pattern=f"^{_DATE}T{_TIME}Z$", description="UTC")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Part = Literal["amplitude", "phase", "value"]
Direction = Literal["higher is better", "lower is better"]
Verdict = Literal["better", "worse", "inconclusive"]

# What every hub is asked for. Further arms and metrics are further keys.
HEADLINE_ARMS = tuple(arm.name for arm in headline.HEADLINE_ARMS)
HEADLINE_METRICS = tuple(metric.name for metric in headline.HEADLINE_METRICS)


class Record(BaseModel):
    """Part of a JSON file; keys that are not known here are of a later version, and no fault."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


@dataclass(frozen=True)
class Needs:
    """Marks an object of any keys: those that it must have, or those that will do instead."""

    keys: tuple[str, ...]
    instead: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if not self.instead:
            return handler(schema) | {"required": list(self.keys)}
        choices = [{"required": list(keys)} for keys in (self.keys, self.instead)]
        return handler(schema) | {"anyOf": choices}

    def _checked(self, content: dict[str, Any]) -> dict[str, Any]:
        if self.instead and content.keys() >= set(self.instead):
            return content
        for key in self.keys:
            if key not in content:
                raise ValueError(f"{key!r} is a required property")
        return content


class _NotNull:
    """Takes null from the values of a field that may be None because its key is missing."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        nullable: dict[str, Any] = dict(handler(source))
        inner: CoreSchema = nullable["schema"]
        return inner


# A key that may be missing, and is not null where it is there.
MayLack = Annotated[Value | None, _NotNull()]


def checked(model: type[Model], content: object, where: str, cure: str) -> Model:
    """Return the content of a file as its model has it.

    Raises ValueError, with the file, the place of each fault and the cure; of a file of another
    version that is the one fault.
    """
    (expected,) = get_args(model.model_fields["schema_version"].annotation)
    version = content.get("schema_version", expected) if isinstance(content, dict) else expected
    if type(version) is not int or version != expected:
        raise ValueError(
            f"{where}: $.schema_version: it is of version {version!r}, and version {expected} is "
            f"read here: use the program that wrote it, or make it again. {cure}"
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [_sentence(fault) for fault in error.errors(include_url=False)]
    more = [f"and {len(faults) - SHOWN_FAULTS} more"] * (len(faults) > SHOWN_FAULTS)
    raise ValueError(f"{where}: {'; '.join([*faults[:SHOWN_FAULTS], *more])}. {cure}")


def read_record(model: type[Model], path: Path, cure: str) -> Model:
    """Read a file as its model has it; raises ValueError as `checked`, or if it is not JSON."""
    return checked(model, read_json(path), str(path), cure)


def _sentence(fault: ErrorDetails) -> str:
    """Return what is wrong, after its place in the file, such as `$.jobs[0].dose`."""
    location = fault["loc"]
    if fault["type"] == "missing":
        return f"{_place(location[:-1])}: {location[-1]!r} is a required property"
    if fault["type"] == "value_error":
        return f"{_place(location)}: {fault['ctx']['error']}"
    value = repr(fault["input"])
    shown = value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}..."
    return f"{_place(location)}: {shown}: {fault['msg']}"


def _place(location: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
