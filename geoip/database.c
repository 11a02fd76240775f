#include "geoip/database.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The functions that are called old there: the new ones load megabytes for the same work. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "geoip/place.h"
#include "geoip/structure.h"

#define COPY_STEP_BYTES (256u * 1024)
#define PATH_SHOWN_BYTES 140

struct database {
    MMDB_s library;      /* open if file_content is not NULL */
    struct section data; /* of the library's copy: that which was checked */
    int64_t build_time_s;
    char file_hash[65];
    char *language;
};

/* What is being opened: who is told what is wrong. */
struct opening {
    const char *path;
    char *message;
    size_t message_size;
};

/* The end of a long path: the file's name, and room left for what is wrong with it. */
static const char *path_end(const char *path)
{
    size_t length = strlen(path);
    if (length <= PATH_SHOWN_BYTES)
        return path;
    const char *end = path + length - PATH_SHOWN_BYTES;
    while ((*end & 0xc0) == 0x80) /* not in the middle of a UTF-8 character */
        end++;
    return end;
}

__attribute__((format(printf, 3, 4))) static enum geoip_err
refused(const struct opening *opening, enum geoip_err err, const char *format, ...)
{
    const char *end = path_end(opening->path);
    int used = snprintf(opening->message, opening->message_size,
                        "'%s%s': ", end == opening->path ? "" : "...", end);
    if (used < 0 || (size_t)used >= opening->message_size)
        return err;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(opening->message + used, opening->message_size - (size_t)used, format, arguments);
    va_end(arguments);
    return err;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. On a regular file it changes nothing. */
static enum geoip_err file_open(const struct opening *opening, int *out_fd, struct stat *out_stat)
{
    int fd = open(opening->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return refused(opening, GEOIP_UNREADABLE, "cannot be opened: %s", strerror(errno));
    enum geoip_err err = GEOIP_OK;
    if (fstat(fd, out_stat) != 0)
        err = refused(opening, GEOIP_UNREADABLE, "cannot be examined: %s", strerror(errno));
    else if (!S_ISREG(out_stat->st_mode))
        err = refused(opening, GEOIP_UNREADABLE, "is not a regular file");
    else if (out_stat->st_size > DATABASE_MAX_BYTES)
        err = refused(opening, GEOIP_INVALID, "is larger than 1 GiB");
    if (err != GEOIP_OK) {
        close(fd);
        return err;
    }
    *out_fd = fd;
    return GEOIP_OK;
}

static bool write_all(int fd, const uint8_t *octets, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, octets, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        octets += written;
        count -= (size_t)written;
    }
    return true;
}

static ssize_t read_some(int fd, uint8_t *octets, size_t count)
{
    ssize_t got = read(fd, octets, count);
    while (got < 0 && errno == EINTR)
        got = read(fd, octets, count);
    return got;
}

/* One pass: what is hashed is what is kept, whatever happens to the file meanwhile. */
static enum geoip_err octets_copy(const struct opening *opening, int from, int to, SHA256_CTX *hash,
                                  uint64_t *out_size)
{
    uint8_t *step = malloc(COPY_STEP_BYTES);
    if (!step)
        return refused(opening, GEOIP_NO_MEMORY, "no memory");
    enum geoip_err err = GEOIP_OK;
    uint64_t size = 0;
    ssize_t got;
    while ((got = read_some(from, step, COPY_STEP_BYTES)) > 0) {
        size += (uint64_t)got;
        if (size > DATABASE_MAX_BYTES)
            err = refused(opening, GEOIP_INVALID, "is larger than 1 GiB");
        else if (!write_all(to, step, (size_t)got))
            err = refused(opening, GEOIP_NO_MEMORY, "no memory for a copy: %s", strerror(errno));
        else if (SHA256_Update(hash, step, (size_t)got) != 1)
            err = refused(opening, GEOIP_NO_MEMORY, "SHA-256 failed");
        if (err != GEOIP_OK)
            break;
    }
    if (got < 0)
        err = refused(opening, GEOIP_UNREADABLE, "cannot be read: %s", strerror(errno));
    free(step);
    *out_size = size;
    return err;
}

static enum geoip_err hash_and_copy(const struct opening *opening, int from, int to,
                                    char hash_text[65], uint64_t *out_size)
{
    SHA256_CTX hash;
    if (SHA256_Init(&hash) != 1)
        return refused(opening, GEOIP_NO_MEMORY, "SHA-256 cannot be started");
    enum geoip_err err = octets_copy(opening, from, to, &hash, out_size);
    uint8_t digest[32];
    if (err == GEOIP_OK && SHA256_Final(digest, &hash) != 1)
        err = refused(opening, GEOIP_NO_MEMORY, "SHA-256 failed");
    for (size_t i = 0; err == GEOIP_OK && i < sizeof digest; i++)
        snprintf(hash_text + 2 * i, 3, "%02x", digest[i]);
    return err;
}

static bool unchanged(const struct stat *before, int fd, uint64_t size)
{
    struct stat after = {0};
    return fstat(fd, &after) == 0 && (uint64_t)after.st_size == size &&
           // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): fstat fills it
           before->st_size == after.st_size && before->st_mtim.tv_sec == after.st_mtim.tv_sec &&
           before->st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

/* A sealed copy of the file in memory of our own, as a descriptor for the library to open. */
static enum geoip_err file_copy(const struct opening *opening, char hash_text[65], int *out_fd,
                                size_t *out_size)
{
    struct stat before;
    int from = -1;
    enum geoip_err err = file_open(opening, &from, &before);
    if (err != GEOIP_OK)
        return err;
    uint64_t size = 0;
    int to = memfd_create("geoip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to < 0)
        err = refused(opening, GEOIP_NO_MEMORY, "no memory for a copy: %s", strerror(errno));
    if (err == GEOIP_OK)
        err = hash_and_copy(opening, from, to, hash_text, &size);
    if (err == GEOIP_OK && size == 0)
        err = refused(opening, GEOIP_INVALID, "is empty");
    if (err == GEOIP_OK && !unchanged(&before, from, size))
        err = refused(opening, GEOIP_UNREADABLE, "changed while it was read; load it again");
    if (err == GEOIP_OK &&
        fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        err = refused(opening, GEOIP_UNREADABLE, "cannot be sealed: %s", strerror(errno));
    close(from);
    if (err != GEOIP_OK) {
        if (to >= 0)
            close(to);
        return err;
    }
    *out_fd = to;
    *out_size = (size_t)size;
    return GEOIP_OK;
}

static enum geoip_err copy_check(const struct opening *opening, int fd, size_t size,
                                 struct structure *out)
{
    void *octets = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (octets == MAP_FAILED)
        return refused(opening, GEOIP_NO_MEMORY, "cannot be mapped: %s", strerror(errno));
    struct structure_fault fault;
    enum geoip_err err = GEOIP_OK;
    if (!structure_check(octets, size, out, &fault)) {
        if (fault.what)
            err = refused(opening, GEOIP_INVALID, "is not a usable City database: %s, at octet %zu",
                          fault.what, fault.at);
        else
            err = refused(opening, GEOIP_NO_MEMORY, "no memory");
    }
    munmap(octets, size);
    return err;
}

/* The library must see the parts where we checked them. */
static bool library_agrees(const MMDB_s *library, const struct structure *structure)
{
    return library->metadata.node_count == structure->node_count &&
           library->metadata.record_size == structure->record_bits &&
           library->metadata.ip_version == structure->ip_version &&
           library->data_section == library->file_content + structure->data_offset &&
           library->metadata_section == library->file_content + structure->metadata_offset;
}

static enum geoip_err library_open(const struct opening *opening, int fd,
                                   const struct structure *structure, MMDB_s *out)
{
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int status = MMDB_open(name, MMDB_MODE_MMAP, out);
    if (status != MMDB_SUCCESS) {
        out->file_content = NULL;
        return refused(opening,
                       status == MMDB_OUT_OF_MEMORY_ERROR ? GEOIP_NO_MEMORY : GEOIP_INVALID,
                       "is refused by libmaxminddb: %s", MMDB_strerror(status));
    }
    if (!library_agrees(out, structure))
        return refused(opening, GEOIP_INVALID, "has metadata that can be read in two ways");
    return GEOIP_OK;
}

static enum geoip_err database_fill(const struct opening *opening, struct database *database)
{
    struct structure structure = {0};
    size_t size = 0;
    int fd = -1;
    enum geoip_err err = file_copy(opening, database->file_hash, &fd, &size);
    if (err != GEOIP_OK)
        return err;
    err = copy_check(opening, fd, size, &structure);
    if (err == GEOIP_OK) {
        database->build_time_s = structure.build_time_s;
        err = library_open(opening, fd, &structure, &database->library);
    }
    if (err == GEOIP_OK)
        database->data = (struct section){database->library.data_section, structure.data_size};
    close(fd); /* the mapping keeps the copy */
    return err;
}

enum geoip_err database_open(const char *path, const char *language, struct database **out,
                             char *message, size_t size)
{
    struct opening opening = {.path = path, .message = message, .message_size = size};
    struct database *database = calloc(1, sizeof *database);
    if (!database)
        return refused(&opening, GEOIP_NO_MEMORY, "no memory");
    enum geoip_err err = GEOIP_OK;
    database->language = strdup(language);
    if (!database->language)
        err = refused(&opening, GEOIP_NO_MEMORY, "no memory");
    if (err == GEOIP_OK)
        err = database_fill(&opening, database);
    if (err != GEOIP_OK) {
        database_close(database);
        return err;
    }
    *out = database;
    return GEOIP_OK;
}

void database_close(struct database *database)
{
    if (!database)
        return;
    if (database->library.file_content)
        MMDB_close(&database->library);
    free(database->language);
    free(database);
}

int64_t database_build_time_s(const struct database *database)
{
    return database->build_time_s;
}

const char *database_file_hash(const struct database *database)
{
    return database->file_hash;
}

static MMDB_lookup_result_s entry_find(const MMDB_s *library, const uint8_t address[ADDRESS_BYTES],
                                       int *out_status)
{
    if (address_is_mapped(address)) {
        struct sockaddr_in ipv4 = {.sin_family = AF_INET};
        memcpy(&ipv4.sin_addr, address + 12, 4);
        return MMDB_lookup_sockaddr(library, (const struct sockaddr *)&ipv4, out_status);
    }
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    memcpy(&ipv6.sin6_addr, address, ADDRESS_BYTES);
    return MMDB_lookup_sockaddr(library, (const struct sockaddr *)&ipv6, out_status);
}

bool database_find(const struct database *database, const uint8_t address[ADDRESS_BYTES],
                   struct geoip_place *out)
{
    memset(out, 0, sizeof *out);
    int status = MMDB_SUCCESS;
    MMDB_lookup_result_s found = entry_find(&database->library, address, &status);
    /* A tree that is deeper than an address ends at a node, which the library gives out as an
     * entry beyond the data. */
    if (status != MMDB_SUCCESS || !found.found_entry || found.entry.offset >= database->data.size)
        return false;
    return place_read(database->data, found.entry.offset, database->language, out);
}
