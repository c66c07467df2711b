#include "lifeline.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int timer;
static int64_t least;

// No extension is shorter than least_ms. Returns 0 or -errno. Not inherited by children.
int lifeline_start(int64_t least_ms)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };

    least = least_ms;
    return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0 ? 0 : -errno;
}

void lifeline_extend(int64_t milliseconds)
{
    int64_t longest = milliseconds > least ? milliseconds : least;
    struct itimerspec at = { .it_value = { .tv_sec = longest / 1000 + 1 } };

    syscall(SYS_timer_settime, timer, 0, &at, NULL);
}
