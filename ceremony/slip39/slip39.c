#include "ceremony/slip39/slip39.h"

#include <sodium.h>

void slip39_part_done(struct slip39_part *part)
{
    secret_free(part->value);
    part->value = NULL;
}

static uint32_t four_bits(uint32_t value)
{
    return value & 15;
}

void slip39_header_pack(const struct slip39_header *header, uint8_t out[SLIP39_HEADER_BYTES])
{
    uint32_t set =
        (uint32_t)header->id << 5 | (header->extendable ? 1u << 4 : 0) | (header->exponent & 15u);
    uint32_t place =
        four_bits(header->group_index) << 16 | four_bits(header->group_threshold - 1u) << 12 |
        four_bits(header->group_count - 1u) << 8 | four_bits(header->member_index) << 4 |
        four_bits(header->member_threshold - 1u);
    out[0] = (uint8_t)(set >> 12);
    out[1] = (uint8_t)(set >> 4);
    out[2] = (uint8_t)(set << 4 | place >> 16);
    out[3] = (uint8_t)(place >> 8);
    out[4] = (uint8_t)place;
}

void slip39_header_unpack(const uint8_t octets[SLIP39_HEADER_BYTES], struct slip39_header *out)
{
    *out = (struct slip39_header){
        .id = (uint16_t)(octets[0] << 7 | octets[1] >> 1),
        .extendable = (octets[1] & 1) != 0,
        .exponent = octets[2] >> 4,
        .group_index = octets[2] & 15,
        .group_threshold = (uint8_t)((octets[3] >> 4) + 1),
        .group_count = (uint8_t)((octets[3] & 15) + 1),
        .member_index = octets[4] >> 4,
        .member_threshold = (uint8_t)((octets[4] & 15) + 1),
    };
}

bool slip39_same_set(const struct slip39_header *a, const struct slip39_header *b)
{
    return a->id == b->id && a->extendable == b->extendable && a->exponent == b->exponent &&
           a->group_threshold == b->group_threshold && a->group_count == b->group_count;
}

bool slip39_same_header(const struct slip39_header *a, const struct slip39_header *b)
{
    return slip39_same_set(a, b) && a->group_index == b->group_index &&
           a->member_index == b->member_index && a->member_threshold == b->member_threshold;
}

uint16_t slip39_draw_id(void)
{
    return (uint16_t)randombytes_uniform(1u << 15);
}

size_t slip39_plan_parts(const struct slip39_plan *plan)
{
    size_t parts = 0;
    for (size_t i = 0; i < plan->group_count; i++) {
        parts += plan->groups[i].count;
    }
    return parts;
}
