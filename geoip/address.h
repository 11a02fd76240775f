/* IP address text to 16 octets, and which addresses have no place.
 *
 * Follows RFC 4291 (text and mapped addresses), RFC 4007 (zones), RFC 6052 (NAT64), and IANA's IPv4
 * and IPv6 Special-Purpose Address Registries (RFC 6890, 8190) and IPv6 Address Space registry.
 * Everything here is a pure function: thread-safe, no allocation, never blocks. */
#ifndef GEOIP_ADDRESS_H
#define GEOIP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_BYTES 16

/* Reads dotted IPv4 or RFC 4291 IPv6 text, length octets, no NUL needed. IPv4 becomes
 * ::ffff:a.b.c.d, so that both spellings of one address are the same octets. After IPv6 a zone
 * (% and at least one octet) is ignored. False, and out untouched, if it is anything else. */
bool address_parse(const char *text, size_t length, uint8_t out[ADDRESS_BYTES]);

/* Whether the octets are an IPv4 address (::ffff:0:0/96). */
bool address_is_mapped(const uint8_t address[ADDRESS_BYTES]);

/* Turns 64:ff9b::a.b.c.d into ::ffff:a.b.c.d, any other address into itself: a host seen under the
 * well-known NAT64 prefix is the IPv4 host whose address a translator wrote there. */
void address_unwrap(uint8_t address[ADDRESS_BYTES]);

/* Whether the address has no place: every block of the special-purpose registries (private, shared,
 * loopback, link-local, documentation, benchmarking, anycast services), multicast, reserved space,
 * and all IPv6 outside 2000::/3, the only part handed out as global unicast.
 *
 * Addresses that carry an IPv4 address: mapped and 64:ff9b::/96 ones are judged by it. 6to4
 * (2002::/16) and Teredo (2001::/32) are special: the registry does not call them globally
 * reachable, anybody can write them, and in Teredo the part databases look at is that of a server,
 * not of the client. 64:ff9b:1::/48 is for local use, IPv4-compatible ::a.b.c.d is deprecated. */
bool address_is_special(const uint8_t address[ADDRESS_BYTES]);

#endif
