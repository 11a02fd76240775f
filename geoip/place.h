/* (private) The place that a record of a City database tells of. Thread-safe, no allocation, never
 * blocks. Reads what structure_check passed, by the MaxMind DB file format 2.0 and the names of
 * GeoIP2's City records. */
#ifndef GEOIP_PLACE_H
#define GEOIP_PLACE_H

#include "geoip/geoip.h"
#include "geoip/value.h"

/* Reads the record at an offset of the data section. A name that is missing or unclean in the
 * language is taken in English; a position needs both halves, in range. Returns whether anything is
 * known; sets only that in *out, which comes zeroed. */
bool place_read(struct section data, size_t at, const char *language, struct geoip_place *out);

#endif
