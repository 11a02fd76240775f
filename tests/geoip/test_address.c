/* Addresses: what is one, and which have no place. The blocks and their ends are those of IANA's
 * special-purpose registries and of the RFC beside each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "geoip/address.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static bool special(const char *text)
{
    uint8_t octets[ADDRESS_BYTES];
    if (!address_parse(text, strlen(text), octets))
        fail_msg("%s is not read as an address", text);
    return address_is_special(octets);
}

static void reads_both_families_into_16_octets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t octets[ADDRESS_BYTES];
    } cases[] = {
        {"192.0.2.33", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 33}},
        {"::ffff:192.0.2.33", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 33}},
        {"::FFFF:c000:221", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 33}},
        {"255.255.255.255", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255}},
        /* RFC 4291 section 2.2: four spellings of examples of its own */
        {"2001:DB8:0:0:8:800:200C:417A",
         {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0x0c, 0x41, 0x7a}},
        {"2001:DB8::8:800:200C:417A",
         {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0x0c, 0x41, 0x7a}},
        {"::13.1.68.3", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 1, 68, 3}},
        {"::", {0}},
        {"fe80::1%eth0", {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
        {"fe80::1%a-zone-with-a-name-far-longer-than-any-address-could-be",
         {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t octets[ADDRESS_BYTES];
        assert_true(address_parse(cases[i].text, strlen(cases[i].text), octets));
        assert_memory_equal(octets, cases[i].octets, ADDRESS_BYTES);
    }
}

static void refuses_what_is_not_an_address(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "localhost",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "1.2.3.256",
                                        "1.2.3.-4",
                                        "01.2.3.4",
                                        "1.2.3.4 ",
                                        " 1.2.3.4",
                                        "0x7f.0.0.1",
                                        "1.2.3.4%x",
                                        "2130706433",
                                        ":",
                                        ":::",
                                        "1::2::3",
                                        "12345::",
                                        "g::",
                                        "fe80::1%",
                                        "%eth0",
                                        "[::1]",
                                        "::1/128",
                                        "1:2:3:4:5:6:7",
                                        "1.2.3.4:80",
                                        "::ffff:1.2.3",
                                        "1:2:3:4:5:6:7:8:9",
                                        "::1.2.3.4.",
                                        "fe80::1 % eth0",
                                        "1..2.3",
                                        "1.2.3.4\n",
                                        "::\xff",
                                        "0000:0000:0000:0000:0000:ffff:255.255.255.2555"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t octets[ADDRESS_BYTES], before[ADDRESS_BYTES];
        memset(octets, 0x5a, sizeof octets);
        memcpy(before, octets, sizeof before);
        if (address_parse(cases[i], strlen(cases[i]), octets))
            fail_msg("'%s' is taken for an address", cases[i]);
        assert_memory_equal(octets, before, sizeof before);
    }
    uint8_t octets[ADDRESS_BYTES];
    assert_false(address_parse("1.2.3.4\0.5", 10, octets));
    assert_false(address_parse("fe80::1%\0", 9, octets));
}

static void reads_no_further_than_the_length(void **state)
{
    (void)state;
    uint8_t octets[ADDRESS_BYTES];
    const char text[] = {'1', '.', '2', '.', '3', '.', '4', '5'};
    assert_true(address_parse(text, 7, octets));
    assert_int_equal(octets[15], 4);
}

/* First and last address of each block, and the ones just outside of it (NULL where a special block
 * lies there too). */
struct block_case {
    const char *before, *first, *last, *after;
};

static const struct block_case ipv4_blocks[] = {
    {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},                        /* RFC 791 */
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},          /* RFC 1918 */
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},   /* RFC 6598 */
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},     /* RFC 1122 */
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"}, /* RFC 3927 */
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},     /* RFC 1918 */
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},         /* RFC 6890 */
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},             /* RFC 5737 */
    {"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"}, /* RFC 7535 */
    {"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"}, /* RFC 7450 */
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},    /* RFC 7526 */
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"}, /* RFC 1918 */
    {"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"}, /* RFC 7534 */
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},     /* RFC 2544 */
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},  /* RFC 5737 */
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},     /* RFC 5737 */
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},            /* RFC 5771 */
    {NULL, "240.0.0.0", "255.255.255.255", NULL},                         /* RFC 1112, 919 */
};

static const struct block_case ipv6_blocks[] = {
    {NULL, "::", "::1", NULL},                                             /* RFC 4291 */
    {NULL, "::0.0.0.2", "::255.255.255.255", NULL},                        /* RFC 4291 2.5.5.1 */
    {NULL, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL},     /* RFC 8215 */
    {NULL, "100::", "100::ffff:ffff:ffff:ffff", NULL},                     /* RFC 6666 */
    {NULL, "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", NULL},          /* RFC 9780 */
    {NULL, "1fff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"}, /* RFC 4291 */
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::",                  /* RFC 4380 */
     "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "2001:1::1", "2001:1::2", NULL},                              /* RFC 7723, 8155 */
    {NULL, "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", NULL},       /* RFC 5180 */
    {NULL, "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", NULL},    /* RFC 7450 */
    {NULL, "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", NULL}, /* RFC 7535 */
    {NULL, "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", NULL},  /* RFC 4843 */
    {NULL, "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", NULL},  /* RFC 7343 */
    {NULL, "2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", NULL},  /* RFC 9374 */
    {NULL, "2001:100::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",       /* RFC 2928 */
     "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", /* RFC 3849 */
     "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", /* RFC 3056 */
     "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
    {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8000::", /* RFC 7534 */
     "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", /* RFC 9637 */
     "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", /* RFC 4291 */
     "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL}, /* RFC 9602 */
    {NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL}, /* RFC 4193 */
    {NULL, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL}, /* RFC 4291 */
    {NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL}, /* RFC 3879 */
    {NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL}, /* RFC 4291 */
};

static void check_blocks(const struct block_case *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct block_case *block = &blocks[i];
        if (!special(block->first) || !special(block->last))
            fail_msg("%s to %s should be special", block->first, block->last);
        if (block->before && special(block->before))
            fail_msg("%s should not be special", block->before);
        if (block->after && special(block->after))
            fail_msg("%s should not be special", block->after);
    }
}

static void knows_the_special_blocks_of_ipv4(void **state)
{
    (void)state;
    check_blocks(ipv4_blocks, COUNT_OF(ipv4_blocks));
}

static void knows_the_special_blocks_of_ipv6(void **state)
{
    (void)state;
    check_blocks(ipv6_blocks, COUNT_OF(ipv6_blocks));
}

static void judges_mapped_and_nat64_addresses_by_the_ipv4_address(void **state)
{
    (void)state;
    assert_true(special("::ffff:10.1.2.3"));
    assert_false(special("::ffff:11.1.2.3"));
    assert_true(special("64:ff9b::192.168.1.1"));
    assert_false(special("64:ff9b::8.8.8.8"));
    assert_true(special("64:ff9b:0:0:0:1:8.8.8.8")); /* outside the /96 */
}

static void unwraps_nat64_and_nothing_else(void **state)
{
    (void)state;
    /* RFC 6052 section 2.4: 192.0.2.33 under the well-known prefix is 64:ff9b::192.0.2.33. */
    uint8_t octets[ADDRESS_BYTES], wanted[ADDRESS_BYTES];
    assert_true(address_parse("64:ff9b::192.0.2.33", 19, octets));
    assert_true(address_parse("192.0.2.33", 10, wanted));
    assert_false(address_is_mapped(octets));
    address_unwrap(octets);
    assert_memory_equal(octets, wanted, ADDRESS_BYTES);
    assert_true(address_is_mapped(octets));

    assert_true(address_parse("64:ff9b:1::192.0.2.33", 21, octets));
    memcpy(wanted, octets, sizeof wanted);
    address_unwrap(octets);
    assert_memory_equal(octets, wanted, ADDRESS_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_families_into_16_octets),
        cmocka_unit_test(refuses_what_is_not_an_address),
        cmocka_unit_test(reads_no_further_than_the_length),
        cmocka_unit_test(knows_the_special_blocks_of_ipv4),
        cmocka_unit_test(knows_the_special_blocks_of_ipv6),
        cmocka_unit_test(judges_mapped_and_nat64_addresses_by_the_ipv4_address),
        cmocka_unit_test(unwraps_nat64_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
