// What a console needs of the device that it speaks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tinygate/replies.hpp"
#include "tinygate/requests.hpp"

namespace tinygate {

constexpr uint32_t kDataBytes = 4096;  // most that one request carries, unpacked

class Device {
 public:
    using Refusal = std::optional<Error>;  // why a request was not carried out

    virtual Hello hello() = 0;
    virtual Health health() = 0;
    virtual Layout layout() = 0;

    // Why the model cannot be invoked; without a reason, it can, and what follows may be called.
    virtual Refusal unusable() = 0;
    virtual size_t window_bytes() = 0;  // of all inputs together
    virtual size_t result_bytes() = 0;  // of all outputs together
    // How raw windows become the model's inputs; null if the app does not say.
    virtual const tinygate_preprocessor_t* preprocessor() { return nullptr; }
    virtual Arena arena() = 0;
    // Puts the model's state back to what it was when it was loaded.
    virtual Refusal reset() = 0;
    virtual Refusal invoke(std::string_view window, char* result) = 0;
    virtual Refusal bench(const BenchRequest& request, std::string_view window, Bench& reply) = 0;
    virtual Refusal profile(std::string_view window, Profile& reply) = 0;

    // The model's inputs, as hello tells them.
    virtual List<Tensor> inputs() = 0;

    // The line's rate after boot, and the fastest that can be asked for; 0 if it has one only.
    virtual uint32_t boot_baud() { return 115200; }
    virtual uint32_t max_baud() { return 0; }

    // Notes what the next boot shall do; the restart itself follows when the reply was sent.
    virtual Refusal prepare_restart(const RestartRequest& request) = 0;

 protected:
    ~Device() = default;
};

}  // namespace tinygate
