#include "kernel/watchdog.h"

#include "words/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { KILL_LATER_S = 2 };

// SIGALRM first: an exit code of 137 is what an OOM kill leaves. A process that is stopped does not
// take it, and only SIGKILL ends that one.
static const int signals[] = { SIGALRM, SIGKILL };

static int timers[2] = { -1, -1 }; // none: nothing can be put off
static int64_t least;
static int64_t extended_ms; // when it was put off last, and for how long
static int64_t extended_by;

static int set(int64_t seconds)
{
    for (int i = 0; i < 2; i++) {
        struct itimerspec at = { .it_value = { .tv_sec = seconds + i * KILL_LATER_S } };

        if (syscall(SYS_timer_settime, timers[i], 0, &at, NULL) != 0)
            return -errno;
    }
    return 0;
}

int watchdog_start(int64_t least_ms)
{
    sigset_t alarm;

    least = least_ms;
    extended_by = 0; // a child has its parent's variables, but not its timers
    signal(SIGALRM, SIG_DFL); // whoever started us may have had it ignored or blocked
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    for (int i = 0; i < 2; i++) {
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signals[i] };

        if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timers[i]) != 0)
            return -errno;
    }
    return 0;
}

int watchdog_extend(int64_t milliseconds)
{
    int64_t longest = milliseconds > least ? milliseconds : least;
    int64_t now = now_ms();
    int error;

    if (longest == extended_by && now - extended_ms < 1000)
        return 0;
    error = set(longest / 1000 + 1);
    if (error == 0) {
        extended_ms = now;
        extended_by = longest;
    }
    return error;
}
