/* How long a stop takes: no longer than what it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/base/clock.h"
#include "tests/integration/harness.h"

#define DEAD_SINKS 8
#define DRAIN_MS 2000

/* Each has a line to deliver and no folder to write to. */
static void write_config(struct harness *h)
{
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "state:\n  directory: %s\nlisten:\n  - url: %s\n"
                                   "access:\n  - uid: %u\n    roles: [workflow]\n    login: pam\n"
                                   "limits:\n  drain: %dms\nsinks:\n",
                                   h->directory, h->url, (unsigned)getuid(), DRAIN_MS);
    for (int i = 0; i < DEAD_SINKS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "  - name: dead%d\n    url: file://%s/gone/%d.log\n", i,
                                 h->directory, i);
        assert_true(used < sizeof text);
    }
    harness_write_config(h, text);
}

static void dead_sinks_are_waited_for_together(void **state)
{
    (void)state;
    struct harness h;
    harness_prepare(&h);
    write_config(&h);
    harness_restart(&h);
    const struct json *status = harness_result(&h, "system.status", "{}");
    const struct json *sinks = json_member(status, "sinks");
    assert_int_equal(sinks->count, DEAD_SINKS);
    for (const struct json *sink = sinks->child; sink != NULL; sink = sink->next) {
        assert_true(harness_integer(sink, "lag") > 0);
    }
    int64_t before_ms = clock_boot_ms();
    harness_terminate(&h);
    int64_t took_ms = clock_boot_ms() - before_ms;
    assert_true(took_ms >= DRAIN_MS); /* it did wait */
    assert_true(took_ms < DEAD_SINKS / 2 * DRAIN_MS);
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dead_sinks_are_waited_for_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
