/* What a repeat of a request must be held to, but no disk may know: the parameters that are secret,
 * and answers that hold a sealed key. Kept in guarded memory, of the last few requests that had
 * either; gone with the process. Used under the room's lock. */
#ifndef CEREMONY_WITHHELD_H
#define CEREMONY_WITHHELD_H

#include "audit/base/arena.h"
#include "ceremony/store.h"

struct withheld;

/* Secret parameters of a request, in order. Borrowed. */
struct withheld_secrets {
    const struct slice *list;
    size_t count;
};

struct withheld *withheld_new(void); /* NULL when there is no memory */
void withheld_free(struct withheld *withheld);

/* Keeps an image of the secrets and a copy of the answer (empty: it is kept elsewhere) in the place
 * of what was known of that request. Without memory nothing is kept: a repeat is told that the
 * answer is gone. */
void withheld_put(struct withheld *withheld, const struct store_request *request,
                  struct withheld_secrets secrets, struct slice answer);

enum withheld_known {
    WITHHELD_GONE,  /* nothing is known of that request (any more) */
    WITHHELD_SAME,  /* it had these secrets; *out_answer is a copy in the arena, or empty */
    WITHHELD_OTHER, /* it had others */
};

enum withheld_known withheld_find(const struct withheld *withheld, struct arena *arena,
                                  const struct store_request *request,
                                  struct withheld_secrets secrets, struct slice *out_answer);

#endif
