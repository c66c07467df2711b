"""What may be asked for."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from tests.builders.loads import memory_load


@pytest.mark.parametrize("workers", [0, 65, -1])
def test_the_number_of_workers_is_bounded(workers: int) -> None:
    with pytest.raises(UsageError, match="1 to 64"):
        memory_load(Amount.parse("50Mi"), workers=workers)
