#include "tinygate/engine.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tinygate {
namespace {

// Below this the interpreter's first structures do not fit, and it writes to null instead of telling.
constexpr size_t kMinArenaBytes = 256;
constexpr size_t kBytesPerVariable = 64;
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
        case kTfLiteInt64:
            return "int64";
        case kTfLiteBool:
            return "bool";
        default:
            return std::nullopt;
    }
}

// Files from before 2020 have the code in the narrow field only.
tflite::BuiltinOperator builtin_operator(const tflite::OperatorCode& code) {
    return std::max(static_cast<tflite::BuiltinOperator>(code.deprecated_builtin_code()),
                    code.builtin_code());
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
    if (const auto error = check_arena()) return error;
    return describe_interface();
}

std::optional<Error> Engine::check_arena() {
    Sentence detail;
    if (arena_.data() == nullptr) {
        detail << "no free block of " << arena_.size() << " bytes for the arena; the largest has "
               << ArenaMemory::largest_free_block();
        return Error(ErrorCode::kArenaTooSmall, detail);
    }
    const size_t least = kMinArenaBytes + kBytesPerVariable * static_cast<size_t>(variable_count_);
    if (arena_.size() < least) {
        detail << "an arena of " << arena_.size() << " bytes holds not even the interpreter, which takes "
               << least;
        return Error(ErrorCode::kArenaTooSmall, detail);
    }
    if (load(nullptr)) return std::nullopt;
    detail << "tensors could not be allocated in an arena of " << arena_.size()
           << " bytes; the console text before hello says what was missing";
    return Error(ErrorCode::kArenaTooSmall, detail);
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
std::optional<Error> Engine::check_operators(const tflite::MicroOpResolver* operators) {
    if (operators == nullptr) return Error(ErrorCode::kInternal, "an operator could not be registered");
    for (const auto* subgraph : *model_->subgraphs()) {
        for (const auto* node : *subgraph->operators()) {
            const auto builtin = builtin_operator(*model_->operator_codes()->Get(node->opcode_index()));
            note_state(builtin);
            if (operators->FindOp(builtin) != nullptr) continue;
            Sentence detail;
            detail << "operator " << tflite::EnumNameBuiltinOperator(builtin)
                   << " is not registered in this app";
            return Error(ErrorCode::kUnknownOperator, detail);
        }
    }
    return std::nullopt;
}

void Engine::note_state(tflite::BuiltinOperator builtin) {
    if (builtin == tflite::BuiltinOperator_VAR_HANDLE) ++variable_count_;
    if (builtin == tflite::BuiltinOperator_CALL_ONCE) initializes_itself_ = true;
}

bool Engine::load(tflite::MicroProfilerInterface* profiler) {
    interpreter_.reset();  // before its memory is used again
    auto* allocator = tflite::MicroAllocator::Create(arena_.data(), arena_.size());
    if (allocator == nullptr) return false;
    tflite::MicroResourceVariables* variables = nullptr;
    if (variable_count_ > 0) variables = tflite::MicroResourceVariables::Create(allocator, variable_count_);
    interpreter_.emplace(model_, *operators_, allocator, variables, profiler);
    return interpreter_->AllocateTensors() == kTfLiteOk;
}

// The interpreter's own reset clears variables that the model has set, and does not let it set them again.
bool Engine::reset() {
    return initializes_itself_ ? load(nullptr) : interpreter_->Reset() == kTfLiteOk;
}

bool Engine::Interface::allocate(size_t tensor_count) {
    tensors.reset(new (std::nothrow) Tensor[tensor_count]);
    shapes.reset(new (std::nothrow) Shape[tensor_count]);
    return tensors && shapes;
}

bool Engine::Interface::add(const TfLiteTensor* tensor) {
    if (tensor == nullptr || tensor->bytes == 0) return false;
    const auto dtype = dtype_name(tensor->type);
    const auto dimensions = static_cast<size_t>(tensor->dims->size);
    if (!dtype || dimensions > kMaxDimensions) return false;
    std::copy_n(tensor->dims->data, dimensions, shapes[count].begin());
    Tensor& description = tensors[count];
    description.dtype = *dtype;
    description.shape = {shapes[count].data(), dimensions};
    description.scale = tensor->params.scale;
    description.zero_point = tensor->params.zero_point;
    description.bytes = static_cast<uint32_t>(tensor->bytes);
    bytes += tensor->bytes;
    ++count;
    return true;
}

std::optional<Error> Engine::describe_interface() {
    const size_t input_count = interpreter_->inputs_size();
    const size_t output_count = interpreter_->outputs_size();
    if (!inputs_.allocate(input_count) || !outputs_.allocate(output_count)) {
        return Error(ErrorCode::kInternal, "no memory for the description of inputs and outputs");
    }
    bool complete = input_count > 0 && output_count > 0;
    for (size_t i = 0; i < input_count; ++i) complete = complete && inputs_.add(interpreter_->input(i));
    for (size_t i = 0; i < output_count; ++i) complete = complete && outputs_.add(interpreter_->output(i));
    if (complete) return std::nullopt;
    return Error(ErrorCode::kInternal,
                 "the protocol cannot carry an input or output of the model: it is missing or empty, or its "
                 "type or number of dimensions is none that it knows");
}

void Engine::set_inputs(std::string_view window) {
    size_t start = 0;
    for (size_t i = 0; i < inputs_.count; ++i) {
        TfLiteTensor* tensor = interpreter_->input(i);
        std::memcpy(tensor->data.raw, window.data() + start, tensor->bytes);
        start += tensor->bytes;
    }
}

void Engine::get_outputs(char* result) {
    for (size_t i = 0; i < outputs_.count; ++i) {
        const TfLiteTensor* tensor = interpreter_->output(i);
        std::memcpy(result, tensor->data.raw, tensor->bytes);
        result += tensor->bytes;
    }
}

}  // namespace tinygate
