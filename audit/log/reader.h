/* Reading entries by index, from the memory map of a segment. See log_reader_open and log_read. */
#ifndef AUDIT_LOG_READER_H
#define AUDIT_LOG_READER_H

#include "audit/log/growth.h"
#include "audit/log/journal.h"
#include "audit/log/log.h"

/* NULL when there is no memory. Both outlive the reader. */
struct log_reader *reader_new(struct journal *journal, const struct growth *growth);

#endif
