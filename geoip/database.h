/* (private) One City database file: copied, checked, opened, read.
 *
 * Sealed in memory: the file is copied once into memory nobody else can change, the hash is that of
 * the copied octets, and the library reads the copy; truncating or overwriting the file afterwards
 * can neither kill us (SIGBUS) nor change an answer. After opening a database is never written:
 * any number of threads may read it. */
#ifndef GEOIP_DATABASE_H
#define GEOIP_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "geoip/address.h"
#include "geoip/geoip.h"

#define DATABASE_MAX_BYTES (1024u * 1024 * 1024)

struct database;

/* Opens the regular file at path (a FIFO or device is refused without waiting for it). language is
 * copied. On failure *out is untouched and message[size] names the file and what is wrong. */
enum geoip_err database_open(const char *path, const char *language, struct database **out,
                             char *message, size_t size);

void database_close(struct database *database);

int64_t database_build_time_s(const struct database *database);

/* SHA-256 of the file, 64 lower-case hexadecimal digits and a NUL; lives as long as the database.
 */
const char *database_file_hash(const struct database *database);

/* Finds the place of an address that is not special. Zeroes *out first; true if anything is known:
 * the country, state or city has a usable name, or there is a position. The country is that of the
 * place; registered_country says where the block is registered, not where it is, and is not used.
 */
bool database_find(const struct database *database, const uint8_t address[ADDRESS_BYTES],
                   struct geoip_place *out);

#endif
