/* The page of a part as text: what a guardian keeps. Thread-safe. */
#ifndef IPC_CLIENT_DESK_PART_PAGE_H
#define IPC_CLIENT_DESK_PART_PAGE_H

#include "ipc/client/desk/part_open.h"

/* Writes the whole page: title, whose part of what it is, check value, the words numbered and in
 * columns to be read downwards, what to do with it, lines to fill in (parts.md section 12).
 * others: the logins of those who hold the other parts, "" if it is not known. ERR_NO_MEMORY. *out
 * is the caller's. */
MUST_CHECK enum err part_page_write(const struct part_opened *opened, const char *others,
                                    struct secret **out);

/* The title and the words alone, to look at. */
MUST_CHECK enum err part_page_words(const struct part_opened *opened, struct secret **out);

#endif
