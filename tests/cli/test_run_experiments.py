"""`run -f FILE` loads what a StressChaos means, as `mem` would."""

from pathlib import Path

import pytest

from kubectl_stress.agent.commands import GO
from kubectl_stress.kube.watch import Object
from tests.builders.agent_lines import survived
from tests.builders.manifests import memory, stress_chaos
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.many_pods import ManyPods
from tests.fakes.stream import FakeStream

HERE = "selector: {namespaces: [default]}"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Write":
    monkeypatch.chdir(tmp_path)
    return Write(tmp_path)


class Write:
    """Writes memory.yaml: a StressChaos of the pods here, with other fields as given."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "memory.yaml"

    def __call__(self, **fields: str) -> None:
        self._file.write_text(stress_chaos(**{"selector": HERE, **fields}))


def execs(command_line: CommandLine) -> list[list[str]]:
    """What was started, whatever the ephemeral container and the run were called."""
    started = [list(words) for _container, words in command_line.cluster.execs]
    for words in started:
        if "--run-id" in words:
            words[words.index("--run-id") + 1] = "any"
    return started


RUN = ("run", "-f", "memory.yaml")


def test_an_experiment_is_the_very_load_that_mem_makes(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(stressors=memory("workers: 4, size: 50MiB, options: ['--time 1s']"))
    by_mem = CommandLine()
    words = ("--size", "50Mi", "--workers", "4", "--ramp", "1s", "--duration", "30s")

    assert kubectl_stress(*RUN, "--yes") == 0
    assert by_mem("mem", "web", *words, "--yes") == 0

    assert execs(kubectl_stress) == execs(by_mem)
    assert capsys.readouterr().out.count("VERDICT  survived") == 2


def test_what_the_manifest_means_is_said_before_the_load(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(stressors=memory("workers: 1, size: 30%"))

    assert kubectl_stress(*RUN, "--yes") == 0
    loud = capsys.readouterr().err
    assert CommandLine()(*RUN, "--yes", "-q") == 0

    assert "memory.yaml:8: warning: spec.stressors.memory.size: 30% of the container's" in loud
    assert "38.4 MiB (30% of the limit 128.0 MiB)" in loud
    assert "file" not in loud.partition("memory load")[0].splitlines()[-1]  # no summary
    assert "memory.yaml" not in capsys.readouterr().err


def test_notes_are_counted_before_a_run_and_printed_by_lint(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write()

    assert kubectl_stress(*RUN, "--dry-run", "client") == 0
    said = capsys.readouterr().err
    assert kubectl_stress(*RUN, "--lint") == 0

    count = capsys.readouterr().out.count(": note: ")
    assert count > 1
    assert said.startswith(f"{count} notes on these manifests: --lint prints them\n")


def test_the_dry_run_attaches_nothing(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write()

    assert kubectl_stress(*RUN, "--dry-run", "client") == 0

    assert "50.0 MiB" in capsys.readouterr().out
    assert (kubectl_stress.cluster.added, kubectl_stress.cluster.execs) == ([], [])


def test_a_mistake_runs_nothing_and_asks_no_cluster(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(mode="mode: some")

    assert kubectl_stress(*RUN, "--yes", "-q") == 2

    *lines, last = capsys.readouterr().err.splitlines()
    assert any(line.startswith("memory.yaml:6: error: spec.mode: unknown mode") for line in lines)
    assert last == "error: nothing was run: correct the errors above"
    assert kubectl_stress.connections == []


def test_a_size_beyond_the_limit_is_asked_for(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(stressors=memory("workers: 1, size: 1000Gi"))

    assert kubectl_stress(*RUN) == 5

    asked = "can hold: it will be OOM-killed"
    assert asked in capsys.readouterr().err
    assert kubectl_stress.cluster.added == []


def test_a_choice_by_chance_says_its_seed_and_is_repeated_by_it(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write()
    for name in ("a", "b", "c"):
        kubectl_stress.cluster.pods[name] = pod(name).container("app", limit="128Mi").dict

    chosen = set()
    for _ in range(3):
        kubectl_stress(*RUN, "--dry-run", "client", "--seed", "4")
        (line,) = [text for text in capsys.readouterr().err.splitlines() if "--seed" in text]
        chosen.add(line)

    (line,) = chosen
    assert line.startswith('mode one chose pod "')
    assert line.endswith(" of 4 selected pods (--seed 4 repeats it)")


def test_the_namespace_of_the_experiment_is_the_one_that_is_connected_to(
    kubectl_stress: CommandLine, write: Write
) -> None:
    write(selector="selector: {pods: {shop: [db]}}")
    kubectl_stress.cluster.pods["db"] = pod("db", "shop").container("app", limit="128Mi").dict

    kubectl_stress(*RUN, "--dry-run", "client")

    assert [flags.namespace for flags in kubectl_stress.connections] == [None, "shop"]


@pytest.mark.parametrize(
    ("fields", "code", "problem"),
    [
        (
            {"selector": "selector: {labelSelectors: {app: db}}"},
            1,
            'no pod in namespace "default" matches spec.selector of stresschaos/memory-stress '
            "(memory.yaml:1), which names no other namespace\n",
        ),
        (
            {"selector": "selector: {namespaces: [shop]}"},
            1,
            'no pod in namespace "shop" matches spec.selector of stresschaos/memory-stress '
            "(memory.yaml:1)\n",
        ),
        (
            {"selector": "selector: {pods: {shop: [db]}}"},
            1,
            "none of the pods that spec.selector of stresschaos/memory-stress (memory.yaml:1) "
            "names exists\n",
        ),
        (
            {"containerNames": "containerNames: [db]"},
            1,
            'no container "db" in pod "web": it has app',
        ),
    ],
    ids=str,
)
def test_what_cannot_be_loaded_has_one_line_that_says_why(
    kubectl_stress: CommandLine,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    fields: dict[str, str],
    code: int,
    problem: str,
) -> None:
    write(**fields)

    assert kubectl_stress(*RUN, "--yes", "-q") == code

    assert capsys.readouterr().err.startswith(f"error: {problem}")
    assert kubectl_stress.cluster.added == []


def test_a_manifest_without_a_stress_chaos_runs_nothing(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write()
    (tmp_path / "service.yaml").write_text("apiVersion: v1\nkind: Service\n")

    assert kubectl_stress("run", "-f", "service.yaml", "-q") == 2

    assert capsys.readouterr().err == "error: no StressChaos in these manifests\n"


def test_two_experiments_on_one_container_are_refused(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write()

    assert kubectl_stress("run", "-f", "memory.yaml", "-f", "./memory.yaml", "-q", "--yes") == 2

    assert capsys.readouterr().err == (
        "error: stresschaos/memory-stress (memory.yaml:1) and stresschaos/memory-stress "
        "(./memory.yaml:1) would both load default/web/app: run one after the other\n"
    )
    assert kubectl_stress.cluster.added == []


def test_mode_all_loads_every_pod_at_the_same_time(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(mode="mode: all", stressors=memory("workers: 4, size: 50MiB, options: ['']"))
    kubectl_stress.cluster = cluster = ManyPods(*[survived()] * 3)

    assert kubectl_stress(*RUN) == 5  # asked
    assert cluster.added == []
    assert kubectl_stress(*RUN, "--yes") == 0

    assert [cluster.sent_to(name) for name in cluster.pods] == [[GO]] * 3
    assert all("--workers" in words for words in cluster.runs)
    seen = capsys.readouterr()
    assert "all 3 pods: web-0, web-1, web-2" in seen.err
    assert "VERDICT  3 targets: 3 survived" in seen.out


@pytest.mark.parametrize(
    ("mode", "value", "count"),
    [
        ("fixed", "2", 2),
        ("fixed-percent", "50", 2),
        ("all", "", 4),
        ("random-max-percent", "100", 1),
    ],
)
def test_every_mode_is_run(
    kubectl_stress: CommandLine, write: Write, mode: str, value: str, count: int
) -> None:
    write(mode=f"mode: {mode}", value=f"value: '{value}'")
    kubectl_stress.cluster = cluster = ManyPods(*[survived()] * 4)
    for name in cluster.pods if count == 1 else ():
        cluster.streams[name] = FakeStream().says(survived()).ends(0)

    assert kubectl_stress(*RUN, "--yes", "-q", "--seed", "1") == 0

    assert len(cluster.runs) == count


def test_several_documents_are_loaded_together_each_with_its_own_size(
    kubectl_stress: CommandLine, write: Write, tmp_path: Path
) -> None:
    kubectl_stress.cluster = cluster = ManyPods(*[survived()] * 2)
    for number, size in enumerate(("20MiB", "30MiB")):
        write(
            selector=f"selector: {{pods: {{default: [web-{number}]}}}}",
            stressors=memory(f"workers: 1, size: {size}"),
        )
        (tmp_path / "memory.yaml").rename(tmp_path / f"{number}.yaml")

    assert kubectl_stress("run", "-f", "0.yaml", "-f", "1.yaml", "--yes", "-q") == 0

    sizes = [words[words.index("--size-bytes") + 1] for words in cluster.runs]
    assert sizes == [str(20 << 20), str(30 << 20)]
    assert all(cluster.sent_to(name) == [GO] for name in cluster.pods)


def test_containers_by_name_are_each_loaded(kubectl_stress: CommandLine, write: Write) -> None:
    two = pod("web-0").container("app", limit="128Mi").container("proxy", limit="64Mi").dict
    write(mode="mode: all", containerNames="containerNames: [app, proxy]")
    kubectl_stress.cluster = cluster = ManyPods(survived())
    cluster.pods["web-0"] = two

    assert kubectl_stress(*RUN, "--dry-run", "client") == 0


def test_with_keep_going_an_experiment_that_means_no_pod_is_left_out(
    kubectl_stress: CommandLine,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    kubectl_stress.cluster = cluster = ManyPods(*[survived()] * 2)
    write(mode="mode: all")
    (tmp_path / "memory.yaml").rename(tmp_path / "here.yaml")
    write(selector="selector: {namespaces: [shop]}")
    words = ("run", "-f", "here.yaml", "-f", "memory.yaml", "--yes")

    assert kubectl_stress(*words) == 1
    assert 'no pod in namespace "shop" matches spec.selector' in capsys.readouterr().err
    assert cluster.added == []
    assert kubectl_stress(*words, "--keep-going") == 1

    seen = capsys.readouterr()
    assert [cluster.sent_to(name) for name in cluster.pods] == [[GO]] * 2
    assert 'note: left out: no pod in namespace "shop" matches spec.selector of stress' in seen.err
    assert "VERDICT  3 targets: 2 survived, 1 not-loaded" in seen.out


def test_all_that_keeps_experiments_from_running_is_told_at_once(
    kubectl_stress: CommandLine,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    write(containerNames="containerNames: [db]")
    (tmp_path / "memory.yaml").rename(tmp_path / "container.yaml")
    write(selector="selector: {namespaces: [shop]}")

    assert kubectl_stress(*RUN, "-f", "container.yaml", "--yes", "-q") == 1

    head, *lines = capsys.readouterr().err.splitlines()
    assert head == "error: 2 targets cannot be loaded:"
    assert lines == [
        '  no container "db" in pod "web": it has app',
        '  no pod in namespace "shop" matches spec.selector of stresschaos/memory-stress '
        "(memory.yaml:1)",
    ]


def test_a_pod_that_is_named_and_not_there_is_left_out_as_by_chaos_mesh_and_said(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(selector="selector: {pods: {default: [web, gone]}}")

    assert kubectl_stress(*RUN, "--dry-run", "client") == 0

    assert (
        'memory.yaml:1: warning: spec.selector.pods: pod "gone" not found in namespace "default"; '
        "left out, as by Chaos Mesh\n"
    ) in capsys.readouterr().err


def test_the_dry_run_names_an_experiment_without_pods_as_kubectl_does(
    kubectl_stress: CommandLine,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    write()
    (tmp_path / "memory.yaml").rename(tmp_path / "here.yaml")
    write(selector="selector: {namespaces: [shop]}")

    kubectl_stress(*RUN, "-f", "here.yaml", "--keep-going", "--dry-run", "client")

    left_out = "would leave out stresschaos/memory-stress (namespace default): no pod in namespace"
    assert left_out in capsys.readouterr().out


def test_fewer_pods_than_the_mode_asks_for_are_said(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(mode="mode: fixed", value="value: '9'")

    assert kubectl_stress(*RUN, "--dry-run", "client") == 0

    shortage = "note: stresschaos/memory-stress (memory.yaml:1): mode fixed 9 asks for more pods "
    assert f"{shortage}than the 1 found\n" in capsys.readouterr().err


def test_what_is_missing_in_several_namespaces_is_told_at_once(
    kubectl_stress: CommandLine, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(mode="mode: all", selector="selector: {namespaces: [default, shop]}")
    kubectl_stress.cluster.pods["db"] = pod("db", "shop").container("app", limit="128Mi").dict
    kubectl_stress.cluster.denied = {"create pods/exec": ""}

    assert kubectl_stress(*RUN, "--yes", "-q") == 1

    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith('error: missing permission in namespace "default": create pods/exec')
    assert second.startswith('  missing permission in namespace "shop": create pods/exec')


def test_events_that_may_not_be_read_in_one_of_several_namespaces_are_noted(
    kubectl_stress: CommandLine,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(mode="mode: all", selector="selector: {namespaces: [default, shop]}")
    cluster = ManyPods(survived(), survived())
    cluster.pods["web-1"]["metadata"]["namespace"] = "shop"
    kubectl_stress.cluster, rules_of = cluster, cluster.rules

    def rules(namespace: str) -> Object:
        cluster.denied = {"list events": ""} if namespace == "default" else {}
        return rules_of(namespace)

    monkeypatch.setattr(cluster, "rules", rules)

    assert kubectl_stress(*RUN, "--yes") == 0
    assert "note: continuing without events (list events not allowed)" in capsys.readouterr().err


def test_another_namespace_than_the_manifests_own_is_refused(
    kubectl_stress: CommandLine, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "memory.yaml"
    write()
    file.write_text(file.read_text().replace("memory-stress", "memory-stress\n  namespace: shop"))

    assert kubectl_stress(*RUN, "-n", "other", "--yes") == 2

    words = 'the namespace "shop" of stresschaos/memory-stress (memory.yaml:1) does not match'
    assert words in capsys.readouterr().err
    assert kubectl_stress.cluster.asked == []
