// One JSON object a line on stdout. Nothing here ever blocks: a line that does not fit is dropped
// whole and counted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void line_start(int64_t start_ms);
int line_to(const char* path);

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

void line_end(int wait_ms);

int64_t line_dropped(void);
void line_error(const char* code, const char* text);
