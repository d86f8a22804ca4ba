#include "tinygate/raw_inference.hpp"

#include <algorithm>
#include <new>

namespace tinygate {
namespace {

size_t raw_bytes(Device& device) {
    const tinygate_preprocessor_t* preprocessor = device.unusable() ? nullptr : device.preprocessor();
    return preprocessor != nullptr ? preprocessor->raw_bytes : 0;
}

}  // namespace

RawInference::Buffers::Buffers(size_t data_bytes, size_t window_bytes, size_t result_bytes, size_t raw_bytes)
    : results_bytes_(
          raw_bytes == 0 ? 0 : std::max<size_t>(1, data_bytes / raw_bytes) * (result_bytes + window_bytes)),
      piece_(new(std::nothrow) char[raw_bytes]),
      results_(new(std::nothrow) char[results_bytes_]) {}

RawInference::RawInference(Device& device, Buffers& buffers)
    : device_(device), buffers_(buffers), assembly_(buffers.piece_.get(), raw_bytes(device)) {}

// Why nothing can be made of a raw window.
Device::Refusal RawInference::unusable() const {
    const tinygate_preprocessor_t* preprocessor = device_.preprocessor();
    if (preprocessor == nullptr) return Error(ErrorCode::kUnsupported, "the app knows no preprocessing");
    if (preprocessor->input_bytes == device_.window_bytes()) return std::nullopt;
    Sentence detail;
    detail << "the preprocessing makes " << preprocessor->input_bytes << " bytes of input, the model takes "
           << device_.window_bytes();
    return Error(ErrorCode::kInternal, detail);
}

Device::Refusal RawInference::infer(const InferRawRequest& request, char* input, Infer& reply) {
    if (auto refusal = unusable()) return refusal;
    std::string_view windows;
    Sentence problem;
    if (!assembly_.add(request.windows, windows, problem)) return Error(ErrorCode::kBadRequest, problem);
    if (auto refusal = infer_windows(windows, request, input)) return refusal;
    const size_t count = windows.size() / raw_bytes(device_);
    const size_t answered = device_.result_bytes() + (request.inputs_wanted ? device_.window_bytes() : 0);
    reply.first = request.windows.first;
    reply.count = static_cast<uint32_t>(count);
    reply.data = {buffers_.results_.get(), count * answered};
    return std::nullopt;
}

Device::Refusal RawInference::infer_windows(std::string_view windows, const InferRawRequest& request, char* input) {
    const tinygate_preprocessor_t& preprocessor = *device_.preprocessor();
    const Reset reset = request.windows.reset;
    char* result = buffers_.results_.get();
    for (size_t start = 0; start < windows.size(); start += preprocessor.raw_bytes) {
        const bool is_reset = reset != Reset::kNever && (reset != Reset::kFirst || start == 0);
        if (auto refusal = is_reset ? device_.reset() : std::nullopt) return refusal;
        preprocessor.run(windows.data() + start, request.settings, input);
        if (auto refusal = device_.invoke({input, device_.window_bytes()}, result)) return refusal;
        result += device_.result_bytes();
        if (request.inputs_wanted) result = std::copy_n(input, device_.window_bytes(), result);
    }
    return std::nullopt;
}

}  // namespace tinygate
