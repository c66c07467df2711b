"""What may be asked for."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.spec import MemSpec


@pytest.mark.parametrize("workers", [0, 65, -1])
def test_the_number_of_workers_is_bounded(workers: int) -> None:
    with pytest.raises(UsageError, match="1 to 64"):
        MemSpec(Amount.parse("50Mi"), workers=workers)
