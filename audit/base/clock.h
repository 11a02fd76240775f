/* The clocks, and RFC 3339 text. The only file that asks the system what time it is. */
#ifndef AUDIT_BASE_CLOCK_H
#define AUDIT_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/slice.h"

#define CLOCK_TEXT_BYTES 28 /* 2026-11-24T17:49:41.123456Z and a NUL */

/* CLOCK_REALTIME as it is, microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now_us(void);

/* CLOCK_BOOTTIME, milliseconds: for waiting and for how long something took. */
int64_t clock_boot_ms(void);

/* The moment wait_ms from now (at once if negative) on CLOCK_MONOTONIC, as pthread_cond_clockwait
 * and sem_clockwait take it. */
struct timespec;
void clock_deadline(int64_t wait_ms, struct timespec *out);

/* Writes YYYY-MM-DDThh:mm:ss.ffffffZ (always six digits). */
void clock_format(int64_t us, char out[CLOCK_TEXT_BYTES]);

/* Reads RFC 3339: YYYY-MM-DDThh:mm:ss[.1-9 digits](Z|+hh:mm|-hh:mm), capital T and Z, seconds
 * 00-59, real dates, 1970 to 9999 once in UTC. Fractions beyond microseconds are cut. False, and
 * *out_us untouched, if the text is anything else. */
bool clock_parse(struct slice text, int64_t *out_us);

/* Reads YYYY-MM-DD HH:MM:SS, exactly so, UTC, 1970 to 9999. */
bool clock_parse_printed(struct slice text, int64_t *out_us);

#endif
