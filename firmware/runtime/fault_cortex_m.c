/* SPDX-License-Identifier: Apache-2.0 */
#include "cortex_m.h"
#include "fault.h"
#include "frame.h"
#include "harness_protocol.h"
#include "uart.h"

#include <string.h>

#define STACKED_WORDS 8u      /* r0-r3, r12, lr, pc, xpsr: what the core pushes on an exception */
#define FAULT_STACK_BYTES 512 /* without a suffix: the assembler reads it, too */
#define TEXT(number) #number
#define TEXT_OF(macro) TEXT(macro)

extern uint32_t mf_stack_start[];
extern uint32_t mf_stack_end[];

typedef struct {
    uint32_t stacked_valid;
    uint32_t stacked[STACKED_WORDS];
    uint32_t stack_pointer;
    uint32_t exc_return;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
    uint32_t stack_start;
    uint32_t stack_end;
} fault_report;

/* The stack may be what is broken, so the handler brings its own. */
__attribute__((used, aligned(8))) static uint32_t fault_stack[FAULT_STACK_BYTES / 4];

__attribute__((noreturn, used)) static void fault_main(uint32_t pointer, uint32_t exc_return) {
    fault_report report = {
        .stack_pointer = pointer,
        .exc_return = exc_return,
        .cfsr = SCB->cfsr,
        .hfsr = SCB->hfsr,
        .mmfar = SCB->mmfar,
        .bfar = SCB->bfar,
        .stack_start = (uint32_t)(uintptr_t)mf_stack_start,
        .stack_end = (uint32_t)(uintptr_t)mf_stack_end,
    };
    /* Reading a wild stack pointer here would lock the core up. */
    uint32_t last = report.stack_end - sizeof report.stacked;
    if (pointer >= report.stack_start && pointer <= last && pointer % 4u == 0) {
        report.stacked_valid = 1;
        memcpy(report.stacked, (const void *)(uintptr_t)pointer, sizeof report.stacked);
    }
    for (;;) {
        mf_frame_begin();
        mf_frame_u8(MF_EVENT_FAULT);
        mf_frame_u8(MF_STATUS_OK);
        mf_frame_u16(0);
        mf_frame_bytes(&report, sizeof report);
        mf_frame_end();
        while (mf_uart_read() == 0) { /* the delimiters before and between frames */
        }
        while (mf_uart_read() != 0) {
        }
    }
}

__attribute__((naked)) void mf_fault_entry(void) {
    __asm__ volatile("tst lr, #4\n\t" /* EXC_RETURN: which stack was in use */
                     "ite eq\n\t"
                     "mrseq r0, msp\n\t"
                     "mrsne r0, psp\n\t"
                     "mov r1, lr\n\t"
#if __ARM_ARCH >= 8
                     "movs r2, #0\n\t"
                     "msr msplim, r2\n\t"
#endif
                     "ldr r2, =fault_stack + " TEXT_OF(FAULT_STACK_BYTES) "\n\t"
                                                                          "msr msp, r2\n\t"
                                                                          "b fault_main\n\t"
                                                                          ".ltorg");
}
