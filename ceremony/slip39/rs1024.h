/* RS1024: the checksum of SLIP-39, three words over GF(1024). It finds any three wrong words, and
 * more with a chance of a thousand million to one. Words are secret: no branch depends on them.
 * Thread-safe. Follows SLIP-0039, section "Checksum". */
#ifndef CEREMONY_SLIP39_RS1024_H
#define CEREMONY_SLIP39_RS1024_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS1024_WORDS 3

/* All ones if the count numbers, the last three of them the checksum, are right; else 0. extendable
 * (public) chooses what the checksum is made over, besides. */
uint32_t rs1024_verify(const uint16_t *numbers, size_t count, bool extendable);

/* Makes the three numbers of the checksum over count numbers. */
void rs1024_create(const uint16_t *numbers, size_t count, bool extendable,
                   uint16_t out[RS1024_WORDS]);

#endif
