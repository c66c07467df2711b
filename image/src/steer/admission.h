// What must hold before anything is allocated.
#pragma once

#include "steer/session.h"

// Looks at the target, its cgroup and the holder, and joins that cgroup where it was asked. What
// goes wrong is kept in the session. Allocates nothing.
void admission_look(struct session* session);

// Looks where the target is now.
void admission_look_at_membership(struct session* session);

// Returns false where the session must end; then an error has been told, and the reason is set.
bool admission_check(struct session* session);

// The same for what must hold before a load begins; sets oom_score_adj as asked.
bool admission_check_load(struct session* session);
