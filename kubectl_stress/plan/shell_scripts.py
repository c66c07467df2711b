"""How a shell waits for the agent and receives it, in a container of the target's image. Pure.

WAIT_*: its arguments are folders to try, and those of the agent. It takes the first folder that it
may write to and run a file from, leaves a mark there and waits for the agent; then it removes the
mark and becomes the agent. It ends by itself: with 72 where a program is missing, 73 without a
folder (plan/interpreter.py), 75 after two minutes in which nothing came.

RECEIVE_*: says `ready MACHINE DIGEST` (`-` where no agent is there yet), reads one line
`SIZE DIGEST` and as many bytes (0: keep what is there), and says `agent PATH` once the other script
has become the agent; else `failed WHY`. The size goes before the bytes since stdin cannot be closed
on its own in protocol v4. Nothing is left half written: the agent gets its name when its digest is
right and it runs.

The kubelet expands $$ and $(NAME) in a container's command, so WAIT_SH has neither.
"""

_TOOLS = "uname mkdir chmod mv rm sleep sha256sum"


def applets(busybox: str) -> str:
    """Shell functions for the tools of a busybox that is not linked under their names."""
    return "".join(f'{tool}() {{ {busybox} {tool} "$@"; }}\n' for tool in (*_TOOLS.split(), "head"))


WAIT_SH = f"""
folders=$1
shift
for tool in {_TOOLS}; do
  command -v $tool >/dev/null 2>&1 || {{ echo $tool >/dev/termination-log; exit 72; }}
done
usable() (
  [ -d "$1/" ] && mkdir -p "$1/kubectl-stress" && cd "$1/kubectl-stress" &&
    true >./try && chmod 755 . ./try && ./try && rm ./try && true >./agent.wanted
) 2>/dev/null
for folder in $folders "$HOME" "$PWD" /kubectl-stress; do
  folder=${{folder%/}}
  usable "$folder" && break
  folder=none
done
[ "$folder" = none ] && exit 73
agent=$folder/kubectl-stress/agent
turns=
while [ ${{#turns}} -lt 600 ]; do
  if [ -x "$agent" ]; then
    rm -f "$agent.wanted"
    exec "$agent" "$@"
  fi
  sleep 0.2 2>/dev/null || sleep 1 || exit 72
  turns=$turns.
done
exit 75
"""

RECEIVE_SH = """
digest() { sha256sum <"$1" | { read -r sum _; echo "$sum"; }; }
fail() { rm -f "$new"; echo "failed $1"; exit 1; }
find_folder() {
  for folder in $1 "$HOME" "$PWD" /kubectl-stress; do
    agent=${folder%/}/kubectl-stress/agent
    [ -e "$agent.wanted" ] || [ -x "$agent" ] && return
  done
  false
}
new=
left=150
until find_folder "$1"; do
  left=$((left - 1))
  [ $left -gt 0 ] || fail not-waiting
  sleep 0.2 2>/dev/null || sleep 1
done
there=-
[ -x "$agent" ] && there=$(digest "$agent")
echo "ready $(uname -m) $there"
read -r size sum || exit 1
if [ "$size" != 0 ]; then
  new=$agent.$$
  if command -v head >/dev/null; then head -c "$size"
  elif command -v dd >/dev/null; then dd bs=1 count="$size" 2>/dev/null
  else cat
  fi >"$new" || fail not-written
  [ "$(digest "$new")" = "$sum" ] || fail damaged
  chmod 755 "$new"
  "$new" version >/dev/null 2>&1 || fail not-runnable
  mv -f "$new" "$agent" || fail not-written
fi
left=150
while [ -e "$agent.wanted" ]; do
  left=$((left - 1))
  [ $left -gt 0 ] || fail not-started
  sleep 0.2 2>/dev/null || sleep 1
done
echo "agent $agent"
"""
