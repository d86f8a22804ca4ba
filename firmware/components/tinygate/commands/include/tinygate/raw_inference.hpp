// Windows as the sensor gives them: put together, made into the model's input, invoked, and answered.
#pragma once

#include <cstddef>

#include "tinygate/device.hpp"
#include "tinygate/test_set.hpp"
#include "tinygate/window_assembly.hpp"

namespace tinygate {

class RawInference {
 public:
    struct Memory {
        char* piece;  // one raw window
        char* results;
        size_t results_bytes;
    };

    // Room for the answer of one window, at least.
    static size_t answer_bytes(size_t result_bytes, size_t window_bytes);

    RawInference(Device& device, const TestSet& kept, Memory memory);

    // Of one raw window; 0 without a preprocessor.
    size_t raw_bytes() const { return raw_bytes_; }

    // The request's windows are no longer packed, or they are kept ones. `input` holds one input of the model, and the
    // last one afterwards.
    Device::Refusal infer(const InferRawRequest& request, char* input, Infer& reply);

 private:
    Device::Refusal unusable() const;
    Device::Refusal infer_windows(std::string_view windows, const InferRawRequest& request, char* input);
    std::string_view windows_of(const InferRequest& request, Sentence& problem);
    size_t answered_bytes(const InferRawRequest& request) const;

    Device& device_;
    const TestSet& kept_;
    Memory memory_;
    size_t raw_bytes_;
    WindowAssembly assembly_;
};

}  // namespace tinygate
