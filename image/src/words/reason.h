// Why a run ended. The client mirrors this list; PROTOCOL.md explains it.
#pragma once

enum reason {
    REASON_NONE = -1,
    REASON_DURATION = 0,
    REASON_STOPPED = 1, // exits with 0
    REASON_USAGE = 2,
    REASON_NOT_A_MEMBER = 10,
    REASON_NO_MEMORY = 11,
    REASON_WORKERS_KILLED = 12,
    REASON_OOM_SCORE_ADJ = 13,
    REASON_REFUSED = 14,
    REASON_STDIN_CLOSED = 20,
    REASON_HEARTBEAT_LOST = 21,
    REASON_DEADLINE = 22,
    REASON_TARGET_GONE = 23,
    REASON_SIGNAL = 24,
    REASON_NO_GO = 25,
    REASON_PARTED = 26,
    REASON_INTERNAL = 70,
};
