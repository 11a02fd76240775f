#include "audit/log/edge.h"

#include <string.h>

size_t edge_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

void edge_add(struct edge *edge, const uint8_t leaf_hash[HASH_BYTES])
{
    size_t count = edge_count(edge->size);
    uint8_t hash[HASH_BYTES];
    memcpy(hash, leaf_hash, sizeof hash);
    /* As in counting: each carry joins the two equal subtrees at the right into one. */
    for (uint64_t size = edge->size; (size & 1) != 0; size >>= 1) {
        count--;
        hash_node(edge->hashes[count], hash, hash);
    }
    memcpy(edge->hashes[count], hash, sizeof hash);
    edge->size++;
}

void edge_root(const struct edge *edge, uint8_t out[HASH_BYTES])
{
    size_t count = edge_count(edge->size);
    if (count == 0) {
        hash_octets("", 0, out);
        return;
    }
    memcpy(out, edge->hashes[--count], HASH_BYTES);
    while (count > 0) {
        hash_node(edge->hashes[--count], out, out);
    }
}
