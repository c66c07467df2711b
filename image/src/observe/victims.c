#include "observe/victims.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "observe/agents.h"
#include "observe/membership.h"
#include "observe/processes.h"
#include "words/buffers.h"
#include "words/clock.h"
#include "words/options.h"
#include "words/text.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum {
    OTHERS_MAX = 50, // rows beside the target's and ours
    ROWS_MAX = WORKERS_MAX + 2 * OTHERS_MAX, // more at a time than are kept
    FRESH_MAX = 16, // of the first in rank the memory is read each time
    TURN_MAX = 40, // and of so many more, in turn: to read one costs 30 µs
    FIRST_LOOK_MS = 1000, // a first look at thousands ends after this, and goes on in turn
    ROOM_OF_A_ROW = 1024,
    COMMAND_SIZE = 32, // 15 bytes, and what the kernel escapes of them
};

enum role { ROLE_NEW, ROLE_OTHER, ROLE_TARGET, ROLE_LOAD, ROLE_HOLDER };

struct row {
    int64_t pid;
    int64_t rss_bytes;
    int64_t swap_bytes;
    int64_t pagetables_bytes;
    int64_t oom_score_adj;
    int64_t badness_bytes;
    enum role role;
    bool is_own; // this process, or a worker of it
    bool seen; // in this look
    char command[COMMAND_SIZE];
};

// Kept from one look to the next.
struct table {
    const struct victims* victims;
    bool is_shared; // the list is /proc, and that has others beside the target's and ours
    int count;
    int64_t place; // in the list of processes
    int64_t in_sight; // how many there were to choose from
    int64_t turn_from; // whose turn it is: these places
    int64_t turn_to;
    int64_t until_ms;
    struct row rows[ROWS_MAX]; // the last, since they are seldom as many
};

TABLE_BUFFER static struct table table;

static const char* const role_names[] = { "", "other", "target", "load", "holder" };

// The kernel's oom_badness() for an OOM of a cgroup with this limit, in its own integer
// arithmetic: in pages, with the limit divided first.
static int64_t badness_bytes(const struct row* row, int64_t limit_bytes)
{
    int64_t page = getpagesize();
    int64_t pages;

    if (limit_bytes == ABSENT || row->oom_score_adj == ABSENT || row->oom_score_adj == -1000)
        return ABSENT;
    pages = (row->rss_bytes + row->swap_bytes + row->pagetables_bytes) / page;
    pages += row->oom_score_adj * (limit_bytes / page / 1000);
    return pages * page;
}

static enum role role_of(const struct row* row)
{
    enum agent_kind kind = row->is_own ? process_own_kind() : agent_kind(row->pid);

    if (row->pid == table.victims->target_pid)
        return ROLE_TARGET;
    return kind == AGENT_NONE ? ROLE_OTHER : kind == AGENT_RUN ? ROLE_LOAD : ROLE_HOLDER;
}

// These are read in each look, wherever they are.
static bool is_needed(int64_t pid)
{
    return pid == table.victims->target_pid || pid == table.victims->holder_pid || pid == getpid();
}

static int64_t zero_if_absent(int64_t value) { return value == ABSENT ? 0 : value; }

// What a process is, from the text of its status: seldom anew.
static void read_name(struct row* row)
{
    const char* name = file_text + strlen("Name:\t");
    size_t length = strcspn(name, "\n");

    if (length > COMMAND_SIZE - 1)
        length = COMMAND_SIZE - 1;
    if (row->role != ROLE_NEW && row->command[length] == '\0'
        && memcmp(row->command, name, length) == 0)
        return;
    memcpy(row->command, name, length);
    row->command[length] = '\0';
    row->is_own = row->pid == getpid() || text_value_of(file_text, "PPid:\t") == getpid();
    row->role = role_of(row);
}

// Returns false for what no kill for memory chooses: a kernel thread, a zombie, one that is gone.
static bool read_row(struct row* row, bool is_turn)
{
    if (proc_read(row->pid, "status", file_text, sizeof(file_text)) <= 0
        || !text_starts_with(file_text, "Name:\t"))
        return false;
    row->rss_bytes = text_kib_of(file_text, "VmRSS:");
    if (row->rss_bytes == ABSENT)
        return false;
    row->swap_bytes = zero_if_absent(text_kib_of(file_text, "VmSwap:"));
    row->pagetables_bytes = zero_if_absent(text_kib_of(file_text, "VmPTE:"));
    read_name(row);
    if (is_turn && process_oom_score_adj(row->pid, &row->oom_score_adj) != 0)
        row->oom_score_adj = ABSENT;
    return true;
}

// True where `a` dies before `b`. Without badness the larger one is shown first.
static bool ranks_before(const struct row* a, const struct row* b)
{
    if (a->badness_bytes != b->badness_bytes)
        return a->badness_bytes > b->badness_bytes;
    return a->rss_bytes > b->rss_bytes;
}

// They are in order already, but for what has changed since the last look.
static void sort(void)
{
    for (int i = 0; i < table.count; i++)
        table.rows[i].badness_bytes = badness_bytes(&table.rows[i], table.victims->limit_bytes);
    for (int i = 1; i < table.count; i++) {
        struct row row = table.rows[i];
        int at = i;

        for (; at > 0 && ranks_before(&row, &table.rows[at - 1]); at--)
            table.rows[at] = table.rows[at - 1];
        table.rows[at] = row;
    }
}

// Puts the rows in order and drops the last of the others; the target's and ours always stay.
static void rank(void)
{
    int others = 0;
    int kept = 0;

    sort();
    for (int i = 0; i < table.count; i++) {
        others += table.rows[i].role == ROLE_OTHER;
        if (table.rows[i].role == ROLE_OTHER && others > OTHERS_MAX)
            continue;
        if (kept != i)
            table.rows[kept] = table.rows[i];
        kept++;
    }
    table.count = kept;
}

static bool add(int64_t pid)
{
    struct row* row;

    if (table.count == ROWS_MAX)
        rank();
    if (table.count == ROWS_MAX)
        return false;
    row = &table.rows[table.count];
    row->pid = pid;
    row->role = ROLE_NEW;
    row->seen = read_row(row, true);
    table.count += row->seen;
    return row->seen;
}

static struct row* find(int64_t pid)
{
    for (int i = 0; i < table.count; i++)
        if (table.rows[i].pid == pid)
            return &table.rows[i];
    return NULL;
}

// In a process namespace that is shared, /proc shows other containers too, or the whole machine.
static bool is_foreign(int64_t pid)
{
    return table.is_shared && agent_kind(pid) == AGENT_NONE
        && membership_of_cgroup(pid) == MEMBERSHIP_DIFFERENT;
}

static bool take_row(int64_t pid, bool is_turn)
{
    struct row* row = find(pid);

    if (row == NULL)
        return !is_turn || add(pid);
    row->seen = (!is_turn && row - table.rows >= FRESH_MAX) || read_row(row, is_turn);
    return row->seen;
}

static void look_at(int64_t pid, void* context)
{
    int64_t place = table.place++;
    bool is_turn = (place >= table.turn_from && place < table.turn_to) || is_needed(pid);
    const struct row* row = find(pid);

    (void)context;
    if ((row != NULL && row->seen) || (is_turn && is_foreign(pid)))
        return;
    table.in_sight += take_row(pid, is_turn);
    if (table.turn_to == INT64_MAX && now_ms() > table.until_ms)
        table.turn_to = place + 1;
}

// Of many processes some are read each time, in turn: all of a thousand within half a minute.
static void take_next_turn(void)
{
    table.turn_from = table.turn_to < table.place ? table.turn_to : 0;
    table.turn_to = table.turn_from + TURN_MAX;
}

static void drop_unseen(void)
{
    int kept = 0;

    for (int i = 0; i < table.count; i++) {
        if (!table.rows[i].seen)
            continue;
        if (kept != i)
            table.rows[kept] = table.rows[i];
        kept++;
    }
    table.count = kept;
}

// The target's cgroup says who is in it; where that cannot be read, /proc is gone through.
static void look(void)
{
    const struct victims* victims = table.victims;

    table.is_shared = false;
    table.place = 0;
    table.in_sight = 0;
    for (int i = 0; i < table.count; i++)
        table.rows[i].seen = false;
    if (table.turn_to == 0) {
        table.turn_to = INT64_MAX;
        table.until_ms = now_ms() + FIRST_LOOK_MS;
    }
    if (cgroup_each_process(victims->cgroup, look_at, NULL) != 0) {
        table.is_shared = victims->target_pid != 1;
        if (table.is_shared)
            membership_read_target(victims->target_pid);
        proc_each(look_at, NULL);
    }
    look_at(victims->target_pid, NULL);
    look_at(getpid(), NULL);
    if (victims->holder_pid != ABSENT)
        look_at(victims->holder_pid, NULL);
    take_next_turn();
    drop_unseen();
    rank();
}

static void tell_who_started(const struct row* row)
{
    const char* run = NULL;
    const char* started_by = NULL;
    struct agent agent;

    if (row->role == ROLE_LOAD && row->is_own) {
        run = line_run();
        started_by = table.victims->started_by;
    } else if (row->role == ROLE_LOAD && agent_read(row->pid, &agent)) {
        run = agent.run;
        started_by = agent.started_by[0] != '\0' ? agent.started_by : NULL;
    }
    line_text("run", run);
    line_text("started_by", started_by);
}

static void tell_row(const struct row* row)
{
    line_open(NULL, '{');
    line_number("pid", row->pid);
    line_text("command", row->command);
    line_text("role", role_names[row->role]);
    line_number("rss_bytes", row->rss_bytes);
    line_number("swap_bytes", row->swap_bytes);
    line_number("pagetables_bytes", row->pagetables_bytes);
    line_number("oom_score_adj", row->oom_score_adj);
    line_number("badness_bytes", row->badness_bytes);
    tell_who_started(row);
    line_close('}');
}

// A pipe takes a line whole only up to 4,096 bytes: more rows than fit follow in further lines.
static void tell(void)
{
    static int64_t set;
    int next = 0;

    set++;
    for (int64_t part = 1; part == 1 || next < table.count; part++) {
        int begin = next;

        line_begin("processes");
        line_number("set", set);
        line_number("part", part);
        line_number("seen", table.in_sight);
        line_open("processes", '[');
        while (next < table.count && (next == begin || line_room() > ROOM_OF_A_ROW))
            tell_row(&table.rows[next++]);
        line_close(']');
        line_bool("last", next == table.count);
        line_end(0);
    }
}

void victims_report(const struct victims* victims)
{
    table.victims = victims;
    look();
    tell();
}
