// The bytes on stdin: heartbeats and commands. Pure: no system call.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum input_event {
    INPUT_NOTHING, // a heartbeat, or a line that is not complete yet
    INPUT_SIZE,
    INPUT_LOAD,
    INPUT_STOP,
    INPUT_BAD,
};

struct input {
    char line[64];
    size_t length;
    bool too_long;
    int64_t value; // of INPUT_SIZE in bytes, of INPUT_LOAD in thousandths of a percent
};

enum input_event input_byte(struct input* input, char byte);
