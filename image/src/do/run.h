// The commands that take readings: `run` with a load, `probe` without.
#pragma once

#include "words/options.h"

#include <stdint.h>

int run(struct options* options, int64_t start_ms);
int probe(struct options* options, int64_t start_ms);
