#include "tinygate/raw_inference.hpp"

#include <algorithm>

#include "tinygate/crc32.hpp"

namespace tinygate {
namespace {

constexpr size_t kInputCrcBytes = 4;

size_t raw_bytes_of(Device& device) {
    const tinygate_preprocessor_t* preprocessor = device.unusable() ? nullptr : device.preprocessor();
    return preprocessor != nullptr ? preprocessor->raw_bytes : 0;
}

char* write_crc(uint32_t crc, char* out) {
    for (size_t i = 0; i < kInputCrcBytes; ++i) *out++ = static_cast<char>(crc >> (8 * i) & 0xff);
    return out;
}

}  // namespace

size_t RawInference::answer_bytes(size_t result_bytes, size_t window_bytes) {
    return result_bytes + std::max(window_bytes, kInputCrcBytes);
}

RawInference::RawInference(Device& device, const TestSet& kept, Memory memory)
    : device_(device), kept_(kept), memory_(memory), raw_bytes_(raw_bytes_of(device)), assembly_(memory.piece, raw_bytes_) {}

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

size_t RawInference::answered_bytes(const InferRawRequest& request) const {
    return device_.result_bytes() + (request.inputs_wanted ? device_.window_bytes() : kInputCrcBytes);
}

// The windows that a request completes, or names of those that are kept; with none of them there may be a problem.
std::string_view RawInference::windows_of(const InferRequest& request, Sentence& problem) {
    std::string_view windows;
    if (!request.data.empty()) {
        assembly_.add(request, windows, problem);
        return windows;
    }
    assembly_.lend();
    windows = kept_.raw_windows(request.first, request.count, raw_bytes_);
    if (windows.empty()) {
        problem << "first=" << request.first << " count=" << request.count << ": no such windows of " << raw_bytes_
                << " bytes are kept";
    }
    return windows;
}

Device::Refusal RawInference::infer(const InferRawRequest& request, char* input, Infer& reply) {
    if (auto refusal = unusable()) return refusal;
    Sentence problem;
    const std::string_view windows = windows_of(request.windows, problem);
    if (!problem.view().empty()) return Error(ErrorCode::kBadRequest, problem);
    const size_t count = windows.size() / raw_bytes_;
    const size_t answered = answered_bytes(request);
    if (count > memory_.results_bytes / answered) {
        return Error(ErrorCode::kTooLarge, problem << count << " answers of " << answered << " bytes exceed the "
                                                   << memory_.results_bytes << " there is room for: send fewer");
    }
    if (auto refusal = infer_windows(windows, request, input)) return refusal;
    reply.first = request.windows.first;
    reply.count = static_cast<uint32_t>(count);
    reply.data = {memory_.results, count * answered};
    return std::nullopt;
}

Device::Refusal RawInference::infer_windows(std::string_view windows, const InferRawRequest& request, char* input) {
    const tinygate_preprocessor_t& preprocessor = *device_.preprocessor();
    const std::string_view made(input, device_.window_bytes());
    const Reset reset = request.windows.reset;
    char* result = memory_.results;
    for (size_t start = 0; start < windows.size(); start += raw_bytes_) {
        const bool is_reset = reset != Reset::kNever && (reset != Reset::kFirst || start == 0);
        if (auto refusal = is_reset ? device_.reset() : std::nullopt) return refusal;
        preprocessor.run(windows.data() + start, request.settings, input);
        if (auto refusal = device_.invoke(made, result)) return refusal;
        result += device_.result_bytes();
        result = request.inputs_wanted ? std::copy(made.begin(), made.end(), result) : write_crc(crc32(made), result);
    }
    return std::nullopt;
}

}  // namespace tinygate
