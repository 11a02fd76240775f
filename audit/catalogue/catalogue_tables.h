/* Private: the tables of look-up that catalogue_gen writes into catalogue_data.c. */
#ifndef AUDIT_CATALOGUE_CATALOGUE_TABLES_H
#define AUDIT_CATALOGUE_CATALOGUE_TABLES_H

#include "audit/catalogue/catalogue.h"

/* A perfect hash (catalogue_hash.h): each name of its list has a bucket of its own. */
struct catalogue_index {
    uint64_t seed;
    unsigned bits;         /* 2^bits buckets */
    const uint16_t *place; /* of a bucket in the list, CATALOGUE_NOWHERE if empty */
};

extern const struct slice catalogue_reserved[];

extern const struct catalogue_index catalogue_type_index;
extern const struct catalogue_index catalogue_field_index;
extern const struct catalogue_index catalogue_reserved_index;

#endif
