/* Start: whatever was flipped, cut, swapped or lost on disk is found, file and offset are named and
 * nothing is changed; or it stands in the last group, which nobody has noted, and that is removed
 * and said so. */
#include "tests/audit/log/workload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "audit/base/file_fault.h"
#include "audit/log/frame.h"
#include "audit/log/journal.h"
#include "audit/log/recover.h"
#include "audit/log/requests.h"

#define APPENDS 22
#define SEGMENT 8192
#define SEGMENTS_MAX 16
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STEP 7 /* the sanitizers look at how it is read, and one thread reads */
#else
#define STEP 1
#endif

/* A small log on disk, and what is known about it. */
struct specimen {
    struct scratch scratch;
    struct log_options options;
    char journal[PATH_MAX + 32];
    struct workload work;
    struct requests requests; /* for looking: the same ones each time */
    uint64_t size;
    size_t segments;
    uint64_t firsts[SEGMENTS_MAX];
    uint8_t octets[SEGMENTS_MAX][SEGMENT]; /* as they were written */
    uint64_t last_offset;                  /* of the last frame, in the newest segment */
    uint64_t last_end;
    uint64_t last_entries;
};

static void segment_path(const struct specimen *specimen, size_t number, char out[PATH_MAX + 64])
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(specimen->firsts[number], name);
    snprintf(out, PATH_MAX + 64, "%s/%s", specimen->journal, name);
}

static void put_octets(const struct specimen *specimen, size_t number, size_t at, size_t length,
                       const void *octets)
{
    char path[PATH_MAX + 64];
    segment_path(specimen, number, path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, octets, length, (off_t)at), length);
    close(fd);
}

static void restore(const struct specimen *specimen)
{
    for (size_t i = 0; i < specimen->segments; i++) {
        char path[PATH_MAX + 64];
        segment_path(specimen, i, path);
        assert_int_equal(truncate(path, 0) == 0 || errno == ENOENT, 1);
        put_octets(specimen, i, 0, SEGMENT, specimen->octets[i]);
    }
}

static int by_number(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

static void note_files(struct specimen *specimen)
{
    DIR *directory = opendir(specimen->journal);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (segment_name_read(entry->d_name, &specimen->firsts[specimen->segments])) {
            assert_true(++specimen->segments < SEGMENTS_MAX);
        }
    }
    closedir(directory);
    qsort(specimen->firsts, specimen->segments, sizeof specimen->firsts[0], by_number);
    for (size_t i = 0; i < specimen->segments; i++) {
        char path[PATH_MAX + 64];
        segment_path(specimen, i, path);
        int fd = open(path, O_RDONLY);
        assert_int_equal(read(fd, specimen->octets[i], SEGMENT), SEGMENT);
        close(fd);
    }
}

/* Frames of the newest segment, by their lengths. */
static void note_last_frame(struct specimen *specimen)
{
    const uint8_t *octets = specimen->octets[specimen->segments - 1];
    struct frame frame;
    uint64_t at = SEGMENT_HEAD_BYTES;
    while (frame_read_head(octets + at, SEGMENT - at, &frame)) {
        specimen->last_offset = at;
        specimen->last_entries = frame.count;
        at += frame.length;
    }
    specimen->last_end = at;
    assert_true(specimen->last_offset > SEGMENT_HEAD_BYTES); /* not alone in its segment */
}

static int make_specimen(void **state)
{
    struct specimen *specimen = calloc(1, sizeof *specimen);
    scratch_make(&specimen->scratch);
    specimen->options = scratch_options(&specimen->scratch);
    specimen->options.first_segment_bytes = SEGMENT;
    specimen->options.segment_bytes = SEGMENT;
    snprintf(specimen->journal, sizeof specimen->journal, "%s/journal", specimen->scratch.log);
    struct workload *work = &specimen->work;
    work->threads = 1;
    work->to = APPENDS;
    work->report_fd = -1;
    work->with_requests = true;
    work->log = scratch_open(&specimen->options, NULL);
    workload_run(work);
    specimen->size = log_size(work->log);
    log_close(work->log);
    note_files(specimen);
    assert_true(specimen->segments >= 4);
    note_last_frame(specimen);
    assert_int_equal(requests_init(&specimen->requests), OK);
    *state = specimen;
    return 0;
}

static int free_specimen(void **state)
{
    struct specimen *specimen = *state;
    file_fault_end();
    requests_stop(&specimen->requests);
    requests_done(&specimen->requests);
    scratch_remove(&specimen->scratch);
    free(specimen);
    return 0;
}

/* ---- looking without opening ---- */

struct look {
    enum err err;
    struct fault fault;
    uint64_t size;
    bool torn;
    struct edge edge;
};

static void look(struct specimen *specimen, struct look *out)
{
    struct journal journal;
    struct recovery recovery = {0};
    *out = (struct look){0};
    assert_int_equal(journal_init(&journal, specimen->scratch.log, NULL), OK);
    out->err = recover_scan(&journal, &specimen->requests, &recovery, &out->fault);
    out->size = journal.size;
    out->torn = recovery.torn;
    out->edge = journal.edge;
    journal_done(&journal);
}

/* Does the sentence name this segment's file and an offset at or before the octet? */
static bool names(const struct specimen *specimen, const struct fault *fault, size_t number,
                  uint64_t octet)
{
    char path[PATH_MAX + 64];
    segment_path(specimen, number, path);
    const char *found = strstr(fault->sentence, path);
    unsigned long long offset;
    return fault->reason == REASON_damaged && found != NULL &&
           sscanf(found + strlen(path), ", offset %llu: ", &offset) == 1 && offset <= octet;
}

static void check_flip(struct specimen *specimen, size_t number, size_t octet, unsigned bit)
{
    uint8_t flipped = (uint8_t)(specimen->octets[number][octet] ^ (1U << bit));
    struct look seen;
    put_octets(specimen, number, octet, 1, &flipped);
    look(specimen, &seen);
    put_octets(specimen, number, octet, 1, &specimen->octets[number][octet]);
    bool newest = number + 1 == specimen->segments;
    bool good;
    if (newest && octet >= specimen->last_end) {
        good = seen.err == OK && seen.torn && seen.size == specimen->size;
    } else if (newest && octet >= specimen->last_offset) {
        good = seen.err == OK && seen.torn && seen.size == specimen->size - specimen->last_entries;
    } else {
        good = seen.err == ERR_DAMAGED && names(specimen, &seen.fault, number, octet);
    }
    if (!good) {
        fail_msg("segment %zu, octet %zu, bit %u: %s, %s, size %llu of %llu, torn %d", number,
                 octet, bit, err_text(seen.err), seen.fault.sentence, (unsigned long long)seen.size,
                 (unsigned long long)specimen->size, (int)seen.torn);
    }
}

static void a_flipped_bit_in_any_octet_is_found(void **state)
{
    struct specimen *specimen = *state;
    file_fault_begin(specimen->scratch.root); /* its syncs cost nothing */
    for (size_t number = 0; number < specimen->segments; number++) {
        for (size_t octet = 0; octet < SEGMENT; octet += STEP) {
            check_flip(specimen, number, octet, (unsigned)(octet + number) % 8);
        }
    }
}

static void every_flipped_bit_of_a_head_is_found(void **state)
{
    struct specimen *specimen = *state;
    file_fault_begin(specimen->scratch.root); /* its syncs cost nothing */
    struct frame frame;
    for (size_t number = 1; number < specimen->segments; number += 2) {
        for (size_t octet = 0; octet < 160; octet++) { /* of the page: all numbers and hashes */
            for (unsigned bit = 0; bit < 8; bit += STEP) {
                check_flip(specimen, number, octet, bit);
            }
        }
        size_t at = SEGMENT_HEAD_BYTES;
        while (frame_read_head(specimen->octets[number] + at, SEGMENT - at, &frame)) {
            for (size_t i = 0; i < FRAME_HEAD_BYTES + 28; i++) { /* with the first batch's */
                for (unsigned bit = 0; bit < 8; bit += STEP) {
                    check_flip(specimen, number, at + i, bit);
                }
            }
            at += frame.length;
        }
    }
}

static void what_is_whole_is_accepted_with_the_right_tree(void **state)
{
    struct specimen *specimen = *state;
    struct look seen;
    look(specimen, &seen);
    assert_int_equal(seen.err, OK);
    assert_false(seen.torn);
    assert_int_equal(seen.size, specimen->size);
    struct edge edge = {0};
    for (size_t number = 0; number < specimen->segments; number++) {
        struct frame frame;
        size_t at = SEGMENT_HEAD_BYTES;
        while (frame_read_head(specimen->octets[number] + at, SEGMENT - at, &frame)) {
            struct frame_walk walk;
            struct slice record;
            frame_walk_begin(&walk, &frame);
            while (frame_walk_entry(&walk, &record)) {
                uint8_t leaf[HASH_BYTES];
                log_leaf_hash(record, leaf);
                edge_add(&edge, leaf);
            }
            at += frame.length;
        }
    }
    uint8_t wanted[HASH_BYTES];
    uint8_t root[HASH_BYTES];
    edge_root(&edge, wanted);
    edge_root(&seen.edge, root);
    assert_int_equal(seen.edge.size, specimen->size);
    assert_memory_equal(root, wanted, HASH_BYTES);
}

/* ---- whole sectors lost, doubled or scribbled over ---- */

#define SECTOR 512
#define SECTORS (SEGMENT / SECTOR)

static void spoil_a_sector(struct specimen *specimen, uint8_t (*now)[SEGMENT], uint64_t *seed)
{
    /* More often in the newest segment: there it is decided what is the end. */
    size_t number = (size_t)(scratch_random(seed) >> 40) % (2 * specimen->segments);
    number = number >= specimen->segments ? specimen->segments - 1 : number;
    uint8_t *sector = now[number] + (scratch_random(seed) >> 40) % SECTORS * SECTOR;
    switch ((scratch_random(seed) >> 40) % 3) {
    case 0:
        memset(sector, 0, SECTOR);
        break;
    case 1: {
        size_t from = (size_t)(scratch_random(seed) >> 40) % specimen->segments;
        size_t at = (size_t)(scratch_random(seed) >> 40) % SECTORS * SECTOR;
        memcpy(sector, specimen->octets[from] + at, SECTOR);
        break;
    }
    default:
        for (size_t i = 0; i < SECTOR; i++) {
            sector[i] = (uint8_t)(scratch_random(seed) >> 40);
        }
    }
}

/* What start has to say of these octets: ERR_DAMAGED, or the entries that are left. */
static enum err verdict(const struct specimen *specimen, uint8_t (*now)[SEGMENT],
                        uint64_t *out_size)
{
    size_t newest = specimen->segments - 1;
    for (size_t i = 0; i < newest; i++) {
        if (memcmp(now[i], specimen->octets[i], SEGMENT) != 0) {
            return ERR_DAMAGED;
        }
    }
    const uint8_t *octets = specimen->octets[newest];
    if (memcmp(now[newest], octets, SEGMENT_HEAD_BYTES) != 0) {
        return ERR_DAMAGED;
    }
    struct frame frame;
    bool spoiled = false;
    *out_size = specimen->size;
    for (uint64_t at = SEGMENT_HEAD_BYTES; at < specimen->last_end; at += frame.length) {
        assert_true(frame_read_head(octets + at, SEGMENT - at, &frame));
        bool same = memcmp(now[newest] + at, octets + at, (size_t)frame.length) == 0;
        if (same && spoiled) {
            return ERR_DAMAGED; /* a later group is there */
        }
        if (!same && !spoiled) {
            *out_size = frame.first;
            spoiled = true;
        }
    }
    return OK;
}

static void spoiled_sectors_are_found_unless_no_later_group_is_left(void **state)
{
    struct specimen *specimen = *state;
    static uint8_t now[SEGMENTS_MAX][SEGMENT];
    uint64_t seed = 4711;
    unsigned kept = 0;
    file_fault_begin(specimen->scratch.root);
    for (int round = 0; round < 3000; round += STEP) {
        memcpy(now, specimen->octets, sizeof now);
        for (uint64_t i = 1 + (scratch_random(&seed) >> 40) % 3; i > 0; i--) {
            spoil_a_sector(specimen, now, &seed);
        }
        for (size_t i = 0; i < specimen->segments; i++) {
            put_octets(specimen, i, 0, SEGMENT, now[i]);
        }
        uint64_t size = 0;
        struct look seen;
        enum err wanted = verdict(specimen, now, &size);
        look(specimen, &seen);
        if (seen.err != wanted || (wanted == OK && seen.size != size)) {
            fail_msg("round %d: %s, %s", round, err_text(seen.err), seen.fault.sentence);
        }
        kept += wanted == OK;
    }
    assert_true(kept > 100 / STEP); /* both verdicts came up */
}

/* ---- opening what is damaged ---- */

/* All names and octets of the journal's folder, as one hash. */
static void fingerprint(const struct specimen *specimen, uint8_t out[HASH_BYTES])
{
    struct dirent **entries;
    int count = scandir(specimen->journal, &entries, NULL, alphasort);
    assert_true(count > 0);
    memset(out, 0, HASH_BYTES);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX + 320];
        static char octets[4 * SEGMENT];
        uint8_t hash[HASH_BYTES];
        snprintf(path, sizeof path, "%s/%s", specimen->journal, entries[i]->d_name);
        hash_leaf(slice_of(path), hash);
        hash_node(out, hash, out);
        int fd = open(path, O_RDONLY);
        ssize_t length = read(fd, octets, sizeof octets);
        close(fd);
        hash_octets(octets, length > 0 ? (size_t)length : 0, hash);
        hash_node(out, hash, out);
        free(entries[i]);
    }
    free(entries);
}

static void is_refused(const struct specimen *specimen, size_t number, const char *what)
{
    uint8_t before[HASH_BYTES];
    uint8_t after[HASH_BYTES];
    struct log *log = NULL;
    struct log_opened opened;
    struct fault fault = {0};
    fingerprint(specimen, before);
    enum err err = log_open(&specimen->options, &log, &opened, &fault);
    fingerprint(specimen, after);
    if (err != ERR_DAMAGED || !names(specimen, &fault, number, SEGMENT + 1)) {
        fail_msg("%s: %s, %s", what, err_text(err), fault.sentence);
    }
    assert_memory_equal(before, after, HASH_BYTES);
}

static void changes_nothing_when_it_finds_damage(void **state)
{
    const struct specimen *specimen = *state;
    for (size_t number = 0; number < specimen->segments; number++) {
        for (size_t octet = number * 37; octet < SEGMENT; octet += 1531) {
            if (number + 1 == specimen->segments && octet >= specimen->last_offset) {
                break;
            }
            uint8_t flipped = (uint8_t)~specimen->octets[number][octet];
            put_octets(specimen, number, octet, 1, &flipped);
            is_refused(specimen, number, "a flipped octet");
            put_octets(specimen, number, octet, 1, &specimen->octets[number][octet]);
        }
    }
}

static void a_file_that_is_cut_is_refused(void **state)
{
    const struct specimen *specimen = *state;
    static const off_t lengths[] = {0, 1, 4095, 4096, 4097, SEGMENT - 1};
    for (size_t number = 0; number < specimen->segments; number++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            char path[PATH_MAX + 64];
            segment_path(specimen, number, path);
            assert_int_equal(truncate(path, lengths[i]), 0);
            is_refused(specimen, number, "a file that is cut");
            restore(specimen);
        }
    }
}

static void a_file_that_has_grown_is_refused(void **state)
{
    const struct specimen *specimen = *state;
    char path[PATH_MAX + 64];
    segment_path(specimen, 2, path);
    assert_int_equal(truncate(path, SEGMENT + 1), 0);
    is_refused(specimen, 2, "a file that has grown");
}

static void a_missing_segment_is_refused(void **state)
{
    const struct specimen *specimen = *state;
    for (size_t number = 0; number + 1 < specimen->segments; number++) {
        char path[PATH_MAX + 64];
        segment_path(specimen, number, path);
        assert_int_equal(unlink(path), 0);
        /* The first one missing is told of the second, another of the one it should follow. */
        is_refused(specimen, number == 0 ? 1 : number - 1, "a missing segment");
        restore(specimen);
    }
}

static void a_missing_end_is_refused_when_somebody_knows_more(void **state)
{
    struct specimen *specimen = *state;
    char path[PATH_MAX + 64];
    segment_path(specimen, specimen->segments - 1, path);
    assert_int_equal(unlink(path), 0);
    specimen->options.known_size = specimen->size;
    is_refused(specimen, specimen->segments - 2, "a missing end");
}

static void segments_in_each_others_place_are_refused(void **state)
{
    const struct specimen *specimen = *state;
    put_octets(specimen, 1, 0, SEGMENT, specimen->octets[2]);
    put_octets(specimen, 2, 0, SEGMENT, specimen->octets[1]);
    is_refused(specimen, 1, "segments in each other's place");
}

static void a_segment_twice_is_refused(void **state)
{
    struct specimen *specimen = *state;
    /* Under a name between two others, and with a first page that is right for it. */
    struct segment_head head;
    uint8_t octets[SEGMENT];
    memcpy(octets, specimen->octets[2], SEGMENT);
    assert_true(segment_head_read(octets, &head));
    head.edge.size = specimen->firsts[2] + 1;
    segment_head_write(&head, octets);
    specimen->firsts[specimen->segments] = specimen->firsts[2] + 1;
    put_octets(specimen, specimen->segments, 0, SEGMENT, octets);
    is_refused(specimen, specimen->segments, "a segment twice");
}

static void frames_of_another_log_are_refused(void **state)
{
    const struct specimen *specimen = *state;
    /* The last frame again, proving itself, but continuing something else. */
    size_t newest = specimen->segments - 1;
    uint8_t octets[SEGMENT];
    memcpy(octets, specimen->octets[newest], SEGMENT);
    octets[specimen->last_offset + 48] ^= 1;
    frame_seal(octets + specimen->last_offset,
               (size_t)(specimen->last_end - specimen->last_offset));
    put_octets(specimen, newest, 0, SEGMENT, octets);
    is_refused(specimen, newest, "a frame of another log");
}

static void a_lost_sector_before_later_groups_is_refused(void **state)
{
    const struct specimen *specimen = *state;
    static const uint8_t zeros[512];
    size_t newest = specimen->segments - 1;
    /* At the place of the first frame there are zeros: the end, if nothing came behind. */
    put_octets(specimen, newest, SEGMENT_HEAD_BYTES, sizeof zeros, zeros);
    is_refused(specimen, newest, "a lost sector");
    put_octets(specimen, newest, SEGMENT_HEAD_BYTES, SEGMENT - SEGMENT_HEAD_BYTES,
               specimen->octets[newest] + SEGMENT_HEAD_BYTES);
    /* In a segment that is not the newest even the last frame was synced. */
    struct frame frame;
    uint64_t at = SEGMENT_HEAD_BYTES;
    uint64_t last = at;
    while (frame_read_head(specimen->octets[1] + at, SEGMENT - at, &frame)) {
        last = at;
        at += frame.length;
    }
    put_octets(specimen, 1, last, (size_t)(at - last), zeros);
    is_refused(specimen, 1, "a lost frame at the end of a segment");
}

static void what_is_no_segment_is_left_alone(void **state)
{
    struct specimen *specimen = *state;
    static const char *const others[] = {"notes.txt", "0.wal", "spare.old",
                                         "00000000000000000000.wal.bak"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char path[PATH_MAX + 320];
        snprintf(path, sizeof path, "%s/%s", specimen->journal, others[i]);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, "x", 1), 1);
        close(fd);
    }
    specimen->work.log = scratch_open(&specimen->options, NULL);
    workload_check(&specimen->work, "with other files beside");
    log_close(specimen->work.log);
}

/* ---- the last group ---- */

static void a_torn_last_group_is_removed_and_said(void **state)
{
    struct specimen *specimen = *state;
    size_t newest = specimen->segments - 1;
    struct workload_append *last = &specimen->work.appends[0][APPENDS - 1];
    char path[PATH_MAX + 64];
    segment_path(specimen, newest, path);
    for (uint64_t cut = specimen->last_offset + 1; cut < specimen->last_end; cut += 97) {
        static const uint8_t zeros[SEGMENT];
        struct log_opened opened;
        restore(specimen);
        put_octets(specimen, newest, cut, (size_t)(specimen->last_end - cut), zeros);
        last->fate = FATE_REFUSED;
        specimen->work.log = scratch_open(&specimen->options, &opened);
        assert_true(opened.torn_removed);
        assert_string_equal(opened.torn_file, path);
        assert_int_equal(opened.torn_offset, specimen->last_offset);
        assert_int_equal(opened.size, specimen->size - specimen->last_entries);
        workload_check(&specimen->work, "after the torn group was removed");
        log_close(specimen->work.log);
        specimen->work.log = scratch_open(&specimen->options, &opened);
        assert_false(opened.torn_removed); /* it is gone */
        log_close(specimen->work.log);
    }
}

static void a_torn_last_group_that_somebody_knows_is_refused(void **state)
{
    struct specimen *specimen = *state;
    size_t newest = specimen->segments - 1;
    specimen->options.known_size = specimen->size;
    uint8_t flipped = (uint8_t)~specimen->octets[newest][specimen->last_end - 1];
    put_octets(specimen, newest, specimen->last_end - 1, 1, &flipped);
    is_refused(specimen, newest, "a torn group that is known");
}

static void its_place_is_used_again(void **state)
{
    struct specimen *specimen = *state;
    static const uint8_t zeros[512];
    size_t newest = specimen->segments - 1;
    put_octets(specimen, newest, specimen->last_offset, 80, zeros);
    specimen->work.appends[0][APPENDS - 1].fate = FATE_REFUSED;
    specimen->work.log = scratch_open(&specimen->options, NULL);
    specimen->work.from = APPENDS;
    specimen->work.to = APPENDS + 20;
    workload_run(&specimen->work);
    workload_check(&specimen->work, "after it was used again");
    log_close(specimen->work.log);
    specimen->work.log = scratch_open(&specimen->options, NULL);
    workload_check(&specimen->work, "after opening again");
    log_close(specimen->work.log);
}

static void requests_are_known_after_start(void **state)
{
    struct specimen *specimen = *state;
    struct log *log = scratch_open(&specimen->options, NULL);
    for (unsigned append = 0; append < APPENDS; append++) {
        struct log_request request = workload_request(0, append);
        struct log_range range;
        assert_int_equal(log_request_begin(log, &request, &range), LOG_REQUEST_DONE);
        assert_int_equal(range.first, specimen->work.appends[0][append].first);
        assert_int_equal(range.count, workload_count(0, append));
        request.parameters[7] ^= 1;
        assert_int_equal(log_request_begin(log, &request, &range), LOG_REQUEST_REUSED);
    }
    log_close(log);
}

int main(void)
{
#define WITH_SPECIMEN(test) cmocka_unit_test_setup_teardown(test, make_specimen, free_specimen)
    const struct CMUnitTest tests[] = {
        WITH_SPECIMEN(a_flipped_bit_in_any_octet_is_found),
        WITH_SPECIMEN(every_flipped_bit_of_a_head_is_found),
        WITH_SPECIMEN(spoiled_sectors_are_found_unless_no_later_group_is_left),
        WITH_SPECIMEN(what_is_whole_is_accepted_with_the_right_tree),
        WITH_SPECIMEN(changes_nothing_when_it_finds_damage),
        WITH_SPECIMEN(a_file_that_is_cut_is_refused),
        WITH_SPECIMEN(a_file_that_has_grown_is_refused),
        WITH_SPECIMEN(a_missing_segment_is_refused),
        WITH_SPECIMEN(a_missing_end_is_refused_when_somebody_knows_more),
        WITH_SPECIMEN(segments_in_each_others_place_are_refused),
        WITH_SPECIMEN(a_segment_twice_is_refused),
        WITH_SPECIMEN(frames_of_another_log_are_refused),
        WITH_SPECIMEN(a_lost_sector_before_later_groups_is_refused),
        WITH_SPECIMEN(what_is_no_segment_is_left_alone),
        WITH_SPECIMEN(a_torn_last_group_is_removed_and_said),
        WITH_SPECIMEN(a_torn_last_group_that_somebody_knows_is_refused),
        WITH_SPECIMEN(its_place_is_used_again),
        WITH_SPECIMEN(requests_are_known_after_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
