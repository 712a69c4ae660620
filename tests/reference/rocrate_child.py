"""Validate RO-Crates by roc-validator: `rocrate_child.py SEVERITY=CRATE...`, prints JSON.

The validator loads the crate's JSON-LD context from the web. Here it is given the one that the
package `rocrate` brings, so that the check needs no network; whether the context can be fetched is
the only thing that is not checked then.
"""

import json
import sys
from pathlib import Path

import rdflib.plugins.shared.jsonld.context as jsonld_context
import rdflib.plugins.shared.jsonld.util as jsonld_util
import rocrate
import rocrate_validator.utils.document_loader as document_loader
from rocrate_validator.models import Severity
from rocrate_validator.services import validate

CONTEXT = json.loads(
    (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text(encoding="utf-8")
)
OFFLINE = ("/ro/crate/1.2/context", "Unable to retrieve the JSON-LD context")


from_source = jsonld_util.source_to_json


def source_to_json(source, *arguments, **options):
    if not isinstance(source, str):
        return from_source(source, *arguments, **options)
    if "w3id.org/ro/crate" not in source:
        raise ValueError(f"The crate refers to {source}, which is no context of RO-Crate.")
    return CONTEXT, None


document_loader._patched_source_to_json = source_to_json
jsonld_util.source_to_json = jsonld_context.source_to_json = source_to_json

all_found = []
for asked in sys.argv[1:]:
    severity, _, crate = asked.partition("=")
    result = validate(
        {
            "rocrate_uri": crate,
            "profile_identifier": "ro-crate-1.2",
            "requirement_severity": getattr(Severity, severity),
        }
    )
    found = {
        (issue.check.identifier, issue.message or "")
        for issue in result.get_issues()
        if not any(text in (issue.message or "") for text in OFFLINE)
    }
    all_found.append(sorted(found))
sys.stdout.write(json.dumps(all_found))
