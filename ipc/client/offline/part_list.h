/* The parts that were given, and where: the line of standard input, or the number at the prompt. */
#ifndef IPC_CLIENT_OFFLINE_PART_LIST_H
#define IPC_CLIENT_OFFLINE_PART_LIST_H

#include "ceremony/slip39/slip39.h"

struct part_list {
    struct slip39_part parts[SLIP39_LIST_MAX];
    unsigned long places[SLIP39_LIST_MAX];
    size_t count;
    const char *unit; /* what a place is: "line", "part" */
};

void part_list_done(struct part_list *list);

/* slip39_decode, whose sentence about a wrong checksum goes on with the word that may be wrong.
 * Then it takes some hundredths of a second. */
enum err part_list_decode(struct slice words, struct slip39_part *out,
                          struct fault *fault) MUST_CHECK;

/* Reads one part a line: LF or CRLF, the last one optional; a UTF-8 byte order mark, blank lines
 * and lines that begin with # are passed over. The first line that is no part is the fault: as of
 * part_list_decode, the line named; too_large above SLIP39_LIST_MAX
 * parts. A text that has a page is read as part_texts_take does: a part's line is where its words
 * begin. */
enum err part_list_read(struct slice text, struct part_list *list, struct fault *fault) MUST_CHECK;

/* Writes "line 3" or "lines 3, 5 and 7" for the parts of this fate to out. */
void part_list_name(const struct part_list *list, const struct slip39_report *report,
                    enum slip39_fate fate, char *out, size_t size);

/* Turns a fault of slip39_combine into one that names places. */
void part_list_explain(const struct part_list *list, const struct slip39_report *report,
                       struct fault *fault);

#endif
