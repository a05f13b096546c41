/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32 with the polynomial of IEEE 802.3, reflected: the one of zlib.
 */
#ifndef MF_CRC32_H
#define MF_CRC32_H

#include <stdint.h>

/* The CRC of what `crc` already covers followed by `data`. Start with 0. */
uint32_t mf_crc32(uint32_t crc, const void *data, uint32_t bytes);

#endif /* MF_CRC32_H */
