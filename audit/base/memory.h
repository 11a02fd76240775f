/* The one way to memory: malloc, with a failing allocator for tests. */
#ifndef AUDIT_BASE_MEMORY_H
#define AUDIT_BASE_MEMORY_H

#include <stddef.h>

/* As malloc, calloc, realloc, free; NULL when there is no memory (an error like any other). */
void *memory_allocate(size_t bytes);
void *memory_allocate_zeroed(size_t bytes);
void *memory_resize(void *memory, size_t bytes);
void memory_free(void *memory);

/* For tests: lets the n-th allocation from now (1 = the next) of the calling thread fail, and every
 * later one; 0 switches that off. Returns how many allocations were asked since the last call. */
unsigned long memory_fail_from(unsigned long n);

#endif
