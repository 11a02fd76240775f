/* Which files are opened, which are refused with which words, and that refusing changes nothing. */
#include "tests/ceremony/store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <sqlite3.h>

/* ---- files ----------------------------------------------------------------------------------- */

static bool exists(const char *suffix)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s%s", fixture.path, suffix);
    return access(path, F_OK) == 0;
}

static mode_t mode_of(const char *suffix)
{
    char path[PATH_MAX + 32];
    struct stat status;
    snprintf(path, sizeof path, "%s%s", fixture.path, suffix);
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

struct content {
    size_t length;
    char *octets;
};

static struct content content_of(const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    struct content content = {(size_t)status.st_size, malloc((size_t)status.st_size + 1)};
    assert_int_equal(fread(content.octets, 1, content.length, file), content.length);
    fclose(file);
    return content;
}

static void write_file(const void *octets, size_t length)
{
    FILE *file = fopen(fixture.path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Runs SQL on the file of a store that is closed. */
static void run_sql(const char *sql)
{
    sqlite3 *database;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture.path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* Opening must fail so, with all the words, and leave the file as it is. */
static void must_refuse(bool new_database, enum err wanted, const char *const *words)
{
    struct fault fault;
    bool there = exists("");
    struct content before = there ? content_of(fixture.path) : (struct content){0};
    assert_int_equal(fixture_try_store(new_database, &fault), wanted);
    assert_null(fixture.store);
    assert_non_null(strstr(fault.sentence, "guardian.db"));
    for (; *words != NULL; words++) {
        if (strstr(fault.sentence, *words) == NULL) {
            fail_msg("no '%s' in: %s", *words, fault.sentence);
        }
    }
    assert_int_equal(exists(""), there);
    if (there) {
        struct content after = content_of(fixture.path);
        assert_int_equal(after.length, before.length);
        assert_memory_equal(after.octets, before.octets, before.length);
        free(after.octets);
        free(before.octets);
    }
}

#define REFUSED(new_database, wanted, ...) \
    must_refuse(new_database, wanted, (const char *const[]){__VA_ARGS__, NULL})

/* A database with one guardian, closed, beside an open log of one entry. */
static void make_database(void)
{
    struct change change;
    fixture_open_log();
    fixture_open_store();
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    commit(&change);
    fixture_close_store();
}

static int make_closed(void **state)
{
    fixture_make_folder(state);
    make_database();
    return 0;
}

static int make_log(void **state)
{
    fixture_make_folder(state);
    fixture_open_log();
    return 0;
}

/* ---- what is opened -------------------------------------------------------------------------- */

static void a_new_one_is_made_for_its_owner_alone(void **state)
{
    (void)state;
    mode_t before = umask(0);
    fixture_open_store();
    umask(before);
    struct change change;
    change_init(&change);
    add_guardian(&change, "asouza", "age1a");
    commit(&change);
    assert_int_equal(mode_of(""), 0600);
    assert_int_equal(mode_of("-wal"), 0600);
    assert_false(exists("-shm"));
    assert_false(exists("-journal"));
    fixture_close_store();
    assert_false(exists("-wal"));
    assert_int_equal(mode_of(""), 0600);
}

static void one_that_others_could_read_is_closed_to_them(void **state)
{
    (void)state;
    assert_int_equal(chmod(fixture.path, 0644), 0);
    fixture_open_store();
    assert_int_equal(mode_of(""), 0600);
    assert_true(has_guardian("asouza"));
}

static void a_relative_path_is_one(void **state)
{
    (void)state;
    char before[PATH_MAX];
    struct fault fault = {0};
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(fixture.scratch.root), 0);
    expect_ok(store_open("file:guardian.db?mode=memory", fixture.log, true, &fixture.store, &fault),
              &fault);
    assert_int_equal(access("file:guardian.db?mode=memory", F_OK), 0);
    assert_int_equal(chdir(before), 0);
}

static void an_empty_file_beside_an_empty_log_becomes_one(void **state)
{
    (void)state;
    write_file("", 0);
    fixture_open_store();
    assert_false(has_guardian("asouza"));
}

static void a_new_one_is_made_beside_a_log_when_asked_for(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(unlink(fixture.path), 0);
    expect_ok(fixture_try_store(true, &fault), &fault);
    assert_false(has_guardian("asouza"));
    fixture_reopen();
    assert_false(has_guardian("asouza"));
}

/* What a lost database left beside itself must not come back into the new one. */
static void the_log_of_a_lost_database_is_not_used(void **state)
{
    (void)state;
    fixture_open_store();
    struct change change;
    struct fault fault;
    change_init(&change);
    add_guardian(&change, "zoe", "age1z");
    commit(&change);
    char from[PATH_MAX + 32];
    char to[PATH_MAX + 32];
    snprintf(from, sizeof from, "%s-wal", fixture.path);
    snprintf(to, sizeof to, "%s-kept", fixture.path);
    assert_int_equal(link(from, to), 0);
    fixture_close_store();
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(unlink(fixture.path), 0);
    expect_ok(fixture_try_store(true, &fault), &fault);
    assert_false(has_guardian("zoe"));
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void a_missing_one_beside_a_log_is_a_loss(void **state)
{
    (void)state;
    assert_int_equal(unlink(fixture.path), 0);
    REFUSED(false, ERR_DAMAGED, "database is behind", "a log of 1 entries", "--new-database");
    write_file("", 0);
    REFUSED(false, ERR_DAMAGED, "database is behind", "--new-database");
}

static void a_new_one_never_takes_the_place_of_another(void **state)
{
    (void)state;
    REFUSED(true, ERR_IN_USE, "exists", "--new-database");
    fixture_open_store();
    assert_true(has_guardian("asouza"));
}

static void a_log_that_lost_what_was_noted_is_behind(void **state)
{
    (void)state;
    char away[PATH_MAX + 16];
    snprintf(away, sizeof away, "%s/away", fixture.scratch.root);
    log_close(fixture.log);
    assert_int_equal(rename(fixture.scratch.log, away), 0);
    fixture_open_log();
    REFUSED(false, ERR_DAMAGED, "log is behind", "1 entries", "only 0");
}

static void a_log_that_lost_what_a_change_waited_behind_is_behind(void **state)
{
    (void)state;
    struct change change;
    change_init(&change);
    fixture_open_store();
    struct store_act act = next_act(&change);
    act.log_size += 2;
    prepare(&act);
    fixture_close_store();
    REFUSED(false, ERR_DAMAGED, "log is behind", "3 entries", "only 1");
    change_done(&change);
}

static void what_is_no_database_is_named(void **state)
{
    (void)state;
    static char garbage[20000];
    memset(garbage, 'g', sizeof garbage);
    write_file(garbage, sizeof garbage);
    REFUSED(false, ERR_DAMAGED, "file is not a database");
    write_file("short", 5);
    REFUSED(false, ERR_DAMAGED, "file is not a database");
    write_file("SQLite format 3", 16);
    REFUSED(false, ERR_DAMAGED, "file is not a database");
}

static void a_database_of_something_else_is_refused(void **state)
{
    (void)state;
    assert_int_equal(unlink(fixture.path), 0);
    run_sql("CREATE TABLE cookies (x); INSERT INTO cookies VALUES (1)");
    REFUSED(false, ERR_DAMAGED, "not one of the guardian");
    run_sql("PRAGMA journal_mode=WAL; INSERT INTO cookies VALUES (2)");
    REFUSED(false, ERR_DAMAGED, "not one of the guardian");
}

static void another_version_is_refused(void **state)
{
    (void)state;
    run_sql("PRAGMA user_version=2");
    REFUSED(false, ERR_DAMAGED, "version 2", "knows version 1");
    run_sql("PRAGMA user_version=0");
    REFUSED(false, ERR_DAMAGED, "version 0");
}

/* A later guardian that was killed left a write-ahead log: it is not even folded into the file. */
static void what_a_later_version_left_beside_the_file_stays(void **state)
{
    (void)state;
    char wal[PATH_MAX + 32];
    snprintf(wal, sizeof wal, "%s-wal", fixture.path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sqlite3 *database;
        _exit(sqlite3_open(fixture.path, &database) +
              sqlite3_exec(database, "PRAGMA user_version=2", NULL, NULL, NULL));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct content before = content_of(wal);
    REFUSED(false, ERR_DAMAGED, "version 2");
    struct content after = content_of(wal);
    assert_int_equal(after.length, before.length);
    assert_memory_equal(after.octets, before.octets, before.length);
    free(before.octets);
    free(after.octets);
}

static void one_that_lacks_something_is_refused(void **state)
{
    (void)state;
    run_sql("ALTER TABLE guardian RENAME COLUMN email TO mail");
    REFUSED(false, ERR_DAMAGED, "not those of the guardian", "email");
    run_sql("ALTER TABLE guardian RENAME COLUMN mail TO email; DROP TABLE lock");
    REFUSED(false, ERR_DAMAGED, "not those of the guardian", "lock");
}

static void one_that_does_not_say_what_it_has_noted_is_refused(void **state)
{
    (void)state;
    run_sql("DELETE FROM meta");
    REFUSED(false, ERR_DAMAGED, "does not say");
}

static void a_change_that_waits_and_is_damaged_is_refused(void **state)
{
    (void)state;
    char event[STORE_EVENT_BYTES + 1];
    char sql[512];
    event_of(99, event);
    emit(event);
    snprintf(sql, sizeof sql,
             "INSERT INTO pending VALUES ('%s', x'0007', x'', x'', x'', x'', 0, 1, 0)", event);
    run_sql(sql);
    REFUSED(false, ERR_DAMAGED, "waits", "damaged");
    run_sql("UPDATE pending SET change = zeroblob(300000)");
    REFUSED(false, ERR_DAMAGED, "waits", "damaged");
    run_sql("UPDATE pending SET log_size = -1");
    REFUSED(false, ERR_DAMAGED, "log is behind");
}

/* Cut anywhere: refused with a word, or what is left is a database that can be read. */
static void a_file_that_was_cut_is_never_believed_blindly(void **state)
{
    (void)state;
    struct content whole = content_of(fixture.path);
    struct guardian_rows rows;
    unsigned refused = 0;
    for (size_t length = 100; length < whole.length; length += 1711) {
        struct fault fault;
        write_file(whole.octets, length);
        enum err err = fixture_try_store(false, &fault);
        if (err == OK) {
            err = store_guardians(fixture.store, &fixture.arena, &rows, &fault);
            fixture_close_store();
        }
        assert_true(err == OK || err == ERR_DAMAGED);
        refused += err == ERR_DAMAGED;
    }
    assert_true(refused > 10);
    free(whole.octets);
}

/* Every page spoilt in turn: opening, reading and writing end with a word. */
static void a_spoilt_page_is_named_and_no_crash(void **state)
{
    (void)state;
    struct content whole = content_of(fixture.path);
    unsigned refused = 0;
    for (size_t page = 0; page < whole.length / 4096; page++) {
        struct fault fault;
        struct guardian_rows rows;
        char *spoilt = malloc(whole.length);
        memcpy(spoilt, whole.octets, whole.length);
        memset(spoilt + 4096 * page + (page == 0 ? 100 : 0), 0xa5, 3900);
        write_file(spoilt, whole.length);
        enum err err = fixture_try_store(false, &fault);
        if (err == OK) {
            err = store_guardians(fixture.store, &fixture.arena, &rows, &fault);
            if (err == OK) {
                err = store_guardian_seen(fixture.store, slice_of("asouza"), 1, &fault);
            }
            fixture_close_store();
        }
        assert_true(err == OK || err == ERR_DAMAGED);
        if (err == ERR_DAMAGED) {
            assert_non_null(strstr(fault.sentence, "guardian.db"));
            refused++;
        }
        free(spoilt);
    }
    assert_true(refused >= 4); /* schema, meta, guardian and its index */
    free(whole.octets);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(unlink(fixture.path), 0);
    assert_int_equal(mkdir(fixture.path, 0700), 0);
    assert_int_equal(fixture_try_store(false, &fault), ERR_IO);
    assert_non_null(strstr(fault.sentence, "directory"));
    assert_int_equal(rmdir(fixture.path), 0);
    assert_int_equal(mkfifo(fixture.path, 0600), 0);
    assert_int_equal(fixture_try_store(false, &fault), ERR_DAMAGED);
    assert_non_null(strstr(fault.sentence, "not a file"));
    assert_int_equal(unlink(fixture.path), 0);
    assert_int_equal(symlink("/dev/null", fixture.path), 0);
    assert_int_equal(fixture_try_store(false, &fault), ERR_IO);
    assert_int_equal(unlink(fixture.path), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static char path[PATH_MAX + 100];
    struct fault fault;
    memset(path, 'x', sizeof path - 1);
    assert_int_equal(store_open(path, fixture.log, false, &fixture.store, &fault), ERR_IO);
    assert_null(fixture.store);
}

static void a_second_process_is_kept_out(void **state)
{
    (void)state;
    int ready[2];
    int end[2];
    char octet;
    assert_int_equal(pipe(ready) + pipe(end), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* the log is the parent's; its size is all that is asked of it here */
        struct fault fault;
        close(end[1]);
        octet = fixture_try_store(false, &fault) == OK ? 'y' : 'n';
        if (write(ready[1], &octet, 1) != 1 || read(end[0], &octet, 1) != 0) {
            _exit(1);
        }
        _exit(0);
    }
    close(end[0]);
    assert_int_equal(read(ready[0], &octet, 1), 1);
    assert_int_equal(octet, 'y');
    REFUSED(false, ERR_IN_USE, "locked");
    close(end[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ready[0]);
    close(ready[1]);
    fixture_open_store();
    assert_true(has_guardian("asouza"));
}

/* ---- disks ----------------------------------------------------------------------------------- */

/* Leave to ignore modes (root) makes a file system that cannot be written the only way. */
static void a_folder_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct fault fault;
    const char *root = fixture.scratch.root;
    bool mounted = false;
    log_close(fixture.log);
    fixture_open_log(); /* open for writing already: the file system does not become so below it */
    if (geteuid() != 0) {
        assert_int_equal(chmod(root, 0500), 0);
    } else if (mount(root, root, NULL, MS_BIND, NULL) == 0) {
        mounted = mount(NULL, root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
    }
    if (geteuid() == 0 && !mounted) {
        print_message("no leave to mount: nothing can be refused to root\n");
        skip();
    }
    assert_int_equal(fixture_try_store(false, &fault), ERR_IO);
    assert_non_null(strstr(fault.sentence, "guardian.db"));
    if (mounted) {
        assert_int_equal(umount2(root, MNT_DETACH), 0);
    } else {
        assert_int_equal(chmod(root, 0700), 0);
    }
    fixture_open_store();
    assert_true(has_guardian("asouza"));
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As long as files must not grow beyond a limit that rises: making fails with a word, and what it
 * leaves is as good as nothing. */
static void making_one_without_room_leaves_nothing_half_done(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    unsigned failed = 0;
    enum err err;
    do {
        struct fault fault;
        limit_files(4096 * failed);
        err = fixture_try_store(false, &fault);
        limit_files(RLIM_INFINITY);
        assert_true(err == OK || err == ERR_IO);
        if (err == ERR_IO) {
            assert_non_null(strstr(fault.sentence, "guardian.db"));
            failed++;
        }
    } while (err != OK);
    assert_true(failed > 3);
    assert_false(has_guardian("asouza"));
}

static void fill_until_full(unsigned *number)
{
    struct change change;
    struct fault fault = {0};
    static char sealed[2096];
    enum err err = OK;
    while (err == OK) {
        char login[16];
        snprintf(login, sizeof login, "u%u", *number);
        change_init(&change);
        add_guardian(&change, login, login);
        STEP(&change, CHANGE_PART_CHALLENGE, O(((struct slice){sealed, sizeof sealed})), I(1),
             T("x"), I(1));
        struct store_act act = next_act(&change);
        act.answer = (struct slice){sealed, sizeof sealed};
        err = store_prepare(fixture.store, &act, &fault);
        if (err == OK) {
            err = store_apply(fixture.store, act.event, 0, &fault);
        }
        if (err == OK) {
            ++*number;
        }
        change_done(&change);
    }
    assert_int_equal(err, ERR_IO);
    assert_non_null(strstr(fault.sentence, "full"));
}

static void on_a_full_disk_reading_goes_on_and_nothing_is_half_done(void **state)
{
    (void)state;
    char small[PATH_MAX];
    struct fault fault;
    snprintf(small, sizeof small, "%.4000s/small", fixture.scratch.root);
    assert_int_equal(mkdir(small, 0700), 0);
    if (mount("none", small, "tmpfs", MS_NOSUID | MS_NODEV, "size=3m") != 0) {
        print_message("no leave to mount a file system: making without room has to do\n");
        skip();
    }
    snprintf(fixture.path, sizeof fixture.path, "%.4000s/guardian.db", small);
    expect_ok(fixture_try_store(true, &fault), &fault);
    unsigned number = 0;
    fill_until_full(&number);
    assert_true(number > 10);
    char last[16];
    char next[16];
    snprintf(last, sizeof last, "u%u", number - 1);
    snprintf(next, sizeof next, "u%u", number);
    assert_true(has_guardian(last));
    assert_false(has_guardian(next));
    fixture_close_store();
    fixture_open_store(); /* what waits is dropped, although the disk is full */
    assert_true(has_guardian(last));
    assert_false(has_guardian(next));
    fixture_close_store();
    assert_int_equal(umount2(small, MNT_DETACH), 0);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, make_log, fixture_remove)
#define WITH_CLOSED(test) cmocka_unit_test_setup_teardown(test, make_closed, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOG(a_new_one_is_made_for_its_owner_alone),
        WITH_CLOSED(one_that_others_could_read_is_closed_to_them),
        WITH_LOG(a_relative_path_is_one),
        WITH_LOG(an_empty_file_beside_an_empty_log_becomes_one),
        WITH_CLOSED(a_new_one_is_made_beside_a_log_when_asked_for),
        WITH_CLOSED(the_log_of_a_lost_database_is_not_used),
        WITH_CLOSED(a_missing_one_beside_a_log_is_a_loss),
        WITH_CLOSED(a_new_one_never_takes_the_place_of_another),
        WITH_CLOSED(a_log_that_lost_what_was_noted_is_behind),
        WITH_CLOSED(a_log_that_lost_what_a_change_waited_behind_is_behind),
        WITH_CLOSED(what_is_no_database_is_named),
        WITH_CLOSED(a_database_of_something_else_is_refused),
        WITH_CLOSED(another_version_is_refused),
        WITH_CLOSED(what_a_later_version_left_beside_the_file_stays),
        WITH_CLOSED(one_that_lacks_something_is_refused),
        WITH_CLOSED(one_that_does_not_say_what_it_has_noted_is_refused),
        WITH_CLOSED(a_change_that_waits_and_is_damaged_is_refused),
        WITH_CLOSED(a_file_that_was_cut_is_never_believed_blindly),
        WITH_CLOSED(a_spoilt_page_is_named_and_no_crash),
        WITH_CLOSED(what_is_no_file_is_refused),
        WITH_LOG(a_path_that_is_too_long_is_refused),
        WITH_CLOSED(a_second_process_is_kept_out),
        WITH_CLOSED(a_folder_that_cannot_be_written_is_an_error),
        WITH_LOG(making_one_without_room_leaves_nothing_half_done),
        WITH_CLOSED(on_a_full_disk_reading_goes_on_and_nothing_is_half_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
