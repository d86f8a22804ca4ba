// Faults: named, with the registers that a decoder needs, and then the boot ends.
#include "tinygate/fault.hpp"

#include "stm32f4xx.h"
#include "tinygate/reset.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/stack.hpp"
#include "tinygate/text.hpp"

extern "C" {
extern uint32_t stack_begin[], stack_end[];
}

namespace tinygate {
namespace {

constexpr uint32_t kStackWords = 16;

Sentence& put(Sentence& text, const char* name, uint32_t value) {
    return text << " " << name << "=0x" << Digits::hex32(value).view();
}

void print_line(const Sentence& text) {
    print("fault:");
    print(text.view());
    print("\r\n");
}

struct Cause {
    uint32_t flag;
    const char* words;
};

constexpr Cause kCauses[] = {
    {SCB_CFSR_UNDEFINSTR_Msk, "undefined instruction"},
    {SCB_CFSR_INVSTATE_Msk, "jump to an address that is no code"},
    {SCB_CFSR_INVPC_Msk, "invalid return from an exception"},
    {SCB_CFSR_NOCP_Msk, "floating-point unit used while it is off"},
    {SCB_CFSR_UNALIGNED_Msk, "unaligned access"},
    {SCB_CFSR_DIVBYZERO_Msk, "division by zero"},
    {SCB_CFSR_IBUSERR_Msk, "instruction fetch from nowhere"},
    {SCB_CFSR_PRECISERR_Msk, "access to an address that is not there"},
    {SCB_CFSR_IMPRECISERR_Msk, "an earlier write to an address that is not there"},
    {SCB_CFSR_STKERR_Msk, "the stack is not in memory"},
    {SCB_CFSR_UNSTKERR_Msk, "the stack is not in memory"},
    {SCB_CFSR_IACCVIOL_Msk, "instruction fetch from protected memory"},
    {SCB_CFSR_DACCVIOL_Msk, "access to protected memory"},
};

const char* cause_of(uint32_t flags) {
    for (const Cause& cause : kCauses) {
        if (flags & cause.flag) return cause.words;
    }
    return "no cause is noted";
}

const char* exception_name(uint32_t number) {
    switch (number) {
        case 0:
            return "main returned";
        case 2:
            return "NMI";
        case 3:
            return "HardFault";
        case 4:
            return "MemManage";
        case 5:
            return "BusFault";
        case 6:
            return "UsageFault";
        default:
            return "unexpected exception";
    }
}

// What stands on the stack was perhaps pushed by a call: return addresses point into flash.
void print_stack(uint32_t sp) {
    const auto* word = reinterpret_cast<const uint32_t*>(sp & ~3U);
    if (word < stack_begin) return;
    for (uint32_t row = 0; row < kStackWords / 8; ++row) {
        Sentence text;
        text << " stack 0x" << Digits::hex32(reinterpret_cast<uint32_t>(word)).view() << ":";
        for (uint32_t i = 0; i < 8 && word < stack_end; ++i, ++word) text << " " << Digits::hex32(*word).view();
        print_line(text);
    }
}

bool is_stack_overflow(uint32_t flags) {
    const bool stacking = flags & (SCB_CFSR_MSTKERR_Msk | SCB_CFSR_MLSPERR_Msk);
    return stacking || ((flags & SCB_CFSR_MMARVALID_Msk) && is_in_guard(SCB->MMFAR));
}

}  // namespace

void print_frame(const Frame& frame) {
    Sentence first, second;
    put(put(put(put(first, "PC", frame.pc), "LR", frame.lr), "xPSR", frame.xpsr), "PSP", __get_PSP());
    put(put(put(put(put(second, "R0", frame.r0), "R1", frame.r1), "R2", frame.r2), "R3", frame.r3), "R12", frame.r12);
    print_line(first);
    print_line(second);
}

}  // namespace tinygate

extern "C" [[noreturn]] void report_fault(const tinygate::Frame* frame) {
    using namespace tinygate;
    const uint32_t flags = SCB->CFSR, number = __get_IPSR();
    Sentence what, where;
    if (is_stack_overflow(flags)) {
        what << " stack overflow: the application's stack of " << stack_size() << " bytes is used up";
    } else {
        what << " " << exception_name(number) << ": " << cause_of(flags);
    }
    put(put(put(put(put(where, "CFSR", flags), "HFSR", SCB->HFSR), "MMFAR", SCB->MMFAR), "BFAR", SCB->BFAR), "IPSR",
        number);
    print("\r\n");
    print_line(what);
    print_line(where);
    const auto at = reinterpret_cast<uint32_t>(frame);
    if (!is_in_guard(at) && !is_in_guard(at + sizeof *frame)) {
        print_frame(*frame);
        print_stack(at + sizeof *frame);
    }
    restart(Ending::kPanic);
}

// Finds what the core has saved, on the stack that was in use.
#define TINYGATE_WITH_FRAME(handler, function) \
    extern "C" __attribute__((naked)) void handler() { \
        __asm volatile( \
            "tst lr, #4\n" \
            "ite eq\n" \
            "mrseq r0, msp\n" \
            "mrsne r0, psp\n" \
            "b " #function "\n"); \
    }

TINYGATE_WITH_FRAME(fault_handler, report_fault)
TINYGATE_WITH_FRAME(watchdog_tick_handler, watchdog_tick)
