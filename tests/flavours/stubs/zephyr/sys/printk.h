/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
__attribute__((format(printf, 1, 2))) void printk(const char *format, ...);
