// TensorFlow Lite for Microcontrollers as far as the engine uses it: a model that a test describes, and an
// interpreter that does what the test says. The headers beside this one stand where the real ones do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

enum TfLiteStatus { kTfLiteOk, kTfLiteError };
enum TfLiteType {
    kTfLiteNoType,
    kTfLiteFloat32,
    kTfLiteInt32,
    kTfLiteUInt8,
    kTfLiteInt64,
    kTfLiteBool,
    kTfLiteInt16,
    kTfLiteInt8,
    kTfLiteFloat16
};

struct TfLiteIntArray {
    int size;
    int data[9];
};

struct TfLiteTensor {
    TfLiteType type;
    union {
        char* raw;
    } data;
    TfLiteIntArray* dims;
    struct {
        float scale;
        int32_t zero_point;
    } params;
    size_t bytes;
};

constexpr int TFLITE_SCHEMA_VERSION = 3;

namespace tflite {

enum BuiltinOperator : int32_t {
    BuiltinOperator_ADD = 0,
    BuiltinOperator_PLACEHOLDER_FOR_GREATER_OP_CODES = 127,
    BuiltinOperator_CALL_ONCE = 129,
    BuiltinOperator_VAR_HANDLE = 142,
};

inline const char* EnumNameBuiltinOperator(BuiltinOperator builtin) {
    return builtin == BuiltinOperator_VAR_HANDLE ? "VAR_HANDLE" : "ADD";
}

struct Operator {
    uint32_t index;
    uint32_t opcode_index() const { return index; }
};

struct OperatorCode {
    BuiltinOperator code;
    BuiltinOperator builtin_code() const { return code; }
    int8_t deprecated_builtin_code() const { return static_cast<int8_t>(code < 127 ? code : 127); }
};

template <class T>
struct Vector {
    std::vector<const T*> items;
    auto begin() const { return items.begin(); }
    auto end() const { return items.end(); }
    const T* Get(uint32_t index) const { return items[index]; }
};

struct SubGraph {
    Vector<Operator> nodes;
    const Vector<Operator>* operators() const { return &nodes; }
};

struct Model {
    uint32_t schema_version = TFLITE_SCHEMA_VERSION;
    Vector<SubGraph> graphs;
    Vector<OperatorCode> codes;

    uint32_t version() const { return schema_version; }
    const Vector<SubGraph>* subgraphs() const { return &graphs; }
    const Vector<OperatorCode>* operator_codes() const { return &codes; }
};

class MicroOpResolver {
 public:
    const void* FindOp(BuiltinOperator builtin) const { return builtin == missing ? nullptr : this; }
    BuiltinOperator missing = BuiltinOperator_PLACEHOLDER_FOR_GREATER_OP_CODES;
};

class MicroProfilerInterface {
 public:
    virtual ~MicroProfilerInterface() = default;
    virtual uint32_t BeginEvent(const char* tag) = 0;
    virtual void EndEvent(uint32_t event_handle) = 0;
};

struct FakeTensor {
    TfLiteType type;
    std::vector<int> shape;
    size_t bytes;
    float scale = 0;
    int32_t zero_point = 0;
};

// What the interpreter of a test does. Its model adds the state to every input byte and copies
// as many of them as there is room for to the outputs; the state counts invocations.
struct Scene {
    Model model;
    std::vector<FakeTensor> inputs;
    std::vector<FakeTensor> outputs;
    bool allocates = true;
    bool invokes = true;
    bool resets = true;

    int loads = 0;
    int variables = 0;
    uint8_t state = 0;
    uint8_t initial = 0;  // what a CALL_ONCE of the model sets the state to
};

inline Scene* scene = nullptr;

inline const Model* GetModel(const void*) {
    return &scene->model;
}

class MicroAllocator {
 public:
    static MicroAllocator* Create(uint8_t* arena, size_t) { return reinterpret_cast<MicroAllocator*>(arena); }
};

class MicroResourceVariables {
 public:
    static MicroResourceVariables* Create(MicroAllocator* allocator, int count) {
        scene->variables = count;
        return reinterpret_cast<MicroResourceVariables*>(allocator);
    }
};

class MicroInterpreter {
 public:
    MicroInterpreter(const Model*, const MicroOpResolver&, MicroAllocator*, MicroResourceVariables*,
                     MicroProfilerInterface* profiler)
        : profiler_(profiler) {}

    TfLiteStatus AllocateTensors() {
        ++scene->loads;
        scene->state = scene->initial;
        make(inputs_, scene->inputs);
        make(outputs_, scene->outputs);
        return scene->allocates ? kTfLiteOk : kTfLiteError;
    }

    size_t inputs_size() const { return scene->inputs.size(); }
    size_t outputs_size() const { return scene->outputs.size(); }
    TfLiteTensor* input(size_t index) { return &inputs_[index].tensor; }
    TfLiteTensor* output(size_t index) { return &outputs_[index].tensor; }
    size_t arena_used_bytes() const { return 700; }

    TfLiteStatus Invoke() {
        const uint32_t event = profiler_ != nullptr ? profiler_->BeginEvent("ADD") : 0;
        std::vector<char> bytes;
        for (Tensor& input : inputs_) {
            for (const char byte : input.bytes) bytes.push_back(static_cast<char>(byte + scene->state));
        }
        size_t next = 0;
        for (Tensor& output : outputs_) {
            for (char& byte : output.bytes) byte = next < bytes.size() ? bytes[next++] : '\0';
        }
        ++scene->state;
        if (profiler_ != nullptr) profiler_->EndEvent(event);
        return scene->invokes ? kTfLiteOk : kTfLiteError;
    }

    TfLiteStatus Reset() {
        scene->state = 0;
        return scene->resets ? kTfLiteOk : kTfLiteError;
    }

 private:
    struct Tensor {
        std::vector<char> bytes;
        TfLiteIntArray dims;
        TfLiteTensor tensor;
    };

    static void make(std::vector<Tensor>& tensors, const std::vector<FakeTensor>& described) {
        tensors = std::vector<Tensor>(described.size());
        for (size_t i = 0; i < described.size(); ++i) {
            const FakeTensor& from = described[i];
            Tensor& to = tensors[i];
            to.bytes.resize(from.bytes);
            to.dims.size = static_cast<int>(from.shape.size());
            for (size_t axis = 0; axis < from.shape.size() && axis < 9; ++axis)
                to.dims.data[axis] = from.shape[axis];
            to.tensor = {from.type, {to.bytes.data()}, &to.dims, {from.scale, from.zero_point}, from.bytes};
        }
    }

    MicroProfilerInterface* profiler_;
    std::vector<Tensor> inputs_;
    std::vector<Tensor> outputs_;
};

}  // namespace tflite
