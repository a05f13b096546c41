/* SPDX-License-Identifier: Apache-2.0
 *
 * GPIO and clock of the nRF51 and nRF52 series, which are the same but for the second port.
 */
#ifndef MF_GPIO_NRF_H
#define MF_GPIO_NRF_H

#include "board.h"
#include "registers.h"

#define CLOCK_START_CRYSTAL 0x40000000u
#define CLOCK_CRYSTAL_STARTED 0x40000100u
#define GPIO_PORT(port) (0x50000000u + 0x300u * (port))
#define GPIO_SET 0x508u
#define GPIO_CLEAR 0x50Cu
#define GPIO_MAKE_OUTPUT 0x518u
#define GPIO_PIN_CONFIG(pin) (0x700u + 4u * (pin))
#define PIN_INPUT_PULLED_UP (3u << 2)

/* The crystal: a UART needs better than the 1.5 % of the internal oscillator. */
static inline void mf_nrf_clock(void) {
    *mf_register(CLOCK_CRYSTAL_STARTED) = 0;
    *mf_register(CLOCK_START_CRYSTAL) = 1;
    (void)mf_wait_field(CLOCK_CRYSTAL_STARTED, 1, 1);
}

static inline void mf_nrf_led(bool on) {
#if MF_HAS_LED
    uint32_t change = on == MF_LED_ACTIVE_HIGH ? GPIO_SET : GPIO_CLEAR;
    *mf_register(GPIO_PORT(MF_LED_PORT) + change) = 1u << MF_LED_PIN;
#else
    (void)on;
#endif
}

/* The UART takes its pins itself; while it is off, TX idles high. */
static inline void mf_nrf_pins(void) {
    *mf_register(GPIO_PORT(MF_UART_TX_PORT) + GPIO_SET) = 1u << MF_UART_TX_PIN;
    *mf_register(GPIO_PORT(MF_UART_TX_PORT) + GPIO_MAKE_OUTPUT) = 1u << MF_UART_TX_PIN;
    *mf_register(GPIO_PORT(MF_UART_RX_PORT) + GPIO_PIN_CONFIG(MF_UART_RX_PIN)) =
        PIN_INPUT_PULLED_UP;
#if MF_HAS_LED
    mf_nrf_led(false);
    *mf_register(GPIO_PORT(MF_LED_PORT) + GPIO_MAKE_OUTPUT) = 1u << MF_LED_PIN;
#endif
}

#endif /* MF_GPIO_NRF_H */
