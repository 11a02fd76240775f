/* Replays files through a fuzz target without a fuzzer: the main of the fuzz programs in ctest.
 * Usage: fuzz_<parser> PATH…, each a file or a folder (its files, and its folders' files). */
#include <fts.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file's octets, in a block that ends where they end, so that a sanitizer sees one too far. */
static uint8_t *read_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    uint8_t *data = malloc(size == 0 ? 1 : size);
    if (data != NULL && fread(data, 1, size, file) != size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static int replay(const char *path, size_t size)
{
    uint8_t *data = read_file(path, size);
    if (data == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* How many files were replayed, or -1. */
static long replay_all(char *const paths[])
{
    long count = 0;
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (walk == NULL) {
        return -1;
    }
    FTSENT *entry;
    while (count >= 0 && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_F) {
            count =
                replay(entry->fts_path, (size_t)entry->fts_statp->st_size) == 0 ? count + 1 : -1;
        } else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP) {
            fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            count = -1;
        }
    }
    fts_close(walk);
    return count;
}

int main(int argc, char *argv[])
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH...\n", argv[0]);
        return 2;
    }
    long count = replay_all(argv + 1);
    if (count == 0) {
        fprintf(stderr, "no files there: nothing was tried\n");
    }
    if (count <= 0) {
        return 1;
    }
    printf("%ld files replayed\n", count);
    return 0;
}
