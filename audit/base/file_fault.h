/* For tests: a disk that fails, is full, and forgets. Takes the place of the kernel's calls in
 * file.h; files still are where they are, but what a power cut would leave of them is kept beside.
 *
 * The model: a write is certain only after a later successful sync of its file; until then each
 * sector of 512 octets may hold the old content or that of any write since. After a sync that
 * failed, what was written before it stays uncertain, whatever later syncs say (the kernel takes
 * the pages for clean), until it is written again. Names made, changed and removed are certain
 * after a sync of their folder; until then any number of the first of them survives.
 *
 * Any thread may be in the calls; the functions here are for the test's main thread. */
#ifndef AUDIT_BASE_FILE_FAULT_H
#define AUDIT_BASE_FILE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum file_fault_call {
    FILE_FAULT_OPEN,
    FILE_FAULT_WRITE,
    FILE_FAULT_SYNC, /* of files and folders */
    FILE_FAULT_RENAME,
    FILE_FAULT_REMOVE,
    FILE_FAULT_CALLS
};

/* Takes over the calls for everything under the folder; what is there already is certain.
 * file_fault_end gives them back and forgets. */
void file_fault_begin(const char *root);
void file_fault_end(void);

/* Lets the n-th call (1 = the next) of that kind fail with the errno, all others not. For a write,
 * `part` says how many octets it writes nevertheless: all but that many are missing, and only the
 * call after it fails (a short write). n = 0: none. */
void file_fault_fail(enum file_fault_call call, unsigned long n, int error_number, uint64_t part);

/* Calls of that kind since the last file_fault_begin. */
unsigned long file_fault_count(enum file_fault_call call);

/* The octets that all files together may have; 0: any number. */
void file_fault_set_capacity(uint64_t bytes);

/* At the n-th sync from now (1 = the next) the power goes: it and every later call fails, and the
 * state of that moment stays as it is for file_fault_survive. 0: never. */
void file_fault_cut_power(unsigned long n);
bool file_fault_power_is_cut(void);

/* Makes the folder `target` hold what a power cut now (or at the moment it went) leaves of the
 * root. The seed decides what is kept: everything, nothing, the first writes, or any sectors. */
void file_fault_survive(const char *target, uint64_t seed);

#endif
