"""How a target may be named."""

import pytest

from kubectl_stress.errors import UsageError
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
        ("deployment.apps/web", "deployment", "web"),
        ("deployments.v1.apps/web", "deployment", "web"),
        ("statefulset.apps/db", "statefulset", "db"),
        ("daemonset.apps/log", "daemonset", "log"),
        ("replicaset.apps/web-5d", "replicaset", "web-5d"),
        ("job.batch/once", "job", "once"),
    ],
)
def test_a_target_is_named_as_in_kubectl(text: str, kind: str, name: str) -> None:
    assert TargetRef.parse(text) == TargetRef(kind, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "pod/",
        "/web",
        "svc/web",
        "deployment.batch/web",
        "job.apps/once",
        "a/b/c",
        "Web",
        "-web",
        "w b",
    ],
)
def test_what_names_no_target_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        TargetRef.parse(text)


@pytest.mark.parametrize(
    ("words", "refs"),
    [
        ("hello", ["pod/hello"]),
        ("pod hello", ["pod/hello"]),
        ("pods hello world", ["pod/hello", "pod/world"]),
        ("deploy hello", ["deployment/hello"]),
        ("deployment.apps/hello pod/world", ["deployment/hello", "pod/world"]),
        ("hello hello pod/hello", ["pod/hello"]),
        ("pod", ["pod/pod"]),
        ("pod pod/hello", ["pod/pod", "pod/hello"]),
        ("hello pod", ["pod/hello", "pod/pod"]),
    ],
)
def test_several_words_are_read_as_kubectl_reads_them(words: str, refs: list[str]) -> None:
    assert [str(ref) for ref in TargetRef.parse_all(words.split())] == refs
