#include "ceremony/withheld.h"

#include <sodium.h>
#include <string.h>

#include "audit/base/memory.h"
#include "audit/base/secret.h"

#define KEPT 32
#define NAME_BYTES 512 /* of owner and request_id together: two logins and an id have room */
#define IMAGE_BYTES crypto_generichash_BYTES

struct kept {
    struct secret *held; /* image of the secrets, then the answer; NULL: free */
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
            secret_free(withheld->kept[i].held);
        }
        memory_free(withheld);
    }
}

/* Each with its length in front, so that no two lists read alike. */
static void make_image(struct withheld_secrets secrets, uint8_t out[IMAGE_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, IMAGE_BYTES);
    for (size_t i = 0; i < secrets.count; i++) {
        const uint64_t length = secrets.list[i].length;
        crypto_generichash_update(&state, (const uint8_t *)&length, sizeof length);
        if (length > 0) {
            crypto_generichash_update(&state, (const uint8_t *)secrets.list[i].data, length);
        }
    }
    crypto_generichash_final(&state, out, IMAGE_BYTES);
    sodium_memzero(&state, sizeof state);
}

static bool is_of(const struct kept *kept, const struct store_request *request)
{
    struct slice owner = {kept->name, kept->owner_length};
    struct slice id = {kept->name + kept->owner_length, kept->id_length};
    return kept->held != NULL && slice_equal(owner, request->owner) && slice_equal(id, request->id);
}

/* Where it is kept, or the number KEPT. */
static size_t place_of(const struct withheld *withheld, const struct store_request *request)
{
    size_t i = 0;
    while (i < KEPT && !is_of(&withheld->kept[i], request)) {
        i++;
    }
    return i;
}

static struct secret *hold(struct withheld_secrets secrets, struct slice answer)
{
    uint8_t image[IMAGE_BYTES];
    struct secret *held = secret_new(IMAGE_BYTES + answer.length);
    make_image(secrets, image);
    enum err err = held == NULL ? ERR_NO_MEMORY : secret_append(held, image, sizeof image);
    if (err == OK && answer.length > 0) {
        err = secret_append(held, answer.data, answer.length);
    }
    if (err != OK) {
        secret_free(held);
        held = NULL;
    }
    sodium_memzero(image, sizeof image);
    return held;
}

void withheld_put(struct withheld *withheld, const struct store_request *request,
                  struct withheld_secrets secrets, struct slice answer)
{
    struct slice owner = request->owner;
    struct slice id = request->id;
    if (id.length == 0 || owner.length + id.length > NAME_BYTES) {
        return;
    }
    /* A request_id may be used anew after a day: the former answer must not be found then. */
    size_t place = place_of(withheld, request);
    if (place == KEPT) {
        place = withheld->next;
        withheld->next = (withheld->next + 1) % KEPT;
    }
    struct kept *kept = &withheld->kept[place];
    secret_free(kept->held);
    *kept = (struct kept){
        .held = hold(secrets, answer), .owner_length = owner.length, .id_length = id.length};
    if (owner.length > 0) {
        memcpy(kept->name, owner.data, owner.length);
    }
    memcpy(kept->name + owner.length, id.data, id.length);
}

enum withheld_known withheld_find(const struct withheld *withheld, struct arena *arena,
                                  const struct store_request *request,
                                  struct withheld_secrets secrets, struct slice *out_answer)
{
    uint8_t image[IMAGE_BYTES];
    size_t place = place_of(withheld, request);
    *out_answer = (struct slice){NULL, 0};
    if (place == KEPT) {
        return WITHHELD_GONE;
    }
    const struct secret *held = withheld->kept[place].held;
    make_image(secrets, image);
    bool same = sodium_memcmp(image, held->data, IMAGE_BYTES) == 0;
    sodium_memzero(image, sizeof image);
    if (same && held->length > IMAGE_BYTES) {
        struct slice answer = {(const char *)held->data + IMAGE_BYTES, held->length - IMAGE_BYTES};
        *out_answer = arena_copy(arena, answer);
    }
    return same ? WITHHELD_SAME : WITHHELD_OTHER;
}
