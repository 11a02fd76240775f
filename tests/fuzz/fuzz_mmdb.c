/* A City database made of any octets: refused, or harmless to load and to look things up in. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geoip/geoip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_around(struct geoip *geoip)
{
    static const char *const addresses[] = {
        "1.1.1.1",         "8.8.8.8",          "81.2.69.160", "198.20.1.1",       "198.20.200.1",
        "223.255.255.255", "2000::",           "2600::1",     "2804::1",          "2a00::1",
        "3ffe::1",         "64:ff9b::8.8.8.8", "260f:1::",    "::ffff:198.20.1.1"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct geoip_place place;
        geoip_lookup(geoip, addresses[i], strlen(addresses[i]), &place);
        if (!memchr(place.country, 0, sizeof place.country) ||
            !memchr(place.state, 0, sizeof place.state) ||
            !memchr(place.city, 0, sizeof place.city))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32], message[256];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct geoip *geoip = geoip_new("pt-BR");
    if (!geoip)
        abort();
    if (geoip_load(geoip, path, message, sizeof message) == GEOIP_OK)
        look_around(geoip);
    geoip_free(geoip);
    close(fd);
    return 0;
}
