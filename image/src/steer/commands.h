// The bytes on stdin: heartbeats and commands. Pure: no system call.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request {
    REQUEST_NOTHING, // a heartbeat, or a line that is not complete yet
    REQUEST_SIZE,
    REQUEST_LOAD,
    REQUEST_STOP,
    REQUEST_BAD,
};

struct commands {
    char line[64];
    size_t length;
    bool too_long;
    int64_t value; // of REQUEST_SIZE in bytes, of REQUEST_LOAD in thousandths of a percent
};

enum request commands_byte(struct commands* commands, char byte);
