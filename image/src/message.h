// One JSON object a line on stdout. Nothing here ever blocks: a line that does not fit is dropped
// whole and counted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

void message_start(int64_t start_ms);
int message_to(const char* path);

void message_begin(const char* type);
void message_number(const char* key, int64_t value);
void message_hundredths(const char* key, int64_t value);
void message_thousandths(const char* key, int64_t value);
void message_bool(const char* key, bool value);
void message_maybe_bool(const char* key, int64_t value);
void message_text(const char* key, const char* value);
void message_open(const char* key, char bracket);
void message_close(char bracket);
void message_end(int wait_ms);

int64_t message_dropped(void);
void message_error(const char* code, const char* text);
