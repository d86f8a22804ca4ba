// Windows as the sensor gives them: put together, made into the model's input, invoked, and answered.
#pragma once

#include <cstddef>
#include <memory>

#include "tinygate/device.hpp"
#include "tinygate/window_assembly.hpp"

namespace tinygate {

class RawInference {
 public:
    // Memory whose size depends on the model and on what a request can carry; all of 0 bytes without a preprocessor.
    class Buffers {
     public:
        Buffers(size_t data_bytes, size_t window_bytes, size_t result_bytes, size_t raw_bytes);

        bool complete() const { return piece_ && results_; }

     private:
        friend class RawInference;

        size_t results_bytes_;
        std::unique_ptr<char[]> piece_;
        std::unique_ptr<char[]> results_;
    };

    RawInference(Device& device, Buffers& buffers);

    // `input` holds one input of the model, and the last one afterwards.
    Device::Refusal infer(const InferRawRequest& request, char* input, Infer& reply);

 private:
    Device::Refusal unusable() const;
    Device::Refusal infer_windows(std::string_view windows, const InferRawRequest& request, char* input);

    Device& device_;
    Buffers& buffers_;
    WindowAssembly assembly_;
};

}  // namespace tinygate
