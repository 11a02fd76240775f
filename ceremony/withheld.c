#include "ceremony/withheld.h"

#include <string.h>

#include "audit/base/memory.h"
#include "audit/base/secret.h"

#define KEPT 32
#define NAME_BYTES 256 /* of owner and request_id together */

struct kept {
    struct secret *answer; /* NULL: free */
    char name[NAME_BYTES];
    size_t owner_length;
    size_t id_length;
};

struct withheld {
    struct kept kept[KEPT];
    size_t next; /* the oldest, or a free one: taken next */
};

struct withheld *withheld_new(void)
{
    return memory_allocate_zeroed(sizeof(struct withheld));
}

void withheld_free(struct withheld *withheld)
{
    if (withheld != NULL) {
        for (size_t i = 0; i < KEPT; i++) {
            secret_free(withheld->kept[i].answer);
        }
        memory_free(withheld);
    }
}

void withheld_put(struct withheld *withheld, const struct store_request *request,
                  struct slice answer)
{
    struct slice owner = request->owner;
    struct slice id = request->id;
    if (id.length == 0 || answer.length == 0 || owner.length + id.length > NAME_BYTES) {
        return;
    }
    struct secret *copy = secret_copy(answer.data, answer.length);
    if (copy == NULL) {
        return;
    }
    struct kept *kept = &withheld->kept[withheld->next];
    withheld->next = (withheld->next + 1) % KEPT;
    secret_free(kept->answer);
    *kept = (struct kept){.answer = copy, .owner_length = owner.length, .id_length = id.length};
    memcpy(kept->name, owner.data, owner.length);
    memcpy(kept->name + owner.length, id.data, id.length);
}

struct slice withheld_find(const struct withheld *withheld, struct arena *arena,
                           const struct store_request *request)
{
    for (size_t i = 0; i < KEPT; i++) {
        const struct kept *kept = &withheld->kept[i];
        struct slice owner = {kept->name, kept->owner_length};
        struct slice id = {kept->name + kept->owner_length, kept->id_length};
        if (kept->answer != NULL && slice_equal(owner, request->owner) &&
            slice_equal(id, request->id)) {
            return arena_copy(
                arena, (struct slice){(const char *)kept->answer->data, kept->answer->length});
        }
    }
    return (struct slice){NULL, 0};
}
