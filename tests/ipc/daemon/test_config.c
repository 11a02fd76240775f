/* The configuration: defaults, the shipped example, every class of problem with its line. */
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

#include "audit/base/memory.h"
#include "ipc/daemon/config.h"
#include "ipc/daemon/config_setting.h"
#include "ipc/daemon/config_value.h"
#include "ipc/daemon/config_yaml.h"

#define SHIPPED TEST_SOURCE "/ipc/daemon/guardian.yaml"

static struct buffer problems;
static struct config *config;

static int set_up(void **state)
{
    (void)state;
    buffer_init(&problems, 1024 * 1024);
    config = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_done(&problems);
    config_release(config);
    return 0;
}

static enum err parse(const char *text)
{
    buffer_reset(&problems);
    config_release(config);
    config = NULL;
    return config_parse(slice_of(text), "t.yaml", &config, &problems);
}

static const char *said(void)
{
    buffer_append_char(&problems, '\0');
    assert_int_equal(buffer_result(&problems), OK);
    return problems.data;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void accepts(const char *text)
{
    enum err err = parse(text);
    if (err != OK) {
        fail_msg("refused:\n%s\n%s", text, said());
    }
    assert_int_equal(problems.length, 0);
    assert_non_null(config);
}

/* One problem, in that line, that says what is wrong and, behind it, what would be right. */
struct slip {
    const char *text;
    int line;
    const char *wrong;
    const char *right;
};

static void refuses(const struct slip *slip)
{
    assert_int_equal(parse(slip->text), ERR_CONFIGURATION);
    assert_null(config);
    const char *lines = said();
    char start[32];
    snprintf(start, sizeof start, "t.yaml:%d: ", slip->line);
    const char *wrong = strstr(lines, slip->wrong);
    if (count_lines(lines) != 1 || strncmp(lines, start, strlen(start)) != 0 || wrong == NULL ||
        strstr(wrong, slip->right) == NULL) {
        fail_msg("for\n%s\nexpected %s… %s … %s\ngot:\n%s", slip->text, start, slip->wrong,
                 slip->right, lines);
    }
}

static void refuses_all(const struct slip *slips, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refuses(&slips[i]);
    }
}

#define REFUSES_ALL(slips) refuses_all(slips, sizeof(slips) / sizeof((slips)[0]))

/* ---- defaults ------------------------------------------------------------------------------- */

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

/* ---- the shipped example -------------------------------------------------------------------- */

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
                                      .privilege = "Administrator"};
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

/* ---- problems ------------------------------------------------------------------------------- */

static void refuses_unknown_keys_and_names_the_nearest(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"limits:\n  wokers: 3\n", 2, "limits: 'wokers' is no setting", "'workers'?"},
        {"limit:\n  workers: 3\n", 1, "'limit' is no setting", "'limits'?"},
        {"# c\n\nsinks:\n  - name: a\n    url: file:///a\n    formt: cef\n", 6,
         "sinks[0]: 'formt' is no setting", "'format'?"},
        {"sinks:\n  - name: a\n    url: file:///a\n    filter:\n      typs: []\n", 5,
         "sinks[0].filter: 'typs'", "'types'?"},
        {"geoip:\n  satellite: x\n", 2, "'satellite' is no setting", "may stand city, language"},
        {"<<: x\n", 1, "'<<' is no setting", "state, device, listen"},
        {"\"\": x\n", 1, "'' is no setting", "state, device, listen"},
    };
    REFUSES_ALL(slips);
}

static void refuses_doubled_keys_and_names_both_lines(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"log:\n  id: A\n  segment: 64MiB\n  id: B\n", 4, "'id' is doubled", "line 2"},
        {"log:\n  id: A\ngeoip:\n  language: en\nlog:\n  id: B\n", 5, "'log' is doubled", "line 1"},
        {"log: {id: A, id: A}\n", 1, "'id' is doubled", "line 1"},
    };
    REFUSES_ALL(slips);
}

static void refuses_another_kind_of_value(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"limits:\n  workers: [1]\n", 2, "limits.workers: a list", "whole number from 1 to 1024"},
        {"limits:\n  workers:\n    a: 1\n", 3, "limits.workers: a group", "whole number"},
        {"limits:\n  workers:\n  depth: 9\n", 2, "limits.workers: '' is empty", "whole number"},
        {"limits:\n  workers: many\n", 2, "'many' is no whole number", "from 1 to 1024"},
        {"limits:\n  workers: 0x10\n", 2, "'0x10' is no whole number", "from 1 to 1024"},
        {"limits:\n  workers: 064\n", 2, "'064' is no whole number", "from 1 to 1024"},
        {"limits:\n  workers: -1\n", 2, "'-1' is no whole number", "from 1 to 1024"},
        {"limits:\n  workers: 1.5\n", 2, "'1.5' is no whole number", "from 1 to 1024"},
        {"limits: 5\n", 1, "limits: a single value", "keys of this section"},
        {"limits: []\n", 1, "limits: a list", "keys of this section"},
        {"- limits\n", 1, "the file is a list", "sections"},
        {"limits\n", 1, "the file is a single value", "sections"},
        {"listen:\n  url: ipc:///a\n", 2, "listen: a group", "a list"},
        {"listen:\n", 1, "listen: nothing stands here", "a list"},
        {"listen: []\n", 1, "listen: a list", "leave the section out"},
        {"sinks:\n  - siem\n", 2, "sinks[0]: a single value", "keys of one entry"},
        {"sinks:\n  - name: a\n    url: file:///a\n    filter: all\n", 4, "filter: a single value",
         "keys"},
        {"sinks:\n  - name: a\n    url: file:///a\n    filter: {types: '*'}\n", 4,
         "filter.types: a single value", "list of event types"},
        {"geoip:\n  city: ~\n", 2, "'~' is no value", "absolute path"},
        {"log:\n  id: null\n", 2, "'null' is no value", "letters and digits"},
    };
    REFUSES_ALL(slips);
}

static void refuses_what_is_out_of_bounds(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"limits:\n  workers: 0\n", 2, "'0' is out of bounds", "from 1 to 1024"},
        {"limits:\n  workers: 1025\n", 2, "'1025' is out of bounds", "from 1 to 1024"},
        {"limits:\n  workers: 99999999999999999999999\n", 2, "is out of bounds", "from 1 to 1024"},
        {"limits:\n  depth: 129\n", 2, "out of bounds", "from 8 to 128"},
        {"limits:\n  message: 65MiB\n", 2, "out of bounds", "from 4KiB to 64MiB"},
        {"limits:\n  message: 17179869184GiB\n", 2, "out of bounds", "to 64MiB"},
        {"limits:\n  handshake_time: 99ms\n", 2, "out of bounds", "from 100ms to 5min"},
        {"limits:\n  drain: 11min\n", 2, "out of bounds", "from 0s to 10min"},
        {"device:\n  enterprise_id: 4294967296\n", 2, "out of bounds", "to 4294967295"},
        {"sinks: [{name: a, url: file:///a, limit: 479}]\n", 1, "out of bounds",
         "none or a size from 480 to 1MiB"},
        {"sinks: [{name: a, url: file:///a, limit: 1048577}]\n", 1, "out of bounds", "to 1MiB"},
        {"sinks: [{name: a, url: file:///a, mode: 01000}]\n", 1, "out of bounds", "0000 to 0777"},
        {"sinks: [{name: a, url: file:///a, filter: {severity: 8}}]\n", 1, "'8' is no severity",
         "0 to 7"},
        {"access: [{uid: 4294967295, roles: [auditor], login: a}]\n", 1, "out of bounds",
         "at most 4294967294"},
    };
    REFUSES_ALL(slips);
}

static void refuses_bad_units(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"limits:\n  message: 4MB\n", 2, "'4MB' has an unknown unit", "KiB, MiB, GiB"},
        {"limits:\n  message: 4mib\n", 2, "'4mib' has an unknown unit", "KiB, MiB, GiB"},
        {"limits:\n  message: MiB\n", 2, "does not begin with a whole number", "KiB"},
        {"limits:\n  message: 1.5MiB\n", 2, "unknown unit", "KiB, MiB, GiB"},
        {"limits:\n  drain: 5\n", 2, "'5' has no unit", "ms, s, min, h"},
        {"limits:\n  drain: 5m\n", 2, "'5m' has an unknown unit", "ms, s, min, h"},
        {"limits:\n  drain: 5 s s\n", 2, "unknown unit", "ms, s, min, h"},
        {"sinks: [{name: a, url: file:///a, mode: 640}]\n", 1, "no octal mode", "as in 0640"},
        {"sinks: [{name: a, url: file:///a, mode: 0689}]\n", 1, "no octal mode", "as in 0640"},
        {"sinks: [{name: a, url: file:///a, mode: rw}]\n", 1, "no octal mode", "as in 0640"},
    };
    REFUSES_ALL(slips);
}

static void refuses_entries_that_lack_a_member(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"sinks:\n  - name: a\n", 2, "sinks[0].url is missing", "file://"},
        {"sinks:\n  - url: file:///a\n", 2, "sinks[0].name is missing", "letters"},
        {"listen:\n  - url: ipc:///a\n  - mode: 0600\n", 3, "listen[1].url is missing", "ipc://"},
        {"access:\n  - roles: [auditor]\n    login: a\n", 2, "access[0].uid is missing", "a user"},
        {"access:\n  - uid: 5\n    login: a\n", 2, "access[0].roles is missing", "[operator"},
        {"access:\n  - uid: 5\n    roles: [auditor]\n", 2, "access[0].login is missing", "print"},
        {"access:\n  - uid: 5\n    login: a\n    roles: []\n", 4, "access[0].roles: a list",
         "a list of roles"},
    };
    REFUSES_ALL(slips);
}

static void refuses_what_stands_twice(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"sinks:\n  - name: a\n    url: file:///a\n  - name: a\n    url: file:///b\n", 4,
         "sinks[1].name: 'a' is doubled: sinks[0] in line 2", "each its own"},
        {"sinks:\n  - name: a\n    url: file:///a\n  - name: b\n    url: file:///a\n", 5,
         "sinks[1].url: this file is doubled: sinks[0] in line 3", "each its own"},
        {"listen:\n  - url: ipc:///a\n  - url: ipc:///a\n", 3,
         "listen[1].url: this socket is doubled: listen[0] in line 2", "each its own"},
        {"access:\n  - {uid: 0, roles: [auditor], login: a}\n"
         "  - {uid: root, roles: [producer], login: b}\n",
         3, "access[1].uid: user 0 is doubled: access[0] in line 2", "one entry"},
    };
    REFUSES_ALL(slips);
}

static void refuses_urls_it_cannot_serve(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"listen:\n  - url: tcp://127.0.0.1:1\n", 2, "not supported by this version", "ipc://"},
        {"listen:\n  - url: tls+tcp://127.0.0.1:1\n", 2, "not supported by this version", "ipc://"},
        {"listen:\n  - url: file:///a\n", 2, "not supported by this version", "ipc://"},
        {"listen:\n  - url: /run/g.sock\n", 2, "is no URL", "ipc://"},
        {"listen:\n  - url: ipc://run/g.sock\n", 2, "is not absolute", "ipc://"},
        {"listen:\n  - url: ipc://@guardian\n", 2, "is not absolute", "ipc://"},
        {"listen:\n  - url: ipc://\n", 2, "is not absolute", "ipc://"},
        {"listen:\n  - url: ipc:///\n", 2, "ends in a slash", "ipc://"},
        {"sinks:\n  - name: a\n    url: udp://192.0.2.1:514\n", 3, "not supported by this version",
         "file://"},
        {"sinks:\n  - name: a\n    url: relp+tls://siem:20514\n", 3,
         "not supported by this version", "file://"},
        {"sinks:\n  - name: a\n    url: FILE:///a\n", 3, "not supported by this version",
         "file://"},
        {"sinks:\n  - name: a\n    url: file://a\n", 3, "is not absolute", "file://"},
        {"sinks:\n  - name: a\n    url: file:///a/\n", 3, "ends in a slash", "file://"},
        {"sinks:\n  - name: a\n    url: \"file:///a\\nb\"\n", 3, "control character", "file://"},
    };
    REFUSES_ALL(slips);
}

static void refuses_relative_paths(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"state:\n  directory: var\n", 2, "'var' is not absolute", "an absolute path"},
        {"state:\n  directory: ./var\n", 2, "is not absolute", "an absolute path"},
        {"state:\n  directory: ''\n", 2, "is empty", "an absolute path"},
        {"state:\n  directory: /\n", 2, "ends in a slash", "an absolute path"},
        {"geoip:\n  city: GeoLite2-City.mmdb\n", 2, "is not absolute", "an absolute path"},
    };
    REFUSES_ALL(slips);
}

static void refuses_access_entries_that_make_no_sense(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"access:\n  - uid: 5\n    login: a\n    roles: [admin]\n", 4,
         "access[0].roles: 'admin' is no role",
         "operator, guardian, workflow, producer or auditor"},
        {"access:\n  - uid: 5\n    login: a\n    roles:\n      - auditor\n      - Operator\n", 6,
         "'Operator' is no role", "operator"},
        {"access:\n  - uid: 5\n    login: a\n    roles: auditor\n", 4, "roles: a single value",
         "a list of roles"},
        {"access:\n  - uid: 5\n    login: a\n    roles: [[auditor]]\n", 4, "is no role",
         "operator"},
        {"access:\n  - uid: no-such-user\n    roles: [auditor]\n    login: a\n", 2,
         "'no-such-user' is no user of this machine", "name of a user"},
        {"access:\n  - uid: 5\n    roles: [auditor]\n    login: \"\"\n", 4, "'' is empty",
         "printable"},
        {"access:\n  - uid: 5\n    roles: [auditor]\n    login: \"a\\x1b[2J\"\n", 4,
         "control character", "printable"},
        {"access:\n  - uid: 5\n    roles: [producer]\n    login: a\n    types: [master_kye.*]\n", 5,
         "access[0].types: 'master_kye.*' matches no event type", "master_key.*"},
    };
    REFUSES_ALL(slips);
}

static void refuses_listener_entries_in_so_many_words(void **state)
{
    (void)state;
    static const struct slip slip = {
        "access:\n  - uid: 5\n    roles: [auditor]\n    login: a\n    listener: tls+tcp://:1\n", 5,
        "access[0].listener: TLS listeners are not supported by this version", "write uid"};
    refuses(&slip);
}

static void refuses_sinks_that_make_no_sense(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"sinks: [{name: a b, url: file:///a}]\n", 1, "not allowed", "letters, digits, - and _"},
        {"sinks: [{name: ../a, url: file:///a}]\n", 1, "not allowed", "letters, digits, - and _"},
        {"sinks: [{name: a, url: file:///a, format: CEF}]\n", 1, "'CEF' is no format", "cef, rfc5"},
        {"sinks: [{name: a, url: file:///a, profile: mt4}]\n", 1, "is no profile", "senhasegura"},
        {"sinks: [{name: a, url: file:///a, envelope: yes}]\n", 1, "is no envelope", "syslog"},
        {"sinks: [{name: a, url: file:///a, filter: {severity: error}}]\n", 1, "is no severity",
         "emerg, alert, crit, err"},
        {"sinks:\n  - name: a\n    url: file:///a\n    filter:\n      types: ['*', nothing.*]\n", 5,
         "sinks[0].filter.types: 'nothing.*' matches no event type", "* and ?"},
    };
    REFUSES_ALL(slips);
}

static void refuses_device_and_log_words_that_no_line_can_carry(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"device:\n  dvc: pam1\n", 2, "'pam1' is no IP address", "192.0.2.17"},
        {"device:\n  dvc: 192.0.2.256\n", 2, "is no IP address", "192.0.2.17"},
        {"device:\n  dvc: fe80::1%eth0\n", 2, "is no IP address", "192.0.2.17"},
        {"device:\n  hostname: my host\n", 2, "printable ASCII", "without spaces"},
        {"device:\n  hostname: m\xc3\xa1quina\n", 2, "printable ASCII", "without spaces"},
        {"device:\n  vendor: "
         "0123456789012345678901234567890123456789012345678901234567890123\n",
         2, "is too long", "63 octets"},
        {"device:\n  product: "
         "0123456789012345678901234567890123456789012345678901234567890123\n",
         2, "is too long", "63 octets"},
        {"device:\n  version: 01234567890123456789012345678901\n", 2, "is too long", "31 octets"},
        {"device:\n  version: ''\n", 2, "is empty", "1 to 31 octets"},
        {"log:\n  id: siem-1\n", 2, "not allowed", "letters and digits"},
        {"log:\n  id: 01234567890123456\n", 2, "is too long", "0 to 16 octets"},
    };
    REFUSES_ALL(slips);
}

static void takes_device_and_log_words_of_the_longest_kind(void **state)
{
    (void)state;
    accepts("device:\n"
            "  vendor: 012345678901234567890123456789012345678901234567890123456789012\n"
            "  version: 0123456789012345678901234567890\n"
            "log:\n  id: 0123456789ABCdef\n");
    assert_int_equal(strlen(config->cef_vendor), 63);
    assert_int_equal(strlen(config->cef_version), 31);
    assert_string_equal(config->log.id, "0123456789ABCdef");
}

/* A list of `count` entries, each made from a pattern with its number in it, twice. */
static char *many(const char *head, const char *pattern, int count)
{
    static char text[256 * 1024];
    size_t length = (size_t)snprintf(text, sizeof text, "%s", head);
    for (int i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        length += (size_t)snprintf(text + length, sizeof text - length, pattern, i, i);
#pragma GCC diagnostic pop
    }
    return text;
}

static void refuses_more_entries_than_it_has_room_for(void **state)
{
    (void)state;
    static const char *const sink = "  - {name: s%d, url: file:///s%d}\n";
    accepts(many("sinks:\n", sink, 32));
    assert_int_equal(config->sink_count, 32);
    assert_string_equal(config->sinks[31].name, "s31");
    refuses(
        &(struct slip){many("sinks:\n", sink, 33), 34, "33 entries are too many", "at most 32"});
    static const char *const user = "  - {uid: %d, roles: [auditor], login: u%d}\n";
    accepts(many("access:\n", user, 256));
    assert_int_equal(config->access_count, 256);
    refuses(
        &(struct slip){many("access:\n", user, 257), 258, "257 entries are too", "at most 256"});
    static const char *const socket = "  - {url: 'ipc:///s%d', mode: 060%d}\n";
    accepts(many("listen:\n", socket, 8));
    refuses(&(struct slip){many("listen:\n", "  - {url: 'ipc:///s%d'} # %d\n", 9), 10,
                           "9 entries are too many", "at most 8"});
    refuses(
        &(struct slip){many("sinks:\n  - name: a\n    url: file:///a\n    filter:\n      types:\n",
                            "        - '*' # %d %d\n", 33),
                       6, "33 entries are too many", "at most 32"});
}

static void refuses_a_socket_path_that_no_kernel_takes(void **state)
{
    (void)state;
    char text[256];
    char path[128];
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[107] = '\0';
    snprintf(text, sizeof text, "listen:\n  - url: ipc://%s\n", path);
    accepts(text); /* sun_path is 108 octets, the NUL among them: unix(7) */
    path[107] = 'p';
    path[108] = '\0';
    snprintf(text, sizeof text, "listen:\n  - url: ipc://%s\n", path);
    refuses(&(struct slip){text, 2, "is too long", "107 octets"});
    path[107] = '\0';
    snprintf(text, sizeof text, "device:\n  vendor: x\nstate:\n  directory: %s\n", path);
    refuses(&(struct slip){text, 4, "state.directory is too long", "listen"});
}

static void refuses_owners_that_do_not_exist(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"listen:\n  - url: ipc:///a\n    owner: no-such-user\n", 3, "names no user", "root:adm"},
        {"listen:\n  - url: ipc:///a\n    owner: root:no-such-group\n", 3, "names no group",
         "root:adm"},
        {"listen:\n  - url: ipc:///a\n    owner: 'root:'\n", 3, "names no group", "root:adm"},
        {"listen:\n  - url: ipc:///a\n    owner: ':root'\n", 3, "names no user", "root:adm"},
    };
    REFUSES_ALL(slips);
    accepts("listen:\n  - url: ipc:///a\n    owner: root:root\n");
    assert_string_equal(config->listen[0].owner, "root:root");
    accepts("listen:\n  - url: ipc:///a\n    owner: 1000:1000\n");
}

/* A limit that the shortest line of some type does not fit (formats.md 7.3). */
static void refuses_a_limit_that_leaves_no_room_for_the_shortest_line(void **state)
{
    (void)state;
    char text[1024];
    char name[256];
    memset(name, 'h', 255);
    name[255] = '\0';
    snprintf(text, sizeof text,
             "device:\n  hostname: %s\n  vendor: %.63s\n  product: %.63s\nsinks:\n  - name: a\n"
             "    url: file:///a\n    profile: standard\n    envelope: syslog\n    limit: 480\n",
             name, name, name);
    refuses(&(struct slip){text, 10, "sinks[0].limit: ", "."});
}

static void reports_every_problem_of_a_file(void **state)
{
    (void)state;
    assert_int_equal(parse("limits:\n"
                           "  workers: 0\n"
                           "  wokers: 3\n"
                           "  drain: 5\n"
                           "state: {directory: var}\n"
                           "listen:\n"
                           "  - url: tcp://:1\n"
                           "    mode: 9\n"
                           "access:\n"
                           "  - uid: 5\n"
                           "    roles: [admin, king]\n"
                           "    login: a\n"
                           "sinks:\n"
                           "  - name: a\n"
                           "    url: udp://b\n"
                           "  - name: a\n"
                           "    format: xml\n"
                           "    filter: {severity: bad, types: [x], kind: y}\n"
                           "log: &anchor\n"
                           "  id: '!'\n"),
                     ERR_CONFIGURATION);
    const char *lines = said();
    static const char *const expected[] = {
        "t.yaml:2: limits.workers: '0'",
        "t.yaml:3: limits: 'wokers'",
        "t.yaml:4: limits.drain: '5'",
        "t.yaml:5: state.directory: 'var'",
        "t.yaml:7: listen[0].url: 'tcp://:1'",
        "t.yaml:8: listen[0].mode: '9'",
        "t.yaml:11: access[0].roles: 'admin'",
        "t.yaml:11: access[0].roles: 'king'",
        "t.yaml:15: sinks[0].url: 'udp://b'",
        "t.yaml:16: sinks[1].name: 'a' is doubled",
        "t.yaml:16: sinks[1].url is missing",
        "t.yaml:17: sinks[1].format: 'xml'",
        "t.yaml:18: sinks[1].filter.severity: 'bad'",
        "t.yaml:18: sinks[1].filter.types: 'x'",
        "t.yaml:18: sinks[1].filter: 'kind'",
        "t.yaml:20: log.id: '!'",
        ": an anchor (&)",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        if (strstr(lines, expected[i]) == NULL) {
            fail_msg("no line %s in\n%s", expected[i], lines);
        }
    }
    assert_int_equal(count_lines(lines), sizeof expected / sizeof expected[0]);
}

static void problems_of_a_hostile_file_stay_a_bounded_number_of_clean_lines(void **state)
{
    (void)state;
    assert_int_equal(
        parse(many("access:\n", "  - {uid: \"\\e[%d\\n\\x7f\\u009b\", x%d: 1}\n", 250)),
        ERR_CONFIGURATION);
    const char *lines = said();
    assert_int_equal(count_lines(lines), 201);
    assert_non_null(strstr(lines, "mend these first\n"));
    assert_null(strpbrk(lines, "\x1b\x7f\r\t"));
    assert_null(strstr(lines, "\xc2\x9b"));
}

/* ---- values --------------------------------------------------------------------------------- */

static void reads_sizes_and_times_with_their_units(void **state)
{
    (void)state;
    accepts("limits:\n  message: 4096\n  drain: 2min\n  handshake_time: 1500ms\n"
            "  answer_time: 1h\n  message_time: 7 s\nlog:\n  segment: 2 MiB\n  reserve: 3GiB\n");
    assert_int_equal(config->limits.message, 4096);
    assert_int_equal(config->limits.drain_ms, 120000);
    assert_int_equal(config->limits.handshake_ms, 1500);
    assert_int_equal(config->limits.answer_ms, 3600000);
    assert_int_equal(config->limits.message_ms, 7000);
    assert_int_equal(config->log.segment, 2097152);
    assert_int_equal(config->log.reserve, UINT64_C(3221225472));
    accepts("limits: {message: 8KiB}\nlog: {reserve: 0}\n");
    assert_int_equal(config->limits.message, 8192);
    assert_int_equal(config->log.reserve, 0);
}

static void reads_sinks_whole(void **state)
{
    (void)state;
    accepts("sinks:\n"
            "  - name: main_1\n"
            "    url: file:///var/log/a b.log\n"
            "    format: sensage\n"
            "    profile: standard\n"
            "    envelope: syslog\n"
            "    limit: 8KiB\n"
            "    mode: \"0600\"\n"
            "    filter: {types: [\"master_key.*\", daemon.started], severity: warning}\n"
            "  - {name: b, url: file:///b, format: rfc5424, limit: 0, filter: {severity: 2}}\n");
    assert_int_equal(config->sink_count, 2);
    const struct config_sink *sink = &config->sinks[0];
    assert_string_equal(sink->name, "main_1");
    assert_string_equal(sink->url, "file:///var/log/a b.log");
    assert_int_equal(sink->format, FORMAT_SENSAGE);
    assert_int_equal(sink->profile, PROFILE_STANDARD);
    assert_int_equal(sink->envelope, ENVELOPE_SYSLOG);
    assert_int_equal(sink->limit, 8192);
    assert_int_equal(sink->mode, 0600);
    assert_int_equal(sink->type_count, 2);
    assert_string_equal(sink->types[0], "master_key.*");
    assert_string_equal(sink->types[1], "daemon.started");
    assert_int_equal(sink->severity_max, 4); /* RFC 5424 table 2 */
    assert_int_equal(sink->line, 2);
    assert_int_equal(config->sinks[1].format, FORMAT_RFC5424);
    assert_int_equal(config->sinks[1].limit, 0);
    assert_int_equal(config->sinks[1].severity_max, 2);
    assert_int_equal(config->sinks[1].line, 10);
}

static void reads_access_entries_and_fills_what_they_leave_out(void **state)
{
    (void)state;
    accepts("access:\n"
            "  - {uid: root, roles: [operator, auditor], login: ops}\n"
            "  - {uid: 77, roles: [producer], login: app, types: [\"session.*\"]}\n"
            "  - {uid: 78, roles: [workflow], login: pam, id: '7', name: Jos\xc3\xa9, "
            "privilege: Root}\n");
    const struct access_entry *entry = config->access;
    assert_int_equal(entry->uid, 0);
    assert_int_equal(entry->roles, ROLE_OPERATOR | ROLE_AUDITOR);
    assert_string_equal(entry->id, "0");
    assert_string_equal(entry->name, "ops");
    assert_string_equal(entry->privilege, "Administrator");
    entry++;
    assert_string_equal(entry->id, "77");
    assert_string_equal(entry->privilege, "User");
    assert_int_equal(entry->type_count, 1);
    assert_string_equal(entry->types[0], "session.*");
    entry++;
    assert_string_equal(entry->id, "7");
    assert_string_equal(entry->name, "Jos\xc3\xa9");
    assert_string_equal(entry->privilege, "Root");
}

/* ---- files, life, memory -------------------------------------------------------------------- */

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
    /* `sha256sum` of such a file would be long to quote: the hash is that of the text at least. */
    assert_int_equal(strlen(config->file_hash), 64);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_the_defaults_of_the_contract, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_lists_that_are_left_out_below_the_state_directory,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_list_is_an_empty_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_section_without_lines_has_its_defaults, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(knows_address_and_name_of_the_machine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_shipped_example_is_the_defaults_of_root, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            the_shipped_example_writes_every_default_as_the_table_has_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_unknown_keys_and_names_the_nearest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_doubled_keys_and_names_both_lines, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_another_kind_of_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_out_of_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bad_units, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_entries_that_lack_a_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_stands_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_urls_it_cannot_serve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_relative_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_access_entries_that_make_no_sense, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_listener_entries_in_so_many_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_sinks_that_make_no_sense, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_device_and_log_words_that_no_line_can_carry, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(takes_device_and_log_words_of_the_longest_kind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_more_entries_than_it_has_room_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_socket_path_that_no_kernel_takes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_owners_that_do_not_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_limit_that_leaves_no_room_for_the_shortest_line,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(reports_every_problem_of_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            problems_of_a_hostile_file_stay_a_bounded_number_of_clean_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_sizes_and_times_with_their_units, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_sinks_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_access_entries_and_fills_what_they_leave_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_one_problem, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_file_over_one_mebibyte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notes_the_hash_of_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_which_changes_need_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lives_until_its_last_user_releases_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(out_of_memory_is_an_error_wherever_it_strikes, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
