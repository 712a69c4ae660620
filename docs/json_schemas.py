"""The JSON schemas of the files of a hub, drawn from their models while the site is built.

The directive `{schemas}` is a table of all files; each links to its schema, which the site has as
`schemas/<name>.schema.json`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import orjson
from docutils import nodes
from parameter_tables import model_named
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RECORDS = "tasks.report.records"
MODELS = {
    "metrics_delta_summary": f"{RECORDS}.delta_files:DeltaSummary",
    "metrics_summary": f"{RECORDS}.comparison_files:MetricsSummary",
    "comparison_manifest": f"{RECORDS}.comparison_files:ComparisonManifest",
    "comparison": f"{RECORDS}.comparison_files:ComparisonFile",
    "condition_map": f"{RECORDS}.map_files:ConditionMap",
    "verification_report": "tasks.report.verification.verification:VerificationReport",
    "blocker": f"{RECORDS}.attempts:Blocker",
    "plan": f"{RECORDS}.hub_contents:PlanFile",
    "manifest": "tasks.core.study.stage_record:StageRecord",
    "attempts": f"{RECORDS}.attempts:Attempt",
}
HEADER = ("| file | what it is | schema |", "| --- | --- | --- |")


class SchemaTable(SphinxDirective):
    """A table of the JSON files of a hub, with their schemas."""

    has_content: ClassVar = False

    def run(self) -> list[nodes.Node]:
        """Return the table as nodes."""
        return self.parse_text_to_nodes("\n".join(table_lines()))


def table_lines() -> Iterator[str]:
    """Yield the table as Markdown."""
    yield from HEADER
    for name in MODELS:
        schema = schema_of(name)
        meaning = schema["description"].partition("\n")[0].removesuffix(".")
        link = f'<a href="schemas/{name}.schema.json">{name}</a>'
        yield f"| `{schema['title']}` | {meaning} | {link} |"


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a file by its name, such as `plan`."""
    head = {"$schema": DIALECT, "$id": f"urn:phase-g:{name}:1"}
    return head | model_named(MODELS[name]).model_json_schema()


def write_schemas(app: Sphinx, exception: Exception | None) -> None:
    """Write every schema into the site."""
    folder = Path(app.outdir) / "schemas"
    if exception is None and app.builder.name == "html":
        folder.mkdir(exist_ok=True)
        for name in MODELS:
            content = orjson.dumps(schema_of(name), option=orjson.OPT_INDENT_2)
            (folder / f"{name}.schema.json").write_bytes(content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive, and write the schemas at the end."""
    app.add_directive("schemas", SchemaTable)
    app.connect("build-finished", write_schemas)
    return {"parallel_read_safe": True}
