/* SPDX-License-Identifier: Apache-2.0
 *
 * RP2040, RP2040 Datasheet. board.h has checked numbers: crystal / M * N / (P1 * P2) is the core's
 * clock, which the UART has, too. The second core sleeps in the boot ROM.
 */
#include "board.h"
#include "chip.h"
#include "registers.h"

#define SET 0x2000u   /* alias of a peripheral's registers: the bits written are set */
#define CLEAR 0x3000u /* the same, cleared */
#define RESETS_RESET 0x4000C000u
#define RESETS_DONE 0x4000C008u
#define RESET_IO_BANK (1u << 5)
#define RESET_PADS (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_UART0 (1u << 22)
#define RESET_UART1 (1u << 23)

#define XOSC_CTRL 0x40024000u
#define XOSC_STATUS 0x40024004u
#define XOSC_STARTUP 0x4002400Cu
#define XOSC_ENABLE ((0xFABu << 12) | 0xAA0u)
#define XOSC_STABLE (1u << 31)

#define PLL_CS 0x40028000u
#define PLL_PWR 0x40028004u
#define PLL_FEEDBACK 0x40028008u
#define PLL_POST_DIVIDERS 0x4002800Cu
#define PLL_LOCKED (1u << 31)
#define PWR_VCO_AND_MAIN ((1u << 5) | (1u << 0))
#define PWR_POST_DIVIDERS (1u << 3)

#define CLK_REF_CTRL 0x40008030u
#define CLK_REF_SELECTED 0x40008038u
#define CLK_SYS_CTRL 0x4000803Cu
#define CLK_SYS_SELECTED 0x40008044u
#define CLK_PERI_CTRL 0x40008048u
#define CLK_REF_XOSC 2u
#define CLK_SYS_AUXILIARY 1u /* PLL_SYS, unless chosen otherwise */
#define CLK_PERI_ENABLE (1u << 11)

#define IO_CTRL(pin) (0x40014004u + 8u * (pin))
#define IO_UART 2u
#define IO_SIO 5u
#define PAD(pin) (0x4001C004u + 4u * (pin))
#define PAD_INPUT_PULLED_UP 0x5Au /* input on, Schmitt trigger, 4 mA, pull-up */
#define SIO_OUTPUT_SET 0xD0000014u
#define SIO_OUTPUT_CLEAR 0xD0000018u
#define SIO_MAKE_OUTPUT 0xD0000024u

static void leave_reset(uint32_t blocks) {
    *mf_register(RESETS_RESET + CLEAR) = blocks;
    (void)mf_wait_field(RESETS_DONE, blocks, blocks);
}

static bool start_crystal(void) {
    *mf_register(XOSC_STARTUP) = MF_CRYSTAL_HZ / 1000u / 256u + 1u; /* 1 ms */
    *mf_register(XOSC_CTRL) = XOSC_ENABLE;
    return mf_wait_field(XOSC_STATUS, XOSC_STABLE, XOSC_STABLE);
}

/* From its reset state, where a debugger starts the firmware again, too. */
static bool start_pll(void) {
    *mf_register(RESETS_RESET + SET) = RESET_PLL_SYS;
    leave_reset(RESET_PLL_SYS);
    *mf_register(PLL_CS) = MF_PLL_M;
    *mf_register(PLL_FEEDBACK) = MF_PLL_N;
    *mf_register(PLL_PWR + CLEAR) = PWR_VCO_AND_MAIN;
    if (!mf_wait_field(PLL_CS, PLL_LOCKED, PLL_LOCKED)) {
        return false;
    }
    *mf_register(PLL_POST_DIVIDERS) = (MF_PLL_P1 << 16) | (MF_PLL_P2 << 12);
    *mf_register(PLL_PWR + CLEAR) = PWR_POST_DIVIDERS;
    return true;
}

/* The boot ROM leaves the core on the reference clock; make sure, since the PLL changes. */
static void start_clocks(void) {
    mf_set_field(CLK_SYS_CTRL, 1, 0);
    (void)mf_wait_field(CLK_SYS_SELECTED, 1, 1);
    if (!start_crystal()) {
        return;
    }
    mf_set_field(CLK_REF_CTRL, 3, CLK_REF_XOSC);
    (void)mf_wait_field(CLK_REF_SELECTED, 1u << CLK_REF_XOSC, 1u << CLK_REF_XOSC);
    if (start_pll()) {
        *mf_register(CLK_SYS_CTRL) = 0;
        *mf_register(CLK_SYS_CTRL) = CLK_SYS_AUXILIARY;
        (void)mf_wait_field(CLK_SYS_SELECTED, 1u << CLK_SYS_AUXILIARY, 1u << CLK_SYS_AUXILIARY);
    }
}

void mf_chip_init(void) {
    start_clocks();
    *mf_register(CLK_PERI_CTRL) = CLK_PERI_ENABLE; /* from the core's clock */
    leave_reset(RESET_IO_BANK | RESET_PADS | RESET_UART0 | RESET_UART1);
    *mf_register(PAD(MF_UART_RX_PIN)) = PAD_INPUT_PULLED_UP;
    *mf_register(IO_CTRL(MF_UART_TX_PIN)) = IO_UART;
    *mf_register(IO_CTRL(MF_UART_RX_PIN)) = IO_UART;
#if MF_HAS_LED
    mf_led_set(false);
    *mf_register(SIO_MAKE_OUTPUT) = 1u << MF_LED_PIN;
    *mf_register(IO_CTRL(MF_LED_PIN)) = IO_SIO;
#endif
}

void mf_led_set(bool on) {
#if MF_HAS_LED
    uint32_t change = on == MF_LED_ACTIVE_HIGH ? SIO_OUTPUT_SET : SIO_OUTPUT_CLEAR;
    *mf_register(change) = 1u << MF_LED_PIN;
#else
    (void)on;
#endif
}
