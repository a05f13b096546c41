/* SPDX-License-Identifier: Apache-2.0
 *
 * Second stage of the RP2040's boot loader (RP2040 Datasheet, 2.8.1). The boot ROM copies the first
 * 256 bytes of the flash to RAM, checks their CRC-32, and calls them. This makes the flash readable
 * at 0x10000000 with the command 03h, which every flash chip knows, on one data line, at a quarter
 * of the core's clock; then it starts the firmware, whose vector table follows.
 *
 * boot2_rp2040.c holds what this assembles to, with the checksum: a test compares the two.
 * The code may lie anywhere, and uses no stack.
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .equ SSI, 0x18000000 /* the flash's serial interface, 4.10 */
    .equ CTRLR0, 0x00
    .equ CTRLR1, 0x04
    .equ SSIENR, 0x08
    .equ BAUDR, 0x14
    .equ SPI_CTRLR0, 0xF4
    .equ FRAMES_OF_32_BITS_EEPROM_READ, (31 << 16) | (3 << 8)
    .equ READ_24_BIT_ADDRESS_8_BIT_COMMAND, (0x03 << 24) | (2 << 8) | (6 << 2)
    .equ VECTORS, 0x10000100
    .equ VTOR, 0xE000ED08

    .section .boot2, "ax"
boot2:
    ldr r3, =SSI
    movs r0, #0
    str r0, [r3, #SSIENR] /* off while it is set up */
    movs r1, #4
    str r1, [r3, #BAUDR]
    ldr r1, =FRAMES_OF_32_BITS_EEPROM_READ
    str r1, [r3, #CTRLR0]
    str r0, [r3, #CTRLR1] /* one frame a read */
    ldr r1, =READ_24_BIT_ADDRESS_8_BIT_COMMAND
    ldr r2, =SSI + SPI_CTRLR0
    str r1, [r2]
    movs r0, #1
    str r0, [r3, #SSIENR]
    ldr r0, =VECTORS
    ldr r1, =VTOR
    str r0, [r1]
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
    .ltorg
