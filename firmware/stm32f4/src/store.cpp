#include "tinygate/store_memory.hpp"

namespace tinygate {

// Half of these chips' flash is what an application may need; a test set of real values does not fit into the rest.
StoreMemory* store_of_board() {
    return nullptr;
}

}  // namespace tinygate
