/* Files with the words of parts: whatever stands in them, each part is printable ASCII without what
 * would end a JSON text, and lies within the words. */
#include <stdlib.h>

#include "ipc/client/offline/part_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct part_texts texts = {.count = 0};
    struct fault fault;
    enum err err = part_texts_take(&texts, "F", (struct slice){(const char *)data, size}, &fault);
    if (err == OK && texts.count == 0) {
        abort();
    }
    for (size_t i = 0; i < texts.count && err == OK; i++) {
        struct slice words = part_texts_words(&texts, i);
        if (texts.list[i].at + words.length > texts.words->length || texts.list[i].line == 0) {
            abort();
        }
        for (size_t at = 0; at < words.length; at++) {
            char letter = words.data[at];
            if (letter < ' ' || letter > '~' || letter == '"' || letter == '\\') {
                abort();
            }
        }
    }
    part_texts_done(&texts);
    return 0;
}
