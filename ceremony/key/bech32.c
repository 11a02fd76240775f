#include "ceremony/key/bech32.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/declassify.h"

#define GROUPS 32
#define CHECKSUM_CHARACTERS 6

static const char characters[GROUPS + 1] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* ---- masks: all ones for yes, all zeros for no --------------------------------------------- */

static uint32_t mask_equal(uint32_t a, uint32_t b)
{
    return (uint32_t)(((uint64_t)(a ^ b) - 1) >> 32);
}

/* first <= octet <= last */
static uint32_t mask_between(uint32_t octet, uint32_t first, uint32_t last)
{
    return 0 - (((octet - first) | (last - octet)) >> 31 ^ 1);
}

/* ---- the checksum -------------------------------------------------------------------------- */

/* One step of BIP-173's checksum: multiplies by x and adds the group, modulo the generator. */
static uint32_t checksum_step(uint32_t checksum, uint32_t group)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = checksum >> 25;
    checksum = (checksum & 0x1ffffff) << 5 ^ group;
    for (unsigned i = 0; i < 5; i++) {
        checksum ^= generator[i] & (0 - (top >> i & 1));
    }
    return checksum;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool is_upper_case(const char *prefix)
{
    bool upper = false;
    for (const char *at = prefix; *at != '\0'; at++) {
        upper = upper || (*at >= 'A' && *at <= 'Z');
    }
    return upper;
}

/* The checksum behind the prefix, which counts in lower case. */
static uint32_t checksum_prefix(const char *prefix)
{
    uint32_t checksum = 1;
    for (const char *at = prefix; *at != '\0'; at++) {
        assert(*at > ' ' && *at <= '~');
        checksum = checksum_step(checksum, (uint32_t)lower(*at) >> 5);
    }
    checksum = checksum_step(checksum, 0);
    for (const char *at = prefix; *at != '\0'; at++) {
        checksum = checksum_step(checksum, (uint32_t)lower(*at) & 31);
    }
    return checksum;
}

/* ---- writing ------------------------------------------------------------------------------- */

char bech32_character(uint8_t group)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < GROUPS; i++) {
        found |= (uint8_t)characters[i] & mask_equal(i, group);
    }
    return (char)found;
}

struct writing {
    uint32_t checksum;
    uint32_t bits; /* those not written yet lie lowest */
    char *at;
    bool upper;
};

static void write_group(struct writing *writing, uint32_t group)
{
    uint32_t character = (uint32_t)bech32_character((uint8_t)group);
    if (writing->upper) {
        character &= ~(mask_between(character, 'a', 'z') & 0x20);
    }
    writing->checksum = checksum_step(writing->checksum, group);
    *writing->at++ = (char)character;
}

void bech32_encode(const char *prefix, struct slice data, char *out)
{
    size_t prefix_length = strlen(prefix);
    assert(prefix_length > 0 && data.length <= BECH32_CHARACTERS_MAX &&
           BECH32_CHARACTERS(prefix_length, data.length) <= BECH32_CHARACTERS_MAX);
    struct writing writing = {.checksum = checksum_prefix(prefix),
                              .at = out + prefix_length + 1,
                              .upper = is_upper_case(prefix)};
    memcpy(out, prefix, prefix_length);
    out[prefix_length] = '1';
    unsigned waiting = 0;
    for (size_t i = 0; i < data.length; i++) {
        writing.bits = writing.bits << 8 | (uint8_t)data.data[i];
        for (waiting += 8; waiting >= BECH32_PER_GROUP; waiting -= BECH32_PER_GROUP) {
            write_group(&writing, writing.bits >> (waiting - BECH32_PER_GROUP) & 31);
        }
    }
    if (waiting > 0) {
        write_group(&writing, writing.bits << (BECH32_PER_GROUP - waiting) & 31);
    }
    uint32_t checksum = writing.checksum;
    for (int i = 0; i < CHECKSUM_CHARACTERS; i++) {
        checksum = checksum_step(checksum, 0);
    }
    checksum ^= 1;
    for (int i = 0; i < CHECKSUM_CHARACTERS; i++) {
        write_group(&writing, checksum >> (BECH32_PER_GROUP * (CHECKSUM_CHARACTERS - 1 - i)) & 31);
    }
    *writing.at = '\0';
    sodium_memzero(&checksum, sizeof checksum);
    sodium_memzero(&writing, sizeof writing);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What is found out about a text; only the verdicts are ever looked at. */
struct reading {
    uint32_t checksum;
    uint32_t bits;
    uint32_t wrong_place; /* number of the first character that is none of ours, 0 if all are */
    uint32_t other_case;  /* not 0: so is a letter's case */
};

/* The group of a character of the wanted case; takes down what is wrong with it. */
static uint32_t read_group(struct reading *reading, char octet, bool upper, uint32_t number)
{
    uint32_t character = (uint8_t)octet;
    uint32_t is_upper = mask_between(character, 'A', 'Z');
    uint32_t is_lower = mask_between(character, 'a', 'z');
    uint32_t group = 0;
    uint32_t known = 0;
    character |= is_upper & 0x20;
    for (uint32_t i = 0; i < GROUPS; i++) {
        uint32_t same = mask_equal((uint8_t)characters[i], character);
        group |= i & same;
        known |= same;
    }
    reading->other_case |= (upper ? is_lower : is_upper) & known;
    reading->wrong_place |= number & ~known & mask_equal(reading->wrong_place, 0);
    reading->checksum = checksum_step(reading->checksum, group);
    return group;
}

static enum err refuse(struct fault *fault, const char *prefix, const char *what)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                     "A text beginning with %s1 is wanted, but %s. Read it again where it is "
                     "written and give it whole.",
                     prefix, what);
}

static enum err refuse_length(struct fault *fault, const char *prefix, size_t given, size_t wanted)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                     "A text beginning with %s1 has %zu characters; this one has %zu.", prefix,
                     wanted, given);
}

/* The beginning of a text: is it this prefix and a 1? */
static enum err check_prefix(struct slice text, const char *prefix, struct fault *fault)
{
    size_t length = strlen(prefix);
    if (text.length > length && memcmp(text.data, prefix, length) == 0 &&
        text.data[length] == '1') {
        return OK;
    }
    bool other_case = text.length > length && text.data[length] == '1';
    for (size_t i = 0; i < length && other_case; i++) {
        other_case = lower(text.data[i]) == lower(prefix[i]);
    }
    return refuse(fault, prefix,
                  !other_case             ? "this one begins otherwise"
                  : is_upper_case(prefix) ? "in upper case throughout"
                                          : "in lower case throughout");
}

static enum err judge(const struct reading *reading, const char *prefix, uint32_t padding,
                      struct fault *fault)
{
    /* Whether the text is right and where it is not is told to whoever gave it. */
    uint32_t verdict[] = {reading->wrong_place, reading->other_case, reading->checksum ^ 1,
                          padding};
    secret_declassify(verdict, sizeof verdict);
    if (verdict[0] != 0) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                         "Character %u of a text beginning with %s1 is none that can stand there. "
                         "Digits and letters can, but for 1, b, i and o.",
                         (unsigned)verdict[0], prefix);
    }
    if (verdict[1] != 0) {
        return refuse(fault, prefix,
                      is_upper_case(prefix) ? "in upper case throughout"
                                            : "in lower case throughout");
    }
    if (verdict[2] != 0) {
        return refuse(fault, prefix,
                      "its checksum does not agree: a character is wrong, missing or in another's "
                      "place");
    }
    return verdict[3] == 0 ? OK : refuse(fault, prefix, "its last bits, which fill up, are not 0");
}

enum err bech32_decode(struct slice text, const char *prefix, uint8_t *out, size_t length,
                       struct fault *fault)
{
    size_t prefix_length = strlen(prefix);
    size_t wanted = BECH32_CHARACTERS(prefix_length, length);
    assert(prefix_length > 0 && wanted <= BECH32_CHARACTERS_MAX);
    sodium_memzero(out, length);
    enum err err = check_prefix(text, prefix, fault);
    if (err == OK && text.length != wanted) {
        err = refuse_length(fault, prefix, text.length, wanted);
    }
    if (err != OK) {
        return err;
    }
    struct reading reading = {.checksum = checksum_prefix(prefix)};
    bool upper = is_upper_case(prefix);
    size_t filled = 0;
    unsigned waiting = 0;
    uint32_t padding = 0;
    for (size_t i = prefix_length + 1; i < text.length; i++) {
        uint32_t group = read_group(&reading, text.data[i], upper, (uint32_t)i + 1);
        if (i >= text.length - CHECKSUM_CHARACTERS) {
            continue;
        }
        reading.bits = reading.bits << BECH32_PER_GROUP | group;
        waiting += BECH32_PER_GROUP;
        if (waiting >= 8) {
            waiting -= 8;
            out[filled++] = (uint8_t)(reading.bits >> waiting);
        }
    }
    assert(filled == length && waiting < BECH32_PER_GROUP);
    padding = reading.bits & ((1u << waiting) - 1);
    err = judge(&reading, prefix, padding, fault);
    if (err != OK) {
        sodium_memzero(out, length);
    }
    sodium_memzero(&reading, sizeof reading);
    sodium_memzero(&padding, sizeof padding);
    return err;
}
