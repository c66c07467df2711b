#include "words/clock.h"

static int64_t turn_began_ms;

int64_t clock_begin_turn(void)
{
    turn_began_ms = now_ms();
    return turn_began_ms;
}

int64_t turn_ms(void) { return turn_began_ms; }
