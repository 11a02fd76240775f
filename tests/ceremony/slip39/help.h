/* What the tests of the room share: octets and text into secrets, sets to try things on. */
#ifndef TESTS_CEREMONY_SLIP39_HELP_H
#define TESTS_CEREMONY_SLIP39_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "ceremony/slip39/slip39.h"

static inline struct secret *help_hex(const char *hex)
{
    struct secret *secret = secret_new(strlen(hex) / 2);
    assert_non_null(secret);
    assert_int_equal(sodium_hex2bin(secret->data, secret->capacity, hex, strlen(hex), NULL,
                                    &secret->length, NULL),
                     0);
    return secret;
}

static inline void help_assert_hex(const struct secret *secret, const char *expected)
{
    char hex[2 * SLIP39_VALUE_BYTES_MAX + 1];
    sodium_bin2hex(hex, sizeof hex, secret->data, secret->length);
    assert_string_equal(hex, expected);
}

/* A key of so many octets that counts upward. */
static inline struct secret *help_key(size_t length)
{
    struct secret *key = secret_new(length);
    assert_non_null(key);
    for (size_t i = 0; i < length; i++) {
        key->data[i] = (uint8_t)(0xf0 + i);
    }
    key->length = length;
    return key;
}

static inline struct slip39_plan help_plan(uint8_t threshold, uint8_t count)
{
    return (struct slip39_plan){.id = 0x5a5a & 0x7fff,
                                .exponent = 0,
                                .group_threshold = 1,
                                .group_count = 1,
                                .groups = {{threshold, count}}};
}

static inline void help_split(const struct slip39_plan *plan, const struct secret *key,
                              struct slip39_part *out)
{
    struct fault fault;
    fault_clear(&fault);
    enum err err = slip39_split(key, plan, out, &fault);
    if (err != OK) {
        fail_msg("%s", fault.sentence);
    }
}

static inline void help_done(struct slip39_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        slip39_part_done(&parts[i]);
    }
}

/* The words of a part as a string that the test frees with secret_free. */
static inline struct secret *help_words(const struct slip39_part *part)
{
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX + 1);
    assert_non_null(words);
    assert_int_equal(slip39_encode(part, words), OK);
    assert_int_equal(words->data[words->length], 0);
    return words;
}

#endif
