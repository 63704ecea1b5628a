/* A disk that fails as a test wants it: the calls that stand in the file that JAM_TEST_BAD_CALLS names end with EIO.
   Loaded before the C library (LD_PRELOAD). What is no file on a disk, pipes and sockets, goes on as it was. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(const char *call) {
    char text[64] = "";
    const char *path = getenv("JAM_TEST_BAD_CALLS");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return 0;
    if (read(file, text, sizeof text - 1) < 0)
        text[0] = 0;
    close(file);
    if (strcmp(text, call))
        return 0;
    errno = EIO;
    return 1;
}

static int is_on_disk(int file) {
    struct stat about;
    return !fstat(file, &about) && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
}

ssize_t write(int file, const void *bytes, size_t count) {
    if (is_on_disk(file) && fails("write"))
        return -1;
    return syscall(SYS_write, file, bytes, count);
}

int fsync(int file) {
    return is_on_disk(file) && fails("fsync") ? -1 : (int)syscall(SYS_fsync, file);
}

int rename(const char *from, const char *to) {
    return fails("rename") ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
