#include "tinygate/engine.hpp"

#include <algorithm>
#include <cstring>

#include "tensorflow/lite/schema/schema_generated.h"

namespace tinygate {
namespace {

// Below this the interpreter's first structures do not fit, and it writes to null instead of telling.
constexpr size_t kMinArenaBytes = 256;
constexpr size_t kMinModelBytes = 8;

std::optional<const char*> dtype_name(TfLiteType type) {
    switch (type) {
        case kTfLiteFloat32:
            return "float32";
        case kTfLiteInt8:
            return "int8";
        case kTfLiteUInt8:
            return "uint8";
        case kTfLiteInt16:
            return "int16";
        case kTfLiteInt32:
            return "int32";
        default:
            return std::nullopt;
    }
}

// Files from before 2020 have the code in the narrow field only.
tflite::BuiltinOperator builtin_operator(const tflite::OperatorCode& code) {
    return std::max(static_cast<tflite::BuiltinOperator>(code.deprecated_builtin_code()),
                    code.builtin_code());
}

bool is_describable(const TfLiteTensor* tensor, size_t max_dimensions) {
    return tensor != nullptr && dtype_name(tensor->type) && tensor->dims->size > 0 &&
           static_cast<size_t>(tensor->dims->size) <= max_dimensions;
}

Tensor describe(const TfLiteTensor& tensor, const uint32_t* shape) {
    Tensor description;
    description.dtype = *dtype_name(tensor.type);
    description.shape = {shape, static_cast<size_t>(tensor.dims->size)};
    description.scale = tensor.params.scale;
    description.zero_point = tensor.params.zero_point;
    description.bytes = tensor.bytes;
    return description;
}

}  // namespace

Engine::Engine(List<uint8_t> model, const tflite::MicroOpResolver* operators, const ArenaMemory& arena)
    : operators_(operators), arena_(arena) {
    problem_ = start(model, operators);
}

std::optional<Error> Engine::start(List<uint8_t> bytes, const tflite::MicroOpResolver* operators) {
    if (const auto error = check_file(bytes)) return error;
    model_ = tflite::GetModel(bytes.data);
    if (const auto error = check_operators(operators)) return error;
    Sentence detail;
    if (arena_.data() == nullptr) {
        detail << "no free block of " << arena_.size() << " bytes for the arena; the largest has "
               << ArenaMemory::largest_free_block();
        return Error(ErrorCode::kArenaTooSmall, detail);
    }
    if (arena_.size() < kMinArenaBytes || !load(nullptr)) {
        detail << "tensors could not be allocated in an arena of " << arena_.size()
               << " bytes; the console text before hello says what was missing";
        return Error(ErrorCode::kArenaTooSmall, detail);
    }
    return check_interface();
}

// The interpreter checks none of this. That every offset in the file is sound was checked when it became
// source; its sha256 says that it is still the same file.
std::optional<Error> Engine::check_file(List<uint8_t> bytes) const {
    if (bytes.size < kMinModelBytes || std::memcmp(bytes.data + 4, "TFL3", 4) != 0) {
        return Error(ErrorCode::kNoModel, "the app holds no TensorFlow Lite file");
    }
    const auto version = tflite::GetModel(bytes.data)->version();
    if (version == TFLITE_SCHEMA_VERSION) return std::nullopt;
    Sentence detail;
    detail << "schema version " << version << ", expected " << unsigned{TFLITE_SCHEMA_VERSION};
    return Error(ErrorCode::kSchema, detail);
}

// Operators that run, not those that the file lists: converters leave some behind that no subgraph uses.
std::optional<Error> Engine::check_operators(const tflite::MicroOpResolver* operators) const {
    if (operators == nullptr) return Error(ErrorCode::kInternal, "an operator could not be registered");
    for (const auto* subgraph : *model_->subgraphs()) {
        for (const auto* node : *subgraph->operators()) {
            const auto builtin = builtin_operator(*model_->operator_codes()->Get(node->opcode_index()));
            if (operators->FindOp(builtin) != nullptr) continue;
            Sentence detail;
            detail << "operator " << tflite::EnumNameBuiltinOperator(builtin)
                   << " is not registered in this app";
            return Error(ErrorCode::kUnknownOperator, detail);
        }
    }
    return std::nullopt;
}

bool Engine::load(tflite::MicroProfilerInterface* profiler) {
    interpreter_.emplace(model_, *operators_, arena_.data(), arena_.size(), nullptr, profiler);
    if (interpreter_->AllocateTensors() != kTfLiteOk) return false;
    input_ = interpreter_->inputs_size() == 1 ? interpreter_->input(0) : nullptr;
    output_ = interpreter_->outputs_size() == 1 ? interpreter_->output(0) : nullptr;
    return true;
}

std::optional<Error> Engine::check_interface() {
    if (!is_describable(input_, kMaxDimensions) || !is_describable(output_, kMaxDimensions)) {
        return Error(ErrorCode::kInternal, "the protocol knows models with one input and one output tensor");
    }
    std::copy_n(input_->dims->data, input_->dims->size, input_shape_.begin());
    std::copy_n(output_->dims->data, output_->dims->size, output_shape_.begin());
    return std::nullopt;
}

Tensor Engine::input() const {
    return describe(*input_, input_shape_.data());
}

Tensor Engine::output() const {
    return describe(*output_, output_shape_.data());
}

void Engine::set_input(std::string_view window) {
    std::memcpy(input_->data.raw, window.data(), input_->bytes);
}

void Engine::get_output(char* output) const {
    std::memcpy(output, output_->data.raw, output_->bytes);
}

}  // namespace tinygate
