/* The build tool: a small sound catalogue passes, and each kind of damage stops the build with a
 * message that names the type or field. The built program is run on files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char sound[] =
    "{\"note\":{\"what\":\"for the test\"},\n"
    "\"fields\":{"
    "\"time\":{\"type\":\"time\",\"meaning\":\"when\",\"by\":\"daemon\"},"
    "\"index\":{\"type\":\"integer\",\"meaning\":\"index\",\"by\":\"daemon\"},"
    "\"suser\":{\"type\":\"string\",\"meaning\":\"login\"},"
    "\"msg\":{\"type\":\"string\",\"meaning\":\"text\"},"
    "\"height\":{\"type\":\"number\",\"meaning\":\"metres\",\"min\":-1,\"max\":9.5},"
    "\"proof\":{\"type\":\"string\",\"meaning\":\"proof\",\"record_only\":true},"
    "\"outcome\":{\"type\":\"enum\",\"meaning\":\"result\",\"values\":[\"good\",\"bad\"]}},\n"
    "\"reserved\":[\"rt\",\"cat\"],\n"
    "\"common\":{\"fields\":[{\"name\":\"msg\",\"type\":\"string\",\"required\":false}],"
    "\"senhasegura\":[[\"msg\",\"{msg}\"]],\"standard\":[[\"rt\",\"{time}\"]]},\n"
    "\"types\":[\n"
    "{\"type\":\"a.one\",\"id\":\"1\",\"origin\":\"X\",\"name\":\"One\",\"group\":\"a\","
    "\"kind\":\"event\",\"syslog_severity\":5,\"cef_severity\":4,\"documented\":true,"
    "\"own\":false,\"extras\":false,\"emit\":\"any\",\"msg\":\"{suser} did = [it] \\\\ at {time}\","
    "\"fields\":[{\"name\":\"suser\",\"type\":\"string\",\"required\":true},"
    "{\"name\":\"proof\",\"type\":\"string\",\"required\":false},"
    "{\"name\":\"outcome\",\"type\":\"enum\",\"required\":false,\"values\":[\"good\",\"bad\"]}],"
    "\"senhasegura\":[[\"act\",\"Did a=b]\"],[\"user\",\"{suser}\"],[\"act\",\"Event\"]],"
    "\"standard\":[[\"externalId\",\"{index}\"],[\"cs1Label\",\"Who\"],[\"cs1\",\"{suser}\"]]},\n"
    "{\"type\":\"b.two\",\"id\":\"2\",\"origin\":null,\"name\":\"Two|bar\",\"group\":\"b\","
    "\"kind\":\"incident\",\"syslog_severity\":1,\"cef_severity\":9,\"documented\":false,"
    "\"own\":false,\"extras\":true,\"emit\":\"workflow\",\"layout\":\"common\",\"msg\":\"{msg}\"}"
    "\n]}\n";

static char folder[] = "/tmp/guardian_generator_XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static void path_in_folder(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", folder, name);
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"catalogue.json", "out.h", "out.c", "stderr", "stdout"};
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_in_folder(path, sizeof path, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void write_file(const char *name, const char *text)
{
    char path[256];
    path_in_folder(path, sizeof path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static const char *read_file(const char *name)
{
    static char text[65536];
    char path[256];
    path_in_folder(path, sizeof path, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Runs the generator on the folder's catalogue.json; its exit status. */
static int generate(bool markdown)
{
    char json[256], header[256], source[256], errors[256], output[256];
    path_in_folder(json, sizeof json, "catalogue.json");
    path_in_folder(header, sizeof header, "out.h");
    path_in_folder(source, sizeof source, "out.c");
    path_in_folder(errors, sizeof errors, "stderr");
    path_in_folder(output, sizeof output, "stdout");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (freopen(errors, "w", stderr) == NULL || freopen(output, "w", stdout) == NULL) {
            _exit(99);
        }
        const char *program = TEST_BUILD "/catalogue_gen";
        if (markdown) {
            execl(program, program, "--markdown", json, (char *)NULL);
        } else {
            execl(program, program, json, header, source, (char *)NULL);
        }
        _exit(98);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The sound catalogue with the first `from` replaced. */
static void write_damaged(const char *from, const char *to)
{
    char text[sizeof sound + 512];
    const char *at = strstr(sound, from);
    if (at == NULL) {
        fail_msg("the sound catalogue has no %s", from);
        return;
    }
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - sound), sound, to, at + strlen(from));
    write_file("catalogue.json", text);
}

static void writes_constants_and_tables_of_a_sound_catalogue(void **state)
{
    (void)state;
    write_file("catalogue.json", sound);
    assert_int_equal(generate(false), 0);
    assert_string_equal(read_file("stderr"), "");
    const char *header = read_file("out.h");
    assert_non_null(strstr(header, "EVENT_A_ONE,\n    EVENT_B_TWO,\n    EVENT_COUNT"));
    assert_non_null(strstr(header, "FIELD_SUSER,"));
    const char *source = read_file("out.c");
    assert_non_null(strstr(source, "Two\\134|bar")); /* escaped for the CEF header */
    assert_non_null(strstr(source, ".literal_cef = {\"Did a\\134=b]\", 9}"));
    assert_non_null(strstr(source, ".literal_rfc5424 = {\"Did a=b\\134]\", 9}"));
}

static void prints_the_reference_of_a_sound_catalogue(void **state)
{
    (void)state;
    write_file("catalogue.json", sound);
    assert_int_equal(generate(true), 0);
    const char *text = read_file("stdout");
    assert_non_null(strstr(text, "## Group a\n"));
    assert_non_null(strstr(text, "| `suser` | **yes** | string | login |"));
    assert_non_null(strstr(text, "| `outcome` |  | enum: `good`, `bad` | result |"));
    assert_non_null(strstr(text, "| `b.two` | 2 | Two\\|bar (incident) | alert (1), CEF 9 | "
                                 "workflow | `{msg}` | yes |"));
}

/* What is replaced by what, and what the message must name. */
static const struct {
    const char *from, *to, *names, *says;
} damages[] = {
    {"{suser} did", "{suzer} did", "a.one", "{suzer}"},
    {"{suser} did", "{height} did", "a.one", "{height}"},
    {"{suser} did", "{suser did", "a.one", "is no field"},
    {"did = [it]", "did } it", "a.one", "brace"},
    {"at {time}", "at {msg}", "a.one", "{msg}"},
    {"at {time}\"", "at {time} \"", "a.one", "clean"},
    {"\"msg\":\"{msg}\"}", "\"msg\":\"{msg}!\"}", "b.two", "{msg}"},
    {"[\"user\",\"{suser}\"]", "[\"user\",\"{height}\"]", "a.one", "{height}"},
    {"[\"user\",\"{suser}\"]", "[\"user\",\"{proof}\"]", "a.one", "record only"},
    {"[\"user\",\"{suser}\"]", "[\"user\",\"\"]", "a.one", "user"},
    {"[\"user\",\"{suser}\"]", "[\"user\",\"x{suser}\"]", "a.one", "user"},
    {"[\"user\",\"{suser}\"]", "[\"us er\",\"{suser}\"]", "a.one", "us er"},
    {"[\"user\",\"{suser}\"]", "[\"user\",\"{suser}\"],[\"user\",\"x\"]", "a.one", "twice"},
    {"[\"user\",\"{suser}\"]", "[\"user\"]", "a.one", "[key, source]"},
    {"[\"externalId\"", "[\"act\",\"x\"],[\"act\",\"y\"],[\"externalId\"", "a.one", "standard"},
    {"[\"cs1\",\"{suser}\"]", "[\"cs2\",\"{suser}\"]", "a.one", "cs1Label"},
    {"[\"cs1Label\",\"Who\"]", "[\"cs1Label\",\"{suser}\"]", "a.one", "cs1Label"},
    {"\"name\":\"suser\",\"type\":\"string\"", "\"name\":\"nobody\",\"type\":\"string\"", "a.one",
     "nobody"},
    {"\"name\":\"suser\",\"type\":\"string\"", "\"name\":\"suser\",\"type\":\"integer\"", "a.one",
     "suser"},
    {"\"name\":\"suser\",\"type\":\"string\"", "\"name\":\"time\",\"type\":\"time\"", "a.one",
     "daemon"},
    {"\"name\":\"proof\",\"type\":\"string\"", "\"name\":\"suser\",\"type\":\"string\"", "a.one",
     "twice"},
    {"false,\"values\":[\"good\",\"bad\"]", "false,\"values\":[\"good\"]", "a.one", "outcome"},
    {"\"type\":\"b.two\"", "\"type\":\"a.one\"", "a.one", "twice"},
    {"\"type\":\"b.two\"", "\"type\":\"a_one\"", "a_one", "twice"}, /* the same constant */
    {"\"type\":\"b.two\"", "\"type\":\"b.Two\"", "b.Two", "small letters"},
    {"\"type\":\"b.two\",", "", "type ?", "type"},
    {"\"id\":\"2\"", "\"id\":\"1\"", "b.two", "a.one"},
    {"\"id\":\"2\"", "\"id\":\"two words\"", "b.two", "printable"},
    {"\"id\":\"2\"", "\"id\":2", "b.two", "id"},
    {"\"name\":\"One\"", "\"name\":\"\"", "a.one", "name"},
    {"\"kind\":\"event\"", "\"kind\":\"evant\"", "a.one", "kind"},
    {"\"syslog_severity\":5", "\"syslog_severity\":8", "a.one", "syslog_severity"},
    {"\"syslog_severity\":5", "\"syslog_severity\":-1", "a.one", "syslog_severity"},
    {"\"cef_severity\":4", "\"cef_severity\":11", "a.one", "cef_severity"},
    {"\"cef_severity\":4", "\"cef_severity\":-1", "a.one", "cef_severity"},
    {"\"cef_severity\":4", "\"cef_severity\":\"4\"", "a.one", "cef_severity"},
    {"\"cef_severity\":4,", "", "a.one", "cef_severity"},
    {"\"emit\":\"any\"", "\"emit\":\"anybody\"", "a.one", "emit"},
    {"\"layout\":\"common\"", "\"layout\":\"special\"", "b.two", "layout"},
    {"\"layout\":\"common\"", "\"layout\":\"common\",\"fields\":[]", "b.two", "layout"},
    {"\"layout\":\"common\",", "", "b.two", "layout"},
    {"\"extras\":false", "\"extra\":false", "a.one", "extra"},
    {"\"documented\":true", "\"documented\":1", "a.one", "documented"},
    {"\"type\":\"string\",\"meaning\":\"login\"", "\"type\":\"text\",\"meaning\":\"login\"",
     "suser", "string integer"},
    {"\"meaning\":\"login\"", "\"meaning\":\"login\",\"by\":\"me\"", "suser", "daemon"},
    {"\"meaning\":\"login\"", "\"meaning\":\"login\",\"values\":[\"x\"]", "suser", "enum"},
    {"\"meaning\":\"login\"", "\"meaning\":\"login\",\"min\":1", "suser", "min"},
    {"\"min\":-1", "\"min\":\"-1\"", "height", "numbers"},
    {"\"values\":[\"good\",\"bad\"]}}", "\"values\":[\"good\",\"good\"]}}", "outcome", "twice"},
    {"\"suser\":{", "\"s-user\":{", "s-user", "letters"},
    {"[\"rt\",\"cat\"]", "[\"rt\",\"rt\"]", "catalogue", "twice"},
    {"\"types\":[", "\"typos\":[", "catalogue", "typos"},
    {"[[\"msg\",\"{msg}\"]]", "[[\"msg\",\"{suser}\"]]", "common", "{suser}"},
    {"\"reserved\"", "reserved", "octet", ""},
};

static void refuses_each_kind_of_damage_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        write_damaged(damages[i].from, damages[i].to);
        int status = generate(false);
        const char *message = read_file("stderr");
        if (status != 1 || strstr(message, damages[i].names) == NULL ||
            strstr(message, damages[i].says) == NULL) {
            fail_msg("%s -> %s: status %d, %s", damages[i].from, damages[i].to, status, message);
        }
    }
}

static void refuses_a_file_that_is_not_there(void **state)
{
    (void)state;
    char path[256];
    path_in_folder(path, sizeof path, "catalogue.json");
    unlink(path);
    assert_int_equal(generate(false), 1);
    assert_non_null(strstr(read_file("stderr"), "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_constants_and_tables_of_a_sound_catalogue),
        cmocka_unit_test(prints_the_reference_of_a_sound_catalogue),
        cmocka_unit_test(refuses_each_kind_of_damage_by_name),
        cmocka_unit_test(refuses_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
