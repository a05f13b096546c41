/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels' names for the linker. An emitted project has its own version of this file, which
 * puts the project's name before each: several of them may then be linked into one program.
 */
#ifndef NN_NAMES_H
#define NN_NAMES_H

#endif /* NN_NAMES_H */
