/* SPDX-License-Identifier: Apache-2.0
 *
 * What boot2_rp2040.S assembles to, and the checksum that the boot ROM asks for. It is no code to
 * be compiled because a linker cannot compute the checksum.
 */
#include <stdint.h>

#define WORDS 64u

extern const uint32_t mf_boot2_image[WORDS];

__attribute__((section(".boot2"), used)) const uint32_t mf_boot2_image[WORDS] = {
    0x20004B09u,
    0x21046098u,
    0x49086159u,
    0x60586019u,
    0x4A084907u,
    0x20016011u,
    0x48076098u,
    0x60084907u,
    0xF381C806u,
    0x47108808u,
    0x18000000u,
    0x001F0300u,
    0x03000218u,
    0x180000F4u,
    0x10000100u,
    0xE000ED08u,
    [WORDS - 1u] = 0x1812A82Cu,
};
