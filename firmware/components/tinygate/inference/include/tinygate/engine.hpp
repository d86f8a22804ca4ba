// The model behind TensorFlow Lite for Microcontrollers: checked, loaded, invoked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tinygate/arena_memory.hpp"
#include "tinygate/list.hpp"
#include "tinygate/replies.hpp"

namespace tinygate {

class Engine {
 public:
    // All of it outlives the engine; `operators` is null if they could not be registered.
    Engine(List<uint8_t> model, const tflite::MicroOpResolver* operators, const ArenaMemory& arena);

    // Why the model cannot be invoked. What follows is for engines without a problem.
    const std::optional<Error>& problem() const { return problem_; }

    List<Tensor> inputs() const { return inputs_.list(); }
    List<Tensor> outputs() const { return outputs_.list(); }
    size_t window_bytes() const { return inputs_.bytes; }   // of all inputs together
    size_t result_bytes() const { return outputs_.bytes; }  // of all outputs together
    size_t arena_used_bytes() const { return interpreter_->arena_used_bytes(); }

    void set_inputs(std::string_view window);
    bool invoke() { return interpreter_->Invoke() == kTfLiteOk; }
    void get_outputs(char* result);

    // Puts variable tensors and resource variables back to what they were when the model was loaded.
    bool reset();

    // Loads the model anew, with every invocation watched by `profiler` until it is loaded without one: a
    // profiler that only looks away would still cost cycles in each operator.
    bool load(tflite::MicroProfilerInterface* profiler);

 private:
    static constexpr size_t kMaxDimensions = 8;
    using Shape = std::array<uint32_t, kMaxDimensions>;

    // What hello tells of the inputs or of the outputs; made once.
    struct Interface {
        std::unique_ptr<Tensor[]> tensors;
        std::unique_ptr<Shape[]> shapes;
        size_t count = 0;
        size_t bytes = 0;

        bool allocate(size_t tensor_count);
        bool add(const TfLiteTensor* tensor);  // false for one that the protocol cannot describe
        List<Tensor> list() const { return {tensors.get(), count}; }
    };

    std::optional<Error> check_file(List<uint8_t> bytes) const;
    std::optional<Error> check_operators(const tflite::MicroOpResolver* operators);
    std::optional<Error> check_arena();
    std::optional<Error> describe_interface();
    std::optional<Error> start(List<uint8_t> bytes, const tflite::MicroOpResolver* operators);
    void note_state(tflite::BuiltinOperator builtin);

    const tflite::Model* model_ = nullptr;
    const tflite::MicroOpResolver* operators_;
    const ArenaMemory& arena_;
    int variable_count_ = 0;           // resource variables at most: one per operator that names one
    bool initializes_itself_ = false;  // sets variables once, at the first invocation
    std::optional<tflite::MicroInterpreter> interpreter_;
    Interface inputs_;
    Interface outputs_;
    std::optional<Error> problem_;
};

}  // namespace tinygate
