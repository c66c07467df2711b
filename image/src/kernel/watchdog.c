#include "kernel/watchdog.h"

#include "words/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int timer;
static int64_t least;
static int64_t extended_ms; // when it was put off last, and for how long
static int64_t extended_by;

// No extension is shorter than least_ms. Returns 0 or -errno. Not inherited by children.
int watchdog_start(int64_t least_ms)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };

    least = least_ms;
    extended_by = 0; // a child has its parent's variables, but not its timer
    return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0 ? 0 : -errno;
}

// Rounded up to seconds, and so not done again within one.
void watchdog_extend(int64_t milliseconds)
{
    int64_t longest = milliseconds > least ? milliseconds : least;
    int64_t now = now_ms();
    struct itimerspec at = { .it_value = { .tv_sec = longest / 1000 + 1 } };

    if (longest == extended_by && now - extended_ms < 1000)
        return;
    extended_ms = now;
    extended_by = longest;
    syscall(SYS_timer_settime, timer, 0, &at, NULL);
}
