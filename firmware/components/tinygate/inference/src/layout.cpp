#include "tinygate/layout.hpp"

#include <array>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocation_info.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/micro/tflite_bridge/flatbuffer_conversions_bridge.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tinygate/init_probe.hpp"

namespace tinygate {
namespace {

struct Structure {
    const char* name;
    uint32_t size;
    uint32_t alignment;
};

template <class T>
constexpr Structure structure(const char* name) {
    return {name, sizeof(T), alignof(T)};
}

// TFLM keeps its own in an anonymous namespace; this one has the same members.
class BuiltinDataAllocator : public tflite::TfLiteBridgeBuiltinDataAllocator {
    tflite::IPersistentBufferAllocator* allocator_;
};

constexpr Structure kStructures[] = {
    structure<tflite::SingleArenaBufferAllocator>("SingleArenaBufferAllocator"),
    structure<tflite::GreedyMemoryPlanner>("GreedyMemoryPlanner"),
    structure<tflite::MicroAllocator>("MicroAllocator"),
    structure<BuiltinDataAllocator>("BuiltinDataAllocator"),
    structure<tflite::MicroResourceVariables>("MicroResourceVariables"),
    structure<tflite::SubgraphAllocations>("SubgraphAllocations"),
    structure<tflite::NodeAndRegistration>("NodeAndRegistration"),
    structure<tflite::ScratchBufferHandle>("ScratchBufferHandle"),
    structure<tflite::internal::ScratchBufferRequest>("ScratchBufferRequest"),
    structure<tflite::AllocationInfo>("AllocationInfo"),
    structure<void*>("pointer"),
    structure<size_t>("size_t"),
    structure<TfLiteEvalTensor>("TfLiteEvalTensor"),
    structure<TfLiteTensor>("TfLiteTensor"),
    structure<TfLiteAffineQuantization>("TfLiteAffineQuantization"),
    structure<TfLiteIntArray>("TfLiteIntArray"),
#define TINYGATE_PARAMETERS(name) structure<TfLite##name##Params>("TfLite" #name "Params")
    TINYGATE_PARAMETERS(Add),
    TINYGATE_PARAMETERS(ArgMax),
    TINYGATE_PARAMETERS(ArgMin),
    TINYGATE_PARAMETERS(BatchMatMul),
    TINYGATE_PARAMETERS(CallOnce),
    TINYGATE_PARAMETERS(Cast),
    TINYGATE_PARAMETERS(Concatenation),
    TINYGATE_PARAMETERS(Conv),
    TINYGATE_PARAMETERS(Cumsum),
    TINYGATE_PARAMETERS(DepthToSpace),
    TINYGATE_PARAMETERS(DepthwiseConv),
    TINYGATE_PARAMETERS(Div),
    TINYGATE_PARAMETERS(FullyConnected),
    TINYGATE_PARAMETERS(Gather),
    TINYGATE_PARAMETERS(If),
    TINYGATE_PARAMETERS(L2Norm),
    TINYGATE_PARAMETERS(LeakyRelu),
    TINYGATE_PARAMETERS(MirrorPadding),
    TINYGATE_PARAMETERS(Mul),
    TINYGATE_PARAMETERS(Pack),
    TINYGATE_PARAMETERS(Pool),
    TINYGATE_PARAMETERS(Reducer),
    TINYGATE_PARAMETERS(Reshape),
    TINYGATE_PARAMETERS(ResizeBilinear),
    TINYGATE_PARAMETERS(ResizeNearestNeighbor),
    TINYGATE_PARAMETERS(Shape),
    TINYGATE_PARAMETERS(Softmax),
    TINYGATE_PARAMETERS(SpaceToDepth),
    TINYGATE_PARAMETERS(Split),
    TINYGATE_PARAMETERS(SplitV),
    TINYGATE_PARAMETERS(Squeeze),
    TINYGATE_PARAMETERS(StridedSlice),
    TINYGATE_PARAMETERS(Sub),
    TINYGATE_PARAMETERS(SVDF),
    TINYGATE_PARAMETERS(TransposeConv),
    TINYGATE_PARAMETERS(UnidirectionalSequenceLSTM),
    TINYGATE_PARAMETERS(Unpack),
    TINYGATE_PARAMETERS(VarHandle),
    TINYGATE_PARAMETERS(While),
#undef TINYGATE_PARAMETERS
};
constexpr size_t kStructureCount = sizeof kStructures / sizeof kStructures[0];
constexpr size_t kMaxCount = kStructureCount + 1 + tflite::BuiltinOperator_MAX + 1;
constexpr uint32_t kOperatorDataAlignment = 16;

// The record's three lists. A message points at them, so they stay.
struct Columns {
    std::array<const char*, kMaxCount> names;
    std::array<uint32_t, kMaxCount> sizes;
    std::array<uint32_t, kMaxCount> alignments;
    size_t count = 0;

    void add(const Structure& structure) {
        names[count] = structure.name;
        sizes[count] = structure.size;
        alignments[count] = structure.alignment;
        ++count;
    }
};

void add_operators(const tflite::MicroOpResolver& operators, Columns& columns) {
    for (int code = tflite::BuiltinOperator_MIN; code <= tflite::BuiltinOperator_MAX; ++code) {
        const auto builtin = static_cast<tflite::BuiltinOperator>(code);
        const TFLMRegistration* registration = operators.FindOp(builtin);
        if (registration == nullptr || registration->init == nullptr) continue;
        const auto bytes = static_cast<uint32_t>(init_bytes(*registration));
        if (bytes > 0) columns.add({tflite::EnumNameBuiltinOperator(builtin), bytes, kOperatorDataAlignment});
    }
}

}  // namespace

Layout arena_layout(const tflite::MicroOpResolver* operators) {
    static Columns columns;
    columns.count = 0;
    for (const Structure& structure : kStructures) columns.add(structure);
    columns.add({"GreedyMemoryPlanner.buffer",
                 static_cast<uint32_t>(tflite::GreedyMemoryPlanner::per_buffer_size()), alignof(int)});
    if (operators != nullptr) add_operators(*operators, columns);
    Layout layout;
    layout.names = {columns.names.data(), columns.count};
    layout.sizes = {columns.sizes.data(), columns.count};
    layout.alignments = {columns.alignments.data(), columns.count};
    return layout;
}

}  // namespace tinygate
