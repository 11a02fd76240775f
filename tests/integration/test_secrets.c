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
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <elf.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/integration/people.h"

#define PARAMS_BYTES 16384
#define NEEDLES_MAX 256
#define SECRETS_BYTES 8192
#define REGISTERS_BYTES 16384
#define MAPPING_BYTES_MAX (1ul << 30) /* a sanitizer's shadow is larger, and nobody's memory */

/* What is looked for. */
struct needles {
    char texts[NEEDLES_MAX][80];
    size_t lengths[NEEDLES_MAX];
    size_t count;
    /* the same uncut, for registers, which hold fragments. Of a key eight octets are one; of words
     * only what is of two of them, as any word stands in other texts too */
    struct uncut {
        char octets[SECRETS_BYTES];
        size_t length;
    } keys, words;
};

enum { KEY_FRAGMENT = 8, WORDS_FRAGMENT = 12 };

static void look_for_fragments(struct uncut *uncut, const void *octets, size_t length)
{
    assert_true(length <= sizeof uncut->octets - uncut->length);
    memcpy(uncut->octets + uncut->length, octets, length);
    uncut->length += length;
}

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
    look_for_fragments(&needles->words, words, strlen(words));
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
    look_for_fragments(&needles->keys, identity + 20, 40);
    look_for_fragments(&needles->keys, key->data, key->length);
    look_for_fragments(&needles->keys, digits->data, digits->length);
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

/* ---- registers: a copy of eight octets or more leaves them in one, until the next copy ---- */

static size_t fragments_in(const struct uncut *uncut, size_t fragment, const char *octets,
                           size_t length)
{
    size_t found = 0;
    for (size_t at = 0; at + fragment <= length; at++) {
        if (memmem(uncut->octets, uncut->length, octets + at, fragment) != NULL) {
            found++;
        }
    }
    return found;
}

static size_t found_in_registers(const struct needles *needles, pid_t thread)
{
    static const int sets[] = {NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE};
    size_t found = 0;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char octets[REGISTERS_BYTES];
        struct iovec room = {octets, sizeof octets};
        if (ptrace(PTRACE_GETREGSET, thread, sets[i], &room) != 0) {
            continue; /* a set that this machine does not have */
        }
        size_t here = fragments_in(&needles->keys, KEY_FRAGMENT, octets, room.iov_len) +
                      fragments_in(&needles->words, WORDS_FRAGMENT, octets, room.iov_len);
        if (here > 0) {
            print_message("set %#x of thread %d holds %zu fragments\n", (unsigned)sets[i],
                          (int)thread, here);
        }
        found += here;
    }
    return found;
}

/* Of each thread, which is stopped for it. Nothing where that is not permitted. */
static size_t found_in_threads(const struct needles *needles, pid_t daemon, size_t *out_threads)
{
    char path[64];
    size_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)daemon);
    DIR *listing = opendir(path);
    assert_non_null(listing);
    for (struct dirent *item; (item = readdir(listing)) != NULL;) {
        pid_t thread = (pid_t)strtol(item->d_name, NULL, 10);
        int status;
        if (thread == 0 || ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) {
            continue;
        }
        if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 &&
            waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status)) {
            found += found_in_registers(needles, thread);
            (*out_threads)++;
        }
        ptrace(PTRACE_DETACH, thread, NULL, NULL);
    }
    closedir(listing);
    return found;
}

static size_t found_in_process(const struct needles *needles, pid_t daemon)
{
#ifdef __SANITIZE_ADDRESS__
    /* That build keeps what was freed and has terabytes mapped: it is not the product's memory. */
    (void)found_in_threads;
    (void)found_in_memory;
    (void)daemon;
    (void)needles;
    return 0;
#endif
    size_t threads = 0;
    size_t found = found_in_threads(needles, daemon, &threads);
    if (threads == 0) {
        print_message("registers were not looked at: that is not permitted here\n");
    }
    return found + found_in_memory(needles, daemon);
}

static size_t found_anywhere(const struct needles *needles, const struct harness *h)
{
    return found_in_process(needles, h->daemon) + found_in_files(needles, h->directory) +
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

/* A daemon that has just started, with a ceremony among three of which any two are enough. */
struct scene {
    struct harness h;
    struct people people;
    struct needles needles;
    char identity[128]; /* "" before the first recovery */
};

static void scene_begin(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    harness_start(&scene->h, NULL);
    people_register(&scene->h, &scene->people, 3);
    people_start(&scene->h, &scene->people, 2, "age", "");
    for (size_t i = 0; i < 3; i++) {
        person_take(&scene->h, &scene->people, i, false);
        person_confirm(&scene->h, &scene->people, i);
        look_for_words(&scene->needles, scene->people.list[i].words);
    }
    assert_true(scene->needles.count > 90);
}

static void scene_restart(struct scene *scene)
{
    harness_terminate(&scene->h);
    harness_restart(&scene->h);
}

static void scene_end(struct scene *scene)
{
    people_done(&scene->people);
    harness_stop(&scene->h);
}

static void nothing_secret_is_left_after_the_first_recovery(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    scene_restart(&scene);
    recover(&scene.h, &scene.people, (const int[]){0, 2, -1}, scene.identity,
            sizeof scene.identity);
    look_for_key(&scene.needles, scene.identity);
    assert_int_equal(found_anywhere(&scene.needles, &scene.h), 0);
    /* The search finds what is there: the recipient, which everybody may know. */
    struct needles known = {.count = 0};
    const struct json *list =
        json_member(harness_result(&scene.h, "ceremony.list", "{" OPERATOR "}"), "ceremonies");
    const struct json *recipient = json_member(list->child, "recipient");
    look_for(&known, recipient->text.data, recipient->text.length);
    assert_true(found_anywhere(&known, &scene.h) > 0);
    scene_end(&scene);
}

static void nothing_secret_is_left_after_a_ceremony_and_refused_recoveries(void **state)
{
    (void)state;
    struct scene scene;
    char params[PARAMS_BYTES];
    scene_begin(&scene);
    people_recover_params(&scene.people, (const int[]){1, -1}, "", params, sizeof params);
    harness_error(&scene.h, "recovery.attempt", params, -32006, "too_few");
    assert_int_equal(found_anywhere(&scene.needles, &scene.h), 0);
    recover(&scene.h, &scene.people, (const int[]){0, 2, -1}, scene.identity,
            sizeof scene.identity);
    look_for_key(&scene.needles, scene.identity);
    assert_int_equal(found_anywhere(&scene.needles, &scene.h), 0);
    /* the complete key */
    snprintf(params, sizeof params, "{\"key\":\"%s\",\"deliver_to\":\"%s\"," OPERATOR "}",
             scene.identity, scene.people.receiver.public_key);
    harness_result(&scene.h, "recovery.attempt", params);
    harness_wait_text(scene.h.sink, "|9014|");
    assert_int_equal(found_anywhere(&scene.needles, &scene.h), 0);
    scene_end(&scene);
}

/* A message over 64 KiB grows while it is read: what it grows out of must not stay behind. */
static void nothing_secret_is_left_of_a_batch_that_grew(void **state)
{
    (void)state;
    enum { KILOBYTE = 1024, BLANKS_MAX = 300 * KILOBYTE };
    static const int blanks[] = {64 * KILOBYTE, 100 * KILOBYTE, BLANKS_MAX};
    struct scene scene;
    char params[PARAMS_BYTES];
    size_t size = BLANKS_MAX + PARAMS_BYTES + 256;
    char *text = malloc(size);
    assert_non_null(text);
    scene_begin(&scene);
    people_recover_params(&scene.people, (const int[]){0, 2, -1}, "", params, sizeof params);
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        int length = snprintf(
            text, size,
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"recovery.attempt\",\"params\":%s},"
            "%*s{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"system.ping\"}]",
            params, blanks[i], "");
        const char *answer = harness_exchange(&scene.h, text, (size_t)length);
        assert_non_null(strstr(answer, "sealed_key"));
        assert_int_equal(found_anywhere(&scene.needles, &scene.h), 0);
    }
    free(text);
    scene_end(&scene);
}

/* Words where none belong: refused, neither repeated to the caller (but for the id, which is the
 * caller's own) nor left in memory. */
static void nothing_secret_is_left_of_words_in_the_wrong_place(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        const char *sign; /* stands in the answer: the call went where it was meant to */
        bool repeated;
    } calls[] = {
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"%s\":1," OPERATOR "}",
         "unknown_parameter", false},
        {"\"id\":1,\"method\":\"guardian.add\",\"params\":{\"%s\":1," OPERATOR "}",
         "unknown_parameter", false},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"actor\":{\"%s\":1}}",
         "missing_parameter", false},
        {"\"id\":1,\"method\":\"guardian.list\",\"params\":{\"actor\":{\"%s\":\"\"}}",
         "unknown_field", false},
        {"\"id\":1,\"method\":\"%s\",\"params\":{}", "unknown_method", false},
        {"\"id\":\"%s\",\"method\":\"recovery.attempt\",\"params\":{" OPERATOR "}",
         "missing_parameter", true},
        {"\"id\":\"%s\",\"method\":\"system.status\"", "result", true},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"key\":\"1\",\"deliver_to\":\"%"
         "s\"," OPERATOR "}",
         "error", false},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"parts\":[],\"ceremony\":\"%s\","
         "\"deliver_to\":\"guardian1\"," OPERATOR "}",
         "error", false},
        {"\"id\":1,\"method\":\"ceremony.status\",\"params\":{\"ceremony\":\"%s\"," OPERATOR "}",
         "error", false},
        {"\"id\":1,\"method\":\"guardian.show\",\"params\":{\"login\":\"%s\"," OPERATOR "}",
         "error", true},
        {"\"id\":1,\"method\":\"part.confirm\",\"params\":{\"ceremony\":\"x\",\"signature\":\"%"
         "s\"," OPERATOR "}",
         "error", false},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"parts\":\"%s\"," OPERATOR "}",
         "bad_type", false},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"parts\":[{\"%s\":1}],"
         "\"deliver_to\":\"guardian1\"," OPERATOR "}",
         "bad_type", false},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"%1$s\":1,\"%1$s\":2}", "duplicate",
         false},
        {"\"id\":1,\"method\":\"recovery.attempt\",\"params\":{\"%s\":tru}", "bad_json", false},
    };
    struct scene scene;
    size_t found = 0;
    scene_begin(&scene);
    scene_restart(&scene);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char body[PARAMS_BYTES];
        char text[PARAMS_BYTES + 64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(body, sizeof body, calls[i].format, scene.people.list[i % 3].words);
#pragma GCC diagnostic pop
        int length = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",%s}", body);
        const char *answer = harness_exchange(&scene.h, text, (size_t)length);
        bool told = strstr(answer, calls[i].sign) != NULL;
        bool repeated = found_in(&scene.needles, answer, strlen(answer), "the answer") != 0;
        size_t here = found_anywhere(&scene.needles, &scene.h);
        if (!told || repeated != calls[i].repeated || here != 0) {
            print_message("call %zu: %zu found, answer %s\n", i, here, answer);
            found++;
        }
    }
    assert_int_equal(found, 0);
    scene_end(&scene);
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
        cmocka_unit_test(nothing_secret_is_left_after_the_first_recovery),
        cmocka_unit_test(nothing_secret_is_left_after_a_ceremony_and_refused_recoveries),
        cmocka_unit_test(nothing_secret_is_left_of_a_batch_that_grew),
        cmocka_unit_test(nothing_secret_is_left_of_words_in_the_wrong_place),
        cmocka_unit_test(the_process_dumps_no_core_and_lets_nobody_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
