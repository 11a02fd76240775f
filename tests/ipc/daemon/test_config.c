/* The configuration: defaults, the shipped example, files, life, memory. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/base/memory.h"
#include "ipc/daemon/config_setting.h"
#include "ipc/daemon/config_yaml.h"
#include "tests/ipc/daemon/config_case.h"

#define SHIPPED TEST_SOURCE "/ipc/daemon/guardian.yaml"

/* The contract's figures: interface.md 7, architecture.md 4, log.md 2-3, formats.md 4-5. */
static void has_the_defaults_of_the_contract(void **state)
{
    (void)state;
    accepts("state:\n  directory: /srv/g\n");
    assert_string_equal(config->file, "t.yaml");
    assert_string_equal(config->state_directory, "/srv/g");
    assert_string_equal(config->cef_vendor, "MT4");
    assert_string_equal(config->cef_product, "master_key_guardian");
    assert_string_equal(config->cef_version, "3.27.0-4");
    assert_int_equal(config->enterprise_id, 32473);
    assert_int_equal(config->limits.connections, 256);
    assert_int_equal(config->limits.workers, 64);
    assert_int_equal(config->limits.in_flight, 64);
    assert_int_equal(config->limits.message, 4 * 1024 * 1024);
    assert_int_equal(config->limits.depth, 32);
    assert_int_equal(config->limits.members, 8192);
    assert_int_equal(config->limits.batch, 256);
    assert_int_equal(config->limits.handshake_ms, 5000);
    assert_int_equal(config->limits.message_ms, 30000);
    assert_int_equal(config->limits.answer_ms, 30000);
    assert_int_equal(config->limits.commit_wait_ms, 5000);
    assert_int_equal(config->limits.drain_ms, 5000);
    assert_string_equal(config->geoip.city, "");
    assert_string_equal(config->geoip.language, "en");
    assert_string_equal(config->log.id, "");
    assert_int_equal(config->log.segment, 64 * 1024 * 1024);
    assert_int_equal(config->log.reserve, 256 * 1024 * 1024);
}

static void makes_lists_that_are_left_out_below_the_state_directory(void **state)
{
    (void)state;
    accepts("state:\n  directory: /srv/g\n");
    assert_int_equal(config->listen_count, 1);
    assert_string_equal(config->listen[0].url, "ipc:///srv/g/guardian.sock");
    assert_int_equal(config->listen[0].mode, 0600);
    assert_string_equal(config->listen[0].owner, "");
    assert_int_equal(config->access_count, 1);
    assert_int_equal(config->access[0].uid, geteuid());
    assert_int_equal(config->access[0].roles, ROLE_WORKFLOW);
    assert_string_equal(config->access[0].privilege, "Administrator");
    assert_string_equal(config->access[0].name, config->access[0].login);
    assert_int_equal(config->sink_count, 1);
    assert_string_equal(config->sinks[0].name, "siem");
    assert_string_equal(config->sinks[0].url, "file:///srv/g/siem.log");
    assert_int_equal(config->sinks[0].format, FORMAT_CEF);
    assert_int_equal(config->sinks[0].profile, PROFILE_SENHASEGURA);
    assert_int_equal(config->sinks[0].envelope, ENVELOPE_NONE);
    assert_int_equal(config->sinks[0].limit, 0);
    assert_int_equal(config->sinks[0].mode, 0640);
    assert_int_equal(config->sinks[0].type_count, 0);
    assert_int_equal(config->sinks[0].severity_max, 7);
}

static void an_empty_list_is_an_empty_list(void **state)
{
    (void)state;
    accepts("access: []\nsinks: []\n");
    assert_int_equal(config->access_count, 0);
    assert_int_equal(config->sink_count, 0);
}

static void a_section_without_lines_has_its_defaults(void **state)
{
    (void)state;
    accepts("limits:\n#  workers: 3\ngeoip:\n");
    assert_int_equal(config->limits.workers, 64);
}

static void knows_address_and_name_of_the_machine(void **state)
{
    (void)state;
    char name[256];
    assert_int_equal(gethostname(name, sizeof name), 0);
    accepts("device:\n  dvc: \"\"\n");
    assert_string_equal(config->hostname, name);
    assert_string_not_equal(config->dvc, "");
    assert_string_not_equal(config->dvc, "::1");
    accepts("device:\n  dvc: 2001:db8::7\n  hostname: pam1.example\n");
    assert_string_equal(config->dvc, "2001:db8::7");
    assert_string_equal(config->hostname, "pam1.example");
}

static void the_shipped_example_is_the_defaults_of_root(void **state)
{
    (void)state;
    struct config *shipped = NULL;
    if (config_load(SHIPPED, &shipped, &problems) != OK) {
        fail_msg("%s", said());
    }
    accepts("state: {directory: /var/lib/master_key_guardian}\naccess: []\n");
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (strstr(setting->path, "[]") == NULL && setting->size != 0 &&
            memcmp((const char *)shipped + setting->offset, (const char *)config + setting->offset,
                   setting->size) != 0) {
            fail_msg("%s is not the default in guardian.yaml", setting->path);
        }
    }
    config->sinks[0].line = shipped->sinks[0].line;
    assert_int_equal(shipped->listen_count, 1);
    assert_int_equal(shipped->sink_count, 1);
    assert_memory_equal(shipped->sinks, config->sinks, sizeof *shipped->sinks);
    assert_int_equal(shipped->access_count, 1);
    const struct access_entry root = {.uid = 0,
                                      .roles = ROLE_WORKFLOW,
                                      .login = "root",
                                      .id = "0",
                                      .name = "root",
                                      .privilege = "Administrator",
                                      .defaults = ACCESS_ID_DEFAULT | ACCESS_NAME_DEFAULT |
                                                  ACCESS_PRIVILEGE_DEFAULT};
    assert_memory_equal(&shipped->access[0], &root, sizeof root);
    config_release(shipped);
}

/* The node of a table path in the shipped file; its lists have one element each. */
static const struct config_node *shipped_node(const struct config_node *root, const char *path)
{
    const struct config_node *node = root;
    char word[64];
    while (*path != '\0') {
        size_t length = strcspn(path, ".[");
        assert_true(length < sizeof word);
        memcpy(word, path, length);
        word[length] = '\0';
        node = config_node_member(node, word);
        path += length;
        if (strncmp(path, "[]", 2) == 0) {
            node = node == NULL ? NULL : node->child;
            path += 2;
        }
        path += *path == '.';
    }
    return node;
}

static void the_shipped_example_writes_every_default_as_the_table_has_it(void **state)
{
    (void)state;
    static char text[CONFIG_FILE_MAX];
    FILE *file = fopen(SHIPPED, "r");
    assert_non_null(file);
    struct slice all = {text, fread(text, 1, sizeof text, file)};
    fclose(file);
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct problems none = {.lines = &problems, .file = SHIPPED};
    struct config_document document;
    config_yaml_read(&arena, all, &none, &document);
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        const struct config_node *node = shipped_node(document.root, setting->path);
        bool single = setting->kind >= SETTING_TEXT && setting->standard != NULL;
        if (setting->kind != SETTING_LATER && node == NULL) {
            fail_msg("%s is missing in guardian.yaml", setting->path);
        }
        if (single && !slice_is(node->text, setting->standard)) {
            fail_msg("guardian.yaml:%d: the default of %s is %s", node->line, setting->path,
                     setting->standard);
        }
    }
    arena_done(&arena);
}

static void a_file_that_cannot_be_read_is_one_problem(void **state)
{
    (void)state;
    assert_int_equal(config_load("/nonexistent/g.yaml", &config, &problems), ERR_CONFIGURATION);
    assert_string_equal(said(), "/nonexistent/g.yaml:1: cannot be read (No such file or directory)"
                                "; give the path of a file that this user may read\n");
    buffer_reset(&problems);
    assert_int_equal(config_load("/", &config, &problems), ERR_CONFIGURATION);
    assert_non_null(strstr(said(), "/:1: cannot be read (Is a directory)"));
    assert_null(config);
}

static void refuses_a_file_over_one_mebibyte(void **state)
{
    (void)state;
    char path[] = "/tmp/test_config_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    char *text = malloc(CONFIG_FILE_MAX + 1);
    memset(text, '#', CONFIG_FILE_MAX + 1);
    memcpy(text, "log: {}\n", 8);
    assert_int_equal(write(fd, text, CONFIG_FILE_MAX), CONFIG_FILE_MAX);
    assert_int_equal(config_load(path, &config, &problems), OK);
    config_release(config);
    config = NULL;
    assert_int_equal(write(fd, "#", 1), 1);
    assert_int_equal(config_load(path, &config, &problems), ERR_CONFIGURATION);
    assert_non_null(strstr(said(), ":1: the file is over 1 MiB"));
    free(text);
    close(fd);
    unlink(path);
}

static void notes_the_hash_of_the_file(void **state)
{
    (void)state;
    accepts("log: {}\n");
    /* printf 'log: {}\n' | sha256sum */
    assert_string_equal(config->file_hash,
                        "9208c3bfd0edee108bde998a08ee7ae0c994764b94deda1aa057c12ec4f8e4d6");
}

static void says_which_changes_need_a_restart(void **state)
{
    (void)state;
    accepts("limits: {workers: 5}\n");
    struct config *before = config_hold(config);
    accepts("limits: {workers: 6}\nsinks: []\naccess: []\ndevice: {vendor: x}\n");
    assert_false(config_restart_needed(before, config, &problems));
    assert_int_equal(problems.length, 0);
    accepts("log: {segment: 1MiB}\nlisten: [{url: 'ipc:///other'}]\n"
            "state: {directory: /elsewhere}\n");
    assert_true(config_restart_needed(before, config, &problems));
    const char *lines = said();
    assert_non_null(strstr(lines, "log.segment has changed"));
    assert_non_null(strstr(lines, "listen has changed"));
    assert_non_null(strstr(lines, "state.directory has changed"));
    assert_int_equal(count_lines(lines), 3);
    accepts("listen: [{url: 'ipc:///var/lib/master_key_guardian/guardian.sock'}, "
            "{url: 'ipc:///b'}]\n");
    assert_true(config_restart_needed(before, config, &problems));
    config_release(before);
}

static void lives_until_its_last_user_releases_it(void **state)
{
    (void)state;
    accepts("log: {id: A}\n");
    struct config *held = config_hold(config);
    assert_ptr_equal(held, config);
    config_release(config);
    config = NULL;
    assert_string_equal(held->log.id, "A"); /* under ASan a read after free would show */
    config_release(held);
    config_release(NULL);
}

static void *hold_and_release(void *shared)
{
    for (int i = 0; i < 20000; i++) {
        config_release(config_hold(shared));
    }
    config_release(shared);
    return NULL;
}

static void is_held_and_released_by_many_threads_at_once(void **state)
{
    (void)state;
    accepts("log: {id: A}\n");
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hold_and_release, config_hold(config)),
                         0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&config->users), 1);
}

/* Lets every allocation of ours fail in turn: an error each time, never a crash or half a result.
 */
static void out_of_memory_is_an_error_wherever_it_strikes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "access: [{uid: 5, roles: [auditor], login: a}]\nsinks: [{name: a, url: file:///a}]\n",
        "log: {id: '!'}\nlimits: {workers: x}\n", "a: &b [1, 2]\nc: *b\n", "log: [\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enum err err = ERR_NO_MEMORY;
        unsigned long n = 0;
        while (err == ERR_NO_MEMORY && n < 1000) {
            struct buffer lines;
            struct config *made = NULL;
            buffer_init(&lines, 65536);
            memory_fail_from(++n);
            err = config_parse(slice_of(texts[i]), "t.yaml", &made, &lines);
            memory_fail_from(0);
            assert_true((err == OK) == (made != NULL));
            config_release(made);
            buffer_done(&lines);
        }
        assert_int_equal(err, i == 0 ? OK : ERR_CONFIGURATION);
        assert_true(n > 1);
    }
}

static void out_of_memory_while_a_file_is_read_is_an_error(void **state)
{
    (void)state;
    enum err err = ERR_NO_MEMORY;
    unsigned long n = 0;
    while (err == ERR_NO_MEMORY && n < 1000) {
        memory_fail_from(++n);
        err = config_load(SHIPPED, &config, &problems);
        memory_fail_from(0);
        assert_true((err == OK) == (config != NULL));
    }
    assert_int_equal(err, OK);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(has_the_defaults_of_the_contract),
        CONFIG_TEST(makes_lists_that_are_left_out_below_the_state_directory),
        CONFIG_TEST(an_empty_list_is_an_empty_list),
        CONFIG_TEST(a_section_without_lines_has_its_defaults),
        CONFIG_TEST(knows_address_and_name_of_the_machine),
        CONFIG_TEST(the_shipped_example_is_the_defaults_of_root),
        CONFIG_TEST(the_shipped_example_writes_every_default_as_the_table_has_it),
        CONFIG_TEST(a_file_that_cannot_be_read_is_one_problem),
        CONFIG_TEST(refuses_a_file_over_one_mebibyte),
        CONFIG_TEST(notes_the_hash_of_the_file),
        CONFIG_TEST(says_which_changes_need_a_restart),
        CONFIG_TEST(lives_until_its_last_user_releases_it),
        CONFIG_TEST(is_held_and_released_by_many_threads_at_once),
        CONFIG_TEST(out_of_memory_while_a_file_is_read_is_an_error),
        CONFIG_TEST(out_of_memory_is_an_error_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
