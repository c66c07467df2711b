"""As plan/shell_scripts.py, for images that have a language and no shell. Pure.

Node.js must be able to become another program (process.execve, from 22.15 on): one that stayed
beside the agent would take tens of MiB of the pod.
"""

_FOLDERS_PYTHON = """
import os, sys, time
folders = sys.argv[1].split() + [os.environ.get("HOME") or "/", os.getcwd(), "/kubectl-stress"]
agents = [os.path.join(folder, "kubectl-stress/agent") for folder in folders]
"""

WAIT_PYTHON = f"""{_FOLDERS_PYTHON}
def usable(agent):
    folder = os.path.dirname(agent)
    try:
        os.path.isdir(folder) or os.mkdir(folder)
        os.chmod(folder, 0o755)
        open(agent + ".wanted", "w").close()
        return not os.statvfs(folder).f_flag & os.ST_NOEXEC
    except OSError:
        return False
agent = next(filter(usable, agents), None)
if agent is None:
    sys.exit(73)
for _ in range(600):
    if os.access(agent, os.X_OK):
        os.remove(agent + ".wanted")
        os.execv(agent, [agent] + sys.argv[2:])
    time.sleep(0.2)
sys.exit(75)
"""

RECEIVE_PYTHON = f"""{_FOLDERS_PYTHON}
import hashlib, subprocess
def fail(why):
    print("failed " + why, flush=True)
    sys.exit(1)
def wait(seconds, condition, why):
    end = time.monotonic() + seconds
    while not condition():
        time.monotonic() < end or fail(why)
        time.sleep(0.1)
def digest(data):
    return hashlib.sha256(data).hexdigest()
def ours():
    is_ours = lambda agent: os.path.exists(agent + ".wanted") or os.access(agent, os.X_OK)
    return next(filter(is_ours, agents), None)
wait(30, ours, "not-waiting")
agent = ours()
there = digest(open(agent, "rb").read()) if os.access(agent, os.X_OK) else "-"
print("ready", os.uname().machine, there, flush=True)
size, sum = sys.stdin.buffer.readline().decode().split()
if int(size):
    new = agent + "." + str(os.getpid())
    data = sys.stdin.buffer.read(int(size))
    digest(data) == sum or fail("damaged")
    try:
        with open(new, "wb") as file:
            file.write(data)
        os.chmod(new, 0o755)
    except OSError:
        fail("not-written")
    subprocess.call([new, "version"], stdout=subprocess.DEVNULL) and fail("not-runnable")
    os.rename(new, agent)
wait(30, lambda: not os.path.exists(agent + ".wanted"), "not-started")
print("agent " + agent, flush=True)
"""

_FOLDERS_NODE = """
const fs = require("fs"), path = require("path"), os = require("os");
const words = process.argv.slice(1);
const folders = [...words[0].split(" "), process.env.HOME || "/", process.cwd(), "/kubectl-stress"];
const agents = folders.map((folder) => path.join(folder, "kubectl-stress/agent"));
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const runnable = (file) => {
  try { fs.accessSync(file, fs.constants.X_OK); return true; } catch { return false; }
};
"""

WAIT_NODE = f"""{_FOLDERS_NODE}
if (!process.execve) {{
  fs.writeFileSync("/dev/termination-log", "process.execve (Node.js 22.15)");
  process.exit(72);
}}
const noexec = (folder) => fs.readFileSync("/proc/self/mounts", "utf8").split("\\n")
  .map((line) => line.split(" "))
  .filter(([, at]) => at && (folder + "/").startsWith(at.replace(/\\/$/, "") + "/"))
  .sort((a, b) => a[1].length - b[1].length).pop()?.[3].split(",").includes("noexec");
const agent = agents.find((agent) => {{
  try {{
    fs.existsSync(path.dirname(agent)) || fs.mkdirSync(path.dirname(agent));
    fs.chmodSync(path.dirname(agent), 0o755);
    fs.writeFileSync(agent + ".wanted", "");
    return !noexec(path.dirname(agent));
  }} catch {{ return false; }}
}});
if (!agent) process.exit(73);
for (let left = 600; left > 0; left--) {{
  if (runnable(agent)) {{
    fs.rmSync(agent + ".wanted", {{ force: true }});
    process.execve(agent, [agent, ...words.slice(1)], process.env);
  }}
  sleep(200);
}}
process.exit(75);
"""

RECEIVE_NODE = f"""{_FOLDERS_NODE}
const say = (line) => fs.writeSync(1, line + "\\n");
const fail = (why) => {{ say("failed " + why); process.exit(1); }};
const wait = (ms, condition, why) => {{
  const end = Date.now() + ms;
  while (!condition()) {{ if (Date.now() > end) fail(why); sleep(100); }}
}};
const digest = (data) => require("crypto").createHash("sha256").update(data).digest("hex");
const read = (size) => {{
  const data = Buffer.alloc(size);
  let got = 0, count = 1;
  while (got < size && (count = fs.readSync(0, data, got, size - got, null)) > 0) got += count;
  return data.subarray(0, got);
}};
let agent;
const ours = (each) => fs.existsSync(each + ".wanted") || runnable(each);
wait(30000, () => (agent = agents.find(ours)), "not-waiting");
say(`ready ${{os.machine()}} ${{runnable(agent) ? digest(fs.readFileSync(agent)) : "-"}}`);
let line = "";
for (let byte = read(1); byte.length && byte[0] !== 10; byte = read(1)) line += byte;
const [size, sum] = line.split(" ");
if (Number(size)) {{
  const fresh = agent + "." + process.pid, data = read(Number(size));
  if (digest(data) !== sum) fail("damaged");
  try {{
    fs.writeFileSync(fresh, data);
    fs.chmodSync(fresh, 0o755);
  }} catch {{ fail("not-written"); }}
  if (require("child_process").spawnSync(fresh, ["version"]).status !== 0) fail("not-runnable");
  fs.renameSync(fresh, agent);
}}
wait(30000, () => !fs.existsSync(agent + ".wanted"), "not-started");
say("agent " + agent);
"""

_FOLDERS_PERL = """
use strict; use POSIX (); use Cwd ();
my @folders = (split(" ", shift), $ENV{HOME} || "/", Cwd::getcwd(), "/kubectl-stress");
my @agents = map { s{/$}{}r . "/kubectl-stress/agent" } @folders;
sub pause { select(undef, undef, undef, $_[0]) }
"""

WAIT_PERL = f"""{_FOLDERS_PERL}
sub usable {{
  my ($agent) = @_;
  my $folder = $agent =~ s{{/agent$}}{{}}r;
  -d $folder or mkdir $folder or return 0;
  chmod 0755, $folder or return 0;
  open my $try, ">", "$folder/try" or return 0;
  print $try "#!$^X\\n";
  close $try; chmod 0755, "$folder/try";
  system({{ "$folder/try" }} "$folder/try") == 0 or return 0;
  unlink "$folder/try";
  open my $wanted, ">", "$agent.wanted" or return 0;
  return 1;
}}
my ($agent) = grep {{ usable($_) }} @agents or exit 73;
for (1 .. 600) {{
  if (-x $agent) {{ unlink "$agent.wanted"; exec {{ $agent }} $agent, @ARGV; exit 72; }}
  pause(0.2);
}}
exit 75;
"""

RECEIVE_PERL = f"""{_FOLDERS_PERL}
$| = 1;
my $new;
sub fail {{ unlink $new if $new; print "failed $_[0]\\n"; exit 1 }}
sub wait_for {{
  my ($tries, $condition, $why) = @_;
  until ($condition->()) {{ $tries-- > 0 or fail($why); pause(0.1); }}
}}
sub digest {{
  my ($file) = @_;
  eval {{ require Digest::SHA; 1 }} or fail("Digest::SHA");
  return Digest::SHA->new(256)->addfile($file, "b")->hexdigest;
}}
sub runs {{
  my ($program) = @_;
  my $child = fork;
  if (!$child) {{
    open STDOUT, ">", "/dev/null";
    exec {{ $program }} $program, "version";
    POSIX::_exit(1);
  }}
  return waitpid($child, 0) == $child && $? == 0;
}}
my $agent;
wait_for(300, sub {{ ($agent) = grep {{ -e "$_.wanted" || -x $_ }} @agents }}, "not-waiting");
my @system = POSIX::uname();
print "ready $system[4] ", (-x $agent ? digest($agent) : "-"), "\\n";
binmode STDIN;
my ($size, $sum) = split " ", scalar <STDIN>;
if ($size) {{
  $new = "$agent.$$";
  read(STDIN, my $data, $size);
  my $file;
  open $file, ">:raw", $new and print $file $data and close $file or fail("not-written");
  digest($new) eq $sum or fail("damaged");
  chmod 0755, $new;
  runs($new) or fail("not-runnable");
  rename $new, $agent or fail("not-written");
}}
wait_for(300, sub {{ !-e "$agent.wanted" }}, "not-started");
print "agent $agent\\n";
"""
