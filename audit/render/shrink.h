/* A line over its limit loses the message, then long values, then all but its identity
 * (formats.md 7). The lengths are reckoned, so the line is written once more and no oftener. Pure.
 */
#ifndef AUDIT_RENDER_SHRINK_H
#define AUDIT_RENDER_SHRINK_H

#include "audit/render/format.h"
#include "audit/render/line.h"

/* Decides what to cut from a line of `octets` (more than the limit of its options), so that it
 * takes at most the limit when it is written again. The bare line is not measured: it may still be
 * too long. */
void shrink_line(struct line *line, const struct line_style *style, size_t octets);

#endif
