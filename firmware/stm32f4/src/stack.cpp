#include "tinygate/stack.hpp"

#include "stm32f4xx.h"

extern "C" {
extern uint32_t guard_begin[], stack_begin[], stack_end[];
}

namespace tinygate {
namespace {

constexpr uint32_t kPattern = 0x7467617e;
constexpr uint32_t kGuardSizeField = 8;  // 2^(8 + 1) = 512 bytes, see the linker script

uint32_t address(const void* of) {
    return reinterpret_cast<uint32_t>(of);
}

}  // namespace

void fill_stack() {
    const uint32_t top = __get_PSP() - 64;  // what this function itself uses stays
    for (volatile uint32_t* word = stack_begin; address(const_cast<uint32_t*>(word)) < top; ++word) *word = kPattern;
}

uint32_t stack_size() {
    return address(stack_end) - address(stack_begin);
}

uint32_t stack_least_free() {
    const uint32_t* word = stack_begin;
    while (word != stack_end && *word == kPattern) ++word;
    return address(word) - address(stack_begin);
}

void guard_stack() {
    MPU->RNR = 0;
    MPU->RBAR = address(guard_begin);
    MPU->RASR = MPU_RASR_XN_Msk | kGuardSizeField << MPU_RASR_SIZE_Pos | MPU_RASR_ENABLE_Msk;  // no access at all
    MPU->CTRL = MPU_CTRL_PRIVDEFENA_Msk | MPU_CTRL_ENABLE_Msk;
    __DSB();
    __ISB();
}

bool is_in_guard(uint32_t where) {
    return where >= address(guard_begin) && where < address(stack_begin);
}

}  // namespace tinygate
