"""`python -m tests.cluster VERB`: the cluster on the command line."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tests.cluster import builds, cluster, controlplane, packages, parts, processes
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.node import Node
from tests.cluster.state import FLAVOURS

Verb = Callable[[argparse.Namespace], int]
NODE_ACTIONS: dict[str, tuple[str, Callable[[Node], None]]] = {
    "node-kill": ("take a node's power", Node.kill),
    "node-freeze": ("stop a node where it is", Node.freeze),
    "node-thaw": ("let a frozen node go on", Node.thaw),
    "node-cut": ("cut a node off the network", Node.cut),
    "node-mend": ("connect a node again", Node.mend),
    "node-reboot": ("restart a node and wait until it is Ready", Node.reboot),
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _end)
    verb: Verb = arguments.verb
    try:
        return verb(arguments)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Who read our output has gone; nothing is to be flushed to them at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=cluster.__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Verb, text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        added.add_argument("--name", help=f"the cluster (default: {cluster.DEFAULT_NAME})")
        added.set_defaults(verb=verb)
        return added

    _add_cluster_verbs(add)
    _add_node_verbs(add)
    build = add("build", _build, "build what nodes start from into the cache, and start nothing")
    build.add_argument("--node", action="append", choices=FLAVOURS, help="default: v2")
    add("kernel", _kernel, "print where the nodes' kernel and its modules are, as JSON")
    add("path", _path, "print the folder with kubectl, ctr, crane and the others")
    add("packages", _packages, "print the Debian packages that are missing")
    return parser


def _add_cluster_verbs(add: Callable[[str, Verb, str], argparse.ArgumentParser]) -> None:
    up = add("up", _up, "have a cluster with these nodes and images; print its kubeconfig's path")
    up.add_argument("--node", action="append", choices=FLAVOURS, help="default: v2")
    up.add_argument("--memory-mib", type=int, default=cluster.DEFAULT_MEMORY_MIB)
    up.add_argument("--image", action="append", type=Path, default=[], metavar="FILE")
    down = add("down", _down, "remove a cluster and all that belongs to it")
    down.add_argument("--all", action="store_true", help="remove every cluster")
    add("status", _status, "tell how a cluster is; exit 1 if it is not well")
    logs = add("logs", _logs, "print the log of a component, or the names of all")
    logs.add_argument("component", nargs="?")
    add("kubeconfig", _kubeconfig, "print the path of the kubeconfig")


def _add_node_verbs(add: Callable[[str, Verb, str], argparse.ArgumentParser]) -> None:
    run = add("node-exec", _node_exec, "run a command as root in a node")
    run.add_argument("node")
    run.add_argument("command", nargs="+", metavar="-- COMMAND")
    add("node-dmesg", _node_dmesg, "print the kernel's messages").add_argument("node")
    add("node-start", _node_start, "switch a killed node on again").add_argument("node")
    for name, (text, action) in NODE_ACTIONS.items():
        verb = add(name, _node_action, text)
        verb.set_defaults(action=action)
        verb.add_argument("node")
    load = add("load-image", _load_image, "import an image archive into a running node")
    load.add_argument("node")
    load.add_argument("file", type=Path)
    trust = add("trust-registry", _trust_registry, "pull 10.0.2.2:PORT/… by plain http")
    trust.add_argument("port", type=int)


def _name(arguments: argparse.Namespace) -> str:
    return str(arguments.name or cluster.DEFAULT_NAME)


def _node(arguments: argparse.Namespace) -> Node:
    """Find a node by its whole name, which tells its cluster, or by its flavour."""
    name, _, flavour = arguments.node.rpartition("-")
    known = flavour in FLAVOURS and name in cluster.names()
    return Cluster.get(arguments.name or (name if known else _name(arguments))).node(arguments.node)


def _up(arguments: argparse.Namespace) -> int:
    up = Cluster.up(
        _name(arguments),
        nodes=arguments.node or ["v2"],
        memory_mib=arguments.memory_mib,
        images=arguments.image,
    )
    print(up.kubeconfig_path)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    for name in cluster.names() if arguments.all else [_name(arguments)]:
        cluster.down(name)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    found = Cluster.get(_name(arguments))
    running = processes.find(found.state.folder)
    for component in controlplane.COMPONENTS:
        print(f"{component:24} {f'pid {running[component]}' if component in running else 'ended'}")
    for node in found.nodes:
        print(f"{node.name:24} {_node_status(node, running)}")
    print(f"{'kubeconfig':24} {found.kubeconfig_path}")
    return 0 if found.healthy() else 1


def _node_status(node: Node, running: dict[str, int]) -> str:
    if node.name not in running:
        return "ended"
    try:
        ready = "Ready" if node.ready() else "not Ready"
    except ClusterError:
        ready = "unknown"
    return f"pid {running[node.name]}, {ready}, {node.own.memory_mib} MiB, kubelet {node.own.port}"


def _logs(arguments: argparse.Namespace) -> int:
    folder = Cluster.get(_name(arguments)).state.folder
    names = sorted(path.stem for path in (folder / "logs").iterdir())
    if arguments.component is None:
        print("\n".join(names))
        return 0
    if arguments.component not in names:
        raise ClusterError(f"no such component; there are: {', '.join(names)}")
    text = processes.log_path(folder, arguments.component).read_text(errors="replace")
    sys.stdout.write(text)
    return 0


def _kubeconfig(arguments: argparse.Namespace) -> int:
    print(Cluster.get(_name(arguments)).kubeconfig_path)
    return 0


def _node_exec(arguments: argparse.Namespace) -> int:
    stdin = b"" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()
    done = _node(arguments).run(arguments.command, stdin=stdin, timeout_seconds=3600)
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    sys.stderr.buffer.write(done.stderr)
    return done.returncode


def _node_dmesg(arguments: argparse.Namespace) -> int:
    sys.stdout.write(_node(arguments).dmesg())
    return 0


def _node_start(arguments: argparse.Namespace) -> int:
    _node(arguments).start_again(parts.accelerator())
    return 0


def _node_action(arguments: argparse.Namespace) -> int:
    arguments.action(_node(arguments))
    return 0


def _load_image(arguments: argparse.Namespace) -> int:
    new = _node(arguments).load_image(arguments.file)
    print("loaded" if new else "already there", file=sys.stderr)
    return 0


def _trust_registry(arguments: argparse.Namespace) -> int:
    for node in Cluster.get(_name(arguments)).nodes:
        node.trust_registry(arguments.port)
    return 0


def _build(arguments: argparse.Namespace) -> int:
    packages.ensure()
    parts.prepare(arguments.node or ["v2"])
    return 0


def _kernel(_arguments: argparse.Namespace) -> int:
    packages.ensure()
    kernel = parts.kernel()
    paths = {"vmlinuz": str(kernel.vmlinuz), "modules": str(kernel.modules)}
    print(json.dumps({"release": kernel.release, **paths}))
    return 0


def _path(_arguments: argparse.Namespace) -> int:
    packages.ensure()
    print(builds.programs())
    return 0


def _packages(_arguments: argparse.Namespace) -> int:
    print("\n".join(packages.missing()), end="\n" if packages.missing() else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
