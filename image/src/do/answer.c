#include "do/answer.h"

#include "kernel/lines.h"
#include "profile/level.h"
#include "profile/profile.h"
#include "steer/wakeups.h"
#include "tell/report.h"
#include "words/buffers.h"
#include "words/clock.h"

#include <string.h>

static const char* const no_fit = "this command does not fit the load or its phase";

// Returns NULL, or why not; so do all below.
static const char* take_go(struct session* session)
{
    int64_t at = session->commands.value;

    if (session->phase != PHASE_READY)
        return no_fit;
    if (at != ABSENT && at > now_ms() - session->start_ms + session->options->go_timeout_ms)
        return "that is later than this run waits";
    session->go_ms = at == ABSENT ? now_ms() : session->start_ms + at;
    return NULL;
}

static const char* take_stop(struct session* session)
{
    BUFFER static char by[FREE_TEXT_MAX_BYTES + 1];

    if (session->commands.run != NULL && !text_equal(session->commands.run, line_run()))
        return "this is another run";
    if (session->reason == REASON_NONE && session->commands.text != NULL) {
        text_append(by, sizeof(by), 0, session->commands.text);
        session->by = by;
    }
    session_finish(session, REASON_STOPPED);
    return NULL;
}

static void take_memory_before_go(
    struct options* options, const struct commands* commands, enum request request)
{
    if (request == REQUEST_STEPS) {
        options->steps = *commands->steps;
        options_set_default_deadline(options);
        return;
    }
    options->level.base = LEVEL_NONE;
    options->size_bytes = commands->value;
    if (request == REQUEST_LEVEL) {
        options->level = commands->level;
        options->steps.count = 0;
    }
}

// Before anything is allocated the commands change what was asked for.
static const char* take_before_go(struct session* session, enum request request)
{
    struct options* options = session->options;
    int64_t value = session->commands.value;

    switch (request) {
    case REQUEST_SIZE:
    case REQUEST_STEPS:
    case REQUEST_LEVEL:
        if (!options->has_memory || (request == REQUEST_STEPS && options->level.base != LEVEL_NONE))
            return no_fit; // steps lead to a size, not to a level
        if (request == REQUEST_LEVEL && !level_is_possible(session, &session->commands.level))
            return no_fit;
        take_memory_before_go(options, &session->commands, request);
        return NULL;
    case REQUEST_LOAD:
    case REQUEST_CPU_LEVEL:
        if (!options->has_cpu)
            return no_fit;
        options->load_thousandths = request == REQUEST_LOAD ? value : ABSENT;
        options->cpu_level_thousandths = request == REQUEST_LOAD ? ABSENT : value;
        return NULL;
    case REQUEST_HOLD:
        options->holds_until_told = value == ABSENT;
        if (value != ABSENT)
            options->duration_ms = value;
        options_set_default_deadline(options);
        return NULL;
    default:
        return no_fit;
    }
}

static const char* take(struct session* session, enum request request)
{
    bool is_ready = session->phase == PHASE_READY;
    bool is_loaded = session->phase == PHASE_RAMP || session->phase == PHASE_HOLD;

    if (request == REQUEST_BAD)
        return "a line on stdin is no command and was ignored";
    if (request == REQUEST_STOP)
        return take_stop(session);
    if (!session_is_run(session) || (!is_ready && !is_loaded))
        return no_fit;
    if (request == REQUEST_GO)
        return take_go(session);
    if (is_ready)
        return take_before_go(session, request);
    return profile_take(session, request) ? NULL : no_fit;
}

void answer_commands(struct session* session)
{
    enum request request;

    while ((request = wakeups_next_request(session)) != REQUEST_NOTHING) {
        const struct commands* commands = &session->commands;
        const char* problem = take(session, request);

        if (commands->id != ABSENT)
            report_done(commands, problem, ABSENT);
        else if (problem != NULL)
            line_error("bad-command", problem);
    }
}
