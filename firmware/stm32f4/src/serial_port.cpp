#include "tinygate/serial_port.hpp"

#include "stm32f4xx.h"
#include "tinygate/clock.hpp"
#include "tinygate/emulation.hpp"
#include "tinygate/limits.hpp"

namespace tinygate {
namespace {

#if TINYGATE_USART == 1
USART_TypeDef* const kUsart = USART1;  // PA9 and PA10
constexpr IRQn_Type kInterrupt = USART1_IRQn;
constexpr uint32_t kTxPin = 9, kRxPin = 10;
constexpr bool kFastBus = true;
#elif TINYGATE_USART == 2
USART_TypeDef* const kUsart = USART2;  // PA2 and PA3, which the debugger of a Nucleo board passes on
constexpr IRQn_Type kInterrupt = USART2_IRQn;
constexpr uint32_t kTxPin = 2, kRxPin = 3;
constexpr bool kFastBus = false;
#else
#error "TINYGATE_USART: expected 1 (PA9, PA10) or 2 (PA2, PA3)"
#endif
constexpr uint32_t kFunction = 7;  // of both, on both pairs of pins
constexpr uint32_t kPatience = 1'000'000;
constexpr uint32_t kSamplesPerBit = 16;

// Noise may fill the ring to the last byte; half a window more keeps requests after it from being lost.
constexpr size_t kRingBytes = kRxWindowBytes + kRxWindowBytes / 2;
char ring[kRingBytes];
volatile size_t head = 0;  // where the next byte goes; only the interrupt writes it
volatile size_t tail = 0;  // the oldest byte
volatile bool lost = false;

size_t after(size_t place) {
    return place + 1 == kRingBytes ? 0 : place + 1;
}

void connect(uint32_t pin) {
    GPIOA->MODER = (GPIOA->MODER & ~(3U << 2 * pin)) | 2U << 2 * pin;  // alternate function
    volatile uint32_t& functions = GPIOA->AFR[pin / 8];
    functions = (functions & ~(15U << 4 * (pin % 8))) | kFunction << 4 * (pin % 8);
    GPIOA->PUPDR = (GPIOA->PUPDR & ~(3U << 2 * pin)) | 1U << 2 * pin;  // an open line reads as idle
}

void take_byte() {
    const uint32_t status = kUsart->SR;
    const char byte = static_cast<char>(kUsart->DR);  // clears the status too
    if (status & USART_SR_ORE) lost = true;
    if (!(status & USART_SR_RXNE)) return;
    if (after(head) == tail) {
        lost = true;
    } else {
        ring[head] = byte;
        head = after(head);
    }
}

// Sleeps until a byte or the system timer's next turn; a byte that comes before it sleeps wakes it at once.
void wait_for_byte() {
    __disable_irq();
    if (head == tail) __WFI();
    __enable_irq();
    __ISB();
}

}  // namespace

void print(std::string_view text) {
    for (const char byte : text) {
        for (uint32_t round = 0; !(kUsart->SR & USART_SR_TXE) && round < kPatience; ++round) {
        }
        kUsart->DR = static_cast<uint8_t>(byte);
    }
    for (uint32_t round = 0; !(kUsart->SR & USART_SR_TC) && round < kPatience; ++round) {
    }
}

uint32_t boot_baud_of_port() {
    return TINYGATE_BAUD;
}

uint32_t max_baud_of_port() {
    return is_emulated() ? 0 : peripheral_hz(kFastBus) / kSamplesPerBit;
}

void SerialPort::set_baud(uint32_t baud) {
    kUsart->BRR = (peripheral_hz(kFastBus) + baud / 2) / baud;
}

SerialPort::SerialPort() {
    RCC->AHB1ENR |= RCC_AHB1ENR_GPIOAEN;
    if (kFastBus) {
        RCC->APB2ENR |= RCC_APB2ENR_USART1EN;
    } else {
        RCC->APB1ENR |= RCC_APB1ENR_USART2EN;
    }
    connect(kTxPin);
    connect(kRxPin);
    set_baud(TINYGATE_BAUD);
    kUsart->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    NVIC_SetPriority(kInterrupt, 1);  // the system timer, and with it the watchdog, comes first
    NVIC_EnableIRQ(kInterrupt);
}

SerialPort::Received SerialPort::receive() {
    if (head == tail) wait_for_byte();
    size_t count = 0;
    for (; count < chunk_.size() && tail != head; tail = after(tail)) chunk_[count++] = ring[tail];
    const bool overflowed = lost;
    if (overflowed) lost = false;
    return {{chunk_.data(), count}, overflowed};
}

}  // namespace tinygate

extern "C" void usart1_handler() {
    tinygate::take_byte();
}

extern "C" void usart2_handler() {
    tinygate::take_byte();
}
