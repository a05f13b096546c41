/* SPDX-License-Identifier: Apache-2.0
 *
 * What TensorFlow Lite Micro and the C++ compiler expect of a system, for firmware that has neither
 * heap nor console. Compile it into the program itself, not into a library: its definitions must be
 * found before those of libtensorflow-microlite.a and of the C++ library.
 */
#include <cstdarg>
#include <cstddef>

/* TFLM explains errors in text. Its formatting would bring in printf and with it a heap; the status
 * of init and invoke says that something failed. */
extern "C" void DebugLog(const char *, va_list) {
}

extern "C" int DebugVsnprintf(char *buffer, std::size_t size, const char *, va_list) {
    if (size > 0) {
        buffer[0] = '\0';
    }
    return 0;
}

/* A failed check of TFLM ends here: the trap becomes a fault, which the fault handler reports. */
extern "C" [[noreturn]] void abort() {
    __builtin_trap();
}

/* newlib's assert: it would print. */
extern "C" [[noreturn]] void __assert_func(const char *, int, const char *, const char *) {
    __builtin_trap();
}

extern "C" [[noreturn]] void __cxa_pure_virtual() {
    __builtin_trap();
}

/* Virtual destructors refer to delete, but nothing is ever allocated. */
void operator delete(void *) noexcept {
    __builtin_trap();
}

void operator delete(void *, std::size_t) noexcept {
    __builtin_trap();
}
