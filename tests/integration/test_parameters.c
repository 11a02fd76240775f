/* The parameters of every method, left out and of a wrong kind; for whom a workflow acts; the roles
 * of every method. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/daemon/access.h"
#include "tests/integration/people.h"

#define PARAMS_BYTES 16384

/* ---- parameters and roles, by table ---------------------------------------------------------- */

#define O ROLE_OPERATOR
#define G ROLE_GUARDIAN
#define W ROLE_WORKFLOW
#define P ROLE_PRODUCER
#define A ROLE_AUDITOR

/* interface.md section 4 (and ARCHITECTURE.md 10 for who reads). A parameter: name, kind (s i b a),
 * and ! if it is needed. */
static const struct {
    const char *method;
    unsigned roles;
    bool changes; /* takes request_id */
    bool person;  /* a workflow must say for whom */
    const char *parameters;
} methods[] = {
    {"system.ping", O | G | W | P | A, false, false, ""},
    {"system.status", O | G | W | P | A, false, false, ""},
    {"catalogue.list", O | G | W | P | A, false, false, ""},
    {"event.emit", P | W, true, false, "events:a! partial:b"},
    {"audit.entry", O | A | W, false, false, "index:i!"},
    {"audit.query", O | A | W, false, false,
     "from:s to:s type:s suser:s ceremony:s severity_min:i text:s after:i limit:i"},
    {"guardian.add", O | W, true, true,
     "login:s! name:s! id:s! email:s phone:s privilege:s public_key:s"},
    {"guardian.update", O | W, true, true,
     "login:s! name:s id:s email:s phone:s privilege:s public_key:s reason:s"},
    {"guardian.activate", O | W, true, true, "login:s! reason:s"},
    {"guardian.deactivate", O | W, true, true, "login:s! reason:s"},
    {"guardian.list", O | G | W | A, false, true, "login:s"},
    {"guardian.show", O | G | W | A, false, true, "login:s"},
    {"ceremony.start", O | W, true, true,
     "name:s! threshold:i! guardians:a! kind:s! bits:i confirm:b expires_in:i "
     "allow_all_required:b rehearsal:b"},
    {"ceremony.track", W, true, true,
     "name:s! threshold:i! guardians:a! expires_in:i allow_all_required:b rehearsal:b"},
    {"ceremony.status", O | G | W | A, false, true, "ceremony:s!"},
    {"ceremony.list", O | G | W | A, false, true, ""},
    {"ceremony.cancel", O | W, true, true, "ceremony:s! reason:s!"},
    {"part.view", G | W, false, true, "ceremony:s!"},
    {"part.download", G | W, false, true, "ceremony:s!"},
    {"part.confirm", G | W, true, true, "ceremony:s! signature:s! medium:s"},
    {"recovery.attempt", O | W, true, true, "ceremony:s parts:a key:s deliver_to:s! reason:s"},
    {"recovery.record", W, true, true,
     "ceremony:s outcome:s! partsNeeded:i! partsSent:i! reason:s"},
};

#define METHODS (sizeof methods / sizeof methods[0])

struct parameter {
    char name[32];
    char kind;
    bool needed;
};

/* The parameters of the n-th method, with those every method or every act has; how many. */
static size_t parameters_of(size_t n, struct parameter out[16])
{
    char text[256];
    size_t count = 0;
    char *rest = text;
    snprintf(text, sizeof text, "%s%s actor:o", methods[n].parameters,
             methods[n].changes ? " request_id:s" : "");
    for (char *one = strsep(&rest, " "); one != NULL; one = strsep(&rest, " ")) {
        char *colon = strchr(one, ':');
        if (colon != NULL) {
            struct parameter *parameter = &out[count++];
            snprintf(parameter->name, sizeof parameter->name, "%.*s", (int)(colon - one), one);
            parameter->kind = colon[1];
            parameter->needed = colon[2] == '!';
        }
    }
    return count;
}

static const char *value_of(char kind)
{
    switch (kind) {
    case 's':
        return "\"x\"";
    case 'i':
        return "7";
    case 'b':
        return "true";
    case 'a':
        return "[]";
    default:
        return "{\"suser\":\"operator\"}";
    }
}

/* All needed parameters but the one without which it shall be (NULL: none), and one that is given
 * as it stands. */
static void write_params(const struct parameter *list, size_t count, const char *without,
                         const char *given, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "{%s", given);
    for (size_t i = 0; i < count; i++) {
        char start[40];
        snprintf(start, sizeof start, "\"%s\":", list[i].name);
        if (list[i].needed && strncmp(given, start, strlen(start)) != 0 &&
            (without == NULL || strcmp(list[i].name, without) != 0)) {
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s%s", out[used - 1] == '{' ? "" : ",",
                                 start, value_of(list[i].kind));
        }
    }
    snprintf(out + used, size - used, "}");
}

static void expect_field(struct harness *h, const char *method, const char *params,
                         const char *reason, const char *field)
{
    const struct json *data = harness_error(h, method, params, -32602, reason);
    if (!harness_text_is(data, "field", field)) {
        fail_msg("%s %s: %.*s, not %s", method, params, (int)data->text.length, data->text.data,
                 field);
    }
}

static void every_parameter_is_needed_or_not_and_of_its_kind(void **state)
{
    (void)state;
    struct harness h;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    for (size_t n = 0; n < METHODS; n++) {
        struct parameter list[16];
        size_t count = parameters_of(n, list);
        for (size_t i = 0; i < count; i++) {
            char field[40];
            char given[64];
            snprintf(field, sizeof field, "/%.31s", list[i].name);
            if (list[i].needed) {
                write_params(list, count, list[i].name, "", params, sizeof params);
                expect_field(&h, methods[n].method, params, "missing_parameter", field);
                snprintf(given, sizeof given, "\"%.31s\":null", list[i].name); /* is none */
                write_params(list, count, list[i].name, given, params, sizeof params);
                expect_field(&h, methods[n].method, params, "missing_parameter", field);
            }
            static const char *const values[] = {"\"x\"", "7", "7.5", "true", "[]", "{}"};
            for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                static const char kinds[] = "siibao";
                if (kinds[v] == list[i].kind && v != 2) {
                    continue;
                }
                snprintf(given, sizeof given, "\"%.31s\":%s", list[i].name, values[v]);
                write_params(list, count, NULL, given, params, sizeof params);
                expect_field(&h, methods[n].method, params, "bad_type", field);
            }
        }
        write_params(list, count, NULL, "\"nonsense\":1", params, sizeof params);
        expect_field(&h, methods[n].method, params, "unknown_parameter", "/nonsense");
        if (!methods[n].changes) {
            write_params(list, count, NULL, "\"request_id\":\"r\"", params, sizeof params);
            expect_field(&h, methods[n].method, params, "unknown_parameter", "/request_id");
        }
    }
    harness_error(&h, "guardian.remove", "{}", -32601, "unknown_method");
    harness_stop(&h);
}

static void a_workflow_says_for_whom_it_acts(void **state)
{
    (void)state;
    struct harness h;
    char params[PARAMS_BYTES];
    harness_start(&h, NULL);
    for (size_t n = 0; n < METHODS; n++) {
        struct parameter list[16];
        size_t count = parameters_of(n, list);
        write_params(list, count, NULL, "", params, sizeof params);
        if (methods[n].person) {
            expect_field(&h, methods[n].method, params, "missing_parameter", "/actor");
        }
        write_params(list, count, NULL, "\"actor\":{\"sname\":\"N\"}", params, sizeof params);
        expect_field(&h, methods[n].method, params, "missing_field", "/actor/suser");
        write_params(list, count, NULL, "\"actor\":{\"suser\":\"x\",\"shoe\":\"43\"}", params,
                     sizeof params);
        expect_field(&h, methods[n].method, params, "unknown_field", "/actor/shoe");
    }
    /* what the event needs of him, and nobody says */
    expect_field(&h, "recovery.record",
                 "{\"outcome\":\"failed\",\"partsNeeded\":2,\"partsSent\":1,"
                 "\"actor\":{\"suser\":\"x\",\"sname\":\"N\"}}",
                 "missing_field", "/actor/spriv");
    expect_field(&h, "recovery.record",
                 "{\"outcome\":\"failed\",\"partsNeeded\":2,\"partsSent\":1,"
                 "\"actor\":{\"suser\":\"x\",\"spriv\":\"User\"}}",
                 "missing_field", "/actor/sname");
    harness_stop(&h);
}

/* The same state directory, with this uid in the role. */
static void write_role(struct harness *h, const char *role, const char *more)
{
    char text[4096];
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\naccess:\n  - uid: %u\n    roles: "
             "[%s]\n%ssinks:\n  - name: siem\n    url: file://%s\n",
             h->directory, h->url, (unsigned)getuid(), role, more, h->sink);
    harness_write_config(h, text);
}

static void every_method_is_for_its_roles(void **state)
{
    (void)state;
    static const enum role roles[] = {O, G, W, P, A};
    struct harness h;
    size_t denied = 0;
    harness_prepare(&h);
    for (size_t r = 0; r < 5; r++) {
        write_role(&h, role_word(roles[r]), "    login: somebody\n");
        harness_restart(&h);
        for (size_t n = 0; n < METHODS; n++) {
            /* asked with a parameter that none has: who may call is asked before */
            if ((methods[n].roles & roles[r]) != 0) {
                harness_error(&h, methods[n].method, "{\"nonsense\":1}", -32602,
                              "unknown_parameter");
            } else {
                harness_error(&h, methods[n].method, "{\"nonsense\":1}", -32001, "not_permitted");
                denied++;
            }
            if ((methods[n].roles & roles[r]) != 0 && roles[r] != W) {
                struct parameter list[16];
                char params[PARAMS_BYTES];
                size_t count = parameters_of(n, list);
                write_params(list, count, NULL, "\"actor\":{\"suser\":\"x\"}", params,
                             sizeof params);
                expect_field(&h, methods[n].method, params, "actor_not_allowed", "/actor");
                denied++; /* who poses as somebody else is told, too */
            }
        }
        harness_terminate(&h);
    }
    char *lines = harness_read_file(h.sink);
    assert_int_equal(harness_count(lines, "|9040|"), denied);
    free(lines);
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_is_needed_or_not_and_of_its_kind),
        cmocka_unit_test(a_workflow_says_for_whom_it_acts),
        cmocka_unit_test(every_method_is_for_its_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
