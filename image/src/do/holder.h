// The holder: it waits, and keeps this binary within reach.
#pragma once

#include "words/options.h"

#include <stdint.h>

int hold(struct options* options, int64_t start_ms);
