#include "audit/sinks/transport.h"

#include <stdio.h>
#include <string.h>

#include "audit/sinks/sink.h"

static const struct transport_type *const types[] = {
    &transport_file,
};

const struct transport_type *transport_find(const char *url)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t length = strlen(types[i]->scheme);
        if (strncmp(url, types[i]->scheme, length) == 0 && strncmp(url + length, "://", 3) == 0) {
            return types[i];
        }
    }
    return NULL;
}

void transport_note_set(struct transport_note *note, const char *what, const char *file,
                        uint64_t offset, uint64_t octets)
{
    *note = (struct transport_note){.what = what, .offset = offset, .octets = octets};
    snprintf(note->file, sizeof note->file, "%s", file == NULL ? "" : file);
}

void transport_note_add(struct transport_found *found, const char *what, const char *file,
                        uint64_t offset, uint64_t octets)
{
    if (found->note_count < TRANSPORT_NOTES) {
        transport_note_set(&found->notes[found->note_count++], what, file, offset, octets);
    }
}

enum err sink_look(const char *url, struct fault *fault)
{
    const struct transport_type *type = transport_find(url);
    if (type == NULL) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "%.200s is no URL of a sink. It is written file:///folder/name.", url);
    }
    const struct transport_options options = {.url = url};
    struct transport *transport;
    enum err err = type->make(&options, &transport, fault);
    if (err == OK) {
        err = type->look(transport, fault);
        type->free(transport);
    }
    return err;
}
