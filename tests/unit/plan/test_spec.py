"""What may be asked for."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.spec import MemSpec
from kubectl_stress.targets.ref import TargetRef


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("web", "pod", "web"),
        ("pod/web", "pod", "web"),
        ("po/web", "pod", "web"),
        ("deploy/web", "deployment", "web"),
        ("Deployment/web", "deployment", "web"),
        ("sts/db-0.a", "statefulset", "db-0.a"),
    ],
)
def test_a_target_is_named_as_in_kubectl(text: str, kind: str, name: str) -> None:
    assert TargetRef.parse(text) == TargetRef(kind, name)


@pytest.mark.parametrize(
    "text", ["", "/", "pod/", "/web", "svc/web", "a/b/c", "Web", "-web", "w b"]
)
def test_what_names_no_target_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        TargetRef.parse(text)


def test_a_percentage_is_of_the_limit_unless_it_says_otherwise() -> None:
    assert Amount.parse("60%").base is ShareBase.LIMIT
    assert Amount.parse("60%headroom").base is ShareBase.HEADROOM


def test_a_share_is_taken_of_its_base_in_whole_bytes() -> None:
    assert Amount.parse("33.3%").of(1_000) == 333


@pytest.mark.parametrize("text", ["0%", "-5%", "60%disk", "%", "60 %", "60%%", "300%node"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Amount.parse(text)


def test_more_than_the_limit_may_be_asked_for() -> None:
    assert Amount.parse("120%").percent == 120


@pytest.mark.parametrize("workers", [0, 65, -1])
def test_the_number_of_workers_is_bounded(workers: int) -> None:
    with pytest.raises(UsageError, match="1 to 64"):
        MemSpec(Amount.parse("50Mi"), workers=workers)
