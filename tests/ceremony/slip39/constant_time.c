/* Neither a jump nor an address depends on a key, a value or a word: split, encode, decode and
 * combine run under valgrind with the octets marked as secret (tests/CMakeLists.txt). With the
 * argument `leak`, a jump does depend on one. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/base/declassify.h"
#include "ceremony/slip39/slip39.h"

#define PARTS_MAX 8

static void must(enum err err, const struct fault *fault)
{
    if (err != OK) {
        fprintf(stderr, "failed: %s\n", fault->sentence);
        exit(1);
    }
}

static struct secret *make_key(size_t length)
{
    struct secret *key = secret_new(length);
    if (key == NULL) {
        exit(1);
    }
    key->length = length;
    randombytes_buf(key->data, length);
    secret_classify(key->data, length);
    return key;
}

/* The words of a part, read back with a secret in every letter and blank. */
static struct slip39_part through_words(const struct slip39_part *part, bool shout)
{
    struct slip39_part read = {0};
    struct fault fault;
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    must(words == NULL ? ERR_NO_MEMORY : slip39_encode(part, words), &fault);
    for (size_t i = 0; i < words->length && shout; i++) {
        words->data[i] &= 0xdf; /* upper case, and the blank becomes NUL … */
        words->data[i] |= (uint8_t)((uint8_t)(words->data[i] - 1) >> 7 << 5); /* … or a blank */
    }
    secret_classify(words->data, words->length);
    must(slip39_decode((struct slice){(const char *)words->data, words->length}, &read, &fault),
         &fault);
    secret_free(words);
    return read;
}

static void refuse_wrong_words(const struct slip39_part *part)
{
    struct slip39_part read = {0};
    struct fault fault;
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    must(words == NULL ? ERR_NO_MEMORY : slip39_encode(part, words), &fault);
    words->data[words->length - 1] ^= 3;
    secret_classify(words->data, words->length);
    if (slip39_decode((struct slice){(const char *)words->data, words->length}, &read, &fault) ==
        OK) {
        exit(1);
    }
    secret_free(words);
}

static void there_and_back(const struct slip39_plan *plan, size_t length)
{
    struct fault fault;
    struct slip39_part parts[PARTS_MAX];
    struct slip39_part read[PARTS_MAX];
    struct secret *key = make_key(length);
    size_t count = slip39_plan_parts(plan);
    must(slip39_split(key, plan, parts, &fault), &fault);
    for (size_t i = 0; i < count; i++) {
        secret_classify(parts[i].value->data, length);
        refuse_wrong_words(&parts[i]);
        read[i] = through_words(&parts[i], i % 2 != 0);
        secret_classify(read[i].value->data, length);
    }
    struct secret *passphrase = make_key(20);
    struct slip39_report report;
    struct secret *combined = NULL;
    struct slip39_way way = {.drop_bad = true};
    must(slip39_combine(read, count, &way, &combined, &report, &fault), &fault);
    int differs = sodium_memcmp(combined->data, key->data, length);
    secret_declassify(&differs, sizeof differs);
    secret_free(combined);
    read[0].value->data[0] ^= 1; /* a misfit among the others, and a passphrase */
    way.passphrase = (struct slice){(const char *)passphrase->data, passphrase->length};
    must(slip39_combine(read, count, &way, &combined, &report, &fault), &fault);
    secret_free(combined);
    if (differs != 0 || report.fates[0] != SLIP39_MISFIT) {
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        slip39_part_done(&parts[i]);
        slip39_part_done(&read[i]);
    }
    secret_free(passphrase);
    secret_free(key);
}

static void leak(void)
{
    struct secret *key = make_key(16);
    puts((key->data[0] & 1) != 0 ? "odd" : "even");
    secret_free(key);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        leak();
        return 0;
    }
    const struct slip39_plan one_group = {
        .id = 5, .group_threshold = 1, .group_count = 1, .groups = {{2, 3}}};
    const struct slip39_plan three_groups = {
        .id = 6, .group_threshold = 2, .group_count = 3, .groups = {{1, 1}, {1, 1}, {2, 3}}};
    there_and_back(&one_group, 32);
    there_and_back(&three_groups, 16);
    puts("no jump, no address depended on a secret");
    return 0;
}
