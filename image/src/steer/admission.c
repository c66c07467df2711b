#include "steer/admission.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "observe/agents.h"
#include "observe/join.h"
#include "observe/processes.h"
#include "words/buffers.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void admission_look_at_membership(struct session* session)
{
    membership_read_target(session->options->target_pid);
    session->membership = membership_of_cgroup(getpid());
}

static int64_t node_swap_bytes(void)
{
    file_read(AT_FDCWD, "/proc/meminfo", file_text, FILE_TEXT_SIZE);
    return text_kib_of(file_text, "SwapTotal:");
}

// The target's cgroup files: in the target's mount namespace they lie before us; from another
// container, or after joining from one, only the target's own root shows the right ones.
static const char* cgroup_root(const struct session* session)
{
    BUFFER static char path[64];

    if (session->options->cgroup_root != NULL)
        return session->options->cgroup_root;
    if (session->membership < MEMBERSHIP_DIFFERENT
        && session->mount_namespace != MEMBERSHIP_DIFFERENT)
        return "/sys/fs/cgroup";
    text_append(
        path, sizeof(path), 0, proc_path(session->options->target_pid, "root/sys/fs/cgroup"));
    return path;
}

void admission_look(struct session* session)
{
    const struct options* options = session->options;

    session->node_swap_bytes = node_swap_bytes();
    session->target_start_ticks = process_start_time_ticks(options->target_pid);
    session->target = (int)syscall(SYS_pidfd_open, options->target_pid, 0);
    if (options->join_pid != ABSENT && session->target_start_ticks != ABSENT)
        session->join_problem = join_cgroup(options->join_pid);
    admission_look_at_membership(session);
    session->mount_namespace = membership_of_namespace(options->target_pid, "ns/mnt");
    session->holder_pid
        = options->holder_pid != ABSENT ? options->holder_pid : agents_find_holder(false);
    cgroup_open(
        &session->cgroup, cgroup_root(session), options->target_pid, options->pod_limit_bytes);
    session->has_parent_death = prctl(PR_SET_PDEATHSIG, 0) == 0;
}

static bool fail(struct session* session, enum reason reason, const char* code, const char* text)
{
    line_error(code, text);
    session->reason = reason;
    return false;
}

bool admission_check(struct session* session)
{
    if (session->timer_error != 0)
        return fail(session, REASON_REFUSED, "no-timer", "the kernel gives no timer");
    if (!session->has_events)
        return fail(session, REASON_REFUSED, "no-events", "the kernel gives no way to wait");
    if (session->target_start_ticks == ABSENT)
        return fail(session, REASON_TARGET_GONE, "target-gone", "the target's init is not there");
    if (session->join_problem != NULL)
        return fail(session, REASON_NOT_A_MEMBER, "join-failed", session->join_problem);
    if (session->log_error != 0)
        return fail(session, REASON_REFUSED, "no-holder",
            "--detach needs a holder whose log can be written");
    return true;
}

// Returns 0 or -errno. Lowering the value below the inherited one needs CAP_SYS_RESOURCE.
static int set_oom_score_adj(const struct options* options)
{
    char text[16];
    size_t length = 0;
    int64_t wanted = options->oom_score_adj;
    int64_t own;
    int error = 0;

    if (wanted == OOM_SCORE_ADJ_SAME)
        error = process_oom_score_adj(options->target_pid, &wanted);
    if (error == 0)
        error = process_oom_score_adj(getpid(), &own);
    if (error != 0 || own == wanted)
        return error;
    if (wanted < 0)
        length = text_append(text, sizeof(text), length, "-");
    text_append_number(text, sizeof(text), length, (uint64_t)(wanted < 0 ? -wanted : wanted));
    error = file_write("/proc/self/oom_score_adj", text);
    if (error == 0)
        error = process_oom_score_adj(getpid(), &own);
    return error != 0 ? error : own == wanted ? 0 : -EACCES;
}

bool admission_check_load(struct session* session)
{
    enum membership pid_namespace = membership_of_namespace(session->options->target_pid, "ns/pid");
    bool joined = session->options->join_pid != ABSENT;
    int error;

    if (session->membership == MEMBERSHIP_DIFFERENT)
        return fail(session, REASON_NOT_A_MEMBER, "not-a-member",
            "this process is not in the target's cgroup");
    if (!joined
        && (pid_namespace == MEMBERSHIP_DIFFERENT
            || session->mount_namespace == MEMBERSHIP_DIFFERENT))
        return fail(session, REASON_NOT_A_MEMBER, "not-a-member",
            "this process is not in the target's PID and mount namespaces");
    error = set_oom_score_adj(session->options);
    if (error != 0)
        return fail(session, REASON_OOM_SCORE_ADJ, "oom-score-adj",
            error == -EACCES || error == -EPERM
                ? "the kernel refused oom_score_adj: below the inherited value it needs"
                  " CAP_SYS_RESOURCE"
                : "oom_score_adj could not be read or set");
    return true;
}
