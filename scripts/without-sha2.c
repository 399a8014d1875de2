/* For pi-figures.sh alone: a processor that says it has no SHA-256 instructions, as those up to the Pi 4 do. */
#define _GNU_SOURCE
#include <asm/hwcap.h>
#include <dlfcn.h>
#include <sys/auxv.h>

unsigned long getauxval(unsigned long type) {
    unsigned long (*real)(unsigned long) = dlsym(RTLD_NEXT, "getauxval");
    return type == AT_HWCAP ? real(type) & ~HWCAP_SHA2 : real(type);
}
