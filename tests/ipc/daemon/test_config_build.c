/* Every class of problem that the table and the lists know, with its exact line. */
#include "tests/ipc/daemon/config_case.h"

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
        {"limits:\n  ? workers\n\n\n", 2, "limits.workers: '' is empty", "whole number"},
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
        {"listen: []\n", 1, "listen: the list is empty", "leave the section out"},
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
        {"access:\n  - uid: 5\n    login: a\n    roles: []\n", 4,
         "access[0].roles: the list is empty and needs at least one role", "[operator, auditor]"},
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

static void does_not_take_what_it_could_not_read_for_doubled(void **state)
{
    (void)state;
    assert_int_equal(parse("access:\n"
                           "  - {uid: root, roles: [auditor], login: a}\n"
                           "  - {uid: nobody-1, roles: [auditor], login: b}\n"
                           "  - {uid: nobody-2, roles: [auditor], login: c}\n"
                           "sinks:\n"
                           "  - {name: a/, url: udp://a}\n"
                           "  - {name: b/, url: udp://b}\n"
                           "listen:\n"
                           "  - {url: 'tcp://:1'}\n"
                           "  - {url: 'tcp://:2'}\n"),
                     ERR_CONFIGURATION);
    const char *lines = said();
    assert_null(strstr(lines, "doubled"));
    assert_int_equal(count_lines(lines), 8);
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
        "t.yaml:16: sinks[1].url is missing",
        "t.yaml:16: sinks[1].name: 'a' is doubled",
        "t.yaml:17: sinks[1].format: 'xml'",
        "t.yaml:18: sinks[1].filter: 'kind'",
        "t.yaml:18: sinks[1].filter.types: 'x'",
        "t.yaml:18: sinks[1].filter.severity: 'bad'",
        "t.yaml:19: an anchor (&)",
        "t.yaml:20: log.id: '!'",
    };
    const char *before = lines;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *found = strstr(lines, expected[i]);
        if (found == NULL) {
            fail_msg("no line %s in\n%s", expected[i], lines);
        }
        if (found < before) {
            fail_msg("%s does not stand in the order of the file in\n%s", expected[i], lines);
        }
        before = found;
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
    assert_int_equal(entry->defaults, ACCESS_ID_DEFAULT | ACCESS_NAME_DEFAULT |
                                          ACCESS_PRIVILEGE_DEFAULT); /* said of it */
    entry++;
    assert_string_equal(entry->id, "77");
    assert_string_equal(entry->privilege, "User");
    assert_int_equal(entry->type_count, 1);
    assert_string_equal(entry->types[0], "session.*");
    entry++;
    assert_string_equal(entry->id, "7");
    assert_string_equal(entry->name, "Jos\xc3\xa9");
    assert_string_equal(entry->privilege, "Root");
    assert_int_equal(entry->defaults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(refuses_unknown_keys_and_names_the_nearest),
        CONFIG_TEST(refuses_doubled_keys_and_names_both_lines),
        CONFIG_TEST(refuses_another_kind_of_value),
        CONFIG_TEST(refuses_entries_that_lack_a_member),
        CONFIG_TEST(refuses_what_stands_twice),
        CONFIG_TEST(refuses_access_entries_that_make_no_sense),
        CONFIG_TEST(refuses_listener_entries_in_so_many_words),
        CONFIG_TEST(refuses_sinks_that_make_no_sense),
        CONFIG_TEST(refuses_more_entries_than_it_has_room_for),
        CONFIG_TEST(refuses_a_limit_that_leaves_no_room_for_the_shortest_line),
        CONFIG_TEST(does_not_take_what_it_could_not_read_for_doubled),
        CONFIG_TEST(reports_every_problem_of_a_file),
        CONFIG_TEST(problems_of_a_hostile_file_stay_a_bounded_number_of_clean_lines),
        CONFIG_TEST(reads_sinks_whole),
        CONFIG_TEST(reads_access_entries_and_fills_what_they_leave_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
