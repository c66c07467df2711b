// Why a run ended. The client mirrors this list; PROTOCOL.md explains it.
#pragma once

enum ending {
    ENDING_NONE = -1,
    ENDING_DURATION = 0,
    ENDING_STOPPED = 1, // exits with 0
    ENDING_USAGE = 2,
    ENDING_NOT_A_MEMBER = 10,
    ENDING_NO_MEMORY = 11,
    ENDING_WORKERS_KILLED = 12,
    ENDING_OOM_SCORE_ADJ = 13,
    ENDING_STDIN_CLOSED = 20,
    ENDING_HEARTBEAT_LOST = 21,
    ENDING_DEADLINE = 22,
    ENDING_TARGET_GONE = 23,
    ENDING_SIGNAL = 24,
    ENDING_INTERNAL = 70,
};
