/* SPDX-License-Identifier: Apache-2.0 */
/* For compilers that come without a C library. */
#pragma once
int printf(const char *format, ...);
int puts(const char *text);
