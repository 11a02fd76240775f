/* Diagnostics on stderr: one line a message, for whoever reads the service's log. Only thread mains
 * and main speak; everybody else returns a fault. Thread-safe: a line is one write. */
#ifndef AUDIT_BASE_DIAG_H
#define AUDIT_BASE_DIAG_H

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTICE };

/* diag_say(DIAG_WARNING, "sink is behind", "sink", name, "lag", "17", NULL) prints
 *     warning: sink is behind sink='main' lag='17'
 * Pairs of key and value (NUL-ended strings; a NULL value prints as -), ended by NULL. In values, '
 * and \ get a backslash before them; octets of control characters (U+0080-U+009F too) and octets
 * that are not UTF-8 become \xNN. A line of more than 4096 octets is cut. Never give it a secret.
 */
void diag_say(enum diag_level level, const char *what, ...) __attribute__((sentinel));

/* Lines of at least this severity are printed; DIAG_NOTICE (all) at first. */
void diag_set_level(enum diag_level level);

#endif
