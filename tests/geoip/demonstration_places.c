/* Writes a very small City database for ./quickstart: demonstration_places FILE. The addresses are
 * those of four regional registries and a public resolver, whose places are public knowledge. A
 * real installation uses GeoLite2 or GeoIP2 City. */
#include <stdio.h>

#include "tests/geoip/mmdb_writer.h"

int main(int argc, char **argv)
{
    static const struct {
        const char *network;
        struct mmdb_city city;
    } places[] = {
        {"200.160.0.0/20",
         {.country = {.en = "Brazil"},
          .state = {.en = "Sao Paulo"},
          .city = {.en = "Sao Paulo"},
          .has_position = true,
          .latitude = -23.5475,
          .longitude = -46.6361}},
        {"193.0.0.0/21",
         {.country = {.en = "Netherlands"},
          .state = {.en = "North Holland"},
          .city = {.en = "Amsterdam"},
          .has_position = true,
          .latitude = 52.3759,
          .longitude = 4.8975}},
        {"202.12.28.0/22",
         {.country = {.en = "Australia"},
          .state = {.en = "Queensland"},
          .city = {.en = "Brisbane"},
          .has_position = true,
          .latitude = -27.4679,
          .longitude = 153.0281}},
        {"192.149.252.0/24",
         {.country = {.en = "United States"},
          .state = {.en = "Virginia"},
          .has_position = true,
          .latitude = 38.8,
          .longitude = -77.2}},
    };
    if (argc != 2) {
        fputs("usage: demonstration_places FILE\n", stderr);
        return 2;
    }
    const struct mmdb_options options = {.type = "GeoLite2-City"};
    struct mmdb_writer *writer = mmdb_writer_new(&options);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        mmdb_writer_add(writer, places[i].network, &places[i].city);
    }
    mmdb_writer_save(writer, argv[1]);
    mmdb_writer_free(writer);
    return 0;
}
