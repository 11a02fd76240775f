/* What is said openly about a secret: whether a checksum is right, a public key made of it.
 *
 * Code that touches secrets neither branches on them nor addresses memory by them. A test proves it
 * under valgrind, which follows octets marked as secret and reports each jump that depends on one.
 * Where a result made of a secret is public, secret_declassify says so; that is all it does, and in
 * the programs themselves it does nothing. Thread-safe. */
#ifndef AUDIT_BASE_DECLASSIFY_H
#define AUDIT_BASE_DECLASSIFY_H

#include <stddef.h>

#ifdef GUARDIAN_MEMCHECK /* the test's own build of the rooms: tests/CMakeLists.txt */

#include <valgrind/memcheck.h>

static inline void secret_classify(const void *data, size_t length)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(data, length);
}

static inline void secret_declassify(const void *data, size_t length)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(data, length);
}

#else

/* From here on these octets are public. */
static inline void secret_declassify(const void *data, size_t length)
{
    (void)data;
    (void)length;
}

#endif
#endif
