#include "tinygate/layout.hpp"

#include <array>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocation_info.h"
#include "tensorflow/lite/micro/micro_allocator.h"

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

constexpr Structure kStructures[] = {
    structure<tflite::SingleArenaBufferAllocator>("SingleArenaBufferAllocator"),
    structure<tflite::GreedyMemoryPlanner>("GreedyMemoryPlanner"),
    structure<tflite::MicroAllocator>("MicroAllocator"),
    structure<tflite::SubgraphAllocations>("SubgraphAllocations"),
    structure<tflite::NodeAndRegistration>("NodeAndRegistration"),
    structure<tflite::ScratchBufferHandle>("ScratchBufferHandle"),
    structure<tflite::internal::ScratchBufferRequest>("ScratchBufferRequest"),
    structure<tflite::AllocationInfo>("AllocationInfo"),
    structure<TfLiteEvalTensor>("TfLiteEvalTensor"),
    structure<TfLiteTensor>("TfLiteTensor"),
    structure<TfLiteAffineQuantization>("TfLiteAffineQuantization"),
    structure<TfLiteConvParams>("TfLiteConvParams"),
    structure<TfLiteDepthwiseConvParams>("TfLiteDepthwiseConvParams"),
    structure<TfLiteFullyConnectedParams>("TfLiteFullyConnectedParams"),
    structure<TfLitePoolParams>("TfLitePoolParams"),
    structure<TfLiteReshapeParams>("TfLiteReshapeParams"),
    structure<TfLiteSoftmaxParams>("TfLiteSoftmaxParams"),
    structure<TfLiteAddParams>("TfLiteAddParams"),
};
constexpr size_t kCount = sizeof kStructures / sizeof kStructures[0];

// One member of every structure, as a list of its own in flash.
template <class T>
constexpr std::array<T, kCount> column(T Structure::* member) {
    std::array<T, kCount> values{};
    for (size_t i = 0; i < kCount; ++i) values[i] = kStructures[i].*member;
    return values;
}

constexpr auto kNames = column(&Structure::name);
constexpr auto kSizes = column(&Structure::size);
constexpr auto kAlignments = column(&Structure::alignment);

}  // namespace

Layout arena_layout() {
    Layout layout;
    layout.names = {kNames.data(), kCount};
    layout.sizes = {kSizes.data(), kCount};
    layout.alignments = {kAlignments.data(), kCount};
    return layout;
}

}  // namespace tinygate
