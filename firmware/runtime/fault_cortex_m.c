/* SPDX-License-Identifier: Apache-2.0 */
#include "cortex_m.h"
#include "fault.h"
#include "harness_message.h"
#include "harness_protocol.h"
#include "uart.h"

#include <string.h>

#define STACKED_WORDS 8u /* r0-r3, r12, lr, pc, xpsr: what the core pushes on an exception */
#define STACKED_PC 6u
#define OTHER_WORDS 8u /* r8-r11, r4-r7, as mf_fault_entry pushes them */
#define FAULT_STACK_WORDS 128u

extern uint32_t mf_stack_start[];
extern uint32_t mf_stack_end[];
extern const uint8_t mf_code_start[];
extern const uint8_t mf_code_end[];

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
    uint32_t exception;
    uint32_t instruction; /* two halfwords at pc, the first one low; 0 where pc is wild */
    uint32_t others[OTHER_WORDS];
} fault_report;

/* The stack may be what is broken, so the handler brings its own. */
__attribute__((aligned(8))) static uint32_t fault_stack[FAULT_STACK_WORDS];
__attribute__((used)) static uint32_t *const fault_stack_end = fault_stack + FAULT_STACK_WORDS;

static uint32_t instruction_at(uint32_t pc) {
    uint32_t start = (uint32_t)(uintptr_t)mf_code_start;
    uint32_t end = (uint32_t)(uintptr_t)mf_code_end;
    if (pc < start || pc % 2u != 0 || end < 4u || pc > end - 4u) {
        return 0;
    }
    const uint16_t *code = (const uint16_t *)(uintptr_t)pc;
    return (uint32_t)code[0] | ((uint32_t)code[1] << 16);
}

__attribute__((noreturn, used)) static void fault_main(uint32_t pointer, uint32_t exc_return,
                                                       const uint32_t *others) {
    fault_report report = {
        .stack_pointer = pointer,
        .exc_return = exc_return,
        .cfsr = SCB->cfsr,
        .hfsr = SCB->hfsr,
        .mmfar = SCB->mmfar,
        .bfar = SCB->bfar,
        .stack_start = (uint32_t)(uintptr_t)mf_stack_start,
        .stack_end = (uint32_t)(uintptr_t)mf_stack_end,
        .exception = SCB->icsr & ICSR_ACTIVE_EXCEPTION,
    };
    memcpy(report.others, others, sizeof report.others);
    /* Reading a wild stack pointer here would lock the core up. */
    uint32_t last = report.stack_end - sizeof report.stacked;
    if (pointer >= report.stack_start && pointer <= last && pointer % 4u == 0) {
        report.stacked_valid = 1;
        memcpy(report.stacked, (const void *)(uintptr_t)pointer, sizeof report.stacked);
        report.instruction = instruction_at(report.stacked[STACKED_PC]);
    }
    const mf_message header = {.type = MF_EVENT_FAULT, .status = MF_STATUS_OK};
    mf_uart_init(); /* the fault may have come before, such as in the engine's own start */
    for (;;) {
        mf_message_begin(&header);
        mf_frame_bytes(&report, sizeof report);
        mf_frame_end();
        while (mf_uart_read() == 0) { /* the delimiters before and between frames */
        }
        while (mf_uart_read() != 0) {
        }
    }
}

/* In the instructions of ARMv6-M, which all cores have. */
__attribute__((naked)) void mf_fault_entry(void) {
    __asm__ volatile(".syntax unified\n\t"
                     "movs r0, #4\n\t" /* EXC_RETURN: which stack was in use */
                     "mov r1, lr\n\t"
                     "tst r0, r1\n\t"
                     "beq 1f\n\t"
                     "mrs r0, psp\n\t"
                     "b 2f\n"
                     "1:\n\t"
                     "mrs r0, msp\n"
                     "2:\n\t"
#if __ARM_ARCH >= 8
                     "movs r2, #0\n\t"
                     "msr msplim, r2\n\t"
#endif
                     "ldr r2, =fault_stack_end\n\t"
                     "ldr r2, [r2]\n\t"
                     "msr msp, r2\n\t"
                     "push {r4-r7}\n\t"
                     "mov r4, r8\n\t"
                     "mov r5, r9\n\t"
                     "mov r6, r10\n\t"
                     "mov r7, r11\n\t"
                     "push {r4-r7}\n\t"
                     "mov r2, sp\n\t"
                     "ldr r3, =fault_main\n\t"
                     "bx r3\n\t"
                     ".ltorg");
}
