/* Judging the parts that somebody gives, one by one, against what was dealt. Used inside an act. */
#ifndef CEREMONY_JUDGE_H
#define CEREMONY_JUDGE_H

#include "ceremony/ceremony.h"
#include "ceremony/recovery.h"
#include "ceremony/slip39/slip39.h"

/* What was found about one part of the list. */
struct verdict {
    enum reason reason; /* REASON_none: good */
    bool has_header;    /* the first four words could be read */
    struct slip39_header header;
    const struct part_row *dealt; /* the part it claims to be, or NULL */
    int64_t word;                 /* number of the word that is wrong, 0: not known */
    struct slice other; /* foreign: name of the ceremony here that it belongs to, or empty */
};

struct judgement {
    struct ceremony_row ceremony; /* id empty: none found */
    struct part_rows dealt;
    struct slip39_part parts[RECOVERY_PARTS_MAX]; /* decoded; all zero where that failed */
    struct verdict verdicts[RECOVERY_PARTS_MAX];
    size_t count;
    size_t bad;
};

/* Reads every part. out->parts are the caller's: judge_done. ERR_NO_MEMORY. */
MUST_CHECK enum err judge_read(const struct recovery_order *order, struct judgement *out,
                               struct fault *fault);

/* Finds the ceremony that the order names, or that the first readable header belongs to; leaves it
 * empty when there is none. ERR_NOT_FOUND when the order names one that is not there. */
MUST_CHECK enum err judge_find(struct act *act, const struct recovery_order *order,
                               struct judgement *judgement, struct fault *fault);

/* Compares every part with what was dealt: foreign, wrong_header, altered, duplicate. Errors of the
 * store and of memory only. */
MUST_CHECK enum err judge_compare(struct act *act, struct judgement *judgement,
                                  struct fault *fault);

/* data.bad, and `2 (asouza), position 3` for the event. In the arena; data NULL without memory. */
struct slice judge_bad_json(struct act *act, const struct judgement *judgement);
struct slice judge_bad_text(struct act *act, const struct judgement *judgement);

/* The sentence about the first bad part, into the fault. */
enum err judge_fault(const struct judgement *judgement, struct fault *fault);

void judge_done(struct judgement *judgement);

#endif
