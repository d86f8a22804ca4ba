// Engine, runner and profiler on a fake interpreter (fake/): what they check, describe, move and time. Built
// with sanitizers; prints the name of each test that passed and ends with 1 at the first that fails.
#include <cstdlib>
#include <iostream>
#include <string>

#include "esp_heap_caps.h"
#include "fake_tflm.hpp"
#include "tinygate/engine.hpp"
#include "tinygate/profiler.hpp"
#include "tinygate/runner.hpp"

namespace tinygate {
namespace {

#define CHECK(condition) \
    if (!(condition)) fail(__LINE__, #condition)

[[noreturn]] void fail(int line, const char* condition) {
    std::cerr << "line " << line << ": " << condition << "\n";
    std::exit(1);
}

const uint8_t kFile[] = {0, 0, 0, 0, 'T', 'F', 'L', '3'};
constexpr List<uint8_t> kModel = {kFile, sizeof kFile};
const tflite::Operator kFirst = {0};
const tflite::Operator kSecond = {1};
const tflite::OperatorCode kAdd = {tflite::BuiltinOperator_ADD};
const tflite::OperatorCode kVariable = {tflite::BuiltinOperator_VAR_HANDLE};
const tflite::OperatorCode kOnce = {tflite::BuiltinOperator_CALL_ONCE};

// One operator; a float vector and a flag go in, three bytes and a scalar come out.
struct Fixture {
    explicit Fixture(size_t arena_bytes = 4096) : arena(arena_bytes) {
        graph.nodes.items = {&kFirst};
        scene.model.graphs.items = {&graph};
        scene.model.codes.items = {&kAdd};
        scene.inputs = {{kTfLiteFloat32, {1, 2}, 8}, {kTfLiteBool, {1}, 1}};
        scene.outputs = {{kTfLiteInt8, {1, 3}, 3, 0.5f, -7}, {kTfLiteInt64, {}, 8}};
        tflite::scene = &scene;
    }

    Engine engine(List<uint8_t> model = kModel) { return Engine(model, &resolver, arena); }
    ErrorCode problem(List<uint8_t> model = kModel) { return engine(model).problem()->code; }

    tflite::Scene scene;
    tflite::SubGraph graph;
    tflite::MicroOpResolver resolver;
    ArenaMemory arena;
};

bool says(const Engine& engine, std::string_view text) {
    return engine.problem()->detail.view().find(text) != std::string_view::npos;
}

void describes_every_tensor() {
    Fixture fixture;
    const Engine engine = fixture.engine();
    CHECK(!engine.problem());
    CHECK(engine.inputs().size == 2 && engine.outputs().size == 2);
    CHECK(engine.window_bytes() == 9 && engine.result_bytes() == 11);
    CHECK(std::string(engine.inputs()[1].dtype) == "bool" && engine.inputs()[0].shape.size == 2);
    CHECK(engine.outputs()[0].scale == 0.5f && engine.outputs()[0].zero_point == -7);
    CHECK(std::string(engine.outputs()[1].dtype) == "int64" && engine.outputs()[1].shape.empty());
}

void moves_all_inputs_and_outputs() {
    Fixture fixture;
    Engine engine = fixture.engine();
    char result[11];
    engine.set_inputs("abcdefghi");
    CHECK(engine.invoke());
    engine.get_outputs(result);
    CHECK(std::string(result, 9) == "abcdefghi");
}

std::string run(Engine& engine) {
    char result[11];
    engine.set_inputs("aaaaaaaaa");
    CHECK(engine.invoke());
    engine.get_outputs(result);
    return {result, 1};
}

void state_is_kept_until_it_is_reset() {
    Fixture fixture;
    Engine engine = fixture.engine();
    CHECK(run(engine) == "a" && run(engine) == "b");
    CHECK(engine.reset());
    CHECK(run(engine) == "a");
    CHECK(fixture.scene.loads == 1);
    fixture.scene.resets = false;
    CHECK(!engine.reset());
}

void a_model_that_sets_its_variables_is_loaded_anew() {
    Fixture fixture;
    fixture.graph.nodes.items = {&kFirst, &kSecond};
    fixture.scene.model.codes.items = {&kVariable, &kOnce};
    fixture.scene.initial = 5;
    Engine engine = fixture.engine();
    CHECK(fixture.scene.variables == 1);
    CHECK(run(engine) == "f" && run(engine) == "g");
    CHECK(engine.reset());
    CHECK(run(engine) == "f");
    CHECK(fixture.scene.loads == 2);
}

void refuses_what_it_cannot_run() {
    Fixture fixture;
    CHECK(fixture.problem({}) == ErrorCode::kNoModel);
    CHECK(fixture.problem({kFile, 7}) == ErrorCode::kNoModel);
    fixture.scene.model.schema_version = 2;
    CHECK(fixture.problem() == ErrorCode::kSchema);
    fixture.scene.model.schema_version = 3;
    fixture.resolver.missing = tflite::BuiltinOperator_ADD;
    CHECK(fixture.problem() == ErrorCode::kUnknownOperator);
    CHECK(Engine(kModel, nullptr, fixture.arena).problem()->code == ErrorCode::kInternal);
}

void refuses_an_interface_that_cannot_travel() {
    Fixture fixture;
    const auto outputs = fixture.scene.outputs;
    fixture.scene.outputs[0].type = kTfLiteFloat16;
    CHECK(fixture.problem() == ErrorCode::kInternal);
    fixture.scene.outputs = outputs;
    fixture.scene.outputs[1].bytes = 0;
    CHECK(fixture.problem() == ErrorCode::kInternal);
    fixture.scene.outputs = {{kTfLiteInt8, {1, 1, 1, 1, 1, 1, 1, 1, 1}, 1}};
    CHECK(fixture.problem() == ErrorCode::kInternal);
    fixture.scene.outputs = {};
    CHECK(fixture.problem() == ErrorCode::kInternal);
}

void says_what_is_wrong_with_the_arena() {
    Fixture large(kFakeHeapBytes + 1);
    CHECK(large.problem() == ErrorCode::kArenaTooSmall && says(large.engine(), "the largest has 65536"));
    Fixture tiny(255);
    CHECK(tiny.problem() == ErrorCode::kArenaTooSmall && says(tiny.engine(), "takes 256"));
    CHECK(tiny.scene.loads == 0);
    Fixture small;
    small.scene.allocates = false;
    CHECK(small.problem() == ErrorCode::kArenaTooSmall && says(small.engine(), "4096 bytes"));
    Fixture variables(300);
    variables.scene.model.codes.items = {&kVariable};
    CHECK(variables.problem() == ErrorCode::kArenaTooSmall && says(variables.engine(), "takes 320"));
}

int between_count = 0;

void the_runner_keeps_the_timed_samples_alone() {
    Fixture fixture;
    Engine engine = fixture.engine();
    static Runner runner(engine, [] { ++between_count; });
    CHECK(runner.run(2, 3, "aaaaaaaaa"));
    CHECK(runner.cycles().size == 3 && runner.latency_us().size == 3);
    CHECK(runner.cycles()[0] == 10 && runner.latency_us()[2] == 3 && runner.empty_cycles() == 10);
    CHECK(between_count == 5);
    fixture.scene.invokes = false;
    CHECK(!runner.run(0, 3, "aaaaaaaaa"));
    CHECK(runner.run(0, 0, "aaaaaaaaa") && runner.cycles().empty());
}

void the_profiler_is_attached_by_loading() {
    Fixture fixture;
    Engine engine = fixture.engine();
    static Profiler profiler;
    CHECK(engine.load(&profiler));
    run(engine);
    CHECK(profiler.operators().size == 1 && std::string(profiler.operators()[0]) == "ADD");
    CHECK(profiler.cycles()[0] == 10);
    CHECK(engine.load(nullptr));
    run(engine);
    CHECK(profiler.operators().size == 1);
    for (size_t i = 0; i < Profiler::kMaxOperators; ++i) profiler.EndEvent(profiler.BeginEvent("ADD"));
    CHECK(profiler.overflowed() && profiler.operators().size == Profiler::kMaxOperators);
}

struct Test {
    const char* name;
    void (*run)();
};

constexpr Test kTests[] = {
    {"describes_every_tensor", describes_every_tensor},
    {"moves_all_inputs_and_outputs", moves_all_inputs_and_outputs},
    {"state_is_kept_until_it_is_reset", state_is_kept_until_it_is_reset},
    {"a_model_that_sets_its_variables_is_loaded_anew", a_model_that_sets_its_variables_is_loaded_anew},
    {"refuses_what_it_cannot_run", refuses_what_it_cannot_run},
    {"refuses_an_interface_that_cannot_travel", refuses_an_interface_that_cannot_travel},
    {"says_what_is_wrong_with_the_arena", says_what_is_wrong_with_the_arena},
    {"the_runner_keeps_the_timed_samples_alone", the_runner_keeps_the_timed_samples_alone},
    {"the_profiler_is_attached_by_loading", the_profiler_is_attached_by_loading},
};

}  // namespace
}  // namespace tinygate

int main() {
    for (const auto& test : tinygate::kTests) {
        test.run();
        std::cout << test.name << std::endl;
    }
}
