/* Where an address is. The door of the room.
 *
 * One City database (GeoLite2 or GeoIP2, MMDB format 2.0). Look-ups are thread-safe and never wait
 * for a reload: a reload builds and checks the new database beside the old one and swaps them; who
 * is still looking something up in the old one keeps it until done. The file is copied into private
 * memory when opened, so nothing anybody does to the file afterwards can reach the program. */
#ifndef GEOIP_GEOIP_H
#define GEOIP_GEOIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEOIP_NAME_BYTES \
    128 /* longest name kept, with its NUL; longer ones are cut at a code point */
#define GEOIP_CACHE_ENTRIES 8192

enum geoip_err { GEOIP_OK = 0, GEOIP_UNREADABLE, GEOIP_INVALID, GEOIP_NO_MEMORY };

/* What is known of a place. By value. An empty name and has_position false mean not known. */
struct geoip_place {
    char country[GEOIP_NAME_BYTES]; /* UTF-8, NUL-ended */
    char state[GEOIP_NAME_BYTES];   /* first subdivision */
    char city[GEOIP_NAME_BYTES];
    bool has_position;
    double latitude_deg, longitude_deg; /* WGS 84, -90..90, -180..180 */
};

/* What is known of the database in force. */
struct geoip_status {
    bool loaded;
    char path[512];
    char file_hash[65];   /* SHA-256 of the file, hexadecimal */
    int64_t build_time_s; /* seconds since 1970 */
    char last_error[256]; /* why the last reload was refused; "" if it was not */
    uint64_t lookups, cache_hits;
};

struct geoip;

/* A door without a database: every look-up finds nothing. language is that of the names ("en" when
 * NULL; a name missing in it falls back to "en"). NULL when there is no memory. */
struct geoip *geoip_new(const char *language);
void geoip_free(struct geoip *geoip);

/* Opens, checks and puts in force the database at path (NULL or "": none, look-ups find nothing).
 * On an error the former one stays in force, and message[size] says in English what is wrong and
 * names the file. Never blocks a look-up. */
enum geoip_err geoip_load(struct geoip *geoip, const char *path, char *message, size_t size);

/* Looks up IPv4 or IPv6 text (a zone after % is ignored). IPv4-mapped IPv6 counts as the IPv4
 * address. Private and special ranges (IANA special-purpose registries) give nothing, never a
 * guess. Returns whether anything is known; *out is always set. */
bool geoip_lookup(struct geoip *geoip, const char *address, size_t length, struct geoip_place *out);

void geoip_status(struct geoip *geoip, struct geoip_status *out);

#endif
