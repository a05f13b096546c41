/* SPDX-License-Identifier: Apache-2.0
 *
 * GPIO of the STM32 families F4, F7 and L5, which is the same but for two addresses: that of port A
 * (ports lie 0x400 bytes apart), and that of the register whose bit n gives port n its clock.
 */
#ifndef MF_GPIO_STM32_H
#define MF_GPIO_STM32_H

#include "board.h"
#include "registers.h"

#define GPIO_MODE 0x00u
#define GPIO_PULL 0x0Cu
#define GPIO_SET_RESET 0x18u
#define GPIO_ALTERNATE 0x20u

#define MODE_OUTPUT 1u
#define MODE_ALTERNATE 2u
#define PULL_UP 1u

/* Pulled up: a receiver that is not connected must not see a start bit. */
static inline void mf_gpio_alternate(uint32_t port, uint32_t pin, uint32_t function) {
    uint32_t shift = 4u * (pin % 8u);
    mf_set_field(port + GPIO_ALTERNATE + 4u * (pin / 8u), 15u << shift, function << shift);
    mf_set_field(port + GPIO_PULL, 3u << (2u * pin), PULL_UP << (2u * pin));
    mf_set_field(port + GPIO_MODE, 3u << (2u * pin), MODE_ALTERNATE << (2u * pin));
}

static inline void mf_stm32_led(uint32_t port_a, bool on) {
#if MF_HAS_LED
    uint32_t pin = on == MF_LED_ACTIVE_HIGH ? MF_LED_PIN : MF_LED_PIN + 16u;
    *mf_register(port_a + 0x400u * MF_LED_PORT + GPIO_SET_RESET) = 1u << pin;
#else
    (void)port_a;
    (void)on;
#endif
}

/* Connects the UART, and makes the LED's pin an output that is off. */
static inline void mf_stm32_pins(uint32_t port_a, uint32_t port_clocks) {
    mf_set_bits(port_clocks, (1u << MF_UART_TX_PORT) | (1u << MF_UART_RX_PORT));
    mf_set_bits(MF_UART_ENABLE_REGISTER, 1u << MF_UART_ENABLE_BIT);
    (void)*mf_register(MF_UART_ENABLE_REGISTER); /* a clock takes a moment to arrive */
    mf_gpio_alternate(port_a + 0x400u * MF_UART_TX_PORT, MF_UART_TX_PIN, MF_UART_ALTERNATE);
    mf_gpio_alternate(port_a + 0x400u * MF_UART_RX_PORT, MF_UART_RX_PIN, MF_UART_ALTERNATE);
#if MF_HAS_LED
    mf_set_bits(port_clocks, 1u << MF_LED_PORT);
    (void)*mf_register(port_clocks);
    mf_stm32_led(port_a, false);
    mf_set_field(port_a + 0x400u * MF_LED_PORT + GPIO_MODE, 3u << (2u * MF_LED_PIN),
                 MODE_OUTPUT << (2u * MF_LED_PIN));
#endif
}

#endif /* MF_GPIO_STM32_H */
