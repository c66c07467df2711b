// Holds the namespaces of a pod: waits for the signal to end, and reaps what is left to it.

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SIGNALS = 1 };

static void end(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void reap(int signal_number) {
    (void)signal_number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

int main(void) {
    const struct sigaction on_end = { .sa_handler = end };
    const struct sigaction on_child = { .sa_handler = reap, .sa_flags = SA_NOCLDSTOP };
    if (sigaction(SIGINT, &on_end, NULL) || sigaction(SIGTERM, &on_end, NULL)
        || sigaction(SIGCHLD, &on_child, NULL))
        return EXIT_SIGNALS;
    for (;;)
        pause();
}
