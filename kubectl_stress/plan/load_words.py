"""The words that describe a load, as options take them. Pure."""

from enum import Enum


class LoadKind(Enum):
    """What a memory load is made of (`--kind`)."""

    ANON = "anon"
    SHM = "shm"
    FILE = "file"


class Metric(Enum):
    """What the level of a container is measured by (`--metric`)."""

    WORKING_SET = "working-set"
    USAGE = "usage"


class AfterOom(Enum):
    """What follows when the kernel has killed the load (`--after-oom`)."""

    STOP = "stop"
    REPEAT = "repeat"
