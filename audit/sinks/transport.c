#include "audit/sinks/transport.h"

#include <stdio.h>
#include <string.h>

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
