// Puts the parts together: one loop that listens, invokes and answers.
#include <optional>

#include "tinygate/chip_device.hpp"
#include "tinygate/clock.hpp"
#include "tinygate/console.hpp"
#include "tinygate/limits.hpp"
#include "tinygate/next_boot.hpp"
#include "tinygate/reset.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/stack.hpp"
#include "tinygate/supply.hpp"
#include "tinygate/watchdog.hpp"

namespace tinygate {
namespace {

static_assert(kRxWindowBytes == ChipDevice::kRxWindowBytes, "hello announces what the receive ring keeps");

void say_why_it_boots() {
    Sentence text;
    text << "\r\nboot: reset by " << reset_reason() << ", RCC_CSR=0x" << Digits::hex32(reset_flags()).view() << "\r\n";
    print(text.view());
}

[[noreturn]] void serve(Console& console, SerialPort& port) {
    console.announce();
    while (!console.restart_requested()) {
        feed_watchdog();
        const auto received = port.receive();
        if (received.overflowed) console.overflowed();
        console.receive(received.bytes);
        console.tick(static_cast<uint64_t>(uptime_us()));
    }
    restart(Ending::kRestart);
}

// What lives as long as the app is static: too large for a stack, and never given back.
[[noreturn]] void run() {
    static SerialPort port;
    say_why_it_boots();
    watch_supply();
    watch_this_task();
    static const Identity identity;
    static const ArenaMemory arena(take_asked_arena().value_or(TINYGATE_ARENA_BYTES));
    static ChipDevice device(identity, generated_model(), arena, stack_size());

    const bool usable = !device.unusable();
    static Console::Buffers buffers(ChipDevice::kRxLineBytes, usable ? device.window_bytes() : 0,
                                    usable ? device.result_bytes() : 0,
                                    usable ? device.raw_bytes() : 0);
    if (!buffers.complete()) device.give_up(Error(ErrorCode::kInternal, "no memory for the model's windows"));
    static Console console(device, port, Ident::of(identity.boot_id()), buffers, store_of_board());
    constexpr std::string_view kRunnersModel = TINYGATE_MLPERF_TINY_MODEL;
    if (!kRunnersModel.empty()) console.show_runner_face(kRunnersModel);
    serve(console, port);
}

}  // namespace
}  // namespace tinygate

int main() {
    tinygate::start_clocks();
    tinygate::note_reset();
    tinygate::run();
}
