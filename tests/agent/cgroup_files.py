"""Trees of cgroup files as the kernel writes them, for `--cgroup-root`."""

from __future__ import annotations

from pathlib import Path

STAT_V2 = "anon 100\nfile 200\nkernel 300\npagetables 40\nshmem 50\ninactive_file 60\nslab 70\n"
EVENTS = "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n"
V2 = {
    "cgroup.controllers": "cpu memory\n",
    "memory.current": "4096\n",
    "memory.peak": "8192\n",
    "memory.max": "134217728\n",
    "memory.high": "max\n",
    "memory.swap.current": "0\n",
    "memory.swap.max": "0\n",
    "memory.stat": STAT_V2,
    "memory.events": EVENTS,
    "memory.oom.group": "1\n",
    "memory.pressure": "some avg10=1.25 avg60=0.00 avg300=0.00 total=9000\n"
    "full avg10=0.07 avg60=0.00 avg300=0.00 total=8000\n",
    "cpu.stat": "usage_usec 12\nnr_periods 3\nnr_throttled 2\nthrottled_usec 1\n",
    "cpu.max": "150000 100000\n",
    "cpu.pressure": "some avg10=12.50 avg60=0.00 avg300=0.00 total=7000\n"
    "full avg10=3.04 avg60=0.00 avg300=0.00 total=6000\n",
    "io.pressure": "some avg10=1.00 avg60=0.00 avg300=0.00 total=5000\n"
    "full avg10=0.99 avg60=0.00 avg300=0.00 total=4000\n",
    "pids.current": "4\n",
    "pids.max": "max\n",
}
V1 = {
    "memory/memory.usage_in_bytes": "4096\n",
    "memory/memory.max_usage_in_bytes": "8192\n",
    "memory/memory.limit_in_bytes": "134217728\n",
    "memory/memory.memsw.limit_in_bytes": "134217728\n",
    "memory/memory.kmem.usage_in_bytes": "300\n",
    "memory/memory.stat": "cache 1\nrss 1\nhierarchical_memory_limit 134217728\n"
    "total_cache 200\ntotal_rss 100\ntotal_shmem 50\n"
    "total_inactive_file 60\ntotal_swap 0\n",
    "memory/memory.failcnt": "2\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
    "cpu/cpu.stat": "nr_periods 3\nnr_throttled 2\nthrottled_time 1500\n",
    "cpu/cpu.cfs_quota_us": "150000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "cpuacct/cpuacct.usage": "12900\n",
    "pids/pids.current": "4\n",
    "pids/pids.max": "max\n",
}


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    return root
