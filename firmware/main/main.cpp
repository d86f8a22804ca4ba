// Puts the parts together: one task, pinned to one core, that listens, invokes and answers.
#include <cstdlib>

#include "chip_device.hpp"
#include "esp_log.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "tinygate/console.hpp"
#include "tinygate/next_boot.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/watchdog.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kStackBytes = 12288;
constexpr UBaseType_t kPriority = 5;
constexpr TickType_t kListen = pdMS_TO_TICKS(1000);  // less than the task watchdog's time

// Interrupts of the serial port and of the system's timer are served by core 0; cycles are counted on the
// other.
#if CONFIG_FREERTOS_UNICORE
constexpr BaseType_t kCore = 0;
#else
constexpr BaseType_t kCore = 1;
#endif

[[noreturn]] void serve(Console& console, SerialPort& port) {
    console.announce();
    while (!console.restart_requested()) {
        feed_watchdog();
        const auto received = port.receive(kListen);
        if (received.overflowed) console.overflowed();
        console.receive(received.bytes);
    }
    esp_restart();
}

// What lives as long as the app is static: too large for a stack, and never given back.
[[noreturn]] void run(void* port) {
    watch_this_task();
    static const Identity identity;
    static const ArenaMemory arena(take_asked_arena().value_or(CONFIG_TINYGATE_ARENA_BYTES));
    ESP_LOGI("tinygate", "variant %s: %u bytes of arena", CONFIG_TINYGATE_VARIANT,
             static_cast<unsigned>(arena.size()));
    static ChipDevice device(identity, arena, kStackBytes);

    const bool usable = !device.unusable();
    static Console::Buffers buffers(ChipDevice::kRxLineBytes, usable ? device.window_bytes() : 0,
                                    usable ? device.result_bytes() : 0);
    if (!buffers.complete()) device.give_up(Error(ErrorCode::kInternal, "no memory for the model's windows"));
    static Console console(device, *static_cast<SerialPort*>(port), Ident::of(identity.boot_id()), buffers);
    serve(console, *static_cast<SerialPort*>(port));
}

}  // namespace
}  // namespace tinygate

extern "C" void app_main() {
    using namespace tinygate;
    static SerialPort port(ChipDevice::kRxWindowBytes);
    if (xTaskCreatePinnedToCore(run, "tinygate", kStackBytes, &port, kPriority, nullptr, kCore) != pdPASS) {
        ESP_LOGE("tinygate", "no memory for a task with a stack of %u bytes",
                 static_cast<unsigned>(kStackBytes));
        abort();  // a panic and a reset: seen, where silence would look like a hang
    }
}
