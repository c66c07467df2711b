#include "load/backing.h"

#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static int create_shm(void)
{
    int file = memfd_create("kubectl-stress", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (file < 0 && errno == EINVAL)
        file = memfd_create("kubectl-stress", MFD_CLOEXEC);
    return file;
}

// A file in the holder's own layer, without a name from the start. O_TMPFILE would be simpler, but
// overlayfs does not know it (seen on 6.1: EOPNOTSUPP).
static int create_nameless(int directory)
{
    char name[32];
    size_t length = text_append(name, sizeof(name), 0, "kubectl-stress-");
    int file;

    text_append_number(name, sizeof(name), length, (uint64_t)getpid());
    unlinkat(directory, name, 0); // of one that was killed right here
    file = openat(directory, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        unlinkat(directory, name, 0);
    return file;
}

int backing_resize(struct memory* memory, int64_t size_bytes)
{
    if (memory->file < 0) {
        memory->file = memory->kind == KIND_SHM ? create_shm() : create_nameless(memory->directory);
        if (memory->file < 0)
            return -errno;
    }
    if (ftruncate(memory->file, size_bytes) != 0)
        return -errno;
    // Writing into a hole of a full disk would be a SIGBUS: have the space given first.
    if (memory->kind == KIND_FILE && size_bytes > 0
        && fallocate(memory->file, 0, 0, size_bytes) != 0 && errno != EOPNOTSUPP)
        return -errno;
    return 0;
}
