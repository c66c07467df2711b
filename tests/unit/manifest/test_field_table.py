"""The table that is run on a node has every field, and each row means what it says."""

import json

import pytest

from kubectl_stress.manifest.schema import STRESS_CHAOS, field_names
from tests.builders.manifests import manifest, said
from tests.e2e.stresschaos_fields import ROWS, Row


def test_every_field_is_in_the_table() -> None:
    written = "".join(json.dumps(row.manifest("shop", "node-1")) for row in ROWS)

    missing = {name for name in field_names(STRESS_CHAOS) if f'"{name}"' not in written}

    assert missing == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_is_read_or_refused_as_the_table_says(row: Row) -> None:
    text = json.dumps(row.manifest("shop", "node-1"), indent=1)

    found = manifest(text)

    assert found.has_errors is bool(row.refusal), said(found)
    assert any(row.refusal in line for line in said(found)) or not row.refusal
    assert any(row.said in line for line in said(found)) or not row.said
