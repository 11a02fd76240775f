/* The file in which a guardian keeps his key: an age passphrase file.
 *
 * It is what `age -p` makes of what `age-keygen` writes, so `age -d` and `age -i` open it in ten
 * years too: one scrypt recipient, one chunk of ChaCha20-Poly1305 (C2SP age.md; RFC 7914; RFC 8439;
 * parts.md section 6). Thread-safe. Secrets stand in guarded memory or on the stack, which is
 * wiped. No fault holds what stood in a file. */
#ifndef CEREMONY_KEY_AGEFILE_H
#define CEREMONY_KEY_AGEFILE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

#define AGEFILE_BYTES_MAX 65536    /* of a file: larger ones are refused */
#define AGEFILE_WORK_FACTOR 18     /* of those written: 2^18, 256 MiB, about a second */
#define AGEFILE_WORK_FACTOR_MAX 20 /* of those read: 1 GiB */

/* What a file says to whoever has no passphrase. The slices lie in the file, or in the buffer it
 * was taken out of its armor to. */
struct agefile {
    struct slice header; /* what the MAC is over: up to and with the three dashes */
    struct slice nonce;
    struct slice sealed; /* the content, in one chunk with its tag */
    unsigned work_factor;
    uint8_t salt[16];
    uint8_t wrapped[32]; /* the file's key and a tag */
    uint8_t mac[32];
};

/* Takes a file apart, armored or not, without a passphrase: cheap, whatever stands in it.
 * unarmored, initialised by the caller with a maximum of AGEFILE_BYTES_MAX, gets what stood in
 * armor. ERR_INVALID_PARAMS with bad_key_file: too large, not of age, for other recipients than a
 * passphrase, a factor over AGEFILE_WORK_FACTOR_MAX, damaged. */
MUST_CHECK enum err agefile_parse(struct slice file, struct buffer *unarmored, struct agefile *out,
                                  struct fault *fault);

/* Opens a file with its passphrase; the content is owned by the caller. ERR_INVALID_PARAMS with
 * bad_key_file as above, wrong_passphrase; ERR_NO_MEMORY (the factor 18 needs 256 MiB for a
 * moment). Takes about a second at the factor 18, four at 20. */
MUST_CHECK enum err agefile_read(struct slice file, const struct secret *passphrase,
                                 struct secret **out_content, struct fault *fault);

/* Writes the content under a passphrase (at least one octet), in armor, to out, whose maximum is
 * AGEFILE_BYTES_MAX. The factor is 1 to AGEFILE_WORK_FACTOR_MAX; less than AGEFILE_WORK_FACTOR is
 * for tests. ERR_INVALID_PARAMS, too_large, when the file would be; ERR_NO_MEMORY. Takes as long as
 * reading. */
MUST_CHECK enum err agefile_write(const struct secret *content, const struct secret *passphrase,
                                  unsigned work_factor, struct buffer *out, struct fault *fault);

#endif
