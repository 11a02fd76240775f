/* Single values: bounds, units, paths, URLs, words. */
#include "tests/ipc/daemon/config_case.h"

static void refuses_what_is_out_of_bounds(void **state)
{
    (void)state;
    static const struct slip slips[] = {
        {"limits:\n  workers: 0\n", 2, "'0' is out of bounds", "from 1 to 1024"},
        {"limits:\n  workers: 1025\n", 2, "'1025' is out of bounds", "from 1 to 1024"},
        {"limits:\n  workers: 99999999999999999999999\n", 2, "is out of bounds", "from 1 to 1024"},
        /* would be 5, 0 and 0 if 64 bits were let run over */
        {"limits:\n  workers: 18446744073709551621\n", 2, "out of bounds", "from 1 to 1024"},
        {"log:\n  reserve: 18014398509481984KiB\n", 2, "out of bounds", "to 1024GiB"},
        {"limits:\n  drain: 144115188075855872h\n", 2, "out of bounds", "to 10min"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(refuses_what_is_out_of_bounds),
        CONFIG_TEST(refuses_bad_units),
        CONFIG_TEST(refuses_urls_it_cannot_serve),
        CONFIG_TEST(refuses_relative_paths),
        CONFIG_TEST(refuses_device_and_log_words_that_no_line_can_carry),
        CONFIG_TEST(takes_device_and_log_words_of_the_longest_kind),
        CONFIG_TEST(refuses_a_socket_path_that_no_kernel_takes),
        CONFIG_TEST(refuses_owners_that_do_not_exist),
        CONFIG_TEST(reads_sizes_and_times_with_their_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
