#include "observe/readings.h"

#include "kernel/files.h"
#include "words/text.h"

#include <stddef.h>
#include <string.h>

enum unit {
    PLAIN,
    LIMIT, // version 1 writes "no limit" as the largest number of whole pages
    NANOSECONDS,
    HUNDREDTHS, // "avg10=1.25"
    SECOND, // the second number of the line
    TOTAL, // what follows "total=" in the line
};

enum {
    STILL_BYTES = 256 * 1024, // the kernel charges as much in advance: less is no movement
    STILL_STAT_MS = 500, // how often memory.stat is read then
    AMPLE_SHARE = 10, // of the limit must be left for that
};

struct source {
    const char* file; // in the directory of its controller
    const char* key; // at the start of the line, with what parts it from the value
    uint8_t version;
    uint8_t cadences;
    uint8_t unit;
    uint8_t directory; // where in struct cgroup
    uint16_t field; // where in struct readings
};

#define SOURCE(version, directory, file, key, cadences, unit, field)                               \
    { file, key, version, cadences, unit, offsetof(struct cgroup, directory),                      \
        offsetof(struct readings, field) }
#define V1(...) SOURCE(1, __VA_ARGS__)
#define V2(...) SOURCE(2, __VA_ARGS__)
// A line of PSI: "some avg10=1.25 avg60=0.00 avg300=0.00 total=9".
#define V2_PRESSURE(directory, file, field)                                                        \
    V2(directory, file, "some avg10=", SLOW, HUNDREDTHS, field.some_hundredths),                   \
        V2(directory, file, "some avg10=", SLOW, TOTAL, field.some_us),                            \
        V2(directory, file, "full avg10=", SLOW, HUNDREDTHS, field.full_hundredths),               \
        V2(directory, file, "full avg10=", SLOW, TOTAL, field.full_us)

enum {
    USAGE = CADENCE_USAGE,
    EVENTS = CADENCE_EVENTS,
    STAT = CADENCE_STAT,
    LIMITS = CADENCE_LIMITS,
    SLOW = CADENCE_SLOW,
    CPU = CADENCE_CPU,
};

// The rows of a file lie together, its keys in the order in which the kernel writes them.
// clang-format off
static const struct source sources[] = {
    V1(memory, "memory.usage_in_bytes", "", USAGE, PLAIN, usage_bytes),
    V1(memory, "memory.stat", "hierarchical_memory_limit ", STAT | LIMITS, LIMIT, hierarchical_limit_bytes),
    V1(memory, "memory.stat", "total_cache ", STAT, PLAIN, file_bytes),
    V1(memory, "memory.stat", "total_rss ", STAT, PLAIN, anon_bytes),
    V1(memory, "memory.stat", "total_shmem ", STAT, PLAIN, shmem_bytes),
    V1(memory, "memory.stat", "total_swap ", STAT, PLAIN, swap_bytes),
    V1(memory, "memory.stat", "total_inactive_file ", STAT, PLAIN, inactive_file_bytes),
    V1(memory, "memory.oom_control", "oom_kill ", EVENTS, PLAIN, oom_kill),
    V1(memory, "memory.limit_in_bytes", "", LIMITS, LIMIT, limit_bytes),
    V1(memory, "memory.memsw.limit_in_bytes", "", SLOW, LIMIT, memory_and_swap_limit_bytes),
    V1(memory, "memory.max_usage_in_bytes", "", SLOW, PLAIN, peak_bytes),
    V1(memory, "memory.kmem.usage_in_bytes", "", SLOW, PLAIN, kernel_bytes),
    V1(memory, "memory.failcnt", "", SLOW, PLAIN, max_events),
    V1(cpuacct, "cpuacct.usage", "", SLOW | CPU, NANOSECONDS, cpu_usage_us),
    V1(cpu, "cpu.stat", "nr_periods ", SLOW | CPU, PLAIN, cpu_nr_periods),
    V1(cpu, "cpu.stat", "nr_throttled ", SLOW | CPU, PLAIN, cpu_nr_throttled),
    V1(cpu, "cpu.stat", "throttled_time ", SLOW | CPU, NANOSECONDS, cpu_throttled_us),
    V1(cpu, "cpu.cfs_quota_us", "", SLOW, PLAIN, cpu_quota_us),
    V1(cpu, "cpu.cfs_period_us", "", SLOW, PLAIN, cpu_period_us),
    V1(pids, "pids.current", "", SLOW, PLAIN, pids_current),
    V1(pids, "pids.max", "", SLOW, PLAIN, pids_limit),

    V2(memory, "memory.current", "", USAGE, PLAIN, usage_bytes),
    V2(memory, "memory.stat", "anon ", STAT, PLAIN, anon_bytes),
    V2(memory, "memory.stat", "file ", STAT, PLAIN, file_bytes),
    V2(memory, "memory.stat", "kernel ", STAT, PLAIN, kernel_bytes),
    V2(memory, "memory.stat", "pagetables ", STAT, PLAIN, pagetables_bytes),
    V2(memory, "memory.stat", "shmem ", STAT, PLAIN, shmem_bytes),
    V2(memory, "memory.stat", "inactive_file ", STAT, PLAIN, inactive_file_bytes),
    V2(memory, "memory.stat", "slab ", STAT, PLAIN, slab_bytes),
    V2(memory, "memory.events", "high ", EVENTS, PLAIN, high_events),
    V2(memory, "memory.events", "max ", EVENTS, PLAIN, max_events),
    V2(memory, "memory.events", "oom ", EVENTS, PLAIN, oom),
    V2(memory, "memory.events", "oom_kill ", EVENTS, PLAIN, oom_kill),
    V2(memory, "memory.events", "oom_group_kill ", EVENTS, PLAIN, oom_group_kill),
    V2(memory, "memory.max", "", LIMITS, LIMIT, limit_bytes),
    V2(memory, "memory.high", "", LIMITS, LIMIT, high_bytes),
    V2(memory, "memory.peak", "", SLOW, PLAIN, peak_bytes),
    V2(memory, "memory.swap.current", "", SLOW, PLAIN, swap_bytes),
    V2(memory, "memory.swap.max", "", SLOW, PLAIN, swap_limit_bytes),
    V2_PRESSURE(memory, "memory.pressure", pressure),
    V2(cpu, "cpu.stat", "usage_usec ", SLOW | CPU, PLAIN, cpu_usage_us),
    V2(cpu, "cpu.stat", "nr_periods ", SLOW | CPU, PLAIN, cpu_nr_periods),
    V2(cpu, "cpu.stat", "nr_throttled ", SLOW | CPU, PLAIN, cpu_nr_throttled),
    V2(cpu, "cpu.stat", "throttled_usec ", SLOW | CPU, PLAIN, cpu_throttled_us),
    V2(cpu, "cpu.max", "", SLOW, PLAIN, cpu_quota_us),
    V2(cpu, "cpu.max", "", SLOW, SECOND, cpu_period_us),
    V2_PRESSURE(cpu, "cpu.pressure", cpu_pressure),
    V2_PRESSURE(memory, "io.pressure", io_pressure),
    V2(pids, "pids.current", "", SLOW, PLAIN, pids_current),
    V2(pids, "pids.max", "", SLOW, PLAIN, pids_limit),
};
// clang-format on

enum { SOURCES_COUNT = sizeof(sources) / sizeof(sources[0]) };

// All stay open, each in the place of its first row: to open a file costs more than to read it, and
// near the limit, or above memory.high, it takes memory.
static int kept[SOURCES_COUNT];

static bool same_file(int a, int b)
{
    return sources[a].version == sources[b].version && sources[a].directory == sources[b].directory
        && text_equal(sources[a].file, sources[b].file);
}

// Leaves an empty text where there is nothing to read: every key in it is absent then.
static void read_file_of(const struct cgroup* cgroup, int row)
{
    int directory = *(const int*)(const void*)((const char*)cgroup + sources[row].directory);

    while (row > 0 && same_file(row - 1, row))
        row--;
    if (directory < 0)
        file_text[0] = '\0';
    else
        file_read_again(&kept[row], directory, sources[row].file, file_text, sizeof(file_text));
}

// Looks on from where the key before was found: keys asked for in the file's order cost one pass.
static const char* find_key(const char* at, const char* key)
{
    const char* found = text_after_key(at, key);

    return found != NULL ? found : text_after_key(file_text, key);
}

static const char* behind(const char* text, const char* mark)
{
    const char* end = text + strcspn(text, "\n");
    const char* found = strstr(text, mark);

    return found == NULL || found > end ? end : found + strlen(mark);
}

static int64_t value_at(const char* text, enum unit unit)
{
    int64_t value;

    if (unit == HUNDREDTHS)
        return text_hundredths(text);
    if (unit == SECOND || unit == TOTAL)
        text = behind(text, unit == SECOND ? " " : "total=");
    value = text_first_number(text);
    if (value == ABSENT || (unit == LIMIT && value >= INT64_C(1) << 60))
        return ABSENT;
    return unit == NANOSECONDS ? value / 1000 : value;
}

static int64_t difference(int64_t larger, int64_t smaller)
{
    if (larger == ABSENT || smaller == ABSENT || larger < smaller)
        return ABSENT;
    return larger - smaller;
}

static int64_t millicores(int64_t quota_us, int64_t period_us)
{
    if (quota_us == ABSENT || period_us == ABSENT || period_us == 0 || quota_us > INT64_MAX / 1000)
        return ABSENT;
    return quota_us * 1000 / period_us;
}

static int64_t smaller_limit(int64_t a, int64_t b)
{
    if (a == ABSENT || b == ABSENT)
        return a == ABSENT ? b : a;
    return a < b ? a : b;
}

static void combine(const struct cgroup* cgroup, struct readings* readings, unsigned cadences)
{
    if (cadences & LIMITS) {
        int64_t limit = smaller_limit(readings->limit_bytes, cgroup->pod_limit_bytes);

        limit = smaller_limit(limit, readings->hierarchical_limit_bytes);
        readings->effective_limit_bytes = smaller_limit(limit, cgroup_limit_above(cgroup));
    }
    if (cadences & SLOW) {
        readings->cpu_limit_millicores
            = millicores(readings->cpu_quota_us, readings->cpu_period_us);
        if (cgroup->version == 1)
            readings->swap_limit_bytes
                = difference(readings->memory_and_swap_limit_bytes, readings->limit_bytes);
    }
    if (readings->peak_bytes != ABSENT && readings->usage_bytes > readings->peak_bytes)
        readings->peak_bytes = readings->usage_bytes; // it was read before
}

void readings_take(const struct cgroup* cgroup, struct readings* readings, unsigned cadences)
{
    int last = -1; // the row whose file is in file_text
    const char* at = file_text;

    for (int i = 0; i < SOURCES_COUNT; i++) {
        const struct source* source = &sources[i];
        const char* found;

        if (source->version != cgroup->version || (source->cadences & cadences) == 0)
            continue;
        if (last < 0 || !same_file(last, i)) {
            read_file_of(cgroup, i);
            at = file_text;
        }
        last = i;
        found = find_key(at, source->key);
        if (found != NULL)
            at = found;
        *(int64_t*)(void*)((char*)readings + source->field)
            = found == NULL ? ABSENT : value_at(found, source->unit);
    }
    combine(cgroup, readings, cadences);
}

// memory.stat is the dearest of all to read: the kernel adds it up for each reader.
static bool is_stat_due(const struct readings* readings, int64_t now_ms)
{
    int64_t ceiling = readings_ceiling(readings);
    int64_t usage = readings->usage_bytes;
    int64_t moved = usage - readings->stat_usage_bytes;

    if (usage == ABSENT || readings->stat_usage_bytes == ABSENT)
        return true;
    if (now_ms - readings->stat_ms >= STILL_STAT_MS || moved > STILL_BYTES || moved < -STILL_BYTES)
        return true;
    return ceiling != ABSENT && usage > ceiling - ceiling / AMPLE_SHARE;
}

void readings_take_sample(
    const struct cgroup* cgroup, struct readings* readings, bool slow, int64_t now_ms)
{
    unsigned cadences = slow ? EVENTS | LIMITS | SLOW | STAT : EVENTS;

    readings_take(cgroup, readings, USAGE);
    if (slow || is_stat_due(readings, now_ms)) {
        cadences |= STAT;
        readings->stat_usage_bytes = readings->usage_bytes;
        readings->stat_ms = now_ms;
    }
    readings_take(cgroup, readings, cadences);
}

void readings_forget(struct readings* readings)
{
    _Static_assert(sizeof(*readings) % sizeof(int64_t) == 0, "readings hold numbers alone");
    for (size_t i = 0; i < sizeof(*readings) / sizeof(int64_t); i++)
        ((int64_t*)readings)[i] = ABSENT;
}

int64_t readings_ceiling(const struct readings* readings)
{
    return smaller_limit(readings->effective_limit_bytes, readings->high_bytes);
}

bool readings_over_high(const struct readings* readings)
{
    return readings->high_bytes != ABSENT && readings->usage_bytes != ABSENT
        && readings->usage_bytes > readings->high_bytes;
}

int64_t readings_oom_group(const struct cgroup* cgroup)
{
    return cgroup->memory < 0 ? ABSENT : file_number(cgroup->memory, "memory.oom.group");
}
