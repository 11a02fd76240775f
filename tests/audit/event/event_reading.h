/* What the tests of events share: an arena a test, texts read as events, and records written. */
#ifndef TESTS_AUDIT_EVENT_EVENT_READING_H
#define TESTS_AUDIT_EVENT_EVENT_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/event/event.h"

static struct arena arena;
static struct buffer record;
static struct fault fault;

static inline int begin(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)1 << 28);
    buffer_init(&record, (size_t)1 << 24);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    arena_done(&arena);
    buffer_done(&record);
    return 0;
}

/* Reads the text; *out is NULL if it was refused (fault says why). */
static inline enum err read_event(struct slice text, enum event_form form, struct event **out)
{
    static const struct json_limits limits = {.depth = 16, .members = 100000};
    struct json *json = NULL;
    *out = NULL;
    fault_clear(&fault);
    enum err err = json_parse(&arena, text, &limits, &json, &fault);
    if (err == OK) {
        err = event_parse(&arena, json, form, out, &fault);
    }
    assert_int_equal(err == OK, *out != NULL);
    assert_int_equal(err, fault.err);
    return err;
}

static inline struct event *accepted(enum event_form form, const char *text)
{
    struct event *event = NULL;
    if (read_event(slice_of(text), form, &event) != OK) {
        fail_msg("%s: %s %s %s", text, reason_word(fault.reason), fault.field, fault.sentence);
    }
    return event;
}

/* Is the text refused for that reason, naming that field? */
static inline void assert_refused(enum event_form form, const char *text, enum reason reason,
                                  const char *field)
{
    struct event *event = NULL;
    enum err err = read_event(slice_of(text), form, &event);
    if (err != ERR_INVALID_PARAMS || fault.reason != reason || strcmp(fault.field, field) != 0) {
        fail_msg("%s: %s at \"%s\", not %s at \"%s\"", text, reason_word(fault.reason), fault.field,
                 reason_word(reason), field);
    }
    assert_true(strlen(fault.sentence) > 10);
}

/* The record of the event, ended by NUL; valid until the next. */
static inline const char *encoded(const struct event *event)
{
    buffer_reset(&record);
    enum err err = event_encode(event, &record, &fault);
    if (err != OK) {
        fail_msg("%s", fault.sentence);
    }
    buffer_append_char(&record, '\0');
    assert_int_equal(buffer_result(&record), OK);
    record.length--;
    return record.data;
}

static inline void assert_slice(struct slice slice, const char *wanted)
{
    if (!slice_is(slice, wanted)) {
        fail_msg("\"%.*s\" is not \"%s\"", (int)slice.length, slice.data, wanted);
    }
}

#endif
