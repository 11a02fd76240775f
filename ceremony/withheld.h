/* Answers that hold a sealed key: kept for a repeat of their request in guarded memory, never on a
 * disk, the last few of them. Used under the room's lock. */
#ifndef CEREMONY_WITHHELD_H
#define CEREMONY_WITHHELD_H

#include "audit/base/arena.h"
#include "ceremony/store.h"

struct withheld;

struct withheld *withheld_new(void); /* NULL when there is no memory */
void withheld_free(struct withheld *withheld);

/* Keeps a copy; without memory it is not kept, and a repeat is told that it is gone. */
void withheld_put(struct withheld *withheld, const struct store_request *request,
                  struct slice answer);

/* A copy in the arena; empty if it is gone. */
struct slice withheld_find(const struct withheld *withheld, struct arena *arena,
                           const struct store_request *request);

#endif
