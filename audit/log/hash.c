#include "audit/log/hash.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

/* Looking the algorithm up costs more than hashing a short entry: it is fetched once, and each
 * thread keeps one context. A thread that gets no memory for its own shares the spare one. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *algorithm;
static EVP_MD_CTX *shared;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t of_thread;
static _Thread_local EVP_MD_CTX *own;

static void context_free(void *context)
{
    EVP_MD_CTX_free(context);
}

static EVP_MD_CTX *context_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestInit_ex2(context, algorithm, NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    return context;
}

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (algorithm != NULL && pthread_key_create(&of_thread, context_free) == 0) {
        shared = context_new();
    }
}

enum err hash_start(void)
{
    pthread_once(&once, fetch);
    return shared == NULL ? ERR_NO_MEMORY : OK;
}

static EVP_MD_CTX *context_of_thread(void)
{
    if (own == NULL) {
        pthread_once(&once, fetch);
        assert(shared != NULL); /* hash_start said so */
        EVP_MD_CTX *context = context_new();
        if (context != NULL && pthread_setspecific(of_thread, context) != 0) {
            EVP_MD_CTX_free(context);
            context = NULL;
        }
        own = context;
    }
    return own;
}

static void hash_with(EVP_MD_CTX *context, struct slice before, struct slice data, uint8_t *out)
{
    bool good = EVP_DigestInit_ex2(context, NULL, NULL) == 1;
    if (before.length != 0) {
        good = good && EVP_DigestUpdate(context, before.data, before.length) == 1;
    }
    good = good && EVP_DigestUpdate(context, data.data, data.length) == 1 &&
           EVP_DigestFinal_ex(context, out, NULL) == 1;
    assert(good); /* nothing in a running context can fail */
}

static void hash_two(struct slice before, struct slice data, uint8_t *out)
{
    EVP_MD_CTX *context = context_of_thread();
    if (context != NULL) {
        hash_with(context, before, data, out);
        return;
    }
    pthread_mutex_lock(&shared_lock);
    hash_with(shared, before, data, out);
    pthread_mutex_unlock(&shared_lock);
}

void hash_octets(const void *data, size_t length, uint8_t out[HASH_BYTES])
{
    hash_two((struct slice){NULL, 0}, (struct slice){data, length}, out);
}

void hash_leaf(struct slice record, uint8_t out[HASH_BYTES])
{
    hash_two((struct slice){"\0", 1}, record, out);
}

void hash_node(const uint8_t left[HASH_BYTES], const uint8_t right[HASH_BYTES],
               uint8_t out[HASH_BYTES])
{
    char both[1 + 2 * HASH_BYTES];
    both[0] = 1;
    memcpy(both + 1, left, HASH_BYTES);
    memcpy(both + 1 + HASH_BYTES, right, HASH_BYTES);
    hash_octets(both, sizeof both, out);
}
