// Takes the commands that come on stdin, and answers them.
#pragma once

#include "steer/session.h"

// Takes every command that has come.
void answer_commands(struct session* session);
