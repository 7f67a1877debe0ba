/* Stands between a program and libc (LD_PRELOAD) wherever files below one directory change: writes down what happens,
 * in one order, and makes chosen operations fail.
 *
 * HEDDLE_SHIM_ROOT     the directory, absolute and without links; what happens elsewhere is left alone
 * HEDDLE_SHIM_JOURNAL  file to append the operations to (outside of the directory); layout at `struct record`
 * HEDDLE_SHIM_MARKS    file whose writes are journaled as marks, so that they have a place among the operations;
 *                      the mark "arm\n" begins to count for the fault
 * HEDDLE_SHIM_FAULT    MODE:NUMBER, see `modes`
 *
 * One lock is held over an operation and its record: the journal's order is the order of the effects. Operations that
 * changed nothing (failed ones, opening without creating or truncating) are not recorded. It knows nothing of what the
 * program stores. Writes through mappings and stdio are not seen; the tests compare the journal with the directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* What a record is about; `trace.rs` reads the same numbers. */
enum kind {
    CREATE = 1,   /* name, inode */
    WRITE = 2,    /* inode, a: offset; data */
    TRUNCATE = 3, /* inode, a: size */
    ALLOCATE = 4, /* inode, a: size that is reached at least */
    SYNC = 5,     /* inode; for a directory: name */
    HINT = 6,     /* inode: written back without a promise */
    RENAME = 7,   /* name; data: new name */
    UNLINK = 8,   /* name */
    LINK = 9,     /* name; data: new name */
    MKDIR = 10,   /* name */
    RMDIR = 11,   /* name */
    MARK = 12,    /* data */
    SYNC_FAILED = 13, /* inode */
};

/* Header of a record; the name and the data follow. */
struct record {
    uint8_t kind;
    uint8_t is_directory;
    uint16_t zero;
    uint32_t name_size_bytes;
    uint64_t data_size_bytes;
    uint64_t inode;
    uint64_t a;
} __attribute__((packed));

/* What an operation needs, as far as faults tell operations apart. */
enum class { PLAIN, SPACE, SYNCING };

enum mode {
    NONE,
    EIO_ONCE,       /* the k-th operation */
    EIO_STAYS,      /* it and all later ones */
    ENOSPC_ONCE,    /* the first operation from the k-th on that needs space */
    ENOSPC_STAYS,   /* all such */
    SHORT_WRITE,    /* the first write from the k-th operation on writes a half; all later have no space */
    SYNC_ONCE,      /* the k-th fsync or fdatasync */
    EXIT_BEFORE,    /* the process ends before the k-th operation */
    EXIT_AFTER,     /* and after it */
    BYTES,          /* the disk takes k more bytes */
};
static const char *const modes[] = {"none", "eio", "eio-stays", "enospc", "enospc-stays", "short", "sync",
                                    "exit-before", "exit-after", "bytes"};
#define EXIT_STATUS 77

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], marks[PATH_MAX];
static size_t root_size_bytes;
static int journal = -1;
static enum mode mode = NONE;
static int64_t chosen, counted, syncs_counted;
static int is_armed, is_spent;

static void give_up(const char *what) {
    dprintf(2, "shim: %s\n", what);
    _exit(78);
}

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("HEDDLE_SHIM_ROOT");
    if (!text) return;
    snprintf(root, sizeof root, "%s", text);
    root_size_bytes = strlen(root);
    if ((text = getenv("HEDDLE_SHIM_MARKS"))) snprintf(marks, sizeof marks, "%s", text);
    if ((text = getenv("HEDDLE_SHIM_JOURNAL"))) {
        journal = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (journal < 0) give_up("cannot open the journal");
    }
    if ((text = getenv("HEDDLE_SHIM_FAULT"))) {
        const char *colon = strchr(text, ':');
        if (!colon) give_up("a fault is MODE:NUMBER");
        for (size_t i = 1; i < sizeof modes / sizeof *modes; i++)
            if (strlen(modes[i]) == (size_t)(colon - text) && !strncmp(modes[i], text, colon - text)) mode = i;
        if (mode == NONE) give_up("unknown fault");
        chosen = atoll(colon + 1);
    }
}

/* The name below the root, without slashes around it; NULL for anything else. The root itself is "". */
static const char *name_below(const char *path) {
    if (!root_size_bytes || strncmp(path, root, root_size_bytes)) return NULL;
    path += root_size_bytes;
    if (*path && *path != '/') return NULL;
    while (*path == '/') path++;
    return path;
}

/* Path of an open file, as the kernel knows it: that sees through dup and fcntl. */
static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size_bytes = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[size_bytes < 0 ? 0 : size_bytes] = 0;
    return size_bytes > 0;
}

/* Path of a name relative to an open directory. */
static int resolve(int directory, const char *name, char *path) {
    char base[PATH_MAX];
    if (*name == '/' || directory == AT_FDCWD) return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    return path_of(directory, base) && snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

static void append(enum kind kind, const struct stat *file, const char *name, const void *data, size_t data_size_bytes,
                   uint64_t a) {
    if (journal < 0) return;
    struct record record = {.kind = kind, .data_size_bytes = data_size_bytes, .a = a};
    if (file) {
        record.is_directory = S_ISDIR(file->st_mode);
        record.inode = file->st_ino;
    }
    if (name) record.name_size_bytes = strlen(name);
    while (record.name_size_bytes && name[record.name_size_bytes - 1] == '/') record.name_size_bytes--;
    struct iovec parts[] = {{&record, sizeof record}, {(void *)name, record.name_size_bytes},
                            {(void *)data, data_size_bytes}};
    if (syscall(SYS_writev, journal, parts, 3) != (long)(sizeof record + record.name_size_bytes + data_size_bytes))
        give_up("cannot write the journal");
}

/* The error that the next operation fails with, or 0. Called once per operation, under the lock. */
static int fault(enum class class) {
    if (!is_armed || mode == NONE) return 0;
    counted++;
    switch (mode) {
    case EIO_ONCE: return counted == chosen ? EIO : 0;
    case EIO_STAYS: return counted >= chosen ? EIO : 0;
    case ENOSPC_ONCE: return class == SPACE && counted >= chosen && !is_spent++ ? ENOSPC : 0;
    case ENOSPC_STAYS: return class == SPACE && counted >= chosen ? ENOSPC : 0;
    case SHORT_WRITE: return class == SPACE && is_spent ? ENOSPC : 0;
    case SYNC_ONCE: return class == SYNCING && ++syncs_counted == chosen ? EIO : 0;
    case EXIT_BEFORE:
        if (counted == chosen) _exit(EXIT_STATUS);
        return 0;
    default: return 0;
    }
}

/* Ends the process after the operation it was told to. */
static void done(void) {
    if (is_armed && mode == EXIT_AFTER && counted == chosen) _exit(EXIT_STATUS);
}

/* How much of a write gets through. */
static size_t allowed(size_t size_bytes) {
    if (is_armed && mode == SHORT_WRITE && counted >= chosen && !is_spent && size_bytes > 1) {
        is_spent = 1;
        return size_bytes / 2;
    }
    if (is_armed && mode == BYTES && (int64_t)size_bytes > chosen) return chosen;
    return size_bytes;
}

static int fail(int error) {
    pthread_mutex_unlock(&lock);
    errno = error;
    return -1;
}

/* Unlocks without losing the error of the operation. */
static long pass(long result) {
    int error = errno;
    done();
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

static int open_at(int directory, const char *path, int flags, mode_t permissions) {
    char full[PATH_MAX];
    const char *name = (flags & (O_CREAT | O_TRUNC)) && resolve(directory, path, full) ? name_below(full) : NULL;
    if (!name) return syscall(SYS_openat, directory, path, flags, permissions);
    pthread_mutex_lock(&lock);
    struct stat before, after;
    int existed = !fstatat(AT_FDCWD, full, &before, 0);
    int changes = existed ? (flags & O_TRUNC) && before.st_size > 0 : (flags & O_CREAT) != 0;
    int error = changes ? fault(existed ? PLAIN : SPACE) : 0;
    if (error) return fail(error);
    int fd = syscall(SYS_openat, directory, path, flags, permissions);
    if (fd >= 0 && changes && !fstat(fd, &after)) append(existed ? TRUNCATE : CREATE, &after, name, NULL, 0, 0);
    return changes ? pass(fd) : (pthread_mutex_unlock(&lock), fd);
}

#define PERMISSIONS                                  \
    mode_t permissions = 0;                          \
    if (flags & (O_CREAT | O_TMPFILE)) {             \
        va_list rest;                                \
        va_start(rest, flags);                       \
        permissions = va_arg(rest, int);             \
        va_end(rest);                                \
    }
EXPORTED int open(const char *path, int flags, ...) { PERMISSIONS return open_at(AT_FDCWD, path, flags, permissions); }
EXPORTED int open64(const char *path, int flags, ...) { PERMISSIONS return open_at(AT_FDCWD, path, flags, permissions); }
EXPORTED int openat(int at, const char *path, int flags, ...) { PERMISSIONS return open_at(at, path, flags, permissions); }
EXPORTED int openat64(int at, const char *path, int flags, ...) { PERMISSIONS return open_at(at, path, flags, permissions); }
EXPORTED int creat(const char *path, mode_t permissions) {
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, permissions);
}
EXPORTED int creat64(const char *path, mode_t permissions) { return creat(path, permissions); }

/* Whether the open file is below the root, or the file of marks (`*is_marks`). */
static int is_ours(int fd, char *path, const char **name, int *is_marks) {
    if (!root_size_bytes || !path_of(fd, path)) return 0;
    *is_marks = *marks && !strcmp(path, marks);
    *name = name_below(path);
    return *is_marks || *name != NULL;
}

static ssize_t mark(int fd, const void *data, size_t size_bytes) {
    pthread_mutex_lock(&lock);
    ssize_t written = syscall(SYS_write, fd, data, size_bytes);
    append(MARK, NULL, NULL, data, size_bytes, 0);
    if (size_bytes == 4 && !memcmp(data, "arm\n", 4)) is_armed = 1;
    pthread_mutex_unlock(&lock);
    return written;
}

/* `at`: the offset, or -1 for the file's own. */
static ssize_t write_at(int fd, const void *data, size_t size_bytes, off_t at) {
    char path[PATH_MAX];
    const char *name;
    int is_marks = 0;
    if (!is_ours(fd, path, &name, &is_marks))
        return at < 0 ? syscall(SYS_write, fd, data, size_bytes) : syscall(SYS_pwrite64, fd, data, size_bytes, at);
    if (is_marks) return mark(fd, data, size_bytes);
    pthread_mutex_lock(&lock);
    int error = fault(SPACE);
    if (error) return fail(error);
    size_t takes_bytes = allowed(size_bytes);
    if (!takes_bytes && size_bytes) return fail(ENOSPC);
    ssize_t written = at < 0 ? syscall(SYS_write, fd, data, takes_bytes) : syscall(SYS_pwrite64, fd, data, takes_bytes, at);
    struct stat file;
    if (written > 0 && !fstat(fd, &file)) {
        if (at < 0) at = lseek(fd, 0, SEEK_CUR) - written;
        append(WRITE, &file, NULL, data, written, at);
        if (is_armed && mode == BYTES) chosen -= written;
    }
    return pass(written);
}
EXPORTED ssize_t write(int fd, const void *data, size_t size_bytes) { return write_at(fd, data, size_bytes, -1); }
EXPORTED ssize_t pwrite(int fd, const void *data, size_t size_bytes, off_t at) { return write_at(fd, data, size_bytes, at); }
EXPORTED ssize_t pwrite64(int fd, const void *data, size_t size_bytes, off_t at) { return write_at(fd, data, size_bytes, at); }
/* One part is allowed: callers go on with the rest. */
EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    const char *name;
    int is_marks = 0;
    if (!is_ours(fd, path, &name, &is_marks)) return syscall(SYS_writev, fd, parts, count);
    for (int i = 0; i < count; i++)
        if (parts[i].iov_len) return write_at(fd, parts[i].iov_base, parts[i].iov_len, -1);
    return 0;
}

/* Linux tells every file descriptor that was open then, once each, that its file was not written (errseq_t). */
#define FD_MAX 1024
static uint64_t failed_inode;
static uint8_t was_told[FD_MAX];

static int sync_failed(int fd, uint64_t inode, int error) {
    if (!error && inode == failed_inode && fd < FD_MAX && !was_told[fd]) error = EIO;
    if (error && inode != failed_inode) memset(was_told, 0, sizeof was_told);
    if (error) failed_inode = inode;
    if (error && fd < FD_MAX) was_told[fd] = 1;
    return error;
}

/* An operation on an open file. */
struct on_file {
    enum kind kind;
    enum class class;
    uint64_t a;
};
static int on_file(int fd, struct on_file what, long number, long b, long c, long d) {
    char path[PATH_MAX];
    const char *name;
    int is_marks = 0;
    if (!is_ours(fd, path, &name, &is_marks) || is_marks) return syscall(number, fd, b, c, d);
    pthread_mutex_lock(&lock);
    struct stat file;
    if (fstat(fd, &file)) give_up("cannot stat an open file");
    int error = fault(what.class);
    if (what.kind == SYNC) error = sync_failed(fd, file.st_ino, error);
    if (error && what.kind == SYNC) append(SYNC_FAILED, &file, S_ISDIR(file.st_mode) ? name : NULL, NULL, 0, 0);
    if (error) return fail(error);
    int result = syscall(number, fd, b, c, d);
    if (result == 0) append(what.kind, &file, S_ISDIR(file.st_mode) ? name : NULL, NULL, 0, what.a);
    return pass(result);
}
EXPORTED int fsync(int fd) { return on_file(fd, (struct on_file){SYNC, SYNCING, 0}, SYS_fsync, 0, 0, 0); }
EXPORTED int fdatasync(int fd) { return on_file(fd, (struct on_file){SYNC, SYNCING, 0}, SYS_fdatasync, 0, 0, 0); }
EXPORTED int sync_file_range(int fd, off64_t at, off64_t size_bytes, unsigned flags) {
    return on_file(fd, (struct on_file){HINT, PLAIN, 0}, SYS_sync_file_range, at, size_bytes, flags);
}
EXPORTED int ftruncate(int fd, off_t size_bytes) {
    return on_file(fd, (struct on_file){TRUNCATE, PLAIN, size_bytes}, SYS_ftruncate, size_bytes, 0, 0);
}
EXPORTED int ftruncate64(int fd, off64_t size_bytes) { return ftruncate(fd, size_bytes); }
EXPORTED int fallocate(int fd, int flags, off_t at, off_t size_bytes) {
    struct stat file;
    struct on_file what = {ALLOCATE, SPACE, flags & FALLOC_FL_KEEP_SIZE ? 0 : at + size_bytes};
    if (flags == (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE) && !fstat(fd, &file) && at >= file.st_size)
        what = (struct on_file){HINT, PLAIN, 0}; /* gives back space behind the end */
    else if (flags & ~FALLOC_FL_KEEP_SIZE)
        give_up("a mode of fallocate that the journal has no record for");
    return on_file(fd, what, SYS_fallocate, flags, at, size_bytes);
}
EXPORTED int fallocate64(int fd, int flags, off64_t at, off64_t size_bytes) { return fallocate(fd, flags, at, size_bytes); }
EXPORTED int posix_fallocate(int fd, off_t at, off_t size_bytes) {
    int before = errno, result = fallocate(fd, 0, at, size_bytes) ? errno : 0;
    errno = before;
    return result;
}
EXPORTED int posix_fallocate64(int fd, off64_t at, off64_t size_bytes) { return posix_fallocate(fd, at, size_bytes); }

/* An operation `call` on the name `path` below the open directory `at`; it leaves the function. Only what will change
 * something meets a fault: RocksDB makes its directory again and again. */
#define ON_NAME(at, path, kind, class, data, call)                              \
    char full[PATH_MAX];                                                        \
    const char *name = resolve(at, path, full) ? name_below(full) : NULL;       \
    if (!name) return call;                                                     \
    pthread_mutex_lock(&lock);                                                  \
    struct stat file;                                                           \
    int makes = (kind) == MKDIR, exists = !fstatat(AT_FDCWD, full, &file, AT_SYMLINK_NOFOLLOW); \
    int error = makes == exists ? 0 : fault(class);                             \
    if (error) return fail(error);                                              \
    const char *other = data;                                                   \
    int result = call;                                                          \
    if (result == 0) append(kind, NULL, name, other, other ? strlen(other) : 0, 0); \
    return makes == exists ? (pthread_mutex_unlock(&lock), result) : pass(result);

static const char *name_or_give_up(const char *path) {
    const char *name = name_below(path);
    if (!name) give_up("a file leaves the directory");
    return name;
}
EXPORTED int rename(const char *from, const char *to) {
    ON_NAME(AT_FDCWD, from, RENAME, PLAIN, name_or_give_up(to), syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to))
}
EXPORTED int link(const char *from, const char *to) {
    ON_NAME(AT_FDCWD, from, LINK, SPACE, name_or_give_up(to), syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0))
}
EXPORTED int unlink(const char *path) {
    ON_NAME(AT_FDCWD, path, UNLINK, PLAIN, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, 0))
}
EXPORTED int unlinkat(int at, const char *path, int flags) {
    ON_NAME(at, path, flags & AT_REMOVEDIR ? RMDIR : UNLINK, PLAIN, NULL, syscall(SYS_unlinkat, at, path, flags))
}
EXPORTED int rmdir(const char *path) {
    ON_NAME(AT_FDCWD, path, RMDIR, PLAIN, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR))
}
EXPORTED int mkdir(const char *path, mode_t permissions) {
    ON_NAME(AT_FDCWD, path, MKDIR, SPACE, NULL, syscall(SYS_mkdirat, AT_FDCWD, path, permissions))
}
