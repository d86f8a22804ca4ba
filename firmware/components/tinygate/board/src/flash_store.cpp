// A partition of the flash, `testset` of firmware/partitions.csv: an application without it keeps nothing.
#include "esp_partition.h"
#include "tinygate/emulation.hpp"
#include "tinygate/store_memory.hpp"
#include "tinygate/watchdog.hpp"

namespace tinygate {
namespace {

constexpr const char* kLabel = "testset";

class FlashStore final : public StoreMemory {
 public:
    FlashStore() {
        const auto* found =
            esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, kLabel);
        const void* mapped = nullptr;
        esp_partition_mmap_handle_t handle = 0;
        if (found == nullptr ||
            esp_partition_mmap(found, 0, found->size, ESP_PARTITION_MMAP_DATA, &mapped, &handle) != ESP_OK) {
            return;
        }
        partition_ = found;
        bytes_ = static_cast<const char*>(mapped);
    }

    size_t size() const override { return partition_ == nullptr ? 0 : partition_->size; }
    const char* bytes() const override { return bytes_; }
    bool erase(size_t sector) override {
        feed_watchdog();
        return esp_partition_erase_range(partition_, sector * kSectorBytes, kSectorBytes) == ESP_OK;
    }
    bool program(size_t offset, std::string_view data) override {
        return esp_partition_write(partition_, offset, data.data(), data.size()) == ESP_OK;
    }

 private:
    const esp_partition_t* partition_ = nullptr;
    const char* bytes_ = nullptr;
};

}  // namespace

// An emulated flash writes slowly, and every boot of it begins with the file that it was started with.
StoreMemory* store_of_board() {
    if (is_emulated()) return nullptr;
    static FlashStore store;
    return store.size() > 0 ? &store : nullptr;
}

}  // namespace tinygate
