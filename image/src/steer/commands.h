// The bytes on stdin: heartbeats and commands. Pure: no system call.
#pragma once

#include "words/sizes.h"
#include "words/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request {
    REQUEST_NOTHING, // a heartbeat, or a line that is not complete yet
    REQUEST_GO, // value: when, in the agent's elapsed_ms, or ABSENT
    REQUEST_SIZE, // value: bytes
    REQUEST_STEPS, // steps
    REQUEST_LEVEL, // level
    REQUEST_LOAD, // value: thousandths of a percent
    REQUEST_CPU_LEVEL, // value: thousandths of a percent
    REQUEST_HOLD, // value: milliseconds, or ABSENT: until told
    REQUEST_STOP, // run and text
    REQUEST_READ,
    REQUEST_LIST,
    REQUEST_BAD,
};

enum { COMMAND_LINE_SIZE = 1001 };

// One reader of lines. What a request carries is valid until the next byte.
struct commands {
    size_t length; // of the line so far
    bool too_long;

    const char* word; // the command's name, or NULL where the line has none that is known
    int64_t id; // of "#ID", or ABSENT
    int64_t value;
    struct level level;
    const struct steps* steps;
    const char* run; // the ID that `stop` names, or NULL
    const char* text; // of "by TEXT", or NULL
};

enum request commands_byte(struct commands* commands, char byte);
