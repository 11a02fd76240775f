#include "audit/base/secret.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "audit/base/memory.h"

#define CAPACITY_MAX (16u * 1024 * 1024)

struct secret *secret_new(size_t capacity)
{
    assert(capacity > 0 && capacity <= CAPACITY_MAX);
    struct secret *secret =
        sodium_init() < 0 ? NULL : memory_allocate_zeroed(sizeof(struct secret));
    if (secret == NULL) {
        return NULL;
    }
    secret->data = sodium_malloc(capacity);
    if (secret->data == NULL) {
        memory_free(secret);
        return NULL;
    }
    sodium_memzero(secret->data, capacity);
    secret->capacity = capacity;
    return secret;
}

struct secret *secret_copy(const void *data, size_t length)
{
    struct secret *secret = secret_new(length == 0 ? 1 : length);
    if (secret != NULL && length > 0) {
        memcpy(secret->data, data, length);
        secret->length = length;
    }
    return secret;
}

void secret_free(struct secret *secret)
{
    if (secret != NULL) {
        sodium_free(secret->data); /* wipes */
        memory_free(secret);
    }
}

enum err secret_append(struct secret *secret, const void *data, size_t length)
{
    if (length > secret->capacity - secret->length) {
        return ERR_NO_MEMORY;
    }
    if (length > 0) {
        memcpy(secret->data + secret->length, data, length);
        secret->length += length;
    }
    return OK;
}

void secret_clear(struct secret *secret)
{
    sodium_memzero(secret->data, secret->capacity);
    secret->length = 0;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->length == b->length && sodium_memcmp(a->data, b->data, a->length) == 0;
}

bool secret_protect_process(void)
{
    const struct rlimit none = {0, 0};
    bool limited = setrlimit(RLIMIT_CORE, &none) == 0;
    bool hidden = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    return limited && hidden;
}

bool secret_memory_locks(void)
{
    /* sodium_malloc goes on silently when the lock fails: so ask once, openly. */
    uint8_t probe[64] = {0};
    if (sodium_init() < 0 || sodium_mlock(probe, sizeof probe) != 0) {
        return false;
    }
    return sodium_munlock(probe, sizeof probe) == 0;
}
