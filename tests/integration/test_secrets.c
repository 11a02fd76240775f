/* What must be nowhere after a ceremony and a recovery: the key, its text, and the words of the
 * parts. Looked for in every octet of the daemon's memory, in its files and in what it said. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/integration/people.h"

#define PARAMS_BYTES 16384
#define NEEDLES_MAX 256
#define MAPPING_BYTES_MAX (1ul << 30) /* a sanitizer's shadow is larger, and nobody's memory */

/* What is looked for. */
struct needles {
    char texts[NEEDLES_MAX][80];
    size_t lengths[NEEDLES_MAX];
    size_t count;
};

static void look_for(struct needles *needles, const void *octets, size_t length)
{
    assert_true(needles->count < NEEDLES_MAX && length <= sizeof needles->texts[0]);
    memcpy(needles->texts[needles->count], octets, length);
    needles->lengths[needles->count++] = length;
}

/* Any three neighbouring words of a part, in both cases. */
static void look_for_words(struct needles *needles, const char *words)
{
    const char *at = words;
    while (at != NULL) {
        const char *second = strchr(at, ' ');
        const char *third = second == NULL ? NULL : strchr(second + 1, ' ');
        const char *end = third == NULL ? NULL : strchr(third + 1, ' ');
        if (third == NULL) {
            return;
        }
        look_for(needles, at, end == NULL ? strlen(at) : (size_t)(end - at));
        at = second + 1;
    }
}

static void look_for_key(struct needles *needles, const char *identity)
{
    struct secret *key;
    struct secret *digits;
    assert_int_equal(key_from_identity(slice_of(identity), &key, NULL), OK);
    assert_int_equal(key_to_hex(key, &digits), OK);
    look_for(needles, key->data, key->length);
    look_for(needles, digits->data, 32); /* half of it is too much */
    look_for(needles, digits->data + 32, 32);
    look_for(needles, identity + 20, 40);
    secret_free(digits);
    secret_free(key);
}

static size_t found_in(const struct needles *needles, const char *data, size_t length,
                       const char *where)
{
    size_t found = 0;
    for (size_t i = 0; i < needles->count; i++) {
        if (memmem(data, length, needles->texts[i], needles->lengths[i]) != NULL) {
            print_message("needle %zu is in %s\n", i, where);
            found++;
        }
    }
    return found;
}

/* Piece by piece, each with the end of the one before, so that no border hides anything. */
static size_t found_in_mapping(const struct needles *needles, int memory, unsigned long from,
                               unsigned long to, const char *where)
{
    enum { PIECE = 1 << 20, OVERLAP = sizeof needles->texts[0] };
    char *piece = malloc(PIECE + OVERLAP);
    size_t kept = 0;
    size_t found = 0;
    assert_non_null(piece);
    while (from < to) {
        size_t wanted = to - from < PIECE ? to - from : PIECE;
        ssize_t got = pread(memory, piece + kept, wanted, (off_t)from);
        if (got <= 0) {
            break; /* a guard page: what lies before it was seen */
        }
        found += found_in(needles, piece, kept + (size_t)got, where);
        size_t length = kept + (size_t)got;
        kept = length < OVERLAP ? length : OVERLAP;
        memmove(piece, piece + length - kept, kept);
        from += (unsigned long)got;
    }
    free(piece);
    return found;
}

/* All that is mapped, readable: what a core would hold, and more. */
static size_t found_in_memory(const struct needles *needles, pid_t daemon)
{
    char path[64];
    char line[512];
    size_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)daemon);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)daemon);
    int memory = open(path, O_RDONLY);
    if (maps == NULL || memory < 0) {
        skip(); /* a daemon that nobody may look into, not even this test */
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from;
        unsigned long to;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r') {
            continue;
        }
        if (to - from <= MAPPING_BYTES_MAX) {
            found += found_in_mapping(needles, memory, from, to, line);
        }
    }
    fclose(maps);
    close(memory);
    return found;
}

static size_t found_in_files(const struct needles *needles, const char *folder)
{
    size_t found = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *item; (item = readdir(listing)) != NULL;) {
        char path[600];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
        if (item->d_name[0] == '.' || lstat(path, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            found += found_in_files(needles, path);
        } else if (S_ISREG(status.st_mode)) {
            FILE *file = fopen(path, "rb");
            char *data = malloc((size_t)status.st_size + 1);
            assert_non_null(file);
            assert_non_null(data);
            size_t length = fread(data, 1, (size_t)status.st_size, file);
            found += found_in(needles, data, length, path);
            free(data);
            fclose(file);
        }
    }
    closedir(listing);
    return found;
}

static size_t found_in_process_file(const struct needles *needles, pid_t daemon, const char *name)
{
    char path[64];
    char data[65536];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)daemon, name);
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, data, sizeof data);
    if (file >= 0) {
        close(file);
    }
    return length > 0 ? found_in(needles, data, (size_t)length, path) : 0;
}

static size_t found_anywhere(const struct needles *needles, const struct harness *h)
{
    return found_in_memory(needles, h->daemon) + found_in_files(needles, h->directory) +
           found_in_process_file(needles, h->daemon, "environ") +
           found_in_process_file(needles, h->daemon, "cmdline");
}

static void recover(struct harness *h, const struct people *people, const int *indexes,
                    char *identity, size_t size)
{
    char params[PARAMS_BYTES];
    people_recover_params(people, indexes, "", params, sizeof params);
    people_open_key(people, harness_result(h, "recovery.attempt", params), identity, size);
    sodium_memzero(params, sizeof params);
}

static void nothing_secret_is_left_after_a_ceremony_and_a_recovery(void **state)
{
    (void)state;
    struct harness h;
    struct people people;
    struct needles needles = {.count = 0};
    char params[PARAMS_BYTES];
    char identity[128];
    harness_start(&h, NULL);
    people_register(&h, &people, 3);
    people_start(&h, &people, 2, "age", "");
    for (size_t i = 0; i < 3; i++) {
        person_take(&h, &people, i, false);
        person_confirm(&h, &people, i);
    }
    recover(&h, &people, (const int[]){0, 2, -1}, identity, sizeof identity);
    /* refused ones as well: too few, and the complete key wrong */
    people_recover_params(&people, (const int[]){1, -1}, "", params, sizeof params);
    harness_error(&h, "recovery.attempt", params, -32006, "too_few");
    snprintf(params, sizeof params, "{\"key\":\"%s\",\"deliver_to\":\"%s\"," OPERATOR "}", identity,
             people.receiver.public_key);
    harness_result(&h, "recovery.attempt", params);
    harness_wait_text(h.sink, "|9014|");
    for (size_t i = 0; i < 3; i++) {
        look_for_words(&needles, people.list[i].words);
    }
    look_for_key(&needles, identity);
    assert_true(needles.count > 90);
    assert_int_equal(found_anywhere(&needles, &h), 0);
    /* The search finds what is there: the recipient, which everybody may know. */
    struct needles known = {.count = 0};
    const struct json *list =
        json_member(harness_result(&h, "ceremony.list", "{" OPERATOR "}"), "ceremonies");
    const struct json *recipient = json_member(list->child, "recipient");
    look_for(&known, recipient->text.data, recipient->text.length);
    assert_true(found_anywhere(&known, &h) > 0);
    people_done(&people);
    harness_stop(&h);
}

static void the_process_dumps_no_core_and_lets_nobody_look(void **state)
{
    (void)state;
    struct harness h;
    char path[64];
    char line[256];
    bool limited = false;
    harness_start(&h, NULL);
    snprintf(path, sizeof path, "/proc/%d/limits", (int)h.daemon);
    FILE *limits = fopen(path, "r");
    assert_non_null(limits);
    while (fgets(line, sizeof line, limits) != NULL) {
        char soft[32];
        char hard[32];
        if (sscanf(line, "Max core file size %31s %31s", soft, hard) == 2) {
            limited = strcmp(soft, "0") == 0 && strcmp(hard, "0") == 0;
        }
    }
    fclose(limits);
    assert_true(limited);
    /* Not dumpable: what stands in /proc belongs to root, whoever runs the daemon. */
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/mem", (int)h.daemon);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 0);
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_secret_is_left_after_a_ceremony_and_a_recovery),
        cmocka_unit_test(the_process_dumps_no_core_and_lets_nobody_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
