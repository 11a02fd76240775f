#include "geoip/address.h"

#include <arpa/inet.h>
#include <string.h>

struct block_ipv4 {
    uint32_t network;
    unsigned bits;
};

struct block_ipv6 {
    uint8_t network[ADDRESS_BYTES];
    unsigned bits;
};

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t nat64_prefix[12] = {0x00, 0x64, 0xff, 0x9b};

static const struct block_ipv4 special_ipv4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8        this network, RFC 791 */
    {0x0a000000, 8},  /* 10.0.0.0/8       private use, RFC 1918 */
    {0x64400000, 10}, /* 100.64.0.0/10    shared address space, RFC 6598 */
    {0x7f000000, 8},  /* 127.0.0.0/8      loopback, RFC 1122 */
    {0xa9fe0000, 16}, /* 169.254.0.0/16   link local, RFC 3927 */
    {0xac100000, 12}, /* 172.16.0.0/12    private use, RFC 1918 */
    {0xc0000000, 24}, /* 192.0.0.0/24     protocol assignments, RFC 6890, with the two anycast
                       *                  addresses in it (RFC 7723, 8155) */
    {0xc0000200, 24}, /* 192.0.2.0/24     documentation, RFC 5737 */
    {0xc01fc400, 24}, /* 192.31.196.0/24  AS112 anycast, RFC 7535 */
    {0xc034c100, 24}, /* 192.52.193.0/24  AMT anycast, RFC 7450 */
    {0xc0586300, 24}, /* 192.88.99.0/24   6to4 relay anycast, deprecated, RFC 7526 */
    {0xc0a80000, 16}, /* 192.168.0.0/16   private use, RFC 1918 */
    {0xc0af3000, 24}, /* 192.175.48.0/24  AS112 anycast, RFC 7534 */
    {0xc6120000, 15}, /* 198.18.0.0/15    benchmarking, RFC 2544 */
    {0xc6336400, 24}, /* 198.51.100.0/24  documentation, RFC 5737 */
    {0xcb007100, 24}, /* 203.0.113.0/24   documentation, RFC 5737 */
    {0xe0000000, 4},  /* 224.0.0.0/4      multicast, RFC 5771 */
    {0xf0000000, 4},  /* 240.0.0.0/4      reserved, RFC 1112, and broadcast, RFC 919 */
};

/* Only what lies in 2000::/3: the rest of IPv6 is special as a whole, so ::, ::1, 64:ff9b:1::/48,
 * 100::/64, 100:0:0:1::/64, 5f00::/16, fc00::/7, fe80::/10 and ff00::/8 need no line. */
static const struct block_ipv6 special_ipv6[] = {
    {{0x20, 0x01}, 23},             /* 2001::/23  protocol assignments, RFC 2928: Teredo,
                                     *            benchmarking, ORCHID, AMT, AS112, DRIP */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32      documentation, RFC 3849 */
    {{0x20, 0x02}, 16},             /* 2002::/16          6to4, RFC 3056 */
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48}, /* 2620:4f:8000::/48  AS112 anycast, RFC 7534 */
    {{0x3f, 0xff}, 20},                         /* 3fff::/20          documentation, RFC 9637 */
};

bool address_parse(const char *text, size_t length, uint8_t out[ADDRESS_BYTES])
{
    char copy[INET6_ADDRSTRLEN];
    const char *zone = memchr(text, '%', length);
    size_t bare = zone ? (size_t)(zone - text) : length;
    if (bare == 0 || bare >= sizeof copy || memchr(text, '\0', length))
        return false;
    memcpy(copy, text, bare);
    copy[bare] = '\0';

    uint8_t octets[ADDRESS_BYTES];
    if (!zone && inet_pton(AF_INET, copy, octets + 12) == 1)
        memcpy(octets, mapped_prefix, sizeof mapped_prefix);
    else if ((zone && bare + 1 == length) || inet_pton(AF_INET6, copy, octets) != 1)
        return false;
    memcpy(out, octets, ADDRESS_BYTES);
    return true;
}

bool address_is_mapped(const uint8_t address[ADDRESS_BYTES])
{
    return memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0;
}

void address_unwrap(uint8_t address[ADDRESS_BYTES])
{
    if (memcmp(address, nat64_prefix, sizeof nat64_prefix) == 0)
        memcpy(address, mapped_prefix, sizeof mapped_prefix);
}

static bool ipv4_is_special(const uint8_t octets[4])
{
    uint32_t address = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
                       (uint32_t)octets[2] << 8 | octets[3];
    for (size_t i = 0; i < sizeof special_ipv4 / sizeof special_ipv4[0]; i++) {
        uint32_t mask = UINT32_MAX << (32 - special_ipv4[i].bits);
        if ((address & mask) == special_ipv4[i].network)
            return true;
    }
    return false;
}

static bool block_holds(const struct block_ipv6 *block, const uint8_t address[ADDRESS_BYTES])
{
    size_t whole = block->bits / 8;
    unsigned rest = block->bits % 8;
    if (memcmp(block->network, address, whole) != 0)
        return false;
    return rest == 0 || (block->network[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool address_is_special(const uint8_t address[ADDRESS_BYTES])
{
    uint8_t bare[ADDRESS_BYTES];
    memcpy(bare, address, sizeof bare);
    address_unwrap(bare);
    if (address_is_mapped(bare))
        return ipv4_is_special(bare + 12);
    if (bare[0] >> 5 != 1) /* outside 2000::/3 */
        return true;
    for (size_t i = 0; i < sizeof special_ipv6 / sizeof special_ipv6[0]; i++)
        if (block_holds(&special_ipv6[i], bare))
            return true;
    return false;
}
