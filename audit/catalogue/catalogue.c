#include "audit/catalogue/catalogue.h"

#include "audit/catalogue/catalogue_hash.h"
#include "audit/catalogue/catalogue_tables.h"

static inline uint16_t index_place(const struct catalogue_index *index, struct slice name)
{
    return index->place[catalogue_bucket(name, index->seed, index->bits)];
}

const struct event_type *catalogue_find(struct slice type)
{
    uint16_t place = index_place(&catalogue_type_index, type);
    if (place == CATALOGUE_NOWHERE || !slice_equal(catalogue_types[place].type, type)) {
        return NULL;
    }
    return &catalogue_types[place];
}

const struct catalogue_field *catalogue_field_find(struct slice name, enum field_id *out_id)
{
    uint16_t place = index_place(&catalogue_field_index, name);
    if (place == CATALOGUE_NOWHERE || !slice_equal(catalogue_fields[place].name, name)) {
        return NULL;
    }
    *out_id = (enum field_id)place;
    return &catalogue_fields[place];
}

bool catalogue_is_reserved(struct slice name)
{
    static const struct slice label = {"Label", 5};
    if (name.length >= label.length &&
        memcmp(name.data + name.length - label.length, label.data, label.length) == 0) {
        return true;
    }
    uint16_t place = index_place(&catalogue_reserved_index, name);
    return place != CATALOGUE_NOWHERE && slice_equal(catalogue_reserved[place], name);
}
