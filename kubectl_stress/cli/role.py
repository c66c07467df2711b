"""`kubectl stress role`: the Role that the commands need, for an administrator to apply."""

import click


@click.command()
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default="default",
    show_default=True,
    help="Namespace of the Role",
)
@click.option(
    "-A", "--all-namespaces", is_flag=True, help="Print a ClusterRole, for all namespaces"
)
@click.option(
    "--port-forward",
    is_flag=True,
    help="Also allow pods/portforward, for find-limit --health-url",
)
@click.option(
    "--copy",
    is_flag=True,
    help="Also allow creating and deleting pods, for --copy",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="Output format",
)
def role(
    namespace: str, *, all_namespaces: bool, port_forward: bool, copy: bool, output: str
) -> None:
    """Print the smallest Role that the commands need, for an administrator to apply.

    --copy and find-limit --health-url need more: add the options below.

    \b
    kubectl stress role -n shop | kubectl apply -f -
    kubectl create rolebinding stress -n shop --role kubectl-stress --user USER
    """
    from kubectl_stress.formats.serialize import json_line, to_yaml
    from kubectl_stress.preflight import permissions

    where = None if all_namespaces else namespace
    manifest = permissions.role(where, with_port_forward=port_forward, with_copy=copy)
    click.echo(to_yaml(manifest) if output == "yaml" else json_line(manifest))
