/* bench_geoip DATABASE: what loading a City database, a cold and a cached look-up cost, in time
 * that passed and in time of the processor. On a machine with other work only the latter means
 * much. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "audit/base/clock.h"
#include "geoip/geoip.h"

#define ADDRESSES 200000
#define FEW 200 /* addresses that all find room in the cache */
#define REPEATS 20
#define TEXT_BYTES 16

static char addresses[ADDRESSES][TEXT_BYTES];

static uint32_t next_number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static void addresses_make(void)
{
    uint64_t state = 1;
    for (size_t i = 0; i < ADDRESSES; i++) {
        uint32_t bits = next_number(&state);
        snprintf(addresses[i], TEXT_BYTES, "%u.%u.%u.%u", bits % 223 + 1, bits >> 8 & 255,
                 bits >> 16 & 255, bits >> 24);
    }
}

static double processor_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1e6 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Looks the first count addresses up, rounds times over. */
static void measure(struct geoip *geoip, const char *what, size_t count, size_t rounds)
{
    struct geoip_place place;
    struct geoip_status before, after;
    size_t known = 0;
    geoip_status(geoip, &before);
    int64_t start_us = clock_now_us();
    double start_processor_us = processor_us();
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++)
            known += geoip_lookup(geoip, addresses[i], strlen(addresses[i]), &place);
    double used_us = processor_us() - start_processor_us;
    double took_us = (double)(clock_now_us() - start_us);
    geoip_status(geoip, &after);
    double all = (double)(count * rounds);
    printf("%-8s %8.3f us a look-up (processor %.3f us), %.1f %% known, %.1f %% from the cache\n",
           what, took_us / all, used_us / all, 100 * (double)known / all,
           100 * (double)(after.cache_hits - before.cache_hits) / all);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench_geoip DATABASE\n");
        return 2;
    }
    char message[256];
    struct geoip *geoip = geoip_new(NULL);
    int64_t start_us = clock_now_us();
    if (!geoip || geoip_load(geoip, argv[1], message, sizeof message) != GEOIP_OK) {
        fprintf(stderr, "%s\n", geoip ? message : "no memory");
        geoip_free(geoip);
        return 1;
    }
    printf("load     %8.3f s (processor %.3f s)\n", (double)(clock_now_us() - start_us) / 1e6,
           processor_us() / 1e6);
    addresses_make();
    measure(geoip, "cold", ADDRESSES, 1);
    measure(geoip, "filling", FEW, 1);
    measure(geoip, "cached", FEW, ADDRESSES / FEW * REPEATS);
    geoip_free(geoip);
    return 0;
}
