// What runs before main: the vector table, the two stacks, memory as C++ expects it, the floating-point unit.
#include <cstdint>

#include "stm32f4xx.h"
#include "tinygate/stack.hpp"

extern "C" {
extern uint32_t handler_stack_end[], stack_begin[], stack_end[];
extern uint32_t data_in_flash[], data_begin[], data_end[], bss_begin[], bss_end[];
using Function = void (*)();
extern const Function init_array_begin[], init_array_end[];

int main();
void fault_handler();
void watchdog_tick_handler();
void supply_handler();
void usart1_handler();
void usart2_handler();
[[noreturn]] void reset_handler();
[[noreturn]] void start_application();
}

namespace tinygate {
namespace {

constexpr int kInterrupts = 82;

struct Vectors {
    uint32_t* stack;
    Function core[15];
    Function peripherals[kInterrupts];
};

// Whatever nobody expects is reported like a fault.
constexpr Vectors vectors() {
    Vectors table{handler_stack_end, {}, {}};
    for (Function& entry : table.core) entry = fault_handler;
    for (Function& entry : table.peripherals) entry = fault_handler;
    table.core[0] = reset_handler;
    table.core[14] = watchdog_tick_handler;
    table.peripherals[PVD_IRQn] = supply_handler;
    table.peripherals[USART1_IRQn] = usart1_handler;
    table.peripherals[USART2_IRQn] = usart2_handler;
    return table;
}

__attribute__((section(".vectors"), used)) const Vectors kVectors = vectors();

}  // namespace
}  // namespace tinygate

// Handlers keep the stack that the core starts on; the application gets the other one.
extern "C" __attribute__((naked)) void reset_handler() {
    __asm volatile(
        "ldr r0, =stack_end\n"
        "msr psp, r0\n"
        "movs r0, #2\n"
        "msr control, r0\n"
        "isb\n"
        "b start_application\n");
}

extern "C" void start_application() {
    using namespace tinygate;
    SCB->VTOR = reinterpret_cast<uint32_t>(&kVectors);
#if __ARM_FP
    SCB->CPACR |= 0xfU << 20;
    __DSB();
    __ISB();
#endif
    fill_stack();
    for (uint32_t *to = data_begin, *from = data_in_flash; to != data_end;) *to++ = *from++;
    for (uint32_t* word = bss_begin; word != bss_end;) *word++ = 0;
    SCB->SHCSR |= SCB_SHCSR_USGFAULTENA_Msk | SCB_SHCSR_BUSFAULTENA_Msk | SCB_SHCSR_MEMFAULTENA_Msk;
    SCB->CCR |= SCB_CCR_DIV_0_TRP_Msk;
    guard_stack();
    for (const Function* constructor = init_array_begin; constructor != init_array_end; ++constructor) (*constructor)();
    main();
    fault_handler();
    for (;;) {
    }
}
