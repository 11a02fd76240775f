/* guardian-combine's main: the offline tool, linked static, of base, key and slip39 alone. */
#include "ipc/client/offline/offline.h"

int main(int argc, char **argv)
{
    return (int)offline_combine("guardian-combine", argc, argv);
}
