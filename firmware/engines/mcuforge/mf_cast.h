/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions in headers, which C++ programs include as well.
 */
#ifndef MCUFORGE_MF_CAST_H
#define MCUFORGE_MF_CAST_H

/* `value` as `type`: not a cast in the style of C where -Wold-style-cast would warn of it. */
#ifdef __cplusplus
#define MF_CAST(type, value) (static_cast<type>(value))
#else
#define MF_CAST(type, value) ((type)(value))
#endif

#endif /* MCUFORGE_MF_CAST_H */
