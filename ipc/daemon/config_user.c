#include "ipc/daemon/config_user.h"

#include <arpa/inet.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_BYTES 65536 /* of one line of the user or group database, members included */

bool user_find(const char *name, uint32_t *out_uid)
{
    char text[ENTRY_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    if (name[0] == '\0' || getpwnam_r(name, &entry, text, sizeof text, &found) != 0 ||
        found == NULL) {
        return false;
    }
    *out_uid = entry.pw_uid;
    return true;
}

bool group_find(const char *name, uint32_t *out_gid)
{
    char text[ENTRY_BYTES];
    struct group entry;
    struct group *found = NULL;
    if (name[0] == '\0' || getgrnam_r(name, &entry, text, sizeof text, &found) != 0 ||
        found == NULL) {
        return false;
    }
    *out_gid = entry.gr_gid;
    return true;
}

void user_name(uint32_t uid, char *out, size_t size)
{
    char text[ENTRY_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(uid, &entry, text, sizeof text, &found) == 0 && found != NULL &&
        entry.pw_name[0] != '\0' && strlen(entry.pw_name) < size) {
        snprintf(out, size, "%s", entry.pw_name);
    } else {
        snprintf(out, size, "uid%u", uid);
    }
}

bool user_home(uint32_t uid, char *out, size_t size)
{
    char text[ENTRY_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(uid, &entry, text, sizeof text, &found) != 0 || found == NULL ||
        entry.pw_dir[0] != '/' || strlen(entry.pw_dir) >= size) {
        return false;
    }
    snprintf(out, size, "%s", entry.pw_dir);
    return true;
}

void machine_name(char *out, size_t size)
{
    bool fine = gethostname(out, size) == 0 && memchr(out, '\0', size) != NULL && out[0] != '\0';
    for (size_t i = 0; fine && out[i] != '\0'; i++) {
        fine = out[i] > ' ' && out[i] <= '~';
    }
    if (!fine) {
        snprintf(out, size, "localhost");
    }
}

static bool is_usable(const struct ifaddrs *one, int family)
{
    if (one->ifa_addr == NULL || one->ifa_addr->sa_family != family ||
        (one->ifa_flags & IFF_LOOPBACK) != 0 || (one->ifa_flags & IFF_UP) == 0) {
        return false;
    }
    struct sockaddr_in6 address;
    if (family == AF_INET6) {
        memcpy(&address, one->ifa_addr, sizeof address);
        return !IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr);
    }
    return true;
}

static bool put_address(const struct ifaddrs *one, char *out, size_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (one->ifa_addr->sa_family == AF_INET) {
        memcpy(&v4, one->ifa_addr, sizeof v4);
        return inet_ntop(AF_INET, &v4.sin_addr, out, (socklen_t)size) != NULL;
    }
    memcpy(&v6, one->ifa_addr, sizeof v6);
    return inet_ntop(AF_INET6, &v6.sin6_addr, out, (socklen_t)size) != NULL;
}

static bool first_address(const struct ifaddrs *all, int family, char *out, size_t size)
{
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (is_usable(one, family)) {
            return put_address(one, out, size);
        }
    }
    return false;
}

void machine_address(char *out, size_t size)
{
    struct ifaddrs *all = NULL;
    bool found = getifaddrs(&all) == 0 && (first_address(all, AF_INET, out, size) ||
                                           first_address(all, AF_INET6, out, size));
    freeifaddrs(all);
    if (!found) {
        snprintf(out, size, "127.0.0.1");
    }
}
