// One JSON object a line on stdout. Nothing here ever blocks for long: a line that does not fit is
// dropped whole and counted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a pipe takes whole or not at all, and the longest text in it.
enum { LINE_SIZE = 4096, LINE_TEXT_SIZE = 256 };

// Lines count their elapsed_ms from `start_ms` and bear the ID `run`, which must stay.
void line_start(int64_t start_ms, const char* run);

// Sends everything from now on to the pipe, terminal or file at PATH instead. Returns 0 or -errno.
int line_to(const char* path);

// Whether what goes to another file goes to stdout as well, as far as that takes it at once.
void line_copy_to_stdout(bool also);

// A turn of the agent begins: in each, all lines together wait a second for the reader at most.
void line_turn(void);

void line_begin(const char* type);
void line_number(const char* key, int64_t value);
void line_hundredths(const char* key, int64_t value);
void line_thousandths(const char* key, int64_t value);
void line_bool(const char* key, bool value);
void line_maybe_bool(const char* key, int64_t value);
void line_text(const char* key, const char* value);
void line_open(const char* key, char bracket);
void line_close(char bracket);

// How many bytes the line can still take.
size_t line_room(void);

// Ends the line and sends it, waiting at most `wait_ms` for a reader that is behind. What was not
// begun by then is dropped.
void line_end(int wait_ms);

const char* line_run(void);
int64_t line_dropped(void);
void line_error(const char* code, const char* text);
