/* Any octets as a record: refused, or one line in every format and profile, with and without limit,
 * of valid UTF-8, without control characters and within the limit. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/json.h"
#include "audit/event/event.h"
#include "audit/render/render.h"

#define LIMIT 480
#define ARENA_BYTES (16 * 1024 * 1024)
#define LINE_BYTES (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(struct slice line, const struct render_options *options)
{
    for (size_t i = 0; i < line.length; i++) {
        unsigned char octet = (unsigned char)line.data[i];
        bool tab = octet == '\t' && options->format == FORMAT_SENSAGE;
        assert((octet >= 0x20 && octet != 0x7f) || tab);
        assert(octet != 0xc2 || (unsigned char)line.data[i + 1] >= 0xa0);
    }
    assert(json_is_utf8(line));
    assert(options->limit == 0 || line.length <= options->limit);
}

static void check_event(const struct event *event, const struct render_options *options,
                        struct buffer *line)
{
    buffer_reset(line);
    enum err err = render_line(event, options, line);
    assert(err == OK);
    check_line(buffer_slice(line), options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct buffer line;
    struct event *event = NULL;
    arena_init(&arena, ARENA_BYTES);
    buffer_init(&line, LINE_BYTES);
    if (event_decode(&arena, (struct slice){(const char *)data, size}, -1, &event, NULL) == OK) {
        for (int i = 0; i < FORMAT_COUNT * PROFILE_COUNT * 4; i++) {
            struct render_options options;
            render_defaults(&options);
            options.format = (enum format)(i / 8);
            options.profile = (enum profile)(i / 4 % 2);
            options.envelope = i % 2 == 0 ? ENVELOPE_NONE : ENVELOPE_SYSLOG;
            options.limit = i / 2 % 2 == 0 ? 0 : LIMIT;
            check_event(event, &options, &line);
        }
    }
    buffer_done(&line);
    arena_done(&arena);
    return 0;
}
