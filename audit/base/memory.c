#include "audit/base/memory.h"

#include <stdbool.h>
#include <stdlib.h>

static _Thread_local unsigned long fail_from;
static _Thread_local unsigned long asked;

static bool must_fail(void)
{
    asked++;
    return fail_from != 0 && asked >= fail_from;
}

void *memory_allocate(size_t bytes)
{
    return must_fail() ? NULL : malloc(bytes);
}

void *memory_allocate_zeroed(size_t bytes)
{
    return must_fail() ? NULL : calloc(1, bytes);
}

void *memory_resize(void *memory, size_t bytes)
{
    return must_fail() ? NULL : realloc(memory, bytes);
}

void memory_free(void *memory)
{
    free(memory);
}

unsigned long memory_fail_from(unsigned long n)
{
    unsigned long before = asked;
    asked = 0;
    fail_from = n;
    return before;
}
