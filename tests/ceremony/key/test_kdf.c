/* Published vectors: RFC 4231 (HMAC-SHA256), RFC 7914 section 11 (PBKDF2-HMAC-SHA256), RFC 5869
 * appendix A (HKDF-SHA256; its first 32 octets). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "ceremony/key/kdf.h"

static void assert_hex(const uint8_t *bytes, size_t length, const char *expected)
{
    char hex[2 * KDF_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, bytes, length);
    assert_string_equal(hex, expected);
}

static void hmac_agrees_with_rfc_4231(void **state)
{
    (void)state;
    uint8_t out[KDF_BYTES];
    kdf_hmac(slice_of("Jefe"), slice_of("what do ya want for nothing?"), out);
    assert_hex(out, sizeof out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char long_key[131]; /* longer than a block: hashed first */
    memset(long_key, 0xaa, sizeof long_key);
    kdf_hmac((struct slice){long_key, sizeof long_key},
             slice_of("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void pbkdf2_agrees_with_rfc_7914(void **state)
{
    (void)state;
    uint8_t out[KDF_BYTES];
    kdf_pbkdf2(slice_of("passwd"), slice_of("salt"), 1, out, sizeof out);
    assert_hex(out, sizeof out, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    kdf_pbkdf2(slice_of("Password"), slice_of("NaCl"), 80000, out, sizeof out);
    assert_hex(out, sizeof out, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

static void pbkdf2_gives_the_first_octets_when_fewer_are_asked(void **state)
{
    (void)state;
    uint8_t out[10];
    kdf_pbkdf2(slice_of("passwd"), slice_of("salt"), 1, out, sizeof out);
    assert_hex(out, sizeof out, "55ac046e56e3089fec16");
}

static void hkdf_agrees_with_rfc_5869(void **state)
{
    (void)state;
    uint8_t out[KDF_BYTES];
    char key[22];
    char salt[13];
    char info[10];
    memset(key, 0x0b, sizeof key);
    for (size_t i = 0; i < sizeof salt; i++) {
        salt[i] = (char)i;
    }
    for (size_t i = 0; i < sizeof info; i++) {
        info[i] = (char)(0xf0 + i);
    }
    kdf_hkdf((struct slice){salt, sizeof salt}, (struct slice){key, sizeof key},
             (struct slice){info, sizeof info}, out);
    assert_hex(out, sizeof out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    /* A.3: neither salt nor info */
    kdf_hkdf(slice_of(""), (struct slice){key, sizeof key}, slice_of(""), out);
    assert_hex(out, sizeof out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_agrees_with_rfc_4231),
        cmocka_unit_test(pbkdf2_agrees_with_rfc_7914),
        cmocka_unit_test(pbkdf2_gives_the_first_octets_when_fewer_are_asked),
        cmocka_unit_test(hkdf_agrees_with_rfc_5869),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
