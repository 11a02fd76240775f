/* For the tests of this folder: a record in JSON becomes a line, and the golden records. */
#ifndef TESTS_AUDIT_RENDER_RENDERING_H
#define TESTS_AUDIT_RENDER_RENDERING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/base/json.h"
#include "audit/render/render.h"

#define RENDERING_BYTES (4 * 1024 * 1024)

/* One event and its line; the line is ended by a NUL. */
struct rendering {
    struct arena arena;
    struct event *event;
    struct buffer line;
};

static inline void rendering_start(struct rendering *rendering)
{
    *rendering = (struct rendering){.event = NULL};
    arena_init(&rendering->arena, RENDERING_BYTES);
    buffer_init(&rendering->line, RENDERING_BYTES);
}

static inline void rendering_end(struct rendering *rendering)
{
    buffer_done(&rendering->line);
    arena_done(&rendering->arena);
}

static inline void rendering_decode(struct rendering *rendering, struct slice record)
{
    struct fault fault;
    fault_clear(&fault);
    arena_reset(&rendering->arena);
    enum err err = event_decode(&rendering->arena, record, -1, &rendering->event, &fault);
    if (err != OK) {
        fail_msg("%.*s: %s %s", (int)record.length, record.data, fault.field, fault.sentence);
    }
}

static inline const char *rendering_line(struct rendering *rendering,
                                         const struct render_options *options)
{
    buffer_reset(&rendering->line);
    assert_int_equal(render_line(rendering->event, options, &rendering->line), OK);
    buffer_append_char(&rendering->line, '\0');
    assert_int_equal(buffer_result(&rendering->line), OK);
    return rendering->line.data;
}

/* Octets of the line just made. */
static inline size_t rendering_octets(const struct rendering *rendering)
{
    return rendering->line.length - 1;
}

static inline struct render_options options_of(enum format format, enum profile profile)
{
    struct render_options options;
    render_defaults(&options);
    options.format = format;
    options.profile = profile;
    return options;
}

/* Is the line of this record, under these options, this one? */
static inline void expect_line(const char *record, const struct render_options *options,
                               const char *expected)
{
    struct rendering rendering;
    rendering_start(&rendering);
    rendering_decode(&rendering, slice_of(record));
    assert_string_equal(rendering_line(&rendering, options), expected);
    rendering_end(&rendering);
}

/* Does the line hold this? And not this? Either may be NULL. */
static inline void expect_part(const char *record, const struct render_options *options,
                               const char *held, const char *not_held)
{
    struct rendering rendering;
    rendering_start(&rendering);
    rendering_decode(&rendering, slice_of(record));
    const char *line = rendering_line(&rendering, options);
    if (held != NULL && strstr(line, held) == NULL) {
        fail_msg("'%s' is missing in: %s", held, line);
    }
    if (not_held != NULL && strstr(line, not_held) != NULL) {
        fail_msg("'%s' must not be in: %s", not_held, line);
    }
    rendering_end(&rendering);
}

/* The golden file: one JSON object a line. */
struct golden {
    char *text;
    struct slice rest;
    struct arena arena;
    struct slice record;      /* as it stands in the file */
    const struct json *lines; /* expected, by format/profile[/syslog] */
};

static inline void golden_open(struct golden *golden)
{
    FILE *file = fopen(TEST_DATA "/golden.jsonl", "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    *golden = (struct golden){.text = malloc(size)};
    assert_non_null(golden->text);
    assert_int_equal(fread(golden->text, 1, size, file), size);
    golden->rest = (struct slice){golden->text, size};
    arena_init(&golden->arena, RENDERING_BYTES);
    fclose(file);
}

static inline bool golden_next(struct golden *golden)
{
    static const struct json_limits limits = {.depth = 16, .members = 512};
    if (golden->rest.length == 0) {
        return false;
    }
    const char *end = memchr(golden->rest.data, '\n', golden->rest.length);
    assert_non_null(end);
    struct slice text = {golden->rest.data, (size_t)(end - golden->rest.data)};
    golden->rest.data += text.length + 1;
    golden->rest.length -= text.length + 1;
    struct json *object = NULL;
    arena_reset(&golden->arena);
    assert_int_equal(json_parse(&golden->arena, text, &limits, &object, NULL), OK);
    const struct json *record = json_member(object, "record");
    golden->lines = json_member(object, "lines");
    assert_non_null(record);
    assert_non_null(golden->lines);
    golden->record = record->text;
    return true;
}

static inline void golden_close(struct golden *golden)
{
    arena_done(&golden->arena);
    free(golden->text);
}

#endif
