/* (private) Names out of a database, made safe to print. Thread-safe, no allocation. */
#ifndef GEOIP_NAME_H
#define GEOIP_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "geoip/geoip.h"

/* Copies a name of length octets, cut at a code point to fit. False, and out empty, if it is empty,
 * not UTF-8 (RFC 3629: no overlong forms, no surrogates) or has a control character (C0, DEL, C1):
 * nobody can say what was meant, and it would go into lines of a SIEM. */
bool name_copy(const char *name, size_t length, char out[GEOIP_NAME_BYTES]);

#endif
