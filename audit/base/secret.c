#include "audit/base/secret.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "audit/base/memory.h"

#define CAPACITY_MAX (16u * 1024 * 1024)
#define STACK_BYTES (64u * 1024)

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

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void clear_upper_registers(void)
{
    /* The upper sixteen, which vzeroall does not reach. */
    __asm__ volatile("vpxord %%zmm16, %%zmm16, %%zmm16\n\tvpxord %%zmm17, %%zmm17, %%zmm17\n\t"
                     "vpxord %%zmm18, %%zmm18, %%zmm18\n\tvpxord %%zmm19, %%zmm19, %%zmm19\n\t"
                     "vpxord %%zmm20, %%zmm20, %%zmm20\n\tvpxord %%zmm21, %%zmm21, %%zmm21\n\t"
                     "vpxord %%zmm22, %%zmm22, %%zmm22\n\tvpxord %%zmm23, %%zmm23, %%zmm23\n\t"
                     "vpxord %%zmm24, %%zmm24, %%zmm24\n\tvpxord %%zmm25, %%zmm25, %%zmm25\n\t"
                     "vpxord %%zmm26, %%zmm26, %%zmm26\n\tvpxord %%zmm27, %%zmm27, %%zmm27\n\t"
                     "vpxord %%zmm28, %%zmm28, %%zmm28\n\tvpxord %%zmm29, %%zmm29, %%zmm29\n\t"
                     "vpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31"
                     :
                     :
                     : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
                       "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

#define LOWER_REGISTERS                                                                      \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

void secret_clear_registers(void)
{
    if (__builtin_cpu_supports("avx512f")) {
        clear_upper_registers();
    }
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" : : : LOWER_REGISTERS);
    } else {
        __asm__ volatile("pxor %%xmm0, %%xmm0\n\tpxor %%xmm1, %%xmm1\n\tpxor %%xmm2, %%xmm2\n\t"
                         "pxor %%xmm3, %%xmm3\n\tpxor %%xmm4, %%xmm4\n\tpxor %%xmm5, %%xmm5\n\t"
                         "pxor %%xmm6, %%xmm6\n\tpxor %%xmm7, %%xmm7\n\tpxor %%xmm8, %%xmm8\n\t"
                         "pxor %%xmm9, %%xmm9\n\tpxor %%xmm10, %%xmm10\n\tpxor %%xmm11, "
                         "%%xmm11\n\tpxor %%xmm12, %%xmm12\n\tpxor %%xmm13, %%xmm13\n\tpxor "
                         "%%xmm14, %%xmm14\n\tpxor %%xmm15, %%xmm15"
                         :
                         :
                         : LOWER_REGISTERS);
    }
}
#else
void secret_clear_registers(void)
{
}
#endif

/* A frame of its own over all that the functions before had, and nothing in it but zeros. */
__attribute__((noinline)) static void clear_stack(void)
{
    uint8_t frame[STACK_BYTES];
    sodium_memzero(frame, sizeof frame);
}

void secret_leave_nothing(void)
{
    clear_stack();
    secret_clear_registers();
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
