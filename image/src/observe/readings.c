#include "observe/readings.h"

#include "kernel/files.h"
#include "words/text.h"

#include <string.h>

// Read ten times a second, and therefore kept open: to open a file costs more than to read it, and
// near the limit it takes memory.
enum quick { USAGE, STAT, EVENTS, QUICK_COUNT };
static int kept[QUICK_COUNT];

// Leaves an empty text where there is nothing to read: every key in it is absent then.
static void read_text(int directory, const char* path)
{
    if (directory < 0)
        file_text[0] = '\0';
    else
        file_read(directory, path, file_text, sizeof(file_text));
}

static void read_quick(enum quick which, int directory, const char* path)
{
    if (directory < 0)
        file_text[0] = '\0';
    else
        file_read_again(&kept[which], directory, path, file_text, sizeof(file_text));
}

static int64_t quick_number(enum quick which, int directory, const char* path)
{
    read_quick(which, directory, path);
    return file_text[0] == '\0' ? ABSENT : text_first_number(file_text);
}

static int64_t number(int directory, const char* path)
{
    return directory < 0 ? ABSENT : file_number(directory, path);
}

// Version 1 writes "no limit" as the largest number of whole pages.
static int64_t v1_limit(int directory, const char* path)
{
    int64_t limit = number(directory, path);

    return limit >= INT64_C(1) << 60 ? ABSENT : limit;
}

static int64_t difference(int64_t larger, int64_t smaller)
{
    if (larger == ABSENT || smaller == ABSENT || larger < smaller)
        return ABSENT;
    return larger - smaller;
}

static int64_t divided(int64_t value, int64_t by) { return value == ABSENT ? ABSENT : value / by; }

static int64_t millicores(int64_t quota_us, int64_t period_us)
{
    if (quota_us == ABSENT || period_us == ABSENT || period_us == 0 || quota_us > INT64_MAX / 1000)
        return ABSENT;
    return quota_us * 1000 / period_us;
}

// Looks on from where the key before was found: keys asked for in the file's order cost one pass.
static int64_t next_value(const char** at, const char* key)
{
    const char* found = text_after_key(*at, key);

    if (found == NULL)
        found = text_after_key(file_text, key);
    if (found == NULL)
        return ABSENT;
    *at = found;
    return text_first_number(found);
}

static void read_memory_v1(int directory, struct readings* readings)
{
    const char* at = file_text;

    readings->usage_bytes = quick_number(USAGE, directory, "memory.usage_in_bytes");
    read_quick(STAT, directory, "memory.stat");
    readings->file_bytes = next_value(&at, "total_cache ");
    readings->anon_bytes = next_value(&at, "total_rss ");
    readings->shmem_bytes = next_value(&at, "total_shmem ");
    readings->swap_bytes = next_value(&at, "total_swap ");
    readings->inactive_file_bytes = next_value(&at, "total_inactive_file ");
}

static void read_memory_v2(int directory, struct readings* readings)
{
    const char* at = file_text;

    readings->usage_bytes = quick_number(USAGE, directory, "memory.current");
    read_quick(STAT, directory, "memory.stat");
    readings->anon_bytes = next_value(&at, "anon ");
    readings->file_bytes = next_value(&at, "file ");
    readings->kernel_bytes = next_value(&at, "kernel ");
    readings->pagetables_bytes = next_value(&at, "pagetables ");
    readings->shmem_bytes = next_value(&at, "shmem ");
    readings->inactive_file_bytes = next_value(&at, "inactive_file ");
    readings->slab_bytes = next_value(&at, "slab ");
}

static void read_cpu_v1(const struct cgroup* cgroup, struct readings* readings)
{
    readings->cpu_usage_us = divided(number(cgroup->cpuacct, "cpuacct.usage"), 1000);
    read_text(cgroup->cpu, "cpu.stat");
    readings->cpu_nr_periods = text_value_of(file_text, "nr_periods ");
    readings->cpu_nr_throttled = text_value_of(file_text, "nr_throttled ");
    readings->cpu_throttled_us = divided(text_value_of(file_text, "throttled_time "), 1000);
}

static void read_cpu_v2(int directory, struct readings* readings)
{
    read_text(directory, "cpu.stat");
    readings->cpu_usage_us = text_value_of(file_text, "usage_usec ");
    readings->cpu_nr_periods = text_value_of(file_text, "nr_periods ");
    readings->cpu_nr_throttled = text_value_of(file_text, "nr_throttled ");
    readings->cpu_throttled_us = text_value_of(file_text, "throttled_usec ");
}

static void read_slow_v1(const struct cgroup* cgroup, struct readings* readings)
{
    readings->peak_bytes = number(cgroup->memory, "memory.max_usage_in_bytes");
    readings->limit_bytes = v1_limit(cgroup->memory, "memory.limit_in_bytes");
    readings->swap_limit_bytes = difference(
        v1_limit(cgroup->memory, "memory.memsw.limit_in_bytes"), readings->limit_bytes);
    readings->kernel_bytes = number(cgroup->memory, "memory.kmem.usage_in_bytes");
    readings->max_events = number(cgroup->memory, "memory.failcnt");
    readings->cpu_limit_millicores = millicores(
        number(cgroup->cpu, "cpu.cfs_quota_us"), number(cgroup->cpu, "cpu.cfs_period_us"));
}

static void read_slow_v2(const struct cgroup* cgroup, struct readings* readings)
{
    const char* period;

    readings->peak_bytes = number(cgroup->memory, "memory.peak");
    readings->limit_bytes = number(cgroup->memory, "memory.max");
    readings->high_bytes = number(cgroup->memory, "memory.high");
    readings->swap_bytes = number(cgroup->memory, "memory.swap.current");
    readings->swap_limit_bytes = number(cgroup->memory, "memory.swap.max");
    read_text(cgroup->memory, "memory.pressure");
    readings->pressure_some_hundredths = text_avg10_hundredths(file_text, "some avg10=");
    readings->pressure_full_hundredths = text_avg10_hundredths(file_text, "full avg10=");
    read_text(cgroup->cpu, "cpu.max");
    period = strchr(file_text, ' ');
    readings->cpu_limit_millicores = period == NULL
        ? ABSENT
        : millicores(text_first_number(file_text), text_first_number(period + 1));
}

// Reads the counters that a kill moves, and nothing else: this is on the way of an urgent message.
void readings_take_events(const struct cgroup* cgroup, struct readings* readings)
{
    if (cgroup->version == 1) {
        read_quick(EVENTS, cgroup->memory, "memory.oom_control");
        readings->oom_kill = text_value_of(file_text, "oom_kill ");
        return;
    }
    read_quick(EVENTS, cgroup->memory, "memory.events");
    readings->max_events = text_value_of(file_text, "max ");
    readings->high_events = text_value_of(file_text, "high ");
    readings->oom = text_value_of(file_text, "oom ");
    readings->oom_kill = text_value_of(file_text, "oom_kill ");
    readings->oom_group_kill = text_value_of(file_text, "oom_group_kill ");
}

// Reads what moves quickly.
void readings_take(const struct cgroup* cgroup, struct readings* readings)
{
    if (cgroup->version == 1)
        read_memory_v1(cgroup->memory, readings);
    else
        read_memory_v2(cgroup->memory, readings);
    readings_take_events(cgroup, readings);
}

// Reads what moves slowly, or what nobody steers by: limits, peaks, swap, the CPU, averages over
// ten seconds, the number of processes.
void readings_take_slow(const struct cgroup* cgroup, struct readings* readings)
{
    if (cgroup->version == 1) {
        read_slow_v1(cgroup, readings);
        read_cpu_v1(cgroup, readings);
    } else {
        read_slow_v2(cgroup, readings);
        read_cpu_v2(cgroup->cpu, readings);
    }
    readings->pids_current = number(cgroup->pids, "pids.current");
    readings->pids_limit = number(cgroup->pids, "pids.max");
}

void readings_forget(struct readings* readings)
{
    _Static_assert(sizeof(*readings) % sizeof(int64_t) == 0, "readings hold numbers alone");
    for (size_t i = 0; i < sizeof(*readings) / sizeof(int64_t); i++)
        ((int64_t*)readings)[i] = ABSENT;
}

int64_t readings_usage(const struct cgroup* cgroup)
{
    return quick_number(
        USAGE, cgroup->memory, cgroup->version == 1 ? "memory.usage_in_bytes" : "memory.current");
}

// memory.oom.group of the target: 1, 0, or ABSENT on version 1.
int64_t readings_oom_group(const struct cgroup* cgroup)
{
    return number(cgroup->memory, "memory.oom.group");
}
