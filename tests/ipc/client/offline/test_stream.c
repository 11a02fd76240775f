#include "tests/ipc/client/offline/program.h"

#include "audit/base/memory.h"
#include "ipc/client/offline/stream.h"

static char folder[] = "/tmp/guardian_stream_XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *path_in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void reads_what_comes_in_pieces_up_to_its_maximum(void **state)
{
    (void)state;
    int ends[2];
    struct secret *read = NULL;
    struct fault fault;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 10000; i++) {
            if (write(ends[1], "abc", 3) != 3) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(stream_read(ends[0], "Standard input", 30000, &read, &fault), OK);
    assert_int_equal(read->length, 30000);
    for (size_t i = 0; i < read->length; i++) {
        assert_int_equal(read->data[i], "abc"[i % 3]);
    }
    secret_free(read);
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void one_octet_more_than_the_maximum_is_refused(void **state)
{
    (void)state;
    struct secret *read = NULL;
    struct fault fault;
    for (size_t maximum = 4094; maximum <= 4098; maximum++) {
        char text[5000] = {0};
        int fd = program_memory(text, maximum);
        assert_int_equal(stream_read(fd, "It", maximum, &read, &fault), OK);
        assert_int_equal(read->length, maximum);
        secret_free(read);
        close(fd);
        fd = program_memory(text, maximum + 1);
        assert_int_equal(stream_read(fd, "It", maximum, &read, &fault), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_too_large);
        close(fd);
    }
}

static void running_out_of_memory_while_growing_is_said(void **state)
{
    (void)state;
    char text[9000] = {0};
    struct secret *read = NULL;
    struct fault fault;
    for (unsigned long n = 1; n <= 3; n++) {
        int fd = program_memory(text, sizeof text);
        memory_fail_from(n);
        assert_int_equal(stream_read(fd, "It", 10000, &read, &fault), ERR_NO_MEMORY);
        memory_fail_from(0);
        close(fd);
    }
}

static void a_name_that_is_taken_or_cannot_be_made_is_told_before(void **state)
{
    (void)state;
    struct fault fault;
    const char *path = path_in_folder("new");
    assert_int_equal(stream_check_free(path, &fault), OK);
    assert_int_equal(stream_check_free("new-in-this-folder", &fault), OK);
    assert_int_equal(symlink("/nowhere", path), 0);
    assert_int_equal(stream_check_free(path, &fault), ERR_IO);
    assert_int_equal(fault.reason, REASON_refused);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(stream_check_free("", &fault), ERR_IO);
    assert_int_equal(stream_check_free("/nowhere/new", &fault), ERR_IO);
    assert_int_equal(fault.reason, REASON_io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_comes_in_pieces_up_to_its_maximum),
        cmocka_unit_test(one_octet_more_than_the_maximum_is_refused),
        cmocka_unit_test(running_out_of_memory_while_growing_is_said),
        cmocka_unit_test(a_name_that_is_taken_or_cannot_be_made_is_told_before),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
