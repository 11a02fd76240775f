/* The tree: hashes and roots as RFC 6962 has them. */
#include "tests/audit/log/scratch.h"

#include "audit/log/edge.h"

static void from_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        unsigned octet;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &octet), 1);
        out[i] = (uint8_t)octet;
    }
}

/* The leaves and roots of Certificate Transparency's own tests (google/certificate-transparency,
 * merkletree; transparency-dev/merkle, testonly/constants.go). */
static const char *const leaves[8] = {"",
                                      "00",
                                      "10",
                                      "2021",
                                      "3031",
                                      "40414243",
                                      "5051525354555657",
                                      "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void grows_to_the_published_roots(void **state)
{
    (void)state;
    struct edge edge = {0};
    for (size_t size = 0;; size++) {
        uint8_t wanted[HASH_BYTES];
        uint8_t root[HASH_BYTES];
        from_hex(roots[size], wanted);
        edge_root(&edge, root);
        assert_memory_equal(root, wanted, HASH_BYTES);
        if (size == 8) {
            break;
        }
        uint8_t octets[16];
        uint8_t leaf[HASH_BYTES];
        from_hex(leaves[size], octets);
        log_leaf_hash((struct slice){(const char *)octets, strlen(leaves[size]) / 2}, leaf);
        edge_add(&edge, leaf);
        assert_int_equal(edge.size, size + 1);
    }
}

/* MTH of RFC 6962 section 2.1, word for word: split at the largest power of two below n. */
static void tree_hash(const uint8_t (*hashes)[HASH_BYTES], size_t n, uint8_t out[HASH_BYTES])
{
    if (n == 1) {
        memcpy(out, hashes[0], HASH_BYTES);
        return;
    }
    size_t k = 1;
    while (2 * k < n) {
        k *= 2;
    }
    uint8_t left[HASH_BYTES];
    uint8_t right[HASH_BYTES];
    tree_hash(hashes, k, left);
    tree_hash(hashes + k, n - k, right);
    hash_node(left, right, out);
}

static void agrees_with_the_recursive_definition_at_every_size(void **state)
{
    (void)state;
    static uint8_t hashes[300][HASH_BYTES];
    struct edge edge = {0};
    for (size_t i = 0; i < 300; i++) {
        log_leaf_hash((struct slice){(const char *)&i, sizeof i}, hashes[i]);
        edge_add(&edge, hashes[i]);
        uint8_t root[HASH_BYTES];
        uint8_t wanted[HASH_BYTES];
        edge_root(&edge, root);
        tree_hash(hashes, i + 1, wanted);
        assert_memory_equal(root, wanted, HASH_BYTES);
    }
}

static void keeps_one_hash_for_each_bit_of_the_size(void **state)
{
    (void)state;
    assert_int_equal(edge_count(0), 0);
    assert_int_equal(edge_count(8), 1);
    assert_int_equal(edge_count(255), 8);
    assert_int_equal(edge_count(UINT64_MAX), EDGE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_the_published_roots),
        cmocka_unit_test(agrees_with_the_recursive_definition_at_every_size),
        cmocka_unit_test(keeps_one_hash_for_each_bit_of_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
